#pragma once
// The threads around the passive stages: five-line loops, started together and stopped in the order that
// ARCHITECTURE gives. Owns nothing but the threads.
#include <functional>
#include <thread>
#include <vector>

#include "app/alarm.h"
#include "flow/pipeline.h"

namespace shipit::app {

struct RuntimeOptions {
  int workers = 8;
  Duration receive_poll{10'000};  ///< of a long poll
};

class Runtime final {
 public:
  /// Starts the loops. `watchers` are further loops that end on stop: informers.
  Runtime(flow::Pipeline& pipeline, RuntimeOptions options,
          std::vector<std::function<void(std::stop_token)>> watchers);
  ~Runtime() { stop(); }
  /// Sources stop taking, then the repository, then the workers end the step they are in, then the watchers.
  /// Idempotent.
  void stop();

 private:
  void source_loop(size_t source, std::stop_token stop);
  void repository_loop(std::stop_token stop);
  void worker_loop(std::stop_token stop);

  flow::Pipeline& pipeline_;
  RuntimeOptions options_;
  Alarm alarm_;
  std::vector<std::jthread> sources_, repository_, workers_, watchers_;
};

}  // namespace shipit::app
