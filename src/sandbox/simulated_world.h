#pragma once
// Everything that makes the bare API server a world to deploy into: the controllers with their node, the
// image queue, the monitors and the endpoint that plays the registry. One call wires them into a Sandbox's
// options.
#include <string>

#include "sandbox/control.h"
#include "sandbox/controllers/options.h"
#include "sandbox/monitors.h"
#include "sandbox/queue.h"
#include "sandbox/sandbox.h"

namespace shipit::sandbox {

struct WorldOptions {
  ControllerOptions controllers;
  QueueOptions queues;
  MonitorOptions monitors;
  ControlOptions control;
};

/// Sets `controllers` and adds to `parts`: what is made shares one set of behaviours on the sandbox's store.
void add_simulated_world(SandboxOptions& sandbox, WorldOptions options = {});

}  // namespace shipit::sandbox
