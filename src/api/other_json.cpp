#include "api/other_json.h"

#include <algorithm>
#include <utility>

#include "api/json_writer.h"
#include "api/release_json.h"

namespace shipit::api {
namespace {

constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
    {"pushed", "event"},
    {"refused", "event"},
    {"committed", "commit"},
    {"reverted", "commit"},
    {"synced", "sync"},
    {"removed", "sync"},
    {"pending", "deploy"},
    {"deploying", "deploy"},
    {"verifying", "verdict"},
    {"deployed", "deploy"},
    {"failed", "deploy"},
    {"deleting", "deploy"},
    {"rolling back", "rollback"},
    {"rolled back", "rollback"},
    {"quarantined", "quarantine"},
    {"lifted", "quarantine"},
    {"held", "hold"},
    {"released", "hold"},
    {"command", "command"},
    {"confirmed", "repository"},
    {"resumed", "command"},
    {"repository", "repository"},
};

std::string_view outcome(const domain::Activity& a) {
  if (a.sort == "refused") return "refused";
  if (a.sort == "failed" || a.sort == "rolled back" || a.warning) return "failed";
  if (a.sort == "deployed" || a.sort == "committed" || a.sort == "synced" || a.sort == "lifted") return "ok";
  return "info";
}

void commit(JsonWriter& json, std::string_view name, const domain::CommitId& id,
            const domain::CommitView& view) {
  if (id.empty()) return;
  json.key(name).begin_object().field("id", id.str());
  json.field_if("message", view.subject).field_if("author", view.author).field_if("at", view.at).end_object();
}

void repository_state(JsonWriter& json, const domain::RepositoryView& view) {
  json.field("state", view.state).field("reason", view.reason).field_if("since", view.since);
}

}  // namespace

std::string_view activity_kind(std::string_view sort) {
  for (auto [from, kind] : kKinds)
    if (from == sort) return kind;
  return "system";
}

void append_activity(std::string& out, const domain::Activity& a) {
  JsonWriter json(out);
  json.begin_object().field("id", a.id).field("at", a.at).field("kind", activity_kind(a.sort));
  json.field("outcome", outcome(a)).field("text", a.message);
  if (!a.release.name.empty()) json.field("release", a.release.name).field("namespace", a.release.ns);
  json.field_if("actor", a.actor).field_if("commit", a.commit.str()).end_object();
}

std::string activity_page(const std::vector<domain::Activity>& all, const ActivityFilter& filter) {
  auto wanted = [&](const domain::Activity& a) {
    if (!filter.release.empty() && filter.release != a.release.name && filter.release != a.release.str())
      return false;
    return filter.kinds.empty() || std::ranges::any_of(filter.kinds, [&](const std::string& kind) {
             return kind == activity_kind(a.sort) || kind == outcome(a);
           });
  };
  auto it = all.begin();
  if (!filter.after.empty()) {
    it = std::ranges::find(all, filter.after, &domain::Activity::id);
    if (it != all.end()) ++it;
  }
  std::string out, last;
  JsonWriter json(out);
  json.begin_object().key("items").begin_list();
  size_t count = 0;
  for (; it != all.end() && count < filter.limit; ++it) {
    if (!wanted(*it)) continue;
    std::string item;
    append_activity(item, *it);
    json.raw(item);
    last = it->id;
    ++count;
  }
  json.end_list();
  if (std::any_of(it, all.end(), wanted)) json.field("next", last);
  json.end_object();
  return out;
}

void append_repository_state(std::string& out, const domain::RepositoryView& view) {
  JsonWriter json(out);
  json.begin_object();
  repository_state(json, view);
  json.end_object();
}

std::string repository_json(const domain::RepositoryView& view) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  repository_state(json, view);
  json.field("url", view.url).field("branch", view.branch).field("path", view.path);
  json.field("read_only", view.read_only);
  commit(json, "seen", view.head, view.head_commit);
  commit(json, "applied", view.applied, view.applied_commit);
  json.key("manifests").begin_list();
  for (const domain::ManifestError& e : view.errors) {
    json.begin_object().field("file", e.file).field("ok", false).field_if("release", e.release);
    if (e.line > 0) json.field("line", e.line);
    json.field("error", e.message).end_object();
  }
  for (const auto& [file, release] : view.manifests) {
    if (std::ranges::find(view.errors, file, &domain::ManifestError::file) != view.errors.end()) continue;
    json.begin_object().field("file", file).field("ok", true);
    json.field("release", release.name).field("namespace", release.ns).end_object();
  }
  json.end_list();
  json.key("pull_requests").begin_list().end_list().key("owed").begin_list();
  for (const std::string& line : view.owed) json.string(line);
  json.end_list();
  json.key("quarantine").begin_list();
  for (const domain::QuarantineEntry& entry : view.quarantine) {
    std::string text;
    append_quarantine(text, entry);
    json.raw(text);
  }
  json.end_list().end_object();
  return out;
}

std::string system_json(const ports::SystemView& view, size_t viewers, size_t releases) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("version", view.version)
      .field("started", view.started)
      .field("simulated", view.simulated);
  json.field_if("cluster", view.cluster).field_if("breaker", view.breaker);
  if (!view.leader.empty())
    json.key("leader").begin_object().field("name", view.leader).field("self", true).end_object();
  json.key("sources").begin_list();
  for (const ports::SourceView& s : view.sources) {
    json.begin_object().field("name", s.name).field("state", s.state).field_if("reason", s.message);
    json.field_if("last", s.last).field("received", s.received).end_object();
  }
  json.end_list().key("counters").begin_object();
  for (const auto& [name, count] : view.counters) json.field(name, count);
  json.end_object();
  json.field("viewers", static_cast<int64_t>(viewers))
      .field("releases", static_cast<int64_t>(releases))
      .end_object();
  return out;
}

}  // namespace shipit::api
