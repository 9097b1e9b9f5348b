#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <riskflag/core/calendar.hpp>
#include <riskflag/core/error.hpp>
#include <riskflag/core/file.hpp>
#include <riskflag/core/file_lock.hpp>
#include <riskflag/core/json_reader.hpp>
#include <riskflag/core/json_writer.hpp>
#include <riskflag/core/names.hpp>
#include <riskflag/track/directory.hpp>
#include <riskflag/track/journal.hpp>
#include <riskflag/track/journal_reader.hpp>
#include <riskflag/track/registry.hpp>

namespace riskflag::inline v0_1::track {

/// A registry in a directory (docs/formats/registry.md). The file system is the database: a version is a directory that
/// appears by one rename, an alias a symbolic link that moves by one rename, so that readers need no lock and see the
/// old state or the new. Writers of one name take turns under flock, in as many processes as there are.
///
///     ROOT/NAME/versions/3/version.json     what ModelVersion says
///     ROOT/NAME/versions/3/model/           the copy; with Keep::reference a link to where the model lies
///     ROOT/NAME/aliases/champion            -> ../versions/3
///     ROOT/NAME/history.jsonl               every registration, removal and move of an alias
///     ROOT/NAME/audit.jsonl                 who moved an alias by promote() or roll_back(), and why
///
/// A server that follows ROOT/NAME/aliases/champion/model sees a promotion at once.
class LocalRegistry final : public Registry {
 public:
  /// Creates `root` if absent. With Keep::reference later versions are links, and verify() checks that what they point
  /// to still has the digest that was registered.
  explicit LocalRegistry(std::string root, Keep keep = Keep::copy) : root_(std::move(root)), keep_(keep) {
    make_directories(root_);
  }

  [[nodiscard]] std::unique_ptr<Turn> take_turn(std::string_view name) override;
  ModelVersion register_model(const NewVersion& model) override;
  [[nodiscard]] std::vector<std::string> names() const override;
  [[nodiscard]] std::vector<ModelVersion> versions(std::string_view name) const override;
  [[nodiscard]] std::optional<ModelVersion> find_version(std::string_view name, std::uint64_t version) const override;
  [[nodiscard]] std::optional<ModelVersion> find_alias(std::string_view name, std::string_view alias) const override;
  void set_alias(std::string_view name, std::string_view alias, std::uint64_t version) override;
  bool remove_alias(std::string_view name, std::string_view alias) override;
  /// The newest version stays, so that its number is not given again.
  void remove_version(std::string_view name, std::uint64_t version) override;
  void append_audit(std::string_view name, std::uint64_t version, std::string_view record) override;
  [[nodiscard]] std::vector<std::string> audit(std::string_view name) const override;

  /// Throws Error(corrupt) when the version's directory no longer has the digest that was registered.
  void verify(const ModelVersion& version) const;

 private:
  [[nodiscard]] std::string home(std::string_view name) const;
  [[nodiscard]] std::vector<std::uint64_t> numbers(std::string_view name) const;
  [[nodiscard]] ModelVersion read_version(std::string_view name, std::uint64_t version) const;
  /// The version that an alias points to; 0 without it.
  [[nodiscard]] std::uint64_t alias_target(std::string_view name, std::string_view alias) const;
  [[noreturn]] void refuse_version(std::string_view name, std::uint64_t version) const;
  void note(std::string_view name, std::string_view what, std::string_view alias, std::uint64_t from,
            std::uint64_t to) const;

  std::string root_;
  Keep keep_;
};

namespace detail {

inline void link_directory(const std::string& target, const std::string& link) {
  std::error_code error;
  std::filesystem::create_directory_symlink(target, link, error);
  if (error) fail(ErrorCode::io, link, "cannot create the symbolic link: " + error.message());
}

/// MLflow's rule, so that the same aliases work there: letters, digits, _ and -, not "latest", not "v" and digits.
inline void check_alias(std::string_view alias) {
  bool good = !alias.empty() && alias.size() <= 200 && alias.front() != '-';
  for (const char c : alias) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-');
  }
  if (!good) {
    fail(ErrorCode::invalid_option, "alias",
         quoted(alias) + " is no alias; use 1 to 200 letters, digits, _ and -, not beginning with -, such as champion");
  }
  const bool like_version =
      alias.size() > 1 && alias[0] == 'v' && alias.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (alias == "latest" || like_version) {
    fail(ErrorCode::invalid_option, "alias",
         quoted(alias) + " is reserved by MLflow for versions; use another name, such as champion");
  }
}

}  // namespace detail

inline std::unique_ptr<Registry::Turn> LocalRegistry::take_turn(std::string_view name) {
  // Not .lock, which each write takes for itself.
  struct Held final : Turn {
    explicit Held(const std::string& path) : lock(path) {}
    FileLock lock;
  };
  require_model(*this, name);
  return std::make_unique<Held>(join_path(home(name), ".turn"));
}

