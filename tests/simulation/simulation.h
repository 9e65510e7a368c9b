#pragma once
// One seed of the simulation: a few services in a world in memory, to which everything happens that happens
// to a delivery system, in an order that the seed decides: events, duplicates, commits of people, the helm
// CLI, crashes at any effect, stale reads, faults. Then it comes to rest, and the promises are checked.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "testing/world.h"

namespace shipit::simulation {

class Simulation final {
 public:
  explicit Simulation(uint64_t seed);

  /// Empty: every promise held. Else the first that broke, and at which step.
  std::string run();
  /// What happened, one line a step.
  const std::vector<std::string>& steps() const { return steps_; }

 private:
  struct Random {
    uint64_t state;
    uint64_t next();
    int below(int n) { return static_cast<int>(next() % static_cast<uint64_t>(n)); }
    bool chance(int percent) { return below(100) < percent; }
    template <class T>
    const T& of(const std::vector<T>& list) {
      return list[static_cast<size_t>(below(static_cast<int>(list.size())))];
    }
  };
  struct Step {
    const char* name;
    int weight;
    void (Simulation::*act)();
  };
  static const std::vector<Step>& all_steps();

  void act();
  void rest();
  void check_at_rest();
  void check_release(const std::string& name);
  void broke(const std::string& promise);
  void say(const std::string& what) { steps_.push_back(what); }

  // What happens.
  void push_event();
  void duplicate_event();
  void late_event();
  void edit_tag();
  void edit_values();
  void remove_service();
  void revert_last_commit();
  void lift_all();
  void garble_quarantine();
  void helm_upgrades();
  void helm_rolls_back();
  void helm_dies();
  void crash_later();
  void killed();
  void stale_reads();
  void port_fails();
  void person_commands();
  void holds();
  void deletes_object();
  void rewinds();
  void monitor_moves();
  void another_replica();
  void time_passes();

  // What may never happen.
  void check_start(const ports::DeployRequest& request);
  void check_push(const ports::CommitInfo& commit);
  void check_uninstall(const ports::HelmName& name);
  std::string written_last(domain::CommitId at, const std::string& name);
  bool blocked_everywhere(const domain::ReleaseKey& key, const domain::RevisionNote& note);

  std::string fresh_tag();
  testing::Service service_of(const std::string& name);
  std::string any_service();
  void write(const testing::Service& service);

  Random random_;
  testing::World world_;
  std::vector<std::string> steps_;
  std::string broken_;
  std::vector<std::string> tags_;
  struct Pushed {
    std::string id, repository, tag;
    Time at;
  };
  std::vector<Pushed> pushed_;
  std::map<std::pair<std::string, std::string>, Time> first_push_, last_push_;  // (repository, tag)
  bool rewound_ = false;
  std::set<std::string> deleted_;  // by hand
  int values_ = 0;
};

}  // namespace shipit::simulation
