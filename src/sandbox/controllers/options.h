#pragma once
// The durations and the seed of the simulated cluster. The defaults make a pod ready some 700 ms after its
// creation.
#include <cstdint>
#include <string>

#include "base/time.h"
#include "sandbox/cron_schedule.h"

namespace shipit::sandbox {

struct ControllerOptions {
  uint64_t seed = 1;
  std::string node = "sandbox";
  Duration schedule_after{20};  ///< from a pod's creation to its binding
  Duration pull{250};   ///< of an image that is not on the node yet; and to learn that it can't be pulled
  Duration start{130};  ///< from the image to a running container
  Duration ready_after{300};   ///< from running to the readiness probe's first success
  Duration crash_after{250};   ///< from running to the exit of a container that crashes
  Duration run_for{400};       ///< what a container that is meant to end takes
  Duration stop_after{100};    ///< from the deletion of a pod to its end
  Duration restart_after{50};  ///< from an exit to the restart that is not backed off
  // Real ones. *Source:* pkg/kubelet: MaxContainerBackOff, backOffPeriod; pkg/kubelet/images.
  Duration back_off{10'000};
  Duration max_back_off{300'000};
  Duration probe_period{10'000};
  Duration event_ttl{3'600'000};
  ZoneOffset zone_offset = utc_only;  ///< of CronJobs' time zones
};

}  // namespace shipit::sandbox
