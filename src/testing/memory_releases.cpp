#include "testing/memory_releases.h"

#include <fmt/format.h>

#include "crd/helm_release.h"
#include "text/json.h"

namespace shipit::testing {

using domain::ReleaseKey;

std::vector<std::shared_ptr<const domain::Release>> MemoryReleases::list() {
  std::vector<std::shared_ptr<const domain::Release>> out;
  for (const auto& [key, object] : objects_) out.push_back(object.parsed);
  return out;
}

std::vector<std::shared_ptr<const domain::Release>> MemoryReleases::installing(const std::string& ns,
                                                                               const std::string& name) {
  std::vector<std::shared_ptr<const domain::Release>> out;
  for (const auto& release : list())
    if (release->target_namespace() == ns && release->spec.release_name == name) out.push_back(release);
  return out;
}

std::shared_ptr<const domain::Release> MemoryReleases::get(const ReleaseKey& key) {
  auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : it->second.parsed;
}

MemoryReleases::Object& MemoryReleases::need(const ReleaseKey& key) {
  auto it = objects_.find(key);
  if (it == objects_.end()) throw not_found("helmreleases \"" + key.name + "\" not found");
  return it->second;
}

/// The typed form of what the server would serve now.
void MemoryReleases::rebuild(const ReleaseKey& key, Object& o) {
  text::Arena arena;
  text::Value root = text::parse_json(o.manifest, arena);
  text::Value annotations = root.ensure_map(arena, "metadata").ensure_map(arena, "annotations");
  for (const auto& [name, value] : o.annotations)
    annotations.set(arena, name, text::Value::string(arena, value));
  auto release = std::make_shared<domain::Release>(crd::parse(root, key.ns));
  release->uid = o.uid;
  release->resource_version = std::to_string(o.version);
  release->generation = o.generation;
  release->created = o.created;
  release->deleting = o.deleting;
  release->finalizer = o.finalizer;
  release->status = o.status;
  o.parsed = std::move(release);
}

void MemoryReleases::changed(const ReleaseKey& key, const std::string& what) {
  faults_.wrote("releases." + what + " " + key.str());
  auto it = objects_.find(key);
  if (it != objects_.end()) {
    ++it->second.version;
    rebuild(key, it->second);
  }
  if (callback_) callback_(key);
}

/// A deleted object without finalizer is gone.
bool MemoryReleases::collect(const ReleaseKey& key) {
  auto it = objects_.find(key);
  if (it == objects_.end() || !it->second.deleting || it->second.finalizer) return false;
  objects_.erase(it);
  return true;
}

void MemoryReleases::apply(const ReleaseKey& key, const std::string& manifest, const domain::CommitId& commit,
                           Wait) {
  faults_.pass("releases.apply", When::Before);
  std::map<std::string, std::string> mark{{std::string(crd::kCommitAnnotation), commit.str()}};
  auto it = objects_.find(key);
  if (it == objects_.end()) {
    Object object;
    object.manifest = manifest;
    object.annotations = mark;
    object.uid = fmt::format("uid-{}", ++made_);
    object.created = clock_.now();
    objects_[key] = std::move(object);
    rebuild(key, objects_[key]);
    changed(key, "apply");
  } else if (it->second.manifest != manifest || it->second.parsed->commit != commit) {
    Object& o = it->second;
    domain::ReleaseSpec before = o.parsed->spec;
    Object next = o;
    next.manifest = manifest;
    next.annotations[std::string(crd::kCommitAnnotation)] = commit.str();
    rebuild(key, next);
    if (next.parsed->spec.release_name != before.release_name)
      throw invalid("spec.releaseName: Invalid value: is immutable");
    if (!(next.parsed->spec == before)) ++next.generation;
    o = std::move(next);
    changed(key, "apply");
  }
  faults_.pass("releases.apply", When::After);
}

void MemoryReleases::prune(const ReleaseKey& key, const domain::CommitId& commit, Wait) {
  faults_.pass("releases.prune", When::Before);
  Object& o = need(key);
  o.annotations[std::string(crd::kPruneAnnotation)] = commit.str();
  changed(key, "prune-mark");
  faults_.pass("releases.prune-delete", When::Before);
  if (!o.deleting) o.deleting = clock_.now();
  rebuild(key, o);
  collect(key);
  changed(key, "prune");
  faults_.pass("releases.prune", When::After);
}

void MemoryReleases::annotate(const ReleaseKey& key, const std::map<std::string, std::string>& annotations,
                              Wait) {
  faults_.pass("releases.annotate", When::Before);
  Object& o = need(key);
  auto before = o.annotations;
  for (const auto& [name, value] : annotations) {
    if (value.empty())
      o.annotations.erase(name);
    else
      o.annotations[name] = value;
  }
  if (before != o.annotations) changed(key, "annotate");
  faults_.pass("releases.annotate", When::After);
}

void MemoryReleases::add_finalizer(const ReleaseKey& key, Wait) {
  faults_.pass("releases.add_finalizer", When::Before);
  Object& o = need(key);
  if (!o.finalizer) {
    o.finalizer = true;
    changed(key, "add_finalizer");
  }
  faults_.pass("releases.add_finalizer", When::After);
}

void MemoryReleases::drop_finalizer(const ReleaseKey& key, Wait) {
  faults_.pass("releases.drop_finalizer", When::Before);
  Object& o = need(key);
  if (o.finalizer) {
    o.finalizer = false;
    rebuild(key, o);
    collect(key);
    changed(key, "drop_finalizer");
  }
  faults_.pass("releases.drop_finalizer", When::After);
}

void MemoryReleases::set_status(const ReleaseKey& key, const domain::ReleaseStatus& status, Wait) {
  faults_.pass("releases.set_status", When::Before);
  Object& o = need(key);
  if (!o.status || !(*o.status == status)) {
    o.status = status;
    faults_.wrote("releases.set_status " + key.str());
    auto release = std::make_shared<domain::Release>(*o.parsed);
    release->status = status;
    release->resource_version = std::to_string(++o.version);
    o.parsed = std::move(release);
  }
  faults_.pass("releases.set_status", When::After);
}

void MemoryReleases::create(const std::string& manifest_json, const std::string& ns) {
  text::Arena arena;
  domain::Release release = crd::parse(text::parse_json(manifest_json, arena), ns);
  Object object;
  object.manifest = manifest_json;
  object.uid = fmt::format("uid-{}", ++made_);
  object.created = clock_.now();
  objects_[release.key] = std::move(object);
  rebuild(release.key, objects_[release.key]);
  if (callback_) callback_(release.key);
}

void MemoryReleases::remove(const ReleaseKey& key) {
  Object& o = need(key);
  if (!o.deleting) o.deleting = clock_.now();
  rebuild(key, o);
  collect(key);
  if (callback_) callback_(key);
}

}  // namespace shipit::testing
