#include "sandbox/controllers/volumes.h"

#include <fmt/format.h>

#include "k8s/object.h"
#include "k8s/quantity.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr EventSource kSource{"persistentvolume-controller"};
constexpr std::string_view kDefaultClass = "storageclass.kubernetes.io/is-default-class";
constexpr std::string_view kClaimProtection = "kubernetes.io/pvc-protection";
constexpr std::string_view kVolumeProtection = "kubernetes.io/pv-protection";
constexpr std::string_view kProvisioner = "sandbox.local/simulated";
constexpr const char* kBound = "pv.kubernetes.io/bind-completed";
constexpr const char* kByController = "pv.kubernetes.io/bound-by-controller";
constexpr const char* kProvisionedBy = "pv.kubernetes.io/provisioned-by";
constexpr const char* kStorageProvisioner = "volume.kubernetes.io/storage-provisioner";

/// A volume that somebody made and nobody has claimed yet is large enough and of the claim's class and modes.
bool suits(const Object& volume, const Object& claim) {
  Value spec = volume["spec"], wanted = claim["spec"];
  if (volume.stored->terminating || volume["status"]["phase"].as_string() != "Available") return false;
  if (spec["storageClassName"].as_string() != wanted["storageClassName"].as_string()) return false;
  if (Value reference = spec["claimRef"]; reference.is_map())
    return reference["namespace"].as_string() == claim.ns() && reference["name"].as_string() == claim.name();
  for (Value mode : wanted["accessModes"].items()) {
    bool found = false;
    for (Value offered : spec["accessModes"].items()) found = found || text::equal(mode, offered);
    if (!found) return false;
  }
  auto size = k8s::Quantity::parse(spec["capacity"]["storage"].as_string("0"));
  auto needed = k8s::Quantity::parse(wanted["resources"]["requests"]["storage"].as_string("0"));
  return size && needed && !(*needed > *size);
}

}  // namespace

void create_claim(Context& context, Value claim) {
  Arena arena;
  Value complete = text::copy(arena, claim);
  Value spec = complete.ensure_map(arena, "spec");
  if (!spec.has("volumeMode")) spec.set(arena, "volumeMode", "Filesystem");
  k8s::add_finalizer(arena, complete, kClaimProtection);
  complete.ensure_map(arena, "status").set(arena, "phase", "Pending");
  context.store.create(context.store.builtin("", "PersistentVolumeClaim"), complete);
}

void ensure_storage_class(Store& store) {
  const k8s::KindInfo& classes = store.builtin("storage.k8s.io", "StorageClass");
  if (store.count(classes) > 0) return;
  Arena arena;
  Value standard = k8s::new_object(arena, classes.api_version(), "StorageClass", "", "standard");
  k8s::set_annotation(arena, standard, kDefaultClass, "true");
  standard.set(arena, "provisioner", Value::borrowed(kProvisioner));
  standard.set(arena, "reclaimPolicy", "Delete");
  standard.set(arena, "volumeBindingMode", "Immediate");
  store.create(classes, standard);
}

VolumeController::VolumeController(Context& context)
    : Controller(context, "", "PersistentVolumeClaim"),
      volumes_(context.store.builtin("", "PersistentVolume")),
      classes_(context.store.builtin("storage.k8s.io", "StorageClass")),
      pods_(context.store.builtin("", "Pod")) {}

void VolumeController::observe(const Change& change) {
  const Stored& object = *change.object;
  if (is_own(change)) touch(object);
  bool gone = change.type == ChangeType::Deleted;
  if (object.kind == &pods_ && gone) {
    Object pod(change.object);
    for (Value volume : pod["spec"]["volumes"].items())
      if (Value claim = volume["persistentVolumeClaim"]["claimName"]; claim.is_string())
        touch(Key{object.ns, claim.str()});
  } else if (object.kind == &volumes_) {
    touch(Key{"", object.name});
    if (change.type == ChangeType::Added || gone)
      for (const ObjectRef& claim : context_.store.list(kind_)) touch(*claim);
  } else if (object.kind == &classes_ && change.type == ChangeType::Added) {
    for (const ObjectRef& claim : context_.store.list(kind_)) touch(*claim);
  }
}

