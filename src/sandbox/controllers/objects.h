#pragma once
// What the workload controllers read from and write into objects alike: pods of an owner, pod templates,
// conditions in the order and shape of the real controllers. Free functions on documents; used under the
// sandbox's lock.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/controllers/controller.h"
#include "text/value.h"

namespace shipit::sandbox {

inline constexpr std::string_view kTemplateHashLabel = "pod-template-hash";

/// An object with its tree.
struct Object {
  Object() = default;
  explicit Object(ObjectRef ref) : stored(std::move(ref)), document(stored->parse()) {}
  text::Value operator[](const text::Key& key) const { return document.root[key]; }
  text::Value root() const { return document.root; }
  text::Arena& arena() const { return *document.arena; }
  const std::string& ns() const { return stored->ns; }
  const std::string& name() const { return stored->name; }

  ObjectRef stored;
  text::Document document;
};

/// The object, or one without `stored`.
Object read(Context& context, const k8s::KindInfo& kind, const Key& key);
/// Objects of `kind` that `owner` controls, in order of their names.
std::vector<Object> controlled_by(Context& context, const Stored& owner, const k8s::KindInfo& kind);
/// As above, and first takes over what matches the owner's selector and has no controller.
std::vector<Object> claimed_by(Context& context, const Object& owner, const k8s::KindInfo& kind,
                               std::string_view manager_kind);

text::Value time_value(text::Arena& arena, Time time);
std::optional<Time> time_of(text::Value value);

/// Readiness of a pod by its conditions.
bool pod_ready(text::Value pod);
/// Since when it has been ready; nullopt when it isn't.
std::optional<Time> ready_since(text::Value pod);
/// Ready for at least `min_ready_seconds`.
bool pod_available(text::Value pod, int64_t min_ready_seconds, Time now);
/// "Pending", "Running", "Succeeded", "Failed".
std::string_view pod_phase(text::Value pod);
/// Neither finished nor being deleted.
bool pod_active(const Object& pod);

/// A condition with its times, as Deployments, Jobs and Pods have it.
struct ConditionFields {
  std::string_view type;
  std::string_view status;  ///< "True", "False", "Unknown"
  std::string_view reason;
  std::string_view message;
};
text::Value find_condition(text::Value status, std::string_view type);
/// Sets it in status.conditions, lastTransitionTime moving only with the status. True when anything changed.
bool set_condition(text::Arena& arena, text::Value status, const ConditionFields& fields, Time now);
bool remove_condition(text::Value status, std::string_view type);

/// Writes `status` as the object's, unless it is what is there.
void write_status(Context& context, const Object& object, text::Value status,
                  std::string_view manager = "kube-controller-manager");

/// A pod of the owner's spec.template with a name, labels and the owner reference. Not yet created.
text::Value pod_of_template(text::Arena& arena, const Object& owner, text::Value pod_template,
                            std::string_view name);
/// `pod` with what the API server's defaulting and admission add to a controller's request.
text::Value complete_pod(text::Arena& arena, const k8s::KindInfo& kind, text::Value pod);
/// Creates the pod and reports it with the owner's event "SuccessfulCreate" or "FailedCreate". Why it was
/// refused; empty when it was made.
std::string create_pod(Context& context, const Object& owner, text::Value pod, std::string_view component);
void delete_pod(Context& context, const Object& owner, const Stored& pod, std::string_view component);

/// An int-or-percent of `total`; `fallback` when it is missing.
int64_t int_or_percent(text::Value value, std::string_view fallback, int64_t total, bool round_up);

}  // namespace shipit::sandbox
