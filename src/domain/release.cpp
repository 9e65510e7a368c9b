#include "domain/release.h"

#include <array>

namespace shipit::domain {
namespace {
constexpr std::array<std::string_view, 9> kStates = {"deleting",    "rolling back", "deploying",
                                                     "verifying",   "failed",       "held",
                                                     "rolled back", "pending",      "deployed"};
constexpr std::array<std::string_view, 3> kVerbs = {"rollback", "retry", "release"};
}  // namespace

std::string_view to_string(State state) { return kStates[static_cast<size_t>(state)]; }

std::optional<State> parse_state(std::string_view word) {
  for (size_t i = 0; i < kStates.size(); ++i)
    if (kStates[i] == word) return static_cast<State>(i);
  return std::nullopt;
}

std::string_view to_string(Command::Verb verb) { return kVerbs[static_cast<size_t>(verb)]; }

std::optional<Command::Verb> parse_verb(std::string_view word) {
  for (size_t i = 0; i < kVerbs.size(); ++i)
    if (kVerbs[i] == word) return static_cast<Command::Verb>(i);
  return std::nullopt;
}

}  // namespace shipit::domain
