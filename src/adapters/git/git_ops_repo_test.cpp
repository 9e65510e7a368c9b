// What an ops repository promises, over each way to reach one, with the git program as the reference.
#include "adapters/git/git_ops_repo.h"

#include <gtest/gtest.h>

#include <optional>

#include "adapters/git/git_fixture.h"

namespace shipit::adapters::git {
namespace {

using domain::CommitId;
using ports::CommitInfo;
using ports::NewCommit;
using testing::kind_thrown;
using testing::must;

enum class Way { Folder, Http, Ssh };

Wait soon() { return Wait{Deadline::in(std::chrono::seconds{20}), {}}; }

class OpsRepoOver : public ::testing::TestWithParam<Way> {
 protected:
  GitOptions options() {
    GitOptions options;
    options.clone_folder = folder_ / "clone";
    switch (GetParam()) {
      case Way::Folder:
        options.url = git_.bare;
        break;
      case Way::Http:
        options.url = "https://git.example.org/ops.git";
        break;
      case Way::Ssh:
        options.url = "alice@git.example.org:" + git_.bare;
        options.ssh_program = testing::fake_ssh(folder_, "exec sh -c \"$last\"");
        break;
    }
    return options;
  }

  GitOpsRepo& repo() {
    if (!repo_) repo_.emplace(options(), client_);
    return *repo_;
  }

