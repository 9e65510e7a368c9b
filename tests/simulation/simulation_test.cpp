// Ten thousand interleavings of everything at once. SIMULATION_SEEDS changes how many, SIMULATION_SEED runs
// one and tells its steps.
#include "simulation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/log.h"

namespace shipit::simulation {
namespace {

uint64_t number(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : fallback;
}

std::string told(const std::vector<std::string>& steps) {
  std::string out;
  for (size_t i = 0; i < steps.size(); ++i) out += fmt::format("{:4} {}\n", i + 1, steps[i]);
  return out;
}

TEST(Simulation, EveryPromiseHoldsWhateverHappens) {
  set_log_level(LogLevel::Error);
  uint64_t one = number("SIMULATION_SEED", 0);
  uint64_t first = one ? one : 1, last = one ? one : number("SIMULATION_SEEDS", 10'000);
  int failed = 0;
  for (uint64_t seed = first; seed <= last && failed < 3; ++seed) {
    Simulation simulation(seed);
    std::string broken = simulation.run();
    if (one) fmt::print("{}", told(simulation.steps()));
    if (broken.empty()) continue;
    ++failed;
    ADD_FAILURE() << "SIMULATION_SEED=" << seed << " breaks at " << broken << "\n"
                  << told(simulation.steps());
  }
}

}  // namespace
}  // namespace shipit::simulation