Object VolumeController::class_of(const Object& claim) {
  Value name = claim["spec"]["storageClassName"];
  if (name.is_string())
    return name.as_string().empty() ? Object() : read(context_, classes_, {"", name.str()});
  for (const ObjectRef& ref : context_.store.list(classes_))
    if (Object found(ref); k8s::annotation(found.root(), kDefaultClass) == "true") return found;
  return {};
}

Time VolumeController::reconcile(const Key& key) {
  if (key.first.empty()) {
    // A volume: one that nobody claims is there to be had.
    Object volume = read(context_, volumes_, key);
    if (!volume.stored) return Time::max();
    if (volume["status"]["phase"].as_string("Pending") == "Pending") {
      Arena& arena = volume.arena();
      Value status = Value::map(arena, {{"phase", "Available"}});
      write_status(context_, volume, status);
      for (const ObjectRef& claim : context_.store.list(kind_)) touch(*claim);
    } else if (volume.stored->terminating && volume["status"]["phase"].as_string() != "Bound") {
      context_.store.modify(volumes_, "", key.second,
                            [](Value object, Arena&) { k8s::remove_finalizer(object, kVolumeProtection); });
    }
    return Time::max();
  }
  Object claim = read(context_, kind_, key);
  if (!claim.stored) {
    reclaim(key);
    return Time::max();
  }
  if (claim.stored->terminating) {
    if (!in_use(claim) && k8s::has_finalizer(claim.root(), kClaimProtection))
      context_.store.modify(kind_, key.first, key.second,
                            [](Value object, Arena&) { k8s::remove_finalizer(object, kClaimProtection); });
    return Time::max();
  }
  if (!k8s::has_finalizer(claim.root(), kClaimProtection)) {
    context_.store.modify(kind_, key.first, key.second, [](Value object, Arena& arena) {
      k8s::add_finalizer(arena, object, kClaimProtection);
    });
    return Time::max();  // comes back as a change
  }
  if (claim["status"]["phase"].as_string() == "Bound") return Time::max();
  Object storage_class = class_of(claim);
  if (storage_class.stored && !claim["spec"]["storageClassName"].is_string()) {
    context_.store.modify(kind_, key.first, key.second, [&](Value object, Arena& arena) {
      object["spec"].set(arena, "storageClassName", Value::string(arena, storage_class.name()));
    });
    return Time::max();
  }
  std::string_view named = claim["spec"]["volumeName"].as_string();
  for (const ObjectRef& ref : context_.store.list(volumes_))
    if (Object volume(ref); (named.empty() || named == volume.name()) && suits(volume, claim)) {
      bind(claim, volume);
      return Time::max();
    }
  if (!named.empty()) return Time::max();
  if (!storage_class.stored) {
    std::string_view wanted = claim["spec"]["storageClassName"].as_string();
    if (wanted.empty())
      context_.events.normal(kSource, *claim.stored, "FailedBinding",
                             "no persistent volumes available for this claim and no storage class is set");
    else
      context_.events.warning(kSource, *claim.stored, "ProvisioningFailed",
                              fmt::format("storageclass.storage.k8s.io \"{}\" not found", wanted));
    return Time::max();
  }
  provision(claim, storage_class);
  return Time::max();
}

