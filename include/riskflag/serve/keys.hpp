#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <riskflag/core/error.hpp>
#include <riskflag/core/json_file.hpp>
#include <riskflag/core/sha256.hpp>
#include <riskflag/core/text.hpp>

namespace riskflag::inline v0_1::serve {

/// What a key may do; `open` needs none.
enum class Scope { open, score, outcomes, read };

/// "score", "outcomes", "read".
[[nodiscard]] inline std::optional<Scope> find_scope(std::string_view name) noexcept {
  if (name == "score") return Scope::score;
  if (name == "outcomes") return Scope::outcomes;
  return name == "read" ? std::optional(Scope::read) : std::nullopt;
}

/// The API keys of a keys file (docs/formats/keys.md): their SHA-256 and scopes, never the keys themselves.
class ApiKeys {
 public:
  /// Throws Error(parse | corrupt) naming `where` and the line.
  [[nodiscard]] static ApiKeys parse(std::string_view text, std::string_view where);

  enum class Verdict { allowed, unknown, forbidden };
  /// Whether a request with that Authorization header may do what needs `scope`. Takes the same time whichever key it
  /// is, and however much of one is right. `name` gets the name of a key that is known.
  [[nodiscard]] Verdict judge(std::optional<std::string_view> authorization, Scope scope,
                              std::string* name = nullptr) const;

  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

 private:
  struct Key {
    std::string name, sha256;
    std::vector<Scope> scopes;
  };
  std::vector<Key> keys_;
};

inline ApiKeys ApiKeys::parse(std::string_view text, std::string_view where) {
  const JsonFile file(where);
  const Json root = file.open(text, 1);
  file.only(root, {"format", "keys"});
  ApiKeys out;
  for (const Json& json : file.objects(root, "keys", {"name", "sha256", "scopes"})) {
    Key key{file.text(json, "name"), file.text(json, "sha256"), {}};
    const bool is_digest =
        key.sha256.size() == 64 && key.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_digest) {
      file.refuse(json, "key " + quoted(key.name) +
                            ": \"sha256\" is not 64 lower-case hex digits (printf %s KEY | sha256sum gives them)");
    }
    for (const std::string& name : file.texts(json, "scopes")) {
      const auto scope = find_scope(name);
      if (!scope) {
        file.refuse(json, "key " + quoted(key.name) + ": there is no scope " + quoted(name) +
                              "; accepted: score, outcomes, read");
      }
      key.scopes.push_back(*scope);
    }
    if (key.scopes.empty()) file.refuse(json, "key " + quoted(key.name) + " has no scopes; it could do nothing");
    for (const Key& other : out.keys_) {
      if (other.name == key.name) file.refuse(json, "there are two keys " + quoted(key.name) + "; names are unique");
      if (other.sha256 == key.sha256) {
        file.refuse(json, "the keys " + quoted(other.name) + " and " + quoted(key.name) + " are the same");
      }
    }
    out.keys_.push_back(std::move(key));
  }
  if (out.keys_.empty()) file.refuse(root, "there are no keys; at least one is needed");
  return out;
}

inline ApiKeys::Verdict ApiKeys::judge(std::optional<std::string_view> authorization, Scope scope,
                                       std::string* name) const {
  if (scope == Scope::open) return Verdict::allowed;
  constexpr std::string_view kScheme = "bearer ";
  if (!authorization || lower_ascii(authorization->substr(0, kScheme.size())) != kScheme) return Verdict::unknown;
  const std::string digest = sha256_hex(trimmed(authorization->substr(kScheme.size())));
  Verdict verdict = Verdict::unknown;
  for (const Key& key : keys_) {
    unsigned differs = 0;
    for (std::size_t i = 0; i < digest.size(); ++i) {
      differs |= static_cast<unsigned>(digest[i]) ^ static_cast<unsigned>(key.sha256[i]);
    }
    bool may = false;
    for (const Scope each : key.scopes) may |= each == scope;
    if (differs != 0) continue;
    verdict = may ? Verdict::allowed : Verdict::forbidden;
    if (name != nullptr) *name = key.name;
  }
  return verdict;
}

}  // namespace riskflag::inline v0_1::serve
