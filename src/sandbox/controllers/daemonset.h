#pragma once
// The DaemonSet controller: one pod of its template on each node that the template may run on (there is one
// node), replaced as updateStrategy says. *Source:* k8s.io/kubernetes/pkg/controller/daemon, 1.37.
#include <string>
#include <vector>

#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

class DaemonSetController final : public Controller {
 public:
  explicit DaemonSetController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  struct Look;
  void manage(Look& look);
  void roll(Look& look);
  void create(Look& look);
  bool available(Look& look, const Object& pod);

  const k8s::KindInfo& pods_;
  const k8s::KindInfo& nodes_;
  const k8s::KindInfo& revisions_;
};

}  // namespace shipit::sandbox
