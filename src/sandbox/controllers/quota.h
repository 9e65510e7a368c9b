#pragma once
// The ResourceQuota controller, and what a new object asks of the quotas of its namespace. *Source:*
// k8s.io/kubernetes/pkg/quota/v1/evaluator/core, k8s.io/apiserver/pkg/admission/plugin/resourcequota.
#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

class QuotaController final : public Controller {
 public:
  explicit QuotaController(Context& context) : Controller(context, "", "ResourceQuota") {}
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;
};

/// Errors: StatusError Forbidden when a quota of its namespace has no room for the new object.
void check_quota(const Store& store, const k8s::KindInfo& kind, text::Value object);

}  // namespace shipit::sandbox
