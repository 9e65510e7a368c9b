#include "kube/watch.h"

namespace shipit::kube {

void WatchMachine::delay(Time now, double random, Duration at_least) {
  if (now - last_failure_ > kQuiet) failures_ = 0;
  last_failure_ = now;
  ++failures_;
  not_before_ = now + std::max(backoff_.delay(failures_, random), at_least);
}

void WatchMachine::listed(const std::string& resource_version, Time now) {
  listed_ = true;
  pages_next_ = false;
  position_ = resource_version;
  not_before_ = now;
}

void WatchMachine::streaming_refused(Time now) {
  streams_ = false;
  not_before_ = now;
}

void WatchMachine::streaming_broke(Time now, double random) {
  pages_next_ = true;
  delay(now, random, Duration{0});
  if (failures_ == 1) not_before_ = now;
}

void WatchMachine::list_failed(const Error& error, Time now, double random) {
  delay(now, random, error.retry_after().value_or(Duration{0}));
}

void WatchMachine::watch_started(Time now) { watch_began_ = now; }

void WatchMachine::moved_to(const std::string& resource_version, Time) {
  if (resource_version.empty()) return;
  position_ = resource_version;
}

void WatchMachine::watch_ended(Time now, double random) {
  if (now - watch_began_ >= kLasting) {
    not_before_ = now;
  } else {
    delay(now, random, Duration{0});
  }
}

void WatchMachine::watch_failed(const Error& error, Time now, double random) {
  delay(now, random, error.retry_after().value_or(Duration{0}));
  if (error.kind() != ErrorKind::Expired) return;
  listed_ = false;
  if (failures_ == 1 && !error.retry_after())
    not_before_ = now;  // part of the protocol; only a storm of it waits
}

}  // namespace shipit::kube
