#include "adapters/git/ssh_peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "adapters/git/child.h"

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
  SshWire(const std::vector<std::string>& command, Wait wait) : child_(command), wait_(std::move(wait)) {}

  size_t read(char* buffer, size_t size) override {
    size_t got = child_.read(buffer, size, wait_);
    if (got == 0) check_end();
    return got;
  }

  void write(std::string_view bytes) override {
    try {
      child_.write(bytes, wait_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Unavailable || wait_.stop.stop_requested()) throw;
      // libgit2 says goodbye with a flush, which a server that has ended in good order never reads. Whoever
      // still waits for an answer meets the end of the stream at the next read.
      if (!check_end()) throw;
    }
  }

 private:
  /// True when the other side has ended in good order; throws its reason when it ended otherwise.
  bool check_end() {
    std::optional<int> status = child_.exit_status(wait_);
    if (status && *status != 0) throw reason_of(child_.errors(), *status);
    return status.has_value();
  }

  Child child_;
  Wait wait_;
};

}  // namespace

std::unique_ptr<Wire> SshPeer::open(Service service, Wait wait) {
  return std::make_unique<SshWire>(command(options_, service, wait), wait);
}

}  // namespace shipit::adapters::git
