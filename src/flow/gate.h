#pragma once
// The gate stage's effects: look at the rollout and the monitors, keep the soak clock, ask domain/gate.h for
// a verdict. Used by Reconciler; the memory of a look is lost with the process, and the soak then starts
// again (rule 18).
#include <map>
#include <mutex>

#include "domain/gate.h"
#include "flow/context.h"

namespace shipit::flow {

class Gate final {
 public:
  explicit Gate(Context context) : context_(context) {}

  struct Look {
    domain::Judgement judgement;
    std::vector<domain::MonitorSample> samples;
  };
  /// One look at a revision that is applied. *Errors:* as Deployer; a monitor that can't be asked only stops
  /// the soak clock.
  Look look(const domain::Release& release, const domain::Revision& revision, Time now, std::stop_token stop);
  /// What the monitors show now, for a baseline. Empty when nothing can be asked.
  std::vector<domain::MonitorSample> sample(const domain::Release& release, bool& observed,
                                            std::stop_token stop);
  void forget(const domain::ReleaseKey& key);

 private:
  struct Memory {
    int revision = 0;
    Time last{};
    Duration soaked{0};
    int alerting = 0;
    Time sampled{};
    bool observed = false;
    std::vector<domain::MonitorSample> samples;
  };
  void add_logs(const domain::Release& release, const domain::RolloutFacts& rollout,
                domain::Judgement& judgement, std::stop_token stop);

  /// Stable until `forget`; only the worker that holds the key uses it.
  Memory& memory(const domain::ReleaseKey& key);

  Context context_;
  std::mutex mutex_;
  std::map<domain::ReleaseKey, Memory> memory_;
};

}  // namespace shipit::flow
