// Thousands of interleavings of everything at once. SIMULATION_SEEDS says how many (10,000 take about half a
// minute on two cores, optimised), SIMULATION_SEED runs one and tells its steps.
#include "simulation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"

namespace shipit::simulation {
namespace {

uint64_t number(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : fallback;
}

#ifdef __OPTIMIZE__
constexpr uint64_t kSeeds = 10'000;
#else
constexpr uint64_t kSeeds = 300;  // seven times as slow
#endif

std::string told(const std::vector<std::string>& steps) {
  std::string out;
  for (size_t i = 0; i < steps.size(); ++i) out += fmt::format("{:4} {}\n", i + 1, steps[i]);
  return out;
}

TEST(Simulation, EveryPromiseHoldsWhateverHappens) {
  set_log_level(LogLevel::Error);
  uint64_t one = number("SIMULATION_SEED", 0);
  uint64_t first = one ? one : 1, last = one ? one : number("SIMULATION_SEEDS", kSeeds);
  // Worlds share nothing: one thread a core, each taking the next seed.
  std::atomic<uint64_t> next = first;
  std::mutex mutex;
  std::map<uint64_t, std::string> failures;
  auto work = [&] {
    for (uint64_t seed = next++; seed <= last; seed = next++) {
      Simulation simulation(seed);
      std::string broken = simulation.run();
      if (one) fmt::print("{}", told(simulation.steps()));
      if (broken.empty()) continue;
      std::lock_guard lock(mutex);
      failures[seed] = "breaks at " + broken + "\n" + told(simulation.steps());
      if (failures.size() >= 3) next = last + 1;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
      threads.emplace_back(work);
  }
  for (const auto& [seed, what] : failures) ADD_FAILURE() << "SIMULATION_SEED=" << seed << " " << what;
}

}  // namespace
}  // namespace shipit::simulation
