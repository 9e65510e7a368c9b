#include "adapters/kube/releases.h"

#include <set>

#include "base/error.h"
#include "base/log.h"
#include "crd/helm_release.h"
#include "k8s/object.h"
#include "kube/informer.h"
#include "text/json.h"

namespace shipit::adapters {
namespace {

using text::Value;

constexpr std::string_view kSyncManager = "ship-it-sync";

kube::ObjectRef ref_of(const domain::ReleaseKey& key) {
  return {std::string(crd::kApiVersion), std::string(crd::kKind), key.ns, key.name};
}

kube::Selection all_releases() {
  return {std::string(crd::kApiVersion), std::string(crd::kKind), {}, {}, {}, false};
}

domain::ReleaseKey key_of(Value object) {
  return {std::string(k8s::namespace_of(object)), std::string(k8s::name_of(object))};
}

}  // namespace

/// Feeds the cache from a list and a watch.
class KubeReleases::ReleaseSink final : public kube::CollectionSink {
 public:
  explicit ReleaseSink(KubeReleases& owner) : owner_(owner) {}
  void list_begun() override { seen_.clear(); }
  void put(Value object) override {
    seen_.insert(key_of(object));
    owner_.store(object);
  }
  void removed(Value object) override { owner_.drop(key_of(object)); }
  void list_ended() override {
    for (const auto& release : owner_.list())
      if (!seen_.contains(release->key)) owner_.drop(release->key);
  }

 private:
  KubeReleases& owner_;
  std::set<domain::ReleaseKey> seen_;
};

/// Wakes the releases that Helm's records belong to; keeps nothing.
class KubeReleases::RecordSink final : public kube::CollectionSink {
 public:
  explicit RecordSink(KubeReleases& owner) : owner_(owner) {}
  void list_begun() override {}
  void put(Value secret) override {
    std::string ns(k8s::namespace_of(secret)), name(k8s::label(secret, "name"));
    for (const auto& release : owner_.installing(ns, name)) owner_.changed(release->key);
  }
  void removed(Value secret) override { put(secret); }
  void list_ended() override {}

