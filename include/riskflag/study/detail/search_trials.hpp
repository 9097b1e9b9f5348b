#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/study/search.hpp>

namespace riskflag::inline v0_1::study {

inline std::optional<std::string> find_search_run(const std::string& path, std::string_view command) {
  if (command.empty()) return std::nullopt;
  const Result<std::string> text = try_read_file(path);
  if (!text.ok()) return std::nullopt;
  const Result<Json> json = read_json(*text, path);
  if (!json.ok()) return std::nullopt;
  const auto member = [&](std::string_view key) {
    const Json* value = json.value().find(key);
    const Result<std::string> found = value != nullptr ? value->string() : Result<std::string>(std::string());
    return found.ok() ? *found : std::string();
  };
  if (member("command") != command || member("run").empty()) return std::nullopt;
  return member("run");
}

inline SearchJournal::SearchJournal(std::string path, std::string key, SearchRun run)
    : path_(std::move(path)), key_(std::move(key)), run_(std::move(run)) {
  if (path_.empty() || !exists(path_)) return;
  const JsonFile file(path_);
  const Json root = file.open(read_file(path_), 1);
  file.only(root, {"format", "key", "run", "command", "done"});
  if (file.text(root, "key") != key_) return;
  for (const Json& item : file.objects(root, "done", {"trial", "share", "loss", "rounds"})) {
    kept_.push_back({file.count(item, "trial"),
                     file.number(item, "share"),
                     {file.number(item, "loss"), static_cast<int>(file.count(item, "rounds"))}});
  }
}

inline std::optional<TrialScore> SearchJournal::find(std::size_t trial, double share) const {
  for (const Kept& kept : kept_) {
    if (kept.trial == trial && kept.share == share) return kept.score;
  }
  return std::nullopt;
}

inline void SearchJournal::keep(std::size_t trial, double share, const TrialScore& score) {
  kept_.push_back({trial, share, score});
  if (path_.empty()) return;
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1).key("key").value(key_);
  json.key("run").value(run_.id).key("command").value(run_.command).key("done").begin_array();
  for (const Kept& kept : kept_) {
    json.begin_object().key("trial").value(kept.trial).key("share").value(kept.share);
    json.key("loss").value(kept.score.loss).key("rounds").value(kept.score.rounds).end_object();
  }
  json.end_array().end_object();
  write_file(path_, std::move(json).text() + "\n");
}

inline void SearchJournal::remove() {
  if (!path_.empty() && exists(path_)) remove_all(path_);
}

inline std::vector<double> search_shares(std::size_t rows) {
  if (rows < 18000) return {1.0};
  return {exact::div(1, 9), exact::div(1, 3), 1.0};
}

inline SearchResult search(const std::vector<SearchParameter>& space, std::size_t count, std::uint64_t seed,
                           const std::vector<double>& shares, const JudgeTrials& judge, SearchJournal& journal) {
  SearchResult result;
  std::vector<std::size_t> running;
  for (std::size_t t = 0; t <= count; ++t) {
    result.trials.push_back({t, draw_trial(space, seed, t), 0, {}});
    running.push_back(t);
  }
  constexpr std::size_t kBatch = 8;  // what a stop can lose
  for (const double share : shares) {
    std::vector<std::size_t> missing;
    for (const std::size_t t : running) {
      result.trials[t].share = share;
      if (const auto kept = journal.find(t, share))
        result.trials[t].score = *kept;
      else
        missing.push_back(t);
    }
    for (std::size_t begin = 0; begin < missing.size(); begin += kBatch) {
      const std::size_t end = std::min(begin + kBatch, missing.size());
      std::vector<SearchTrial> batch;
      for (std::size_t i = begin; i < end; ++i) batch.push_back(result.trials[missing[i]]);
      const std::vector<TrialScore> scores = judge(batch, share);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        result.trials[batch[i].number].score = scores[i];
        journal.keep(batch[i].number, share, scores[i]);
      }
    }
    std::sort(running.begin(), running.end(), [&](std::size_t x, std::size_t y) {
      const double a = result.trials[x].score.loss, b = result.trials[y].score.loss;
      return a != b ? a < b : x < y;
    });
    result.best = running.front();
    if (share == shares.back()) break;
    const std::size_t kept = (running.size() + 2) / 3;
    const bool given = std::find(running.begin(), running.begin() + static_cast<std::ptrdiff_t>(kept), 0U) !=
                       running.begin() + static_cast<std::ptrdiff_t>(kept);
    running.resize(kept);
    if (!given) running.push_back(0);
  }
  return result;
}

inline std::string trial_text(const TrialSettings& settings) {
  if (settings.empty()) return "as given";
  std::string text;
  for (const auto& [name, value] : settings) text += (text.empty() ? "" : " ") + name + "=" + value;
  return text;
}

}  // namespace riskflag::inline v0_1::study
