#include "adapters/git/ssh_peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "net/process.h"

namespace shipit::adapters::git {
namespace {

/// A word for the far side's shell. *Source:* git's quote.c: single quotes, with `'` and `!` taken out of
/// them.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '!') {
      out += "'\\";
      out += c;
      out += '\'';
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::vector<std::string> command(const SshPeerOptions& options, Service service, const Wait& wait) {
  auto seconds = std::chrono::ceil<std::chrono::seconds>(wait.deadline.remaining()).count();
  std::vector<std::string> words = {options.program, "-o", "BatchMode=yes", "-o",
                                    fmt::format("ConnectTimeout={}", std::clamp<long>(seconds, 1, 60))};
  auto add = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  if (!options.identity.empty()) add({"-i", options.identity, "-o", "IdentitiesOnly=yes"});
  if (!options.known_hosts.empty()) {
    add({"-o", "UserKnownHostsFile=" + options.known_hosts, "-o", "StrictHostKeyChecking=yes"});
  }
  if (options.port != 0) add({"-p", std::to_string(options.port)});
  words.push_back(options.user.empty() ? options.host : options.user + "@" + options.host);
  bool receives = service == Service::ReceivePackRefs || service == Service::ReceivePack;
  words.push_back((receives ? "git-receive-pack " : "git-upload-pack ") + quoted(options.path));
  return words;
}

struct Words {
  std::string_view text;
  ErrorKind kind;
};

/// What ssh and git servers say when they end without an answer; the first match counts.
constexpr std::array kReasons = {
    Words{"Permission denied", ErrorKind::Denied},
    Words{"Host key verification failed", ErrorKind::Denied},
    Words{"access denied", ErrorKind::Denied},
    Words{"not appear to be a git repository", ErrorKind::NotFound},
    Words{"epository not found", ErrorKind::NotFound},
    Words{"no such repository", ErrorKind::NotFound},
};

/// The last line that says something, and the kind it stands for.
Error reason_of(const std::string& errors, int status) {
  std::string_view text = errors;
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  ErrorKind kind = ErrorKind::Unavailable;
  std::string_view line = text.substr(text.rfind('\n') + 1);
  for (const Words& words : kReasons) {
    size_t at = text.find(words.text);
    if (at == std::string_view::npos) continue;
    kind = words.kind;
    size_t begin = text.rfind('\n', at) + 1;
    line = text.substr(begin, text.find('\n', at) - begin);
    break;
  }
  return {kind, line.empty() ? fmt::format("ssh ended with status {}", status) : std::string(line)};
}

class SshWire final : public Wire {
 public:
  SshWire(std::vector<std::string> command, Wait wait)
      : child_({.arguments = std::move(command), .environment = {}, .folder = {}, .grace = kGrace}),
        wait_(std::move(wait)) {}

  size_t read(char* buffer, size_t size) override {
    if (at_ == received_.size()) {
      received_ = child_.read(wait_);
      at_ = 0;
      if (received_.empty()) check_end();
    }
    size_t got = std::min(size, received_.size() - at_);
    std::memcpy(buffer, received_.data() + at_, got);
    at_ += got;
    return got;
  }

  void write(std::string_view bytes) override {
    try {
      child_.write(bytes, wait_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Unavailable || wait_.stop.stop_requested()) throw;
      // libgit2 says goodbye with a flush, which a server that has ended in good order never reads. Whoever
      // still waits for an answer meets the end of the stream at the next read.
      check_end();
    }
  }

 private:
  static constexpr Duration kGrace{1'000};

  /// Returns when the other side has ended in good order; throws its reason when it ended otherwise.
  void check_end() {
    int status = child_.wait(wait_);
    if (status != 0) throw reason_of(child_.error_text(), status);
  }

  net::Child child_;
  Wait wait_;
  std::string received_;  ///< read on to `at_`
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<Wire> SshPeer::open(Service service, Wait wait) {
  try {
    return std::make_unique<SshWire>(command(options_, service, wait), wait);
  } catch (const Error& error) {  // NotFound would be the repository's
    throw unavailable(error.message());
  }
}

}  // namespace shipit::adapters::git
