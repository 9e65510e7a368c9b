#pragma once
// The embedded cluster: a Kubernetes API server in memory, its controllers, and the other rooms on the same
// port. It knows nothing of what runs on it. What it can't do it refuses with 501. Thread-safe: handle and
// step may be called from several threads; one lock covers it all.
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/server.h"
#include "sandbox/parts.h"
#include "sandbox/store.h"

namespace shipit::sandbox {

class Api;
class PersistentLog;

struct SandboxOptions {
  const Clock* clock = nullptr;  ///< must outlive the sandbox; nullptr: the machine's
  /// Folder for the store's log; empty: nothing survives. Every answered write is in the file: kill -9 loses
  /// none.
  std::string state_dir;
  /// Makes the controllers on the sandbox's store; empty: objects stay as they are written.
  std::function<std::unique_ptr<Controllers>(Store&, const Clock&)> controllers;
  /// Makes the other rooms, in the order in which they are asked; after the store is read and `controllers`
  /// made.
  std::vector<std::function<std::unique_ptr<Part>(Store&, const Clock&)>> parts;
  size_t max_body = 3 << 20;  ///< bytes; the API server's limit for one request
};

class Sandbox final {
 public:
  /// Errors: Denied or Invalid when the state folder can't be used, Corrupt when its log is not one.
  explicit Sandbox(SandboxOptions options);
  ~Sandbox();

  /// Answers any request to the port. Never throws.
  void handle(net::Request request, net::Responder responder);
  /// Runs everything that is due at `now` and returns when it wants to be called next (Time::max(): not
  /// before a request changes something).
  Time step(Time now);
  /// Called, from handle, after a request that changed the store: the owner of the loop wakes and steps at
  /// once.
  void on_activity(std::function<void()> wake);

  /// For tests and in-process users: hold `lock()` while using it.
  Store& store() { return *store_; }
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

 private:
  std::mutex mutex_;
  SystemClock system_clock_;
  const Clock* clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<PersistentLog> log_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Controllers> controllers_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::function<void()> wake_;
};

}  // namespace shipit::sandbox
