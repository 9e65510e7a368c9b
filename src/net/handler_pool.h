#pragma once
// The threads that a server's handlers run on. Thread-safe.
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "net/server.h"

namespace shipit::net {

/// Runs one handler for many requests, on a fixed number of threads, in the order they came.
class HandlerPool final {
 public:
  HandlerPool(int threads, const Handler& handler) : handler_(handler) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~HandlerPool() { stop(); }

  void add(Request request, std::unique_ptr<Responder::Sink> sink) {
    std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(request), std::move(sink)});
    changed_.notify_one();
  }
  /// Runs what is queued, then ends.
  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    threads_.clear();
  }

 private:
  struct Job {
    Request request;
    std::unique_ptr<Responder::Sink> sink;
  };
  void run() {
    while (true) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      serve(handler_, std::move(job.request), std::move(job.sink));
    }
  }

  const Handler& handler_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // at most one a connection
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace shipit::net
