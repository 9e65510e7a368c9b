#pragma once
// Fault scripts: every call of an in-memory port passes here before and after its effect, so that a test can
// make the third push conflict, or let the process die between an effect and its answer. Also the journal of
// effective writes. One thread.
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace shipit::testing {

/// The process died here. Not an Error on purpose: no stage may catch it.
struct Crash {
  std::string where;
};

enum class When : uint8_t { Before, After };  ///< of the effect

class Faults final {
 public:
  using Fault = std::variant<Error, Crash>;

  /// The nth call (from 1) of `operation` ("repository.push") from now on fails so.
  void fail(std::string operation, int nth, Error error, When when = When::Before) {
    script_.push_back({std::move(operation), nth, when, std::move(error)});
  }
  void crash(std::string operation, int nth, When when = When::Before) {
    script_.push_back({operation, nth, when, Crash{operation}});
  }
  /// Asked at every call, for faults by chance.
  void set_chance(std::function<std::optional<Fault>(std::string_view operation, When when)> chance) {
    chance_ = std::move(chance);
  }
  void clear() {
    script_.clear();
    chance_ = nullptr;
  }

  /// Called by the ports: throws what the script says.
  void pass(std::string_view operation, When when);
  /// Called by the ports for an effect that changed something.
  void wrote(std::string what);

  /// Effective writes in order: "repository.push 1a2b…", "ledger.write order".
  const std::vector<std::string>& journal() const { return journal_; }
  void forget_journal() { journal_.clear(); }

 private:
  struct Scripted {
    std::string operation;
    int left;
    When when;
    Fault fault;
  };
  std::vector<Scripted> script_;
  std::function<std::optional<Fault>(std::string_view, When)> chance_;
  std::vector<std::string> journal_;
};

}  // namespace shipit::testing