inline std::string LocalRegistry::home(std::string_view name) const {
  detail::check_name(name, "model name");
  return join_path(root_, name);
}

inline std::vector<std::uint64_t> LocalRegistry::numbers(std::string_view name) const {
  std::vector<std::uint64_t> out;
  const std::string directory = join_path(home(name), "versions");
  if (!is_directory(directory)) return out;
  for (const std::string& entry : list_directory(directory)) {
    const auto number = parse_integer(entry);  // staging neighbours have longer names
    if (number && *number > 0) out.push_back(static_cast<std::uint64_t>(*number));
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline void LocalRegistry::note(std::string_view name, std::string_view what, std::string_view alias,
                                std::uint64_t from, std::uint64_t to) const {
  JsonWriter json;
  json.begin_object()
      .key("v")
      .value(1)
      .key("ts")
      .value(rfc3339(now_ms()))
      .key("event")
      .value(what)
      .key("alias")
      .value(alias);
  json.key("from").value(from).key("to").value(to).end_object();
  AppendFile(join_path(home(name), "history.jsonl")).append(json.text(), Durability::sync);
}

inline ModelVersion LocalRegistry::register_model(const NewVersion& model) {
  if (!is_directory(model.source))
    fail(ErrorCode::not_found, model.source, "is no directory; a model directory can be registered");
  const std::string directory = home(model.name);
  make_directories(join_path(directory, "versions"));
  make_directories(join_path(directory, "aliases"));
  const FileLock lock(join_path(directory, ".lock"));
  const std::vector<std::uint64_t> known = numbers(model.name);
  ModelVersion out{model.name, known.empty() ? 1 : known.back() + 1};
  const std::string place = join_path(join_path(directory, "versions"), std::to_string(out.version));
  DirectoryWriter writer(place);
  if (keep_ == Keep::copy) {
    for (const std::string& file : detail::files_below(model.source)) {
      writer.write("model/" + file, read_file(join_path(model.source, file)));
    }
    out.digest =
        detail::path_digest(join_path(writer.staging_path(), "model"));  // of what was copied, not of what is there now
  } else {
    detail::link_directory(absolute_path(model.source), join_path(writer.staging_path(), "model"));
    out.digest = detail::path_digest(model.source);
  }
  out.run_id = model.run_id;
  out.description = model.description;
  out.tags = model.tags;
  out.created_ms = now_ms();
  JsonWriter json(JsonStyle::pretty);
  json.begin_object().key("format").value(1).key("name").value(out.name).key("version").value(out.version);
  json.key("digest").value(out.digest).key("run_id").value(out.run_id).key("created").value(rfc3339(out.created_ms));
  json.key("description").value(out.description).key("tags").begin_array();
  for (const KeyValue& tag : out.tags)
    json.begin_object().key("key").value(tag.key).key("value").value(tag.value).end_object();
  json.end_array().end_object();
  writer.write("version.json", json.text() + "\n");
  writer.commit();
  note(model.name, "register", "", 0, out.version);
  out.path = join_path(place, "model");
  return out;
}

inline std::vector<std::string> LocalRegistry::names() const {
  std::vector<std::string> out;
  for (const std::string& name : list_directory(root_)) {
    if (name.front() != '.' && is_directory(join_path(join_path(root_, name), "versions")) && !numbers(name).empty())
      out.push_back(name);
  }
  return out;
}

inline ModelVersion LocalRegistry::read_version(std::string_view name, std::uint64_t version) const {
  const std::string place = join_path(join_path(home(name), "versions"), std::to_string(version));
  const std::string path = join_path(place, "version.json");
  const Json json = value_or_throw(read_json(read_file(path), path));
  detail::RecordReader in(json);
  ModelVersion out{in.text("name"),   version,           join_path(place, "model"),
                   in.text("digest"), in.text("run_id"), in.text("description")};
  out.tags = in.entries("tags");
  out.created_ms = in.time_of(json, "created");
  if (!in.failure().empty()) fail(ErrorCode::corrupt, path, in.failure());
  for (const std::string& alias : list_directory(join_path(home(name), "aliases"))) {
    if (alias.find('.') == std::string::npos && alias_target(name, alias) == version) out.aliases.push_back(alias);
  }
  return out;
}

inline std::vector<ModelVersion> LocalRegistry::versions(std::string_view name) const {
  const std::vector<std::uint64_t> known = numbers(name);
  if (known.empty()) {
    fail(ErrorCode::not_found, root_, "there is no model " + quoted(name) + what_there_is(name, names()));
  }
  std::vector<ModelVersion> out;
  for (const std::uint64_t version : known) out.push_back(read_version(name, version));
  return out;
}

inline std::optional<ModelVersion> LocalRegistry::find_version(std::string_view name, std::uint64_t version) const {
  const std::vector<std::uint64_t> known = numbers(name);
  if (!std::binary_search(known.begin(), known.end(), version)) return std::nullopt;
  return read_version(name, version);
}

inline void LocalRegistry::refuse_version(std::string_view name, std::uint64_t version) const {
  const std::string known = detail::versions_there_are(*this, name);  // throws for an unknown name
  fail(ErrorCode::not_found, root_, "model " + quoted(name) + " has no version " + std::to_string(version) + known);
}

inline std::uint64_t LocalRegistry::alias_target(std::string_view name, std::string_view alias) const {
  std::error_code error;
  const auto link = std::filesystem::read_symlink(join_path(join_path(home(name), "aliases"), alias), error);
  if (error) return 0;
  return static_cast<std::uint64_t>(parse_integer(file_name(link.string())).value_or(0));
}

inline std::optional<ModelVersion> LocalRegistry::find_alias(std::string_view name, std::string_view alias) const {
  detail::check_alias(alias);
  const std::uint64_t version = alias_target(name, alias);
  return version == 0 ? std::nullopt : find_version(name, version);
}

inline void LocalRegistry::set_alias(std::string_view name, std::string_view alias, std::uint64_t version) {
  detail::check_alias(alias);
  if (!find_version(name, version)) {
    refuse_version(name, version);
  }
  const FileLock lock(join_path(home(name), ".lock"));
  const std::uint64_t before = alias_target(name, alias);
  const std::string link = join_path(join_path(home(name), "aliases"), alias);
  const std::string staging = link + ".tmp";  // no alias has a dot; the lock makes it ours
  std::error_code error;
  std::filesystem::remove(staging, error);
  detail::link_directory("../versions/" + std::to_string(version), staging);
  std::filesystem::rename(staging, link, error);
  if (error) fail(ErrorCode::io, link, "cannot move the alias: " + error.message());
  note(name, "alias", alias, before, version);
}

inline bool LocalRegistry::remove_alias(std::string_view name, std::string_view alias) {
  detail::check_alias(alias);
  if (numbers(name).empty()) return false;
  const FileLock lock(join_path(home(name), ".lock"));
  const std::uint64_t before = alias_target(name, alias);
  if (before == 0) return false;
  remove_all(join_path(join_path(home(name), "aliases"), alias));  // the link, not what it points to
  note(name, "unalias", alias, before, 0);
  return true;
}

inline void LocalRegistry::remove_version(std::string_view name, std::uint64_t version) {
  const FileLock lock(join_path(home(name), ".lock"));
  const std::vector<std::uint64_t> known = numbers(name);
  if (!std::binary_search(known.begin(), known.end(), version)) {
    refuse_version(name, version);
  }
  const std::string which = std::string(name) + " version " + std::to_string(version);
  if (version == known.back()) {
    fail(ErrorCode::invalid_option, which, "is the newest and stays: its number would be given to another model");
  }
  const ModelVersion found = read_version(name, version);
  if (!found.aliases.empty()) {
    fail(ErrorCode::invalid_option, which, "has the alias " + quoted(found.aliases.front()) + ", and stays");
  }
  // Out of the readers' sight in one step; a kill after it leaves a neighbour that anybody may remove.
  const std::string place = join_path(join_path(home(name), "versions"), std::to_string(version));
  const std::string aside = place + ".tmp-removed";
  std::error_code error;
  std::filesystem::rename(place, aside, error);
  if (error) fail(ErrorCode::io, place, "cannot be removed: " + error.message());
  note(name, "remove", "", version, 0);
  remove_all(aside);
}

inline void LocalRegistry::append_audit(std::string_view name, std::uint64_t version, std::string_view record) {
  if (!find_version(name, version)) {
    refuse_version(name, version);
  }
  const FileLock lock(join_path(home(name), ".lock"));
  AppendFile(join_path(home(name), "audit.jsonl")).append(record, Durability::sync);
}

inline std::vector<std::string> LocalRegistry::audit(std::string_view name) const {
  const std::string path = join_path(home(name), "audit.jsonl");
  std::vector<std::string> out;
  if (!exists(path)) return out;
  const std::string text = read_file(path);
  std::size_t number = 0;
  for (const std::string_view line : split_text(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    detail::require_record(line, path + ":" + std::to_string(number));
    out.emplace_back(line);
  }
  return out;
}

inline void LocalRegistry::verify(const ModelVersion& version) const {
  if (!is_directory(version.path)) {
    fail(ErrorCode::not_found, version.path,
         "the model that was registered by reference is no longer there; register it again");
  }
  const std::string now = detail::path_digest(version.path);
  if (now != version.digest) {
    fail(ErrorCode::corrupt, version.path,
         "its digest is " + now + ", but " + version.digest + " was registered as " + version.name + " version " +
             std::to_string(version.version) + "; register the new content as a version of its own");
  }
}

}  // namespace riskflag::inline v0_1::track
