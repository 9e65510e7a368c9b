#include "net/process.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"

namespace shipit::net {
namespace {

using namespace std::chrono_literals;

Wait within(Duration duration) { return {Deadline::in(duration), {}}; }
ProcessOptions shell(const std::string& script) { return {{"sh", "-c", script}, {}, {}}; }

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::Internal;
}

TEST(Process, OutputErrorsAndStatus) {
  ProcessResult result = run_process(shell("cat; echo oops >&2; exit 3"), "hello", within(10s));
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.output, "hello");
  EXPECT_EQ(result.error_text, "oops\n");
}

TEST(Process, EnvironmentAndFolder) {
  ProcessOptions options = shell("echo $SHIPIT_TEST $HOME; pwd");
  options.environment = {{"SHIPIT_TEST", "a b"}, {"HOME", "elsewhere"}};
  options.folder = "/";
  EXPECT_EQ(run_process(options, "", within(10s)).output, "a b elsewhere\n/\n");
}

TEST(Process, ArgumentsReachNoShell) {
  EXPECT_EQ(run_process({{"echo", "$HOME;", "a  b"}, {}, {}}, "", within(10s)).output, "$HOME; a  b\n");
}

TEST(Process, WhatCannotRunIsSaid) {
  EXPECT_EQ(kind_of([] { run_process({{"no-such-program-here"}, {}, {}}, "", within(1s)); }),
            ErrorKind::NotFound);
  EXPECT_EQ(kind_of([] { run_process({{"/etc/passwd"}, {}, {}}, "", within(1s)); }), ErrorKind::Denied);
  EXPECT_EQ(kind_of([] { run_process({}, "", within(1s)); }), ErrorKind::Invalid);
}

TEST(Process, MegabytesGoIn) {
  ProcessResult result = run_process(shell("wc -c"), std::string(3 << 20, 'x'), within(20s));
  EXPECT_EQ(std::stoul(result.output), 3u << 20);
}

TEST(Process, MegabytesComeBackWhileTheyGoIn) {
  std::string input(3 << 20, 'x');
  EXPECT_EQ(run_process({{"cat"}, {}, {}}, input, within(20s)).output, input);
}

TEST(Process, AWriteToAChildThatDoesNotReadEndsWithTheDeadline) {
  Child child({{"sleep", "60"}, {}, {}});
  EXPECT_EQ(kind_of([&] { child.write(std::string(3 << 20, 'x'), within(30ms)); }), ErrorKind::Timeout);
}

TEST(Process, ASilentChildEndsWithTheDeadline) {
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of([] { run_process({{"sleep", "60"}, {}, {}}, "", within(30ms)); }), ErrorKind::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(Process, AStopEndsAWaitAtOnce) {
  std::stop_source stop;
  Child child({{"sleep", "60"}, {}, {}});
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(kind_of([&] { child.read({Deadline::never(), stop.get_token()}); }), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of([&] { child.wait({Deadline::never(), stop.get_token()}); }), ErrorKind::Unavailable);
}

TEST(Process, AConversation) {
  Child child(shell("while read line; do echo got $line; done"));
  child.write("one\n", within(10s));
  EXPECT_EQ(child.read(within(10s)), "got one\n");
  child.write("two\n", within(10s));
  EXPECT_EQ(child.read(within(10s)), "got two\n");
  child.close_input();
  EXPECT_EQ(child.read(within(10s)), "");
  EXPECT_EQ(child.wait(within(10s)), 0);
}

TEST(Process, AKilledChildHasItsSignalsStatus) {
  Child child(shell("kill -TERM $$"));
  EXPECT_EQ(child.wait(within(10s)), 128 + 15);
}

TEST(Process, TooMuchOutputIsRefused) {
  EXPECT_EQ(kind_of([] { run_process(shell("yes"), "", within(10s), 100'000); }), ErrorKind::Invalid);
}

TEST(Process, UnreadOutputDoesNotHoldTheEnd) {
  Child child(shell("head -c 1000000 /dev/zero; exit 5"));
  EXPECT_EQ(child.wait(within(10s)), 5);
}

TEST(Process, AChildThatIgnoresItsInputStillAnswers) {
  ProcessResult result = run_process(shell("echo no; exit 1"), std::string(1 << 20, 'x'), within(10s));
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.output, "no\n");
}

TEST(Process, OnlyTheTailOfTheErrorsIsKept) {
  ProcessResult result =
      run_process(shell("head -c 100000 /dev/zero | tr '\\0' x >&2; echo end >&2"), "", within(10s));
  EXPECT_LE(result.error_text.size(), 8u << 10);
  EXPECT_TRUE(result.error_text.ends_with("xend\n"));
}

TEST(Process, AReaderThatWentAwayIsAnErrorAndNoSignal) {
  Child child(shell("exec <&-; exec >&-; read x < /dev/null; exit 3"));
  EXPECT_EQ(child.read(within(20s)), "");
  EXPECT_EQ(kind_of([&] { child.write(std::string(1'000'000, 'x'), within(20s)); }), ErrorKind::Unavailable);
  EXPECT_EQ(child.wait(within(20s)), 3);
  EXPECT_EQ(child.wait(within(20s)), 3);
}

TEST(Process, WhatItWroteCanBeReadAfterItsEnd) {
  Child child(shell("head -c 300000 /dev/zero"));
  EXPECT_EQ(child.wait(within(20s)), 0);
  EXPECT_EQ(child.read(within(20s)).size(), 300'000u);
}

TEST(Process, OneWithGraceEndsByItselfWhenItIsGivenUp) {
  std::string file = testing::TempDir() + "/shipit-process-grace";
  std::remove(file.c_str());
  {
    ProcessOptions options = shell("cat; sleep 0.05; echo done > " + file);
    options.grace = 20s;
    Child child(options);
  }
  EXPECT_TRUE(std::filesystem::exists(file));
  std::remove(file.c_str());
}

TEST(Process, WhatItStartedIsEndedWithIt) {
  std::string file = testing::TempDir() + "/shipit-process-group";
  {
    Child child(shell("sleep 60 & echo $! > " + file + "; echo; wait"));
    child.read(within(20s));
  }
  pid_t pid = 0;
  std::ifstream(file) >> pid;
  ASSERT_GT(pid, 0);
  auto ended = [&] {  // gone, or dead and not yet waited for by whoever has taken it over
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    return !(status >> number >> name >> state) || state == "Z" || state == "X";
  };
  Deadline deadline = Deadline::in(20s);
  while (!ended() && !deadline.passed()) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(ended());
  std::remove(file.c_str());
}

}  // namespace
}  // namespace shipit::net
