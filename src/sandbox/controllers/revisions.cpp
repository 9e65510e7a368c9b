#include "sandbox/controllers/revisions.h"

#include <algorithm>

#include "k8s/object.h"
#include "sandbox/controllers/template_hash.h"
#include "sandbox/status.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr int64_t kHistoryLimit = 10;  // the default of both kinds

int64_t number_of(const Object& revision) { return revision["revision"].as_int(); }

void sort(std::vector<Object>& revisions) {
  std::stable_sort(revisions.begin(), revisions.end(),
                   [](const Object& a, const Object& b) { return number_of(a) < number_of(b); });
}

/// {"spec":{"template":{"$patch":"replace",…}}}: a strategic merge patch that brings the template back.
Value patch_of(Arena& arena, const Object& owner) {
  Value pod_template = text::copy(arena, owner["spec"]["template"]);
  pod_template.set(arena, "$patch", "replace");
  return Value::map(arena, {{"spec", Value::map(arena, {{"template", pod_template}})}});
}

/// FNV-1, 32 bits, of the patch's JSON and the number of collisions, in characters that spell no words.
std::string hash_of(Value patch, int64_t collisions) {
  uint32_t hash = 2166136261u;
  auto add = [&](std::string_view bytes) {
    for (char c : bytes) hash = (hash * 16777619u) ^ static_cast<unsigned char>(c);
  };
  add(text::to_json(patch, {.escape_html = true}));
  add(std::to_string(collisions));
  return safe_characters(hash);
}

Object create(Context& context, const Object& owner, Value patch, int64_t number, int64_t& collisions) {
  const k8s::KindInfo& kind = context.store.builtin("apps", "ControllerRevision");
  while (true) {
    Arena arena;
    std::string hash = hash_of(patch, collisions), name = owner.name() + "-" + hash;
    Value revision = k8s::new_object(arena, "apps/v1", "ControllerRevision", owner.ns(), name);
    for (const text::Member& label : owner["spec"]["template"]["metadata"]["labels"].members())
      k8s::set_label(arena, revision, label.key.view(), label.value.as_string());
    k8s::set_label(arena, revision, kRevisionHash, hash);
    if (Value annotations = k8s::annotations_of(owner.root()); !annotations.empty())
      revision["metadata"].set(arena, "annotations", text::copy(arena, annotations));
    k8s::add_owner(arena, revision, k8s::controller_reference(owner.root()));
    revision.set(arena, "data", text::copy(arena, patch));
    revision.set(arena, "revision", number);
    try {
      return Object(context.store.create(kind, revision));
    } catch (const StatusError& error) {
      if (error.reason != "AlreadyExists") throw;
      if (Object taken = read(context, kind, {owner.ns(), name});
          taken.stored && text::equal(taken["data"], patch))
        return taken;
      ++collisions;
    }
  }
}

}  // namespace

std::vector<Object> revisions_of(Context& context, const Object& owner) {
  std::vector<Object> revisions = claimed_by(
      context, owner, context.store.builtin("apps", "ControllerRevision"), owner.stored->kind->kind);
  sort(revisions);
  return revisions;
}

Object current_revision(Context& context, const Object& owner, std::vector<Object>& revisions,
                        int64_t& collisions) {
  Value patch = patch_of(owner.arena(), owner);
  int64_t newest = revisions.empty() ? 0 : number_of(revisions.back());
  for (size_t i = revisions.size(); i-- > 0;) {
    if (!text::equal(revisions[i]["data"], patch)) continue;
    if (i + 1 < revisions.size()) {
      revisions[i] = Object(
          context.store.modify(*revisions[i].stored->kind, owner.ns(), revisions[i].name(),
                               [&](Value now, Arena& arena) { now.set(arena, "revision", newest + 1); }));
      sort(revisions);
    }
    return Object(revisions.back().stored);
  }
  Object created = create(context, owner, patch, newest + 1, collisions);
  revisions.emplace_back(created.stored);
  return created;
}

void trim_revisions(Context& context, const Object& owner, const std::vector<Object>& revisions,
                    const std::set<std::string>& live) {
  std::vector<const Object*> history;
  for (const Object& revision : revisions)
    if (!live.contains(revision.name())) history.push_back(&revision);
  int64_t limit = owner["spec"]["revisionHistoryLimit"].as_int(kHistoryLimit);
  for (size_t i = 0; i + static_cast<size_t>(std::max<int64_t>(limit, 0)) < history.size(); ++i)
    context.store.remove(*history[i]->stored->kind, owner.ns(), history[i]->name());
}

Value template_of(const Object& revision) { return revision["data"]["spec"]["template"]; }

}  // namespace shipit::sandbox
