#include <riskflag/mlflow/names.hpp>

#include <string>

#include <doctest/doctest.h>

using riskflag::mlflow::accepted_key;
using riskflag::mlflow::characters;
using riskflag::mlflow::cut_text;

// The rule is MLflow's own (utils/validation.py): ^[/\w.\- :]*$, at most 250 characters, a path equal to its normal
// form.
TEST_CASE("keys that MLflow takes stay, others become what it takes") {
  CHECK(accepted_key("valid.binary_logloss") == "valid.binary_logloss");
  CHECK(accepted_key("a b:c-d/e") == "a b:c-d/e");
  CHECK(accepted_key("ndcg@5") == "ndcg_at_5");
  CHECK(accepted_key("lift(10%)") == "lift_10__");
  CHECK(accepted_key("ü") == "__");  // two bytes
  CHECK(accepted_key("/a//b/") == "a/b");
  CHECK(accepted_key("../a/./b") == "_/a/b");
  CHECK(accepted_key(".") == "_");
  CHECK(accepted_key("") == "_");
  CHECK(accepted_key("..a/..b") == "_.a/..b");
  CHECK(accepted_key("...") == "_..");
  CHECK(accepted_key(std::string(300, 'k')).size() == 250);
  CHECK(accepted_key(std::string(249, 'k') + "/tail") == std::string(249, 'k'));
  CHECK(accepted_key(std::string(247, 'k') + "/...") == std::string(247, 'k') + "/_");
}

TEST_CASE("text is cut after so many characters, not bytes") {
  CHECK(cut_text("abc", 3) == "abc");
  CHECK(cut_text("abü", 3) == "abü");
  CHECK(cut_text("äbüc", 3) == "äbü");
  CHECK(cut_text("\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 1) == "\xf0\x9f\x98\x80");
  CHECK(cut_text("äbc", 0).empty());
  CHECK(characters("äbüc") == 4);
  CHECK(characters("") == 0);
}
