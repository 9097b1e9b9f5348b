#pragma once

// The windows of a LiveProfile on their way over a restart.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/monitor/live.hpp>

namespace riskflag::inline v0_1::monitor {
namespace detail {

inline constexpr std::int64_t kLiveFormat = 1;

/// Counts as they would have been before `since` rows: below zero in a process that just began, where unsigned numbers
/// wrap, so that a later count less this one is right.
[[nodiscard]] inline std::vector<std::uint64_t> counts_before(std::vector<std::uint64_t> since) {
  for (std::uint64_t& each : since) each = 0 - each;
  return since;
}

inline void write_since(JsonWriter& json, const std::vector<std::uint64_t>& now,
                        const std::vector<std::uint64_t>& begin) {
  json.key("since").begin_array();
  for (std::size_t i = 0; i < now.size(); ++i) json.value(now[i] - begin[i]);
  json.end_array();
}

inline void write_window(JsonWriter& json, const WindowDrift& window) {
  json.begin_object().key("window").value(std::string_view(window.window)).key("rows").value(window.rows);
  json.key("until_ms").value(window.until_ms).key("fields").begin_array();
  for (const WindowDrift::Field& field : window.fields) {
    json.begin_object().key("psi").value(field.psi).key("threshold");
    field.threshold ? json.value(*field.threshold) : json.null();
    json.key("alarm").value(field.alarm).end_object();
  }
  json.end_array().end_object();
}

[[nodiscard]] inline WindowDrift window_of(const JsonFile& file, const Json& json, std::size_t fields) {
  WindowDrift out{
      file.text(json, "window"), file.count(json, "rows"), static_cast<std::int64_t>(file.count(json, "until_ms")), {}};
  for (const Json& of_field : file.objects(json, "fields", {"psi", "threshold", "alarm"})) {
    WindowDrift::Field& field = out.fields.emplace_back();
    field.psi = file.number(of_field, "psi");
    if (!file.member(of_field, "threshold").is_null()) field.threshold = file.number(of_field, "threshold");
    field.alarm = file.boolean(of_field, "alarm");
  }
  if (out.fields.size() != fields) file.refuse(json, "a window without all fields");
  return out;
}

}  // namespace detail

inline std::string LiveProfile::save(std::int64_t now_ms) const {
  const Counts now = totals();
  JsonWriter json;
  json.begin_object().key("format").value(detail::kLiveFormat).key("saved_ms").value(now_ms);
  json.key("places").value(std::uint64_t{now.size()}).key("sliding").begin_array();
  for (const Sliding& window : sliding_) {
    json.begin_object().key("window").value(std::string_view(window.name)).key("copies").begin_array();
    for (const Copy& copy : window.copies) {
      json.begin_object().key("ms").value(copy.ms);
      detail::write_since(json, now, copy.counts);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().key("tumbling").begin_array();
  for (const Tumbling& window : tumbling_) {
    json.begin_object().key("window").value(std::string_view(window.name));
    detail::write_since(json, now, window.begin);
    json.end_object();
  }
  json.end_array().key("windows").begin_array();
  for (const WindowDrift& window : drift()) detail::write_window(json, window);
  json.end_array().end_object();
  return std::move(json).text();
}

inline void LiveProfile::restore(std::string_view text, std::string_view where, std::int64_t now_ms) {
  const JsonFile file(where);
  const Json root = file.open(text, detail::kLiveFormat);
  file.only(root, {"format", "saved_ms", "places", "sliding", "tumbling", "windows"});
  const auto counts = [&](const Json& json) {
    Counts since = file.counts(json, "since");
    if (since.size() != layout_.size()) {
      file.refuse(json, std::to_string(since.size()) + " counts where the model's profile has " +
                            std::to_string(layout_.size()) + " places");
    }
    return detail::counts_before(std::move(since));
  };
  // A clock that was put back meanwhile: what lies ahead of it was just now.
  const auto time = [&](const Json& json, std::string_view key) {
    return std::min(static_cast<std::int64_t>(file.count(json, key)), now_ms);
  };
  const std::int64_t saved_ms = time(root, "saved_ms");
  auto sliding = sliding_;
  for (const Json& json : file.objects(root, "sliding", {"window", "copies"})) {
    const std::string name = file.text(json, "window");
    std::deque<Copy> copies;
    for (const Json& copy : file.objects(json, "copies", {"ms", "since"})) {
      copies.push_back({time(copy, "ms"), counts(copy)});
      if (copies.size() > 1 && copies.back().ms < copies[copies.size() - 2].ms) {
        file.refuse(copy, "copies of window " + quoted(name) + " do not ascend");
      }
    }
    for (Sliding& window : sliding) {
      if (window.name != name || copies.empty()) continue;
      window.copies = std::move(copies);
      // Rows of before a stop are not of the time after it.
      if (now_ms - saved_ms >= window.length_ms / 60) window.copies.push_back({saved_ms, Counts(layout_.size(), 0)});
      break;
    }
  }
  auto tumbling = tumbling_;
  for (const Json& json : file.objects(root, "tumbling", {"window", "since"})) {
    Counts begin = counts(json);
    const std::string name = file.text(json, "window");
    const auto at = std::find_if(tumbling.begin(), tumbling.end(), [&](const auto& each) { return each.name == name; });
    if (at != tumbling.end()) at->begin = std::move(begin);
  }
  std::vector<WindowDrift> windows;
  for (const Json& json : file.objects(root, "windows", {"window", "rows", "until_ms", "fields"})) {
    WindowDrift window = detail::window_of(file, json, layout_.fields().size());
    const auto same = [&](const auto& each) { return each.name == window.window; };
    if (std::any_of(sliding.begin(), sliding.end(), same) || std::any_of(tumbling.begin(), tumbling.end(), same)) {
      windows.push_back(std::move(window));
    }
  }
  sliding_ = std::move(sliding);
  tumbling_ = std::move(tumbling);
  const std::lock_guard guard(lock_);
  drift_ = std::move(windows);
}

}  // namespace riskflag::inline v0_1::monitor
