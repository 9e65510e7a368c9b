#include "adapters/kube/releases.h"

#include <condition_variable>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "crd/helm_release.h"
#include "k8s/object.h"
#include "text/json.h"

namespace shipit::adapters {
namespace {

using text::Value;

constexpr std::string_view kSyncManager = "ship-it-sync";
constexpr std::chrono::seconds kWatchTimeout{290};
constexpr Duration kFirstPause{200}, kLongestPause{30'000};

kube::ObjectRef ref_of(const domain::ReleaseKey& key) {
  return {std::string(crd::kApiVersion), std::string(crd::kKind), key.ns, key.name};
}

kube::Selection all_releases() {
  return {std::string(crd::kApiVersion), std::string(crd::kKind), {}, {}, {}, false};
}

/// A pause that ends at once on stop.
void pause(Duration duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace

void KubeReleases::load(Wait wait) { relist(wait); }

std::string KubeReleases::relist(Wait wait) {
  std::set<domain::ReleaseKey> seen;
  std::string version = client_.list(all_releases(), wait, [&](Value object) {
    seen.insert({std::string(k8s::namespace_of(object)), std::string(k8s::name_of(object))});
    store(object);
  });
  std::vector<domain::ReleaseKey> gone;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, release] : cache_)
      if (!seen.contains(key)) gone.push_back(key);
  }
  for (const domain::ReleaseKey& key : gone) drop(key);
  return version;
}

void KubeReleases::watch(const kube::Selection& selection, std::stop_token stop,
                         const std::function<std::string(Wait)>& relist,
                         const std::function<void(kube::WatchEvent::Sort, Value)>& take) {
  std::string version;
  Duration rest = kFirstPause;
  while (!stop.stop_requested()) {
    try {
      if (version.empty()) version = relist({Deadline::in(Duration{30'000}), stop});
      kube::WatchStream stream =
          client_.watch(selection, version, kWatchTimeout, {Deadline::in(Duration{30'000}), stop});
      while (auto event = stream.next({Deadline::never(), stop})) {
        if (event->sort == kube::WatchEvent::Sort::Error) {
          version.clear();  // 410 or worse: start over from a list
          break;
        }
        std::string_view at = k8s::resource_version_of(event->object.root);
        if (!at.empty()) version = at;
        rest = kFirstPause;
        if (event->sort != kube::WatchEvent::Sort::Bookmark) take(event->sort, event->object.root);
      }
    } catch (const Error& e) {
      if (stop.stop_requested()) return;
      if (e.kind() != ErrorKind::Timeout && e.kind() != ErrorKind::Unavailable) version.clear();
      log_warn("watch", e.what(), {{"kind", selection.kind}});
      pause(rest, stop);
      rest = std::min(rest * 2, kLongestPause);
    }
  }
}

void KubeReleases::run_releases(std::stop_token stop) {
  watch(
      all_releases(), stop, [&](Wait wait) { return relist(wait); },
      [&](kube::WatchEvent::Sort sort, Value object) {
        if (sort == kube::WatchEvent::Sort::Deleted)
          drop({std::string(k8s::namespace_of(object)), std::string(k8s::name_of(object))});
        else
          store(object);
      });
}

void KubeReleases::run_records(std::stop_token stop) {
  kube::Selection records{"v1", "Secret", {}, "owner=helm", {}, true};
  auto wake = [&](Value secret) {
    std::string ns(k8s::namespace_of(secret)), name(k8s::label(secret, "name"));
    for (const auto& release : list())
      if (release->target_namespace() == ns && release->spec.release_name == name) changed(release->key);
  };
  watch(
      records, stop, [&](Wait wait) { return client_.list(records, wait, wake); },
      [&](kube::WatchEvent::Sort, Value secret) { wake(secret); });
}

void KubeReleases::store(Value object) {
  domain::ReleaseKey key{std::string(k8s::namespace_of(object)), std::string(k8s::name_of(object))};
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
    slot = release;
  }
  changed(key);
}

void KubeReleases::drop(const domain::ReleaseKey& key) {
  {
    std::lock_guard lock(mutex_);
    if (!cache_.erase(key)) return;
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
