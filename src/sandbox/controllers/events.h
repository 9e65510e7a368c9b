#pragma once
// Writes core/v1 Events as client-go's recorder does: the same event again raises the count of the first.
// Used under the sandbox's lock.
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "sandbox/store.h"

namespace shipit::sandbox {

/// Who reports: "kubelet" on a node, or a controller without one.
struct EventSource {
  std::string_view component;
  std::string_view host = {};
};

class Recorder final {
 public:
  explicit Recorder(Store& store) : store_(store) {}

  void normal(const EventSource& source, const Stored& about, std::string_view reason,
              std::string_view message, std::string_view field_path = {}) {
    record(source, about, "Normal", reason, message, field_path);
  }
  void warning(const EventSource& source, const Stored& about, std::string_view reason,
               std::string_view message, std::string_view field_path = {}) {
    record(source, about, "Warning", reason, message, field_path);
  }

  /// Removes events last seen before `before`. Returns when the oldest of the rest was seen; Time::max()
  /// without any.
  Time expire(Time before);
  /// Takes over an event that was in the store at start.
  void adopt(const Stored& event);

 private:
  void record(const EventSource& source, const Stored& about, std::string_view type, std::string_view reason,
              std::string_view message, std::string_view field_path);

  Store& store_;
  std::map<std::string, std::pair<std::string, std::string>> names_;  // what it says → namespace, name
  std::deque<std::pair<Time, std::pair<std::string, std::string>>> seen_;
};

}  // namespace shipit::sandbox
