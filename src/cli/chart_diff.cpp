#include "cli/chart_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>

#include "base/error.h"
#include "cli/server_check.h"
#include "helm/functions/strings.h"
#include "helm/values.h"
#include "text/diff.h"
#include "text/yaml.h"

namespace shipit::cli {
namespace {

using text::Value;

/// One object of a manifest.
struct Object {
  std::string title;  ///< "Deployment hello/web (apps/v1)"
  std::string content;
  text::Document secret;  ///< its document when it is a Secret, else null
};

using Objects = std::vector<Object>;

Objects objects_of(const std::string& manifest, const std::string& default_ns) {
  Objects out;
  for (const helm::Manifest& m : helm::parse_manifest(manifest)) {
    text::Document document = text::parse_yaml(m.content);
    std::string ns = document["metadata"]["namespace"].str();
    Object object{fmt::format("{} {}/{} ({})", m.kind, ns.empty() ? default_ns : ns, m.name, m.api_version),
                  m.content,
                  {}};
    if (m.kind == "Secret" && m.api_version == "v1") object.secret = std::move(document);
    out.push_back(std::move(object));
  }
  return out;
}

/// A Secret with its values replaced by words that differ where the other's value differs.
std::string masked(const Object& object, const Object* other, std::string_view when_changed) {
  text::Document copy = text::Document::of(object.secret.root);
  for (const char* part : {"data", "stringData"})
    for (const text::Member& member : copy.root[part].members()) {
      std::string_view key = member.key.view();
      const Value* old = other ? other->secret.root[part].find(key) : nullptr;
      bool same = old && text::to_yaml(*old) == text::to_yaml(member.value);
      copy.root[part].set(*copy.arena, key, Value::string(*copy.arena, same ? "(hidden)" : when_changed));
    }
  return text::to_yaml(copy.root);
}

std::string shown(const Object* object, const Object* other, bool show_secrets,
                  std::string_view when_changed) {
  if (!object) return "";
  if (!object->secret.root.is_map() || show_secrets)
    return std::string(helm::trim_space(object->content)) + "\n";
  return masked(*object, other && other->secret.root.is_map() ? other : nullptr, when_changed);
}

/// The revisions of a release, oldest first.
std::vector<helm::Record> records_of(LiveCluster& cluster, const std::string& ns, const std::string& name) {
  std::vector<helm::Record> records;
  for (const text::Document& secret : cluster.release_secrets(ns, name))
    records.push_back(helm::decode_secret(secret.root));
  std::ranges::sort(records, {}, &helm::Record::revision);
  return records;
}

/// The revision that an upgrade starts from: the one that is deployed, else the newest.
const helm::Record* current_of(const std::vector<helm::Record>& records) {
  for (auto record = records.rbegin(); record != records.rend(); ++record)
    if (record->status == helm::status::kDeployed) return &*record;
  return records.empty() ? nullptr : &records.back();
}

void append_hooks(std::string& manifest, const std::vector<helm::Hook>& hooks) {
  for (const helm::Hook& hook : hooks)
    if (!hook.runs_at("test")) helm::append_source(manifest, hook.path, hook.content);
}

/// As `helm upgrade`: without values of its own it keeps those of the release.
void settle_values(const ChartDiffOptions& options, const helm::Record& current, text::Document& values) {
  bool none = values.root.empty();
  if (options.reset_values || !(options.reuse_values || none) || !current.config.root.is_map()) return;
  text::Arena& arena = *values.arena;
  values.root = helm::merge_maps(arena, text::copy(arena, current.config.root), values.root);
}

}  // namespace

ManifestDiff diff_manifests(const std::string& before, const std::string& after, const std::string& ns,
                            bool show_secrets) {
  Objects old_objects = objects_of(before, ns), new_objects = objects_of(after, ns);
  std::map<std::string_view, const Object*> known;
  for (const Object& object : old_objects) known.emplace(object.title, &object);
  ManifestDiff out;
  auto compare = [&](const Object* old, const Object* now) {
    std::string was = shown(old, now, show_secrets, "(hidden, before)");
    std::string is = shown(now, old, show_secrets, "(hidden, changed)");
    const std::string& title = (now ? now : old)->title;
    std::string diff = text::unified_diff(was, is, old ? title : "/dev/null", now ? title : "/dev/null");
    ++(diff.empty() ? out.same : !old ? out.added : !now ? out.removed : out.changed);
    out.text += diff;
  };
  for (const Object& object : new_objects) {
    auto old = known.find(object.title);
    compare(old == known.end() ? nullptr : old->second, &object);
    if (old != known.end()) known.erase(old);
  }
  for (const Object& object : old_objects)
    if (auto left = known.find(object.title); left != known.end() && left->second == &object)
      compare(&object, nullptr);
  return out;
}

void diff_chart(const ChartDiffOptions& options, const ChartServices& services, helm::RenderTrace& trace,
                std::ostream& out, std::ostream& err) {
  TemplateOptions render = options.render;
  render.server = true;
  std::vector<std::string> warnings;
  RenderInput input = read_input(render, services, warnings);
  std::vector<helm::Record> records = records_of(*input.cluster, input.ns, input.name);
  const helm::Record* current = current_of(records);
  std::string before;
  if (current) {
    before = current->manifest;
    std::vector<helm::Hook> hooks;
    for (const helm::RecordedHook& recorded : current->hooks) hooks.push_back(recorded.hook);
    append_hooks(before, hooks);
    settle_values(options, *current, input.values);
  }
  render.is_upgrade = current != nullptr;
  helm::RenderResult result =
      render_input(render, services, input, records.empty() ? 1 : records.back().revision + 1, trace);
  append_hooks(result.manifest, result.hooks);
  warnings.insert(warnings.end(), result.warnings.begin(), result.warnings.end());
  for (const std::string& warning : warnings) err << "warning: " << warning << '\n';
  ManifestDiff diff = diff_manifests(before, result.manifest, input.ns, options.show_secrets);
  out << diff.text;
  err << (current ? fmt::format("against revision {} ({})", current->revision, current->chart_label())
                  : fmt::format("no release {} in {}, all is new", input.name, input.ns))
      << fmt::format(": {} changed, {} added, {} removed, {} the same\n", diff.changed, diff.added,
                     diff.removed, diff.same);
}

}  // namespace shipit::cli
