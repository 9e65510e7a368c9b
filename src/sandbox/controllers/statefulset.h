#pragma once
// The StatefulSet controller: pods with ordinals, each with its own volume claims, made and replaced in order
// (or all at once: podManagementPolicy Parallel), rolled from the highest ordinal down to the partition.
// *Source:* k8s.io/kubernetes/pkg/controller/statefulset, 1.37.
#include <string>
#include <vector>

#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

class StatefulSetController final : public Controller {
 public:
  explicit StatefulSetController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  /// A pod of the set, or the place of one that is missing.
  struct Replica {
    int64_t ordinal = 0;
    Object pod;  // without `stored` when there is none
  };
  /// A set with its pods as one look sees them.
  struct Look {
    Object set;
    int64_t replicas = 1, start = 0, min_ready = 0;
    bool ordered = true;
    Object current, update;          // revisions; equal when no update is under way
    std::vector<Replica> wanted;     // by ordinal
    std::vector<Replica> condemned;  // beyond the wanted ones, highest first
    Time again = Time::max();
  };

  void sort_pods(Look& look);
  /// Creates and waits as the order asks for. False when the rest of the look has to wait.
  bool fill(Look& look);
  bool shrink(Look& look);
  void roll(Look& look);
  void create(Look& look, const Replica& replica);
  void create_claims(Look& look, int64_t ordinal);
  void own_claims(Look& look, int64_t ordinal);
  void drop(Look& look, const Replica& replica);
  bool available(Look& look, const Replica& replica);
  text::Value status_of(Look& look, int64_t collisions);

  const k8s::KindInfo& pods_;
  const k8s::KindInfo& claims_;
  const k8s::KindInfo& revisions_;
};

}  // namespace shipit::sandbox
