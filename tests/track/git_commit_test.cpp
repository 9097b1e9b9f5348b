#include <riskflag/track/git_commit.hpp>

#include <doctest/doctest.h>

#include <string>

#include <riskflag/core/file.hpp>

#include "fresh_directory.hpp"

namespace git_commit_test {

using riskflag::make_directories;
using riskflag::write_file;
using riskflag::track::git_commit;

const std::string kOne(40, '1'), kTwo(40, '2'), kLong(64, 'a');

TEST_CASE("the commit is found from below a working tree: on a branch, a packed one, detached, in a worktree") {
  const FreshDirectory home("git");
  make_directories(home.path("tree/.git/refs/heads"));
  make_directories(home.path("tree/src/deep"));
  CHECK_FALSE(git_commit(home.path("tree/src/deep")));  // no HEAD
  write_file(home.path("tree/.git/HEAD"), "ref: refs/heads/main\n");
  CHECK_FALSE(git_commit(home.path("tree")));  // no commit yet
  write_file(home.path("tree/.git/packed-refs"),
             "# pack-refs with: peeled\n" + kTwo + " refs/heads/mainly\n" + kOne + " refs/heads/main\n");
  CHECK(git_commit(home.path("tree/src/deep")) == kOne);
  write_file(home.path("tree/.git/refs/heads/main"), kTwo + "\n");  // newer than what is packed
  CHECK(git_commit(home.path("tree")) == kTwo);
  write_file(home.path("tree/.git/HEAD"), kLong + "\n");
  CHECK(git_commit(home.path("tree")) == kLong);

  make_directories(home.path("tree/.git/worktrees/other"));
  make_directories(home.path("other"));
  write_file(home.path("other/.git"), "gitdir: " + home.path("tree/.git/worktrees/other") + "\n");
  write_file(home.path("tree/.git/worktrees/other/HEAD"), "ref: refs/heads/main\n");
  write_file(home.path("tree/.git/worktrees/other/commondir"), "../..\n");
  CHECK(git_commit(home.path("other")) == kTwo);
}

TEST_CASE("outside of a working tree there is none, and what is no commit is none") {
  const FreshDirectory home("git");
  make_directories(home.path("tree/.git"));
  write_file(home.path("tree/.git/HEAD"), "ref: refs/heads/main\n");
  make_directories(home.path("tree/.git/refs/heads"));
  write_file(home.path("tree/.git/refs/heads/main"), "<<<<<<<\n");
  CHECK_FALSE(git_commit(home.path("tree")));
  CHECK_FALSE(git_commit("/proc"));
}

}  // namespace git_commit_test
