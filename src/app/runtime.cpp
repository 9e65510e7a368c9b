#include "app/runtime.h"

#include "base/error.h"
#include "base/log.h"

namespace shipit::app {
namespace {

void stop_all(std::vector<std::jthread>& threads) {
  for (std::jthread& t : threads) t.request_stop();
  threads.clear();  // joins
}

/// The loops catch Error themselves; what arrives here is a defect, logged before the thread goes on.
template <class Body>
void guarded(const char* where, Body&& body) {
  try {
    body();
  } catch (const Error& e) {
    log_error(where, e.what());
  } catch (const std::exception& e) {
    log_error(where, e.what());
  }
}

}  // namespace

Runtime::Runtime(flow::Pipeline& pipeline, RuntimeOptions options,
                 std::vector<std::function<void(std::stop_token)>> watchers)
    : pipeline_(pipeline), options_(options) {
  pipeline_.on_wake([this] { alarm_.ring(); });
  for (auto& watcher : watchers)
    watchers_.emplace_back([watcher = std::move(watcher)](std::stop_token stop) { watcher(stop); });
  for (int i = 0; i < options_.workers; ++i)
    workers_.emplace_back([this](std::stop_token stop) { worker_loop(stop); });
  repository_.emplace_back([this](std::stop_token stop) { repository_loop(stop); });
  for (size_t i = 0; i < pipeline_.sources(); ++i)
    sources_.emplace_back([this, i](std::stop_token stop) { source_loop(i, stop); });
}

void Runtime::source_loop(size_t source, std::stop_token stop) {
  while (!stop.stop_requested()) {
    uint64_t seen = alarm_.rings();
    Time again = SystemClock{}.now() + Duration{1000};
    guarded("intake", [&] { again = pipeline_.run_intake(source, options_.receive_poll, stop); });
    if (again > SystemClock{}.now()) alarm_.wait(again, seen, stop);
  }
}

void Runtime::repository_loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    pipeline_.take_repository_wake();
    Time again = SystemClock{}.now() + Duration{1000};
    guarded("repository", [&] { again = pipeline_.run_repository(stop); });
    while (!stop.stop_requested() && SystemClock{}.now() < again) {
      uint64_t seen = alarm_.rings();
      if (pipeline_.take_repository_wake()) break;
      alarm_.wait(again, seen, stop);
    }
  }
}

void Runtime::worker_loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    uint64_t seen = alarm_.rings();
    bool worked = false;
    guarded("reconcile", [&] { worked = pipeline_.run_release(stop); });
    if (!worked) alarm_.wait(pipeline_.next_release().value_or(Time::max()), seen, stop);
  }
}

void Runtime::stop() {
  stop_all(sources_);
  stop_all(repository_);
  stop_all(workers_);
  stop_all(watchers_);
}

}  // namespace shipit::app
