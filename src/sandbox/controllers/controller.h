#pragma once
// What every controller here is: a level-triggered reconciler of keys, woken by changes of the store and by
// time. Passive; used under the sandbox's lock by Simulation (controllers.h), which owns the loop.
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "sandbox/behaviours.h"
#include "sandbox/controllers/events.h"
#include "sandbox/controllers/options.h"
#include "sandbox/store.h"

namespace shipit::sandbox {

/// What the controllers share.
struct Context {
  /// The numbers differ after a restart on the same store, so that names do.
  Context(Store& store, const Behaviours& behaviours, const ControllerOptions& options)
      : store(store),
        behaviours(behaviours),
        options(options),
        random(options.seed + static_cast<uint64_t>(store.resource_version())),
        events(store) {}

  Store& store;
  const Behaviours& behaviours;
  const ControllerOptions options;
  std::mt19937_64 random;
  Recorder events;
  Time now;  ///< of the current step

  /// `length` characters as the API server puts behind a generateName.
  std::string suffix(size_t length = 5);
};

/// Characters that spell no words. *Source:* k8s.io/apimachinery/pkg/util/rand.
inline constexpr std::string_view kSafeCharacters = "bcdfghjklmnpqrstvwxz2456789";

/// Namespace and name.
using Key = std::pair<std::string, std::string>;

/// A queue of keys that are marked or due, and what is done with each.
class Reconciler {
 public:
  explicit Reconciler(Context& context) : context_(context) {}
  virtual ~Reconciler() = default;

  /// Marks the keys that the change concerns.
  virtual void observe(const Change& change) = 0;
  /// Brings one object closer to its spec. Returns when to look again without a change; Time::max() for
  /// never.
  virtual Time reconcile(const Key& key) = 0;
  /// "Deployment": for the log.
  virtual std::string_view what() const = 0;

  /// Reconciles every key that is marked or due. True when there was one.
  bool run_due();
  /// When the next key is due.
  Time next() const;

 protected:
  void touch(Key key) { marked_.insert(std::move(key)); }
  void look_again(const Key& key, Time at);

  Context& context_;

 private:
  std::set<Key> marked_;
  std::map<Key, Time> due_;
  std::set<std::pair<Time, Key>> by_time_;
};

/// A reconciler of the objects of one kind.
class Controller : public Reconciler {
 public:
  Controller(Context& context, std::string_view group, std::string_view kind)
      : Reconciler(context), kind_(context.store.builtin(group, kind)) {}
  std::string_view what() const override { return kind_.kind; }

 protected:
  using Reconciler::touch;
  /// The change is one of an object of this controller's own kind.
  bool is_own(const Change& change) const { return change.object->kind == &kind_; }
  void touch(const Stored& object) { touch(Key{object.ns, object.name}); }
  /// Marks the objects of this kind that own `object` or owned its previous version.
  void touch_owners(const Change& change);

  const k8s::KindInfo& kind_;
};

}  // namespace shipit::sandbox
