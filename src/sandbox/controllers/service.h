#pragma once
// Endpoints of Services: an EndpointSlice and an Endpoints object for each Service with a selector.
#include <map>

#include "k8s/selector.h"
#include "sandbox/controllers/controller.h"
#include "sandbox/controllers/objects.h"

namespace shipit::sandbox {

class ServiceController final : public Controller {
 public:
  explicit ServiceController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  void write_slice(const Object& service, const std::vector<Object>& pods);
  void write_endpoints(const Object& service, const std::vector<Object>& pods);

  const k8s::KindInfo& pods_;
  const k8s::KindInfo& slices_;
  const k8s::KindInfo& endpoints_;
  std::map<Key, k8s::Selector> selectors_;
};

}  // namespace shipit::sandbox
