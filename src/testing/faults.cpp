#include "testing/faults.h"

namespace shipit::testing {
namespace {

[[noreturn]] void raise(const Faults::Fault& fault) {
  if (const auto* error = std::get_if<Error>(&fault)) throw *error;
  throw std::get<Crash>(fault);
}

}  // namespace

void Faults::pass(std::string_view operation, When when) {
  for (size_t i = 0; i < script_.size(); ++i) {
    Scripted& s = script_[i];
    if (s.operation != operation || s.when != when || --s.left > 0) continue;
    Fault fault = std::move(s.fault);
    script_.erase(script_.begin() + static_cast<long>(i));
    raise(fault);
  }
  if (chance_)
    if (auto fault = chance_(operation, when)) raise(*fault);
}

void Faults::wrote(std::string what) { journal_.push_back(std::move(what)); }

}  // namespace shipit::testing
