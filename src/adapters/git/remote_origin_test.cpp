// The clone of a remote repository is a cache: it can be missing, old, damaged or another one's.
#include <gtest/gtest.h>
#include <malloc.h>

#include "adapters/git/git_fixture.h"
#include "adapters/git/git_ops_repo.h"

namespace shipit::adapters::git {
namespace {

using domain::CommitId;
using testing::kind_thrown;
using testing::must;

class Clone : public ::testing::Test {
 protected:
  Clone() { git_.commit({{"registry/a", "1"}, {"registry/b", "2"}}); }

  GitOpsRepo repo(size_t most_loose = 20'000, const std::string& url = "https://git.example.org/ops.git") {
    GitOptions options;
    options.url = url;
    options.clone_folder = folder_ / "state/clone";
    options.most_loose_objects = most_loose;
    return GitOpsRepo{options, client_};
  }
  Wait soon() { return {Deadline::in(std::chrono::seconds{20}), {}}; }
  int posts() const { return posts_; }

  testing::TempFolder folder_;
  testing::GitSide git_{folder_};
  int posts_ = 0;
  net::FunctionClient client_{[this](net::Request request, net::Responder responder) {
    if (request.method == "POST") ++posts_;
    responder.send(testing::backend(folder_ / "", request));
  }};
};

TEST_F(Clone, AnUnchangedHeadCostsOneRequestAndNoPack) {
  repo().fetch(soon());
  EXPECT_EQ(posts(), 1);
  GitOpsRepo again = repo();
  EXPECT_EQ(again.fetch(soon()).str(), git_.head());
  again.fetch(soon());
  EXPECT_EQ(posts(), 1) << "the clone was kept";
}

TEST_F(Clone, AFetchOfNothingNewKeepsNoMemory) {
  GitOpsRepo fetching = repo();
  auto held = [&] {
    fetching.fetch(soon());
    return ::mallinfo2().uordblks;  // 0 under a sanitizer, which looks for leaks itself
  };
  held();
  size_t before = held();
  for (int i = 0; i < 40; ++i) fetching.fetch(soon());
  EXPECT_LT(held(), before + (1 << 20));
}

TEST_F(Clone, WhatWasPushedIsNotFetchedAgain) {
  GitOpsRepo pusher = repo();
  CommitId head = pusher.fetch(soon());
  CommitId made = pusher.push({.parent = head,
                               .message = "m\n",
                               .author_name = "a",
                               .author_email = "b",
                               .at = Time{std::chrono::seconds{1'700'000'000}},
                               .changes = {{"registry/a", "3"}}},
                              soon());
  int before = posts();
  EXPECT_EQ(pusher.fetch(soon()), made);
  EXPECT_EQ(posts(), before);
}

TEST_F(Clone, DeletedItIsMadeAgain) {
  repo().fetch(soon());
  std::filesystem::remove_all(folder_ / "state");
  EXPECT_EQ(repo().read(repo().fetch(soon()), "registry").size(), 2U);
}

TEST_F(Clone, OfAnotherRemoteItIsMadeAgain) {
  repo().fetch(soon());
  testing::TempFolder other_folder;
  testing::GitSide other{other_folder};
  other.commit({{"x", "1"}});
  must("cp -r " + other.bare + " " + folder_ / "other.git");
  GitOpsRepo second = repo(20'000, "https://git.example.org/other.git");
  EXPECT_EQ(second.fetch(soon()).str(), other.head());
  EXPECT_EQ(kind_thrown([&] { second.read(CommitId{git_.head()}, ""); }), ErrorKind::NotFound);
}

TEST_F(Clone, WithTooManyLooseObjectsItIsMadeAgainAtStart) {
  GitOpsRepo first = repo();
  CommitId head = first.fetch(soon());
  for (int i = 0; i < 4; ++i) {
    head = first.push({.parent = head,
                       .message = "m\n",
                       .author_name = "a",
                       .author_email = "b",
                       .at = Time{std::chrono::seconds{1'700'000'000}},
                       .changes = {{"registry/a", std::to_string(i + 10)}}},
                      soon());
  }
  int before = posts();
  repo(1'000).fetch(soon());
  EXPECT_EQ(posts(), before);
  GitOpsRepo anew = repo(5);
  EXPECT_EQ(anew.fetch(soon()), head);
  EXPECT_EQ(posts(), before + 1);
  EXPECT_EQ(anew.read(head, "registry").at("registry/a"), "13");
}

TEST_F(Clone, HalfMadeItIsMadeAgain) {
  testing::write_file(folder_ / "state/clone/ship-it-clone", "https://git.example.org/ops.git");
  EXPECT_EQ(repo().fetch(soon()).str(), git_.head());
}

TEST_F(Clone, LocksOfAKilledProcessDoNotLast) {
  CommitId head = repo().fetch(soon());
  for (const char* ref : {"head", "pushing"}) {
    std::string lock = folder_ / fmt::format("state/clone/refs/ship-it/{}.lock", ref);
    testing::write_file(lock, "");
    testing::fs::last_write_time(lock, testing::fs::file_time_type::clock::now() - std::chrono::seconds{6});
  }
  GitOpsRepo next = repo();
  git_.commit({{"registry/a", "2"}});
  head = next.fetch(soon());
  EXPECT_EQ(head.str(), git_.head());
  ports::NewCommit commit{
      head, "m\n", "a", "b", Time{std::chrono::seconds{1'700'000'000}}, {{"registry/a", "3"}}};
  CommitId made = next.push(commit, soon());
  EXPECT_EQ(made.str(), git_.head());
}

TEST_F(Clone, DamageFoundWhileReadingHealsAtTheNextFetch) {
  GitOpsRepo damaged = repo();
  CommitId head = damaged.fetch(soon());
  std::filesystem::remove_all(folder_ / "state/clone/objects");
  std::filesystem::create_directories(folder_ / "state/clone/objects/pack");
  must("git -C " + git_.bare + " cat-file commit " + head.str() + " | git -C " + folder_ / "state/clone" +
       " hash-object -t commit -w --stdin");
  GitOpsRepo reader = repo();  // sees the commit, but neither trees nor files
  EXPECT_EQ(kind_thrown([&] { reader.read(head, "registry"); }), ErrorKind::Corrupt);
  EXPECT_EQ(reader.fetch(soon()), head);
  EXPECT_EQ(reader.read(head, "registry").size(), 2U);
}

TEST_F(Clone, AFolderThatHoldsSomethingElseIsLeftAlone) {
  testing::write_file(folder_ / "state/clone/precious", "data");
  std::string what;
  EXPECT_EQ(kind_thrown([&] { repo().fetch(soon()); }, &what), ErrorKind::Invalid);
  EXPECT_EQ(testing::file_bytes(folder_ / "state/clone/precious"), "data");
}

TEST_F(Clone, AFolderThatCantBeMadeSaysSo) {
  testing::write_file(folder_ / "state", "a file");
  std::string what;
  EXPECT_NE(kind_thrown([&] { repo().fetch(soon()); }, &what), std::nullopt);
  EXPECT_NE(what.find("state/clone"), std::string::npos) << what;
}

TEST(Folder, ABranchThatIsCheckedOutIsReadButNotPushed) {
  testing::TempFolder folder;
  testing::GitSide git{folder};
  std::string head = git.commit({{"a", "1"}});
  net::FunctionClient none{[](net::Request, net::Responder) {}};
  GitOptions options;
  options.url = git.work;
  GitOpsRepo repo{options, none};
  Wait soon{Deadline::in(std::chrono::seconds{20}), {}};
  EXPECT_EQ(repo.fetch(soon).str(), head);
  EXPECT_EQ(repo.read(CommitId{head}, "").at("a"), "1");
  ports::NewCommit commit{.parent = CommitId{head},
                          .message = "m\n",
                          .author_name = "a",
                          .author_email = "b",
                          .at = Time{std::chrono::seconds{1'700'000'000}},
                          .changes = {{"a", "2"}}};
  EXPECT_EQ(kind_thrown([&] { repo.push(commit, soon); }), ErrorKind::Denied);
  git.git("checkout -q -b elsewhere");
  EXPECT_EQ(kind_thrown([&] { repo.push(commit, soon); }), std::nullopt);
}

TEST(Folder, TooMuchToReadIsRefused) {
  testing::TempFolder folder;
  testing::GitSide git{folder};
  CommitId head{git.commit({{"a", std::string(900, 'x')}, {"b/c", std::string(200, 'x')}})};
  net::FunctionClient none{[](net::Request, net::Responder) {}};
  GitOptions options;
  options.url = git.bare;
  options.most_snapshot_bytes = 1'000;
  GitOpsRepo repo{options, none};
  EXPECT_EQ(kind_thrown([&] { repo.read(head, ""); }), ErrorKind::Invalid);
  EXPECT_EQ(repo.read(head, "b").size(), 1U);
}

TEST(Options, ThatCantBeAreRefusedAtOnce) {
  net::FunctionClient none{[](net::Request, net::Responder) {}};
  for (const char* branch : {"", "a b", "-x", "a..b", "a~1", "/a", "a/"}) {
    GitOptions options;
    options.url = "/srv/ops.git";
    options.branch = branch;
    EXPECT_EQ(kind_thrown([&] { GitOpsRepo repo(options, none); }), ErrorKind::Invalid) << branch;
  }
  GitOptions no_clone;
  no_clone.url = "https://git.example.org/ops.git";
  EXPECT_EQ(kind_thrown([&] { GitOpsRepo repo(no_clone, none); }), ErrorKind::Invalid);
}

}  // namespace
}  // namespace shipit::adapters::git