 private:
  KubeReleases& owner_;
};

void KubeReleases::load(Wait wait) {
  ReleaseSink sink(*this);
  sink.list_begun();
  client_.list(all_releases(), wait, [&](Value object) { sink.put(object); });
  sink.list_ended();
}

void KubeReleases::run_releases(std::stop_token stop) {
  ReleaseSink sink(*this);
  kube::Follower(client_, all_releases()).run(sink, stop);
}

void KubeReleases::run_records(std::stop_token stop) {
  RecordSink sink(*this);
  kube::Follower(client_, {"v1", "Secret", {}, "owner=helm", {}, true}).run(sink, stop);
}

void KubeReleases::store(Value object) {
  domain::ReleaseKey key = key_of(object);
  std::shared_ptr<const domain::Release> release;
  try {
    Value copy = object;
    text::Document whole;
    if (object["kind"].is_null() || object["apiVersion"].is_null()) {  // items of a list may lack them
      whole = text::Document::of(object);
      whole.root.set(*whole.arena, "kind", Value::borrowed(crd::kKind));
      whole.root.set(*whole.arena, "apiVersion", Value::borrowed(crd::kApiVersion));
      copy = whole.root;
    }
    release = std::make_shared<const domain::Release>(crd::parse(copy, key.ns));
  } catch (const Error& e) {
    log_warn("releases", e.what(), {{"release", key.str()}});  // made by hand, against an older schema
    return;
  }
  {
    std::lock_guard lock(mutex_);
    auto& slot = cache_[key];
    if (slot && slot->resource_version == release->resource_version) return;
    if (slot) unfile(*slot);
    slot = release;
    installing_[helm_name(*release)].insert(key);
  }
  changed(key);
}

void KubeReleases::drop(const domain::ReleaseKey& key) {
  {
    std::lock_guard lock(mutex_);
    auto it = cache_.find(key);
    if (it == cache_.end()) return;
    unfile(*it->second);
    cache_.erase(it);
  }
  changed(key);
}

void KubeReleases::changed(const domain::ReleaseKey& key) {
  std::vector<std::function<void(const domain::ReleaseKey&)>> callbacks;
  {
    std::lock_guard lock(mutex_);
    callbacks = callbacks_;
  }
  for (const auto& callback : callbacks) callback(key);
}

std::vector<std::shared_ptr<const domain::Release>> KubeReleases::list() {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const domain::Release>> out;
  out.reserve(cache_.size());
  for (const auto& [key, release] : cache_) out.push_back(release);
  return out;
}

KubeReleases::HelmName KubeReleases::helm_name(const domain::Release& release) {
  return {release.target_namespace(), release.spec.release_name};
}

void KubeReleases::unfile(const domain::Release& release) {
  auto it = installing_.find(helm_name(release));
  it->second.erase(release.key);
  if (it->second.empty()) installing_.erase(it);
}

std::vector<std::shared_ptr<const domain::Release>> KubeReleases::installing(const std::string& ns,
                                                                             const std::string& name) {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const domain::Release>> out;
  auto it = installing_.find({ns, name});
  if (it == installing_.end()) return out;
  for (const domain::ReleaseKey& key : it->second) out.push_back(cache_.at(key));
  return out;
}

std::shared_ptr<const domain::Release> KubeReleases::get(const domain::ReleaseKey& key) {
  std::lock_guard lock(mutex_);
  auto it = cache_.find(key);
  return it == cache_.end() ? nullptr : it->second;
}

void KubeReleases::apply(const domain::ReleaseKey& key, const std::string& manifest_json,
                         const domain::CommitId& commit, Wait wait) {
  text::Document object = text::parse_json(manifest_json);
  k8s::set_label(*object.arena, object.root, "app.kubernetes.io/managed-by", "ship-it");
  k8s::set_annotation(*object.arena, object.root, crd::kCommitAnnotation, commit.str());
  object.root.erase("status");
  kube::ApplyOptions options;
  options.field_manager = kSyncManager;
  options.force = true;  // what git says about a HelmRelease stands; holds and commands are other fields
  try {
    store(client_.apply(object.root, wait, options).root);
  } catch (const Error& e) {
    throw e.in("HelmRelease " + key.str());
  }
}

void KubeReleases::prune(const domain::ReleaseKey& key, const domain::CommitId& commit, Wait wait) {
  annotate(key, {{std::string(crd::kPruneAnnotation), commit.str()}}, wait);
  client_.remove(ref_of(key), wait);
}

void KubeReleases::annotate(const domain::ReleaseKey& key,
                            const std::map<std::string, std::string>& annotations, Wait wait) {
  text::Arena arena;
  Value map = Value::map(arena);
  for (const auto& [name, value] : annotations)
    map.set(arena, name, value.empty() ? Value() : Value::string(arena, value));
  Value patch = Value::map(arena, {{"metadata", Value::map(arena, {{"annotations", map}})}});
  store(client_.patch(ref_of(key), kube::PatchType::Merge, patch, wait).root);
}

void KubeReleases::change_finalizers(const domain::ReleaseKey& key, bool add, Wait wait) {
  text::Document live = client_.get(ref_of(key), wait);
  if (add) {
    k8s::add_finalizer(*live.arena, live.root, crd::kQualifiedFinalizer);
  } else {
    k8s::remove_finalizer(live.root, crd::kQualifiedFinalizer);
    k8s::remove_finalizer(live.root, crd::kFinalizer);
  }
  text::Arena arena;
  Value meta = Value::map(arena, {{"finalizers", live.root["metadata"]["finalizers"].is_null()
                                                     ? Value::list(arena)
                                                     : live.root["metadata"]["finalizers"]},
                                  {"resourceVersion", live.root["metadata"]["resourceVersion"]}});
  text::Document written =
      client_.patch(ref_of(key), kube::PatchType::Merge, Value::map(arena, {{"metadata", meta}}), wait);
  if (add) store(written.root);
}

void KubeReleases::add_finalizer(const domain::ReleaseKey& key, Wait wait) {
  change_finalizers(key, true, wait);
}

void KubeReleases::drop_finalizer(const domain::ReleaseKey& key, Wait wait) {
  try {
    change_finalizers(key, false, wait);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;  // gone already
  }
}

void KubeReleases::set_status(const domain::ReleaseKey& key, const domain::ReleaseStatus& status, Wait wait) {
  text::Arena arena;
  Value patch = Value::map(arena, {{"status", crd::print_status(arena, status)}});
  kube::WriteOptions options;
  options.subresource = "status";
  store(client_.patch(ref_of(key), kube::PatchType::Merge, patch, wait, options).root);
}

void KubeReleases::on_change(std::function<void(const domain::ReleaseKey&)> callback) {
  std::lock_guard lock(mutex_);
  callbacks_.push_back(std::move(callback));
}

}  // namespace shipit::adapters