void VolumeController::provision(const Object& claim, const Object& storage_class) {
  std::string name = "pvc-" + claim.stored->uid;
  Arena arena;
  Value volume = k8s::new_object(arena, "v1", "PersistentVolume", "", name);
  k8s::set_annotation(arena, volume, kProvisionedBy, storage_class["provisioner"].as_string());
  k8s::add_finalizer(arena, volume, kVolumeProtection);
  Value spec = volume.ensure_map(arena, "spec");
  spec.ensure_map(arena, "capacity")
      .set(arena, "storage", text::copy(arena, claim["spec"]["resources"]["requests"]["storage"]));
  spec.set(arena, "accessModes", text::copy(arena, claim["spec"]["accessModes"]));
  spec.set(arena, "volumeMode", Value::string(arena, claim["spec"]["volumeMode"].as_string("Filesystem")));
  spec.set(arena, "storageClassName", Value::string(arena, storage_class.name()));
  spec.set(arena, "persistentVolumeReclaimPolicy",
           Value::string(arena, storage_class["reclaimPolicy"].as_string("Delete")));
  spec.ensure_map(arena, "hostPath").set(arena, "path", Value::string(arena, "/simulated/" + name));
  volume.ensure_map(arena, "status").set(arena, "phase", "Available");
  Object created = read(context_, volumes_, {"", name});
  if (!created.stored) created = Object(context_.store.create(volumes_, volume));
  context_.store.modify(kind_, claim.ns(), claim.name(), [&](Value object, Arena& a) {
    k8s::set_annotation(a, object, kStorageProvisioner, storage_class["provisioner"].as_string());
  });
  context_.events.normal({storage_class["provisioner"].as_string()}, *claim.stored, "ProvisioningSucceeded",
                         "Successfully provisioned volume " + name);
  bind(claim, created);
}

void VolumeController::bind(const Object& claim, const Object& volume) {
  context_.store.modify(volumes_, "", volume.name(), [&](Value object, Arena& arena) {
    Value reference = Value::map(arena);
    reference.set(arena, "kind", "PersistentVolumeClaim");
    reference.set(arena, "apiVersion", "v1");
    reference.set(arena, "namespace", Value::string(arena, claim.ns()));
    reference.set(arena, "name", Value::string(arena, claim.name()));
    reference.set(arena, "uid", Value::string(arena, claim.stored->uid));
    object["spec"].set(arena, "claimRef", reference);
  });
  context_.store.modify(
      volumes_, "", volume.name(),
      [](Value object, Arena& arena) { object.ensure_map(arena, "status").set(arena, "phase", "Bound"); },
      {.subresource = "status"});
  context_.store.modify(kind_, claim.ns(), claim.name(), [&](Value object, Arena& arena) {
    k8s::set_annotation(arena, object, kBound, "yes");
    k8s::set_annotation(arena, object, kByController, "yes");
    object["spec"].set(arena, "volumeName", Value::string(arena, volume.name()));
  });
  context_.store.modify(kind_, claim.ns(), claim.name(),
                        [&](Value object, Arena& arena) {
                          Value status = object.ensure_map(arena, "status");
                          status.set(arena, "phase", "Bound");
                          status.set(arena, "accessModes", text::copy(arena, volume["spec"]["accessModes"]));
                          status.set(arena, "capacity", text::copy(arena, volume["spec"]["capacity"]));
                        },
                        {.subresource = "status"});
}

bool VolumeController::in_use(const Object& claim) {
  for (const ObjectRef& ref : context_.store.list(pods_, {claim.ns(), {}})) {
    Object pod(ref);
    for (Value volume : pod["spec"]["volumes"].items())
      if (volume["persistentVolumeClaim"]["claimName"].as_string() == claim.name()) {
        std::string_view phase = pod_phase(pod.root());
        if (phase != "Succeeded" && phase != "Failed") return true;
      }
  }
  return false;
}

/// The claim is gone: its volume goes too, or is left released.
void VolumeController::reclaim(const Key& claim) {
  for (const ObjectRef& ref : context_.store.list(volumes_)) {
    Object volume(ref);
    Value reference = volume["spec"]["claimRef"];
    if (reference["namespace"].as_string() != claim.first || reference["name"].as_string() != claim.second ||
        volume["status"]["phase"].as_string() != "Bound")
      continue;
    context_.store.modify(volumes_, "", volume.name(),
                          [](Value object, Arena& arena) {
                            object.ensure_map(arena, "status").set(arena, "phase", "Released");
                          },
                          {.subresource = "status"});
    if (volume["spec"]["persistentVolumeReclaimPolicy"].as_string() == "Delete")
      context_.store.remove(volumes_, "", volume.name());
  }
}

}  // namespace shipit::sandbox
