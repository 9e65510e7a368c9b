#include "sandbox/simulated_world.h"

#include <memory>

#include "sandbox/controllers/simulation.h"

namespace shipit::sandbox {
namespace {

/// What the factories share; made anew by the first of them, when the store has been read.
struct World {
  explicit World(WorldOptions options) : options(std::move(options)) {}
  void begin(Store& store) {
    keep = std::make_unique<Keep>(store);
    behaviours = std::make_unique<Behaviours>(*keep);
  }
  WorldOptions options;
  std::unique_ptr<Keep> keep;
  std::unique_ptr<Behaviours> behaviours;
  Queues* queues = nullptr;
};

/// A part that keeps the world alive.
template <class T>
struct Owned final : T {
  template <class... Args>
  explicit Owned(std::shared_ptr<World> world, Args&&... args)
      : T(std::forward<Args>(args)...), world(std::move(world)) {}
  std::shared_ptr<World> world;
};

}  // namespace

void add_simulated_world(SandboxOptions& sandbox, WorldOptions options) {
  auto world = std::make_shared<World>(std::move(options));
  sandbox.controllers = [world](Store& store, const Clock& clock) -> std::unique_ptr<Controllers> {
    world->begin(store);
    return std::make_unique<Owned<Simulation>>(world, store, clock, *world->behaviours,
                                               world->options.controllers);
  };
  sandbox.parts.push_back([world](Store&, const Clock& clock) -> std::unique_ptr<Part> {
    auto queues = std::make_unique<Owned<Queues>>(world, clock, *world->keep, world->options.queues);
    world->queues = queues.get();
    return queues;
  });
  sandbox.parts.push_back([world](Store&, const Clock& clock) -> std::unique_ptr<Part> {
    return std::make_unique<Owned<Control>>(world, clock, *world->behaviours, *world->queues,
                                            world->options.control);
  });
  sandbox.parts.push_back([world](Store& store, const Clock& clock) -> std::unique_ptr<Part> {
    return std::make_unique<Owned<DatadogMonitors>>(world, store, clock, *world->behaviours,
                                                    world->options.monitors);
  });
}

}  // namespace shipit::sandbox
