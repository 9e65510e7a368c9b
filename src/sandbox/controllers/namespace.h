#pragma once
// What every namespace has (the service account "default", the cluster's root certificate), and how one ends:
// its content is deleted, then the finalizer "kubernetes" is lifted.
#include <map>

#include "sandbox/controllers/controller.h"

namespace shipit::sandbox {

class NamespaceController final : public Controller {
 public:
  explicit NamespaceController(Context& context);
  void observe(const Change& change) override;
  Time reconcile(const Key& key) override;

 private:
  void furnish(const std::string& ns);
  void clear(const Stored& object);
};

}  // namespace shipit::sandbox
