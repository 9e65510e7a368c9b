#pragma once
// The custom kinds: what each CustomResourceDefinition in the store makes servable. Keeps the store's kinds
// and the CRDs' own status in step with the CRD objects. Not thread-safe: under the sandbox's lock.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/store.h"

namespace shipit::sandbox {

/// One served version of a custom kind.
struct CustomVersion {
  std::string name;
  bool served = true;
  bool storage = false;
  std::string warning;                                   ///< what clients are told when it is deprecated
  text::Value schema;                                    ///< openAPIV3Schema, or null; in the kind's document
  text::Value columns;                                   ///< additionalPrinterColumns
  std::string scale_spec, scale_status, scale_selector;  ///< JSON paths; empty: no scale subresource
  std::vector<std::string> selectable_fields;            ///< JSON paths
};

/// What is wrong at the paths that the scale subresource reads; a write of the status answers for its own
/// only.
std::vector<Cause> check_scale(const CustomVersion& version, text::Value object, bool status_only);

struct CustomKind {
  const k8s::KindInfo* kind = nullptr;
  std::string crd;  ///< name of the definition
  text::Document definition;
  std::vector<CustomVersion> versions;
  const CustomVersion* version(std::string_view name) const;
};

class CustomKinds final {
 public:
  explicit CustomKinds(Store& store);

  /// nullptr for kinds that are built in.
  const CustomKind* find(const k8s::KindInfo& kind) const;
  std::vector<const CustomKind*> all() const;

  /// Brings everything in step with the stored definitions: serves new ones (and accepts their names in
  /// status), empties terminating ones and lets go of them. Cheap when no definition changed and none is
  /// terminating.
  void reconcile();

 private:
  void serve(const ObjectRef& definition);
  void accept(const ObjectRef& definition);
  bool clean_up(const ObjectRef& definition);

  Store& store_;
  const k8s::KindInfo& definitions_;
  std::unique_ptr<Feed> feed_;
  bool first_ = true;
  std::vector<std::string> terminating_;
  std::map<const k8s::KindInfo*, std::unique_ptr<CustomKind>> kinds_;
};

}  // namespace shipit::sandbox
