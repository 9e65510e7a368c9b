#include "api/release_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/json_writer.h"
#include "api/life_json.h"
#include "api/release_facts.h"

namespace shipit::api {
namespace {

using domain::HistoryEntry;
using domain::ReleaseView;

constexpr size_t kRecent = 20;

std::string_view annotation(const ReleaseView& view, std::string_view name) {
  auto found = view.release.annotations.find(std::string(domain::kAnnotationPrefix) + std::string(name));
  return found == view.release.annotations.end() ? std::string_view{} : std::string_view(found->second);
}

/// The ten fields of the original. *Source:* its JSON schema of GET /api/releases.
void original_fields(JsonWriter& json, const ReleaseView& view) {
  const domain::Release& r = view.release;
  std::string_view code = annotation(view, "code");
  json.field("name", r.key.name)
      .field("created", r.created)
      .field("lastDeployed", view.last_deployed.value_or(Time{}));
  json.key("owner").begin_object();
  json.field("squad", annotation(view, "squad")).field("slack", annotation(view, "slack")).end_object();
  json.field("autoDeploy", r.autodeploy);
  json.key("code").begin_object().field("github", code).field("ref", parse_code(code).branch).end_object();
  json.key("build").begin_object().field("travis", annotation(view, "travis")).end_object();
  json.key("monitoring").begin_object().key("datadog").begin_object();
  json.field("dashboard", annotation(view, "datadog"))
      .field("monitors", annotation(view, "monitors"))
      .end_object();
  json.field("sumologic", annotation(view, "sumologic")).end_object();
  json.key("artifacts").begin_object().key("docker").begin_list();
  for (const domain::ImageBlock& block : view.images)
    json.begin_object().field("image", block.image.str()).field("tag", block.tag.str()).end_object();
  json.end_list().key("chart").begin_object();
  json.field("path", r.spec.chart.name)
      .field("repository", r.spec.chart.repository)
      .field("version", r.spec.chart.version)
      .end_object()
      .end_object();
  json.field("status", view.original_status);
}

void stages(JsonWriter& json, const ReleaseView& view) {
  json.key("stages").begin_list();
  for (const Stage& stage : stages_of(view)) {
    json.begin_object().field("stage", stage.name).field("state", step_word(stage.state));
    json.field_if("at", stage.started);
    if (stage.started && stage.ended && *stage.ended >= *stage.started)
      json.field("duration_ms", static_cast<int64_t>((*stage.ended - *stage.started).count()));
    json.end_object();
  }
  json.end_list();
}

void recent(JsonWriter& json, const ReleaseView& view) {
  json.key("recent").begin_list();
  for (size_t i = std::min(kRecent, view.history.size()); i-- > 0;) {
    const HistoryEntry& entry = view.history[i];
    json.begin_object()
        .field("revision", entry.revision)
        .field("outcome", outcome_of(entry))
        .field("at", entry.at);
    json.field_if("version", version_of(entry)).end_object();
  }
  json.end_list();
}

void held(JsonWriter& json, const ReleaseView& view) {
  if (const auto& hold = view.release.hold) {
    json.key("held").begin_object().field("by", hold->actor).field("reason", hold->reason);
    json.field_if("since", hold->since).field("source", "annotation").end_object();
  }
}

void our_fields(JsonWriter& json, const ReleaseView& view) {
  json.field("namespace", view.release.key.ns)
      .field("state", domain::to_string(view.state))
      .field("reason", view.reason)
      .field("since", view.since);
  stages(json, view);
  Versions versions = versions_of(view);
  json.key("version").begin_object().field("new", versions.now).field_if("old", versions.old);
  json.field("revision", versions.revision).end_object();
  recent(json, view);
  if (!view.next.empty()) {
    json.key("next").begin_object().field("what", view.next).field_if("at", view.next_at).end_object();
  }
  held(json, view);
  json.key("conditions").begin_list();
  for (const domain::Condition& c : view.conditions) {
    json.begin_object().field("type", c.type).field("status", c.status).field_if("reason", c.reason);
    json.field_if("message", c.message).field_if("lastTransitionTime", c.changed).end_object();
  }
  json.end_list();
}

void history(JsonWriter& json, const ReleaseView& view) {
  const HistoryEntry* current = current_of(view);
  json.key("history").begin_list();
  for (const HistoryEntry& entry : view.history) {
    json.begin_object()
        .field("revision", entry.revision)
        .field("outcome", outcome_of(entry))
        .field("at", entry.at);
    if (&entry == current) json.field("current", true);
    json.field_if("version", version_of(entry)).field_if("chart", entry.chart).field_if("actor", entry.actor);
    json.field_if("commit", entry.commit.str()).field_if("reason", entry.reason);
    if (&entry != current) {
      WayBack way = way_back(view, entry);
      json.key("rollback").begin_object().field("possible", way.possible).field_if("why_not", way.why_not);
      json.field_if("cluster", way.cluster).field_if("git", way.git).end_object();
    }
    json.end_object();
  }
  json.end_list();
}

void links(JsonWriter& json, const ReleaseView& view) {
  constexpr std::pair<std::string_view, std::string_view> kLinks[] = {{"Code", "code"},
                                                                      {"Build", "travis"},
                                                                      {"Dashboard", "datadog"},
                                                                      {"Monitors", "monitors"},
                                                                      {"Logs", "sumologic"}};
  json.key("links").begin_list();
  for (auto [name, key] : kLinks) {
    std::string_view url = annotation(view, key);
    // Annotations are written by others: only what a browser may follow is a link.
    if (url.starts_with("https://") || url.starts_with("http://"))
      json.begin_object().field("name", name).field("url", url).end_object();
  }
  json.end_list();
}

// ---- resources

using domain::ResourceView;

std::string_view health_word(const ResourceView& r) {
  if (r.message == "not there") return "missing";
  if (r.health == "ok") return "healthy";
  if (r.health == "failing") return "degraded";
  return r.health == "progressing" ? std::string_view("progressing") : std::string_view("unknown");
}

void node(JsonWriter& json, const std::vector<ResourceView>& all, const ResourceView& r, int depth) {
  json.begin_object().field("kind", r.kind).field("name", r.name).field_if("namespace", r.ns);
  json.field("health", health_word(r));
  std::string message = r.message;
  if (message.empty() && r.desired > 0 && r.kind != "Pod")
    message = fmt::format("{} of {} ready", r.ready, r.desired);
  json.field_if("message", message);
  std::string self = r.kind + "/" + r.name;
  bool any = false;
  for (const ResourceView& child : all) {
    if (child.owner != self || child.ns != r.ns || depth >= 8) continue;
    if (!any) json.key("children").begin_list();
    any = true;
    node(json, all, child, depth + 1);
  }
  if (any) json.end_list();
  json.end_object();
}

}  // namespace

void append_release(std::string& out, const ReleaseView& view) {
  JsonWriter json(out);
  json.begin_object();
  original_fields(json, view);
  our_fields(json, view);
  json.end_object();
}

void append_release_detail(std::string& out, const ReleaseView& view) {
  JsonWriter json(out);
  json.begin_object();
  original_fields(json, view);
  our_fields(json, view);
  history(json, view);
  append_life(json, view);
  json.key("quarantine").begin_list();
  for (const domain::QuarantineEntry& entry : view.quarantine) {
    std::string text;
    append_quarantine(text, entry);
    json.raw(text);
  }
  json.end_list();
  links(json, view);
  json.end_object();
}

void append_quarantine(std::string& out, const domain::QuarantineEntry& entry) {
  JsonWriter json(out);
  json.begin_object()
      .field_if("release", entry.release)
      .field("image", entry.image.str())
      .field("tag", entry.tag.str());
  json.field_if("inputs", entry.inputs.str()).field("reason", entry.reason).field_if("at", entry.since);
  if (!entry.suspect.empty()) json.field("suspect", "suspect " + entry.suspect);
  json.end_object();
}

std::string resources_json(const std::string& name, const std::vector<ResourceView>& resources) {
  std::string status;
  for (const ResourceView& r : resources)
    status += fmt::format("{}/{}\t{}\t{}\n", r.kind, r.name, health_word(r), r.message);
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("name", name).field("status", status).key("tree").begin_list();
  for (const ResourceView& r : resources) {
    bool owned = !r.owner.empty() && std::ranges::any_of(resources, [&](const ResourceView& o) {
      return o.kind + "/" + o.name == r.owner && o.ns == r.ns;
    });
    if (!owned) node(json, resources, r, 0);
  }
  json.end_list().end_object();
  return out;
}

std::string diff_json(int from, int to, const std::string& diff) {
  size_t manifest = diff.starts_with("--- manifest") ? 0 : diff.find("\n--- manifest");
  if (manifest != 0 && manifest != std::string::npos) ++manifest;
  std::string out;
  JsonWriter(out)
      .begin_object()
      .field("from", from)
      .field("to", to)
      .field("values", std::string_view(diff).substr(0, std::min(manifest, diff.size())))
      .field("manifest",
             manifest == std::string::npos ? std::string_view{} : std::string_view(diff).substr(manifest))
      .end_object();
  return out;
}

}  // namespace shipit::api
