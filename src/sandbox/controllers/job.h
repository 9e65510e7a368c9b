#pragma once
// The Job controller: runs pods until enough have succeeded, or too many have failed.
// *Source:* k8s.io/kubernetes/pkg/controller/job, 1.37; completionMode Indexed is not simulated.
#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

class JobController final : public Controller {
 public:
  explicit JobController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  Time after_end(const Object& job);
  bool create_pod_of(const Object& job);

  const k8s::KindInfo& pods_;
};

/// "Complete" or "Failed" when the job has that condition; else empty.
std::string_view job_end(text::Value job);

/// Creates a Job with what the API server's defaulting adds: the selector and labels of its pods. Errors: as
/// Store::create.
ObjectRef create_job(Context& context, text::Value job);

}  // namespace shipit::sandbox