  NewCommit edit(const CommitId& parent, std::vector<ports::FileChange> changes) {
    return {.parent = parent,
            .message = "Updated 1 helm charts using image hello\n\nhello\n\nShip-It-Release: hello\n",
            .author_name = "Ship-it",
            .author_email = "ship-it@example.org",
            .at = Time{std::chrono::seconds{1'700'000'000}},
            .changes = std::move(changes)};
  }

  testing::TempFolder folder_;
  testing::GitSide git_{folder_};
  net::FunctionClient client_{testing::backend_handler(folder_ / "")};
  std::optional<GitOpsRepo> repo_;
};

TEST_P(OpsRepoOver, AnEmptyRepositoryHasNoHeadAndTakesAFirstCommit) {
  EXPECT_TRUE(repo().fetch(soon()).empty());
  CommitId first = repo().push(edit({}, {{"registry/Chart.yaml", "name: r\n"}}), soon());
  EXPECT_EQ(git_.head(), first.str());
  EXPECT_EQ(git_.in_bare("show master:registry/Chart.yaml"), "name: r");
  EXPECT_EQ(git_.in_bare("rev-list --count master"), "1");
  EXPECT_EQ(repo().fetch(soon()), first);
}

TEST_P(OpsRepoOver, AMissingBranchIsNoHead) {
  git_.git("commit -q --allow-empty -m other && git -C " + git_.work +
           " push -q origin HEAD:refs/heads/other");
  EXPECT_TRUE(repo().fetch(soon()).empty());
}

TEST_P(OpsRepoOver, ReadsWhatGitCommitted) {
  std::string binary("a\0b\r\n\xff", 6);
  testing::write_file(git_.work + "/registry/bin/run", "#!/bin/sh\n");
  must("chmod +x " + git_.work + "/registry/bin/run && ln -s run " + git_.work + "/registry/bin/link");
  std::string id = git_.commit({{"registry/templates/hello.yaml", "tag: 1\n"},
                                {"registry/templates/b\xe9t\xe9.yaml", "latin-1 name\n"},
                                {"registry/empty", ""},
                                {"registry/binary", binary},
                                {"registry2/no", "no"},
                                {"README.md", "read me\n"}});
  CommitId head = repo().fetch(soon());
  EXPECT_EQ(head.str(), id);
  std::map<std::string, std::string> want = {{"registry/bin/run", "#!/bin/sh\n"},
                                             {"registry/binary", binary},
                                             {"registry/empty", ""},
                                             {"registry/templates/b\xe9t\xe9.yaml", "latin-1 name\n"},
                                             {"registry/templates/hello.yaml", "tag: 1\n"}};
  EXPECT_EQ(repo().read(head, "registry"), want);
  EXPECT_EQ(repo().read(head, "registry/"), want);
  EXPECT_EQ(repo().read(head, "registry/templates").size(), 2U);
  EXPECT_EQ(repo().read(head, "").size(), want.size() + 2);
}

TEST_P(OpsRepoOver, WhatIsNotThereIsNotFound) {
  CommitId head{git_.commit({{"a", "1"}})};
  repo().fetch(soon());
  CommitId unknown{"1111111111111111111111111111111111111111"};
  EXPECT_EQ(kind_thrown([&] { repo().read(head, "b"); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_thrown([&] { repo().read(head, "a"); }), ErrorKind::NotFound) << "a file is no folder";
  EXPECT_EQ(kind_thrown([&] { repo().read(unknown, ""); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_thrown([&] { repo().log({}, unknown, 9); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_thrown([&] { repo().log(unknown, head, 9); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_thrown([&] { repo().read(CommitId{"master"}, ""); }), ErrorKind::Invalid);
  EXPECT_EQ(kind_thrown([&] { repo().read(head, "../a"); }), ErrorKind::Invalid);
}

TEST_P(OpsRepoOver, GitReadsWhatWasPushed) {
  testing::write_file(git_.work + "/run", "old\n");
  must("chmod +x " + git_.work + "/run");
  git_.commit({{"registry/a.yaml", "a: 1\n"}, {"registry/gone.yaml", "x"}, {"other/deep/file", "same"}});
  std::string other_before = git_.in_bare("rev-parse master:other");
  CommitId head = repo().fetch(soon());
  CommitId made = repo().push(edit(head, {{"registry/a.yaml", "a: 2\n"},
                                          {"registry/gone.yaml", std::nullopt},
                                          {"new/folder/b.yaml", "b\n"},
                                          {"run", "new\n"},
                                          {"b\xe9", "bytes"}}),
                              soon());
  EXPECT_EQ(git_.head(), made.str());
  EXPECT_EQ(git_.in_bare("show master:registry/a.yaml"), "a: 2");
  EXPECT_EQ(git_.in_bare("rev-parse master:other"), other_before);
  EXPECT_EQ(git_.in_bare("rev-parse master^"), head.str());
  EXPECT_EQ(git_.in_bare("diff-tree -r --name-status master^ master"),
            "A\t\"b\\351\"\nA\tnew/folder/b.yaml\nM\tregistry/a.yaml\nD\tregistry/gone.yaml\nM\trun");
  EXPECT_TRUE(git_.in_bare("ls-tree master run").starts_with("100755 "));
  EXPECT_TRUE(git_.in_bare("ls-tree master new/folder/b.yaml").starts_with("100644 "));
  EXPECT_EQ(git_.in_bare("log -1 --format='%an <%ae> %at %cn <%ce> %ct' master"),
            "Ship-it <ship-it@example.org> 1700000000 Ship-it <ship-it@example.org> 1700000000");
  EXPECT_EQ(git_.in_bare("log -1 --format=%B master"),
            "Updated 1 helm charts using image hello\n\nhello\n\nShip-It-Release: hello\n");
  EXPECT_EQ(git_.in_bare("log -1 --format='%(trailers:key=Ship-It-Release,valueonly)' master"), "hello\n");
  EXPECT_EQ(testing::run("git -C " + git_.bare + " fsck --strict 2>&1").status, 0);
}

TEST_P(OpsRepoOver, TheLastFileOfAFolderTakesTheFolderAlong) {
  git_.commit({{"keep", "1"}, {"a/b/only", "2"}});
  CommitId made = repo().push(edit(repo().fetch(soon()), {{"a/b/only", std::nullopt}}), soon());
  EXPECT_EQ(git_.in_bare("ls-tree -r -t --name-only " + made.str()), "keep");
}

TEST_P(OpsRepoOver, AHeadThatMovedIsAConflict) {
  git_.commit({{"a", "1"}});
  CommitId decided = repo().fetch(soon());
  std::string moved = git_.commit({{"a", "2"}});
  EXPECT_EQ(kind_thrown([&] { repo().push(edit(decided, {{"b", "1"}}), soon()); }), ErrorKind::Conflict);
  EXPECT_EQ(git_.head(), moved);
  CommitId made = repo().push(edit(repo().fetch(soon()), {{"b", "1"}}), soon());
  EXPECT_EQ(git_.head(), made.str());
  EXPECT_EQ(git_.in_bare("show master:a"), "2");
}

TEST_P(OpsRepoOver, AHeadThatWasRewoundIsAConflictThoughThePushWouldFastForward) {
  std::string first = git_.commit({{"a", "1"}});
  git_.commit({{"a", "2"}});
  CommitId decided = repo().fetch(soon());
  git_.git("reset -q --hard " + first + " && git -C " + git_.work + " push -q -f origin HEAD:master");
  EXPECT_EQ(kind_thrown([&] { repo().push(edit(decided, {{"b", "1"}}), soon()); }), ErrorKind::Conflict);
  EXPECT_EQ(git_.head(), first) << "what a person dropped stays dropped";
  EXPECT_EQ(repo().fetch(soon()).str(), first);
}

TEST_P(OpsRepoOver, AnUnrelatedHistoryIsAConflictAndIsFetched) {
  git_.commit({{"a", "1"}});
  CommitId decided = repo().fetch(soon());
  git_.git("checkout -q --orphan other && git -C " + git_.work + " commit -q -m Anew && git -C " + git_.work +
           " push -q -f origin HEAD:master");
  EXPECT_EQ(kind_thrown([&] { repo().push(edit(decided, {{"b", "1"}}), soon()); }), ErrorKind::Conflict);
  CommitId head = repo().fetch(soon());
  EXPECT_EQ(head.str(), git_.head());
  EXPECT_FALSE(repo().is_ancestor(decided, head));
}

TEST_P(OpsRepoOver, ABranchThatWentOrCameIsAConflict) {
  EXPECT_TRUE(repo().fetch(soon()).empty());
  CommitId head{git_.commit({{"a", "1"}})};
  EXPECT_EQ(kind_thrown([&] { repo().push(edit({}, {{"b", "1"}}), soon()); }), ErrorKind::Conflict);
  EXPECT_EQ(repo().fetch(soon()), head);
  git_.in_bare("update-ref -d refs/heads/master");
  EXPECT_EQ(kind_thrown([&] { repo().push(edit(head, {{"b", "1"}}), soon()); }), ErrorKind::Conflict);
  EXPECT_TRUE(repo().fetch(soon()).empty());
}

TEST_P(OpsRepoOver, FiveHundredEditsAreOneCommit) {
  for (int i = 0; i < 500; ++i)
    testing::write_file(fmt::format("{}/registry/templates/s{}.yaml", git_.work, i), "tag: old\n");
  git_.commit({});
  CommitId head = repo().fetch(soon());
  std::vector<ports::FileChange> changes;
  for (int i = 0; i < 500; ++i)
    changes.push_back({fmt::format("registry/templates/s{}.yaml", i), fmt::format("tag: {}\n", i)});
  CommitId made = repo().push(edit(head, changes), soon());
  EXPECT_EQ(git_.head(), made.str());
  EXPECT_EQ(git_.in_bare("rev-list --count " + head.str() + "..master"), "1");
  EXPECT_EQ(git_.in_bare("diff --shortstat master^ master"),
            " 500 files changed, 500 insertions(+), 500 deletions(-)");
}

TEST_P(OpsRepoOver, TheLogIsFirstParentOldestFirst) {
  std::vector<std::string> ids;
  ids.push_back(git_.commit({{"a", "1"}}, "one"));
  ids.push_back(git_.commit({{"a", "2"}}, "two"));
  git_.git("checkout -q -b side HEAD~1 && git -C " + git_.work + " commit -q --allow-empty -m side");
  std::string side = git_.git("rev-parse HEAD");
  git_.git("checkout -q master && git -C " + git_.work + " merge -q --no-ff -m merge side");
  ids.push_back(git_.commit({{"a", "3"}}, "four"));
  ids.insert(ids.begin() + 2, git_.git("rev-parse HEAD~1"));

  CommitId head = repo().fetch(soon());
  auto names = [](const std::vector<CommitInfo>& commits) {
    std::vector<std::string> out;
    for (const CommitInfo& commit : commits) out.push_back(commit.id.str());
    return out;
  };
  EXPECT_EQ(names(repo().log({}, head, 100)), ids);
  EXPECT_EQ(names(repo().log(CommitId{ids[1]}, head, 100)), (std::vector<std::string>{ids[2], ids[3]}));
  EXPECT_EQ(names(repo().log({}, head, 2)), (std::vector<std::string>{ids[2], ids[3]}));
  EXPECT_EQ(names(repo().log(head, head, 100)), std::vector<std::string>{});
  EXPECT_EQ(names(repo().log(CommitId{side}, head, 100)), (std::vector<std::string>{ids[1], ids[2], ids[3]}));
  CommitInfo merge = repo().log({}, CommitId{ids[2]}, 1).front();
  EXPECT_EQ(merge.message, "merge\n");
  EXPECT_EQ(merge.author, "Alice <alice@example.org>");
  EXPECT_EQ(merge.parents, (std::vector<CommitId>{CommitId{ids[1]}, CommitId{side}}));
  EXPECT_EQ(std::to_string(
                std::chrono::duration_cast<std::chrono::seconds>(merge.committed.time_since_epoch()).count()),
            git_.in_bare("log -1 --format=%ct " + ids[2]));

  EXPECT_TRUE(repo().is_ancestor(CommitId{side}, head));
  EXPECT_TRUE(repo().is_ancestor(head, head));
  EXPECT_FALSE(repo().is_ancestor(head, CommitId{ids[0]}));
  EXPECT_FALSE(repo().is_ancestor(CommitId{side}, CommitId{ids[1]}));
  EXPECT_FALSE(repo().is_ancestor(CommitId{"1111111111111111111111111111111111111111"}, head));
  EXPECT_EQ(
      kind_thrown([&] { repo().is_ancestor(head, CommitId{"1111111111111111111111111111111111111111"}); }),
      ErrorKind::NotFound);
}

TEST_P(OpsRepoOver, ChangesThatAreNoneAreRefusedAndNothingMoves) {
  must("ln -s x " + git_.work + "/link");
  git_.commit({{"file", "1"}, {"folder/f", "1"}});
  CommitId head = repo().fetch(soon());
  std::vector<std::vector<ports::FileChange>> cases = {{{"", "x"}},
                                                       {{"/abs", "x"}},
                                                       {{"a/../b", "x"}},
                                                       {{"a//b", "x"}},
                                                       {{"dir/", "x"}},
                                                       {{".git/config", "x"}},
                                                       {{"folder", "x"}},
                                                       {{"link", "x"}},
                                                       {{"file/below", "x"}},
                                                       {{"none", std::nullopt}},
                                                       {{"file", "a"}, {"file", "b"}},
                                                       {{"folder", std::nullopt}},
                                                       {{std::string("a\0b", 3), "x"}}};
  for (const auto& changes : cases) {
    EXPECT_EQ(kind_thrown([&] { repo().push(edit(head, changes), soon()); }), ErrorKind::Invalid)
        << changes[0].path;
  }
  NewCommit nobody = edit(head, {{"file", "2"}});
  nobody.author_name = "<>";
  EXPECT_EQ(kind_thrown([&] { repo().push(nobody, soon()); }), ErrorKind::Invalid);
  EXPECT_EQ(git_.head(), head.str());
}

TEST_P(OpsRepoOver, ASecondInstanceSeesTheFirstOnesCommit) {
  git_.commit({{"a", "1"}});
  CommitId made = repo().push(edit(repo().fetch(soon()), {{"a", "2"}}), soon());
  repo_.reset();
  EXPECT_EQ(repo().fetch(soon()), made);
  EXPECT_EQ(repo().read(made, "").at("a"), "2");
}

TEST_P(OpsRepoOver, APackedRepositoryReadsTheSame) {
  for (int i = 0; i < 20; ++i)
    git_.commit({{"a", std::to_string(i)}, {fmt::format("f{}", i), std::string(1000, 'x')}});
  git_.in_bare("gc -q --prune=now");
  CommitId head = repo().fetch(soon());
  EXPECT_EQ(repo().read(head, "").size(), 21U);
  EXPECT_EQ(repo().log({}, head, 100).size(), 20U);
  std::string next = git_.commit({{"a", "new"}});
  EXPECT_EQ(repo().fetch(soon()).str(), next);
  EXPECT_EQ(repo().read(CommitId{next}, "").at("a"), "new");
}

TEST_P(OpsRepoOver, ARepositoryThatIsNotThereIsNotFound) {
  GitOptions elsewhere = options();
  elsewhere.clone_folder = folder_ / "clone-2";
  switch (GetParam()) {
    case Way::Folder:
      elsewhere.url = folder_ / "nothing.git";
      break;
    case Way::Http:
      elsewhere.url = "https://git.example.org/nothing.git";
      break;
    case Way::Ssh:
      elsewhere.url = "git.example.org:" + folder_ / "nothing.git";
      break;
  }
  GitOpsRepo none{elsewhere, client_};
  std::string what;
  EXPECT_EQ(kind_thrown([&] { none.fetch(soon()); }, &what), ErrorKind::NotFound) << what;
  EXPECT_NE(what.find("nothing.git"), std::string::npos) << what;
}

TEST(FolderRepo, AnAbandonedLockIsRemovedAndAFreshOneIsRespected) {
  testing::TempFolder folder;
  testing::GitSide git{folder};
  git.commit({{"a", "1"}});
  net::FunctionClient none{testing::backend_handler(folder / "")};
  GitOptions options;
  options.url = git.bare;
  GitOpsRepo repo{options, none};
  NewCommit commit{repo.fetch(soon()), "Edit\n", "Ship-it", "ship-it@example.org", Time{}, {{"b", "1"}}};
  std::string lock = git.bare + "/refs/heads/master.lock";
  testing::write_file(lock, "");
  std::string what;
  EXPECT_EQ(kind_thrown([&] { repo.push(commit, soon()); }, &what), ErrorKind::Unavailable);
  EXPECT_NE(what.find("master"), std::string::npos) << what;
  EXPECT_TRUE(testing::fs::exists(lock));
  testing::fs::last_write_time(lock, testing::fs::file_time_type::clock::now() - std::chrono::seconds{6});
  CommitId made = repo.push(commit, soon());
  EXPECT_EQ(git.head(), made.str());
  EXPECT_EQ(git.in_bare("show master:b"), "1");
  EXPECT_FALSE(testing::fs::exists(lock));
}

INSTANTIATE_TEST_SUITE_P(EachWay, OpsRepoOver, ::testing::Values(Way::Folder, Way::Http, Way::Ssh),
                         [](const auto& info) {
                           return info.param == Way::Folder ? "Folder"
                                  : info.param == Way::Http ? "Http"
                                                            : "Ssh";
                         });

}  // namespace
}  // namespace shipit::adapters::git
