#include "flow/deploy/native.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "flow/deploy/rollout.h"
#include "helm/manifests.h"
#include "helm/render.h"
#include "k8s/health.h"
#include "k8s/object.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::flow {
namespace {

/// What a chart's `lookup` sees: the object or {}; without a name the list. *Source:* Helm's
/// engine/lookup_func.go.
text::Value look_up(text::Arena& arena, const helm::LookupRequest& ask, ports::Cluster& cluster,
                    const Wait& wait) {
  std::string api_version(ask.api_version), kind(ask.kind), ns(ask.ns);
  if (!ask.name.empty()) {
    auto found = cluster.get({api_version, kind, ns, std::string(ask.name)}, wait);
    return found ? text::copy(arena, found->root) : text::Value::map(arena);
  }
  text::Value items = text::Value::list(arena);
  for (const text::Document& object : cluster.list(api_version, kind, ns, "", wait))
    items.push_back(arena, text::copy(arena, object.root));
  return text::Value::map(arena, {{"apiVersion", text::Value::string(arena, api_version)},
                                  {"kind", text::Value::string(arena, kind + "List")},
                                  {"metadata", text::Value::map(arena)},
                                  {"items", items}});
}

using domain::RecordStatus;
using domain::RevisionNote;
using ports::HelmName;
using ports::ObjectRef;
using ports::Progress;

constexpr size_t kCharts = 64, kRecordsKept = 128, kHistoriesKept = 1024;
constexpr size_t kHistory = 10;  ///< Helm's --history-max
constexpr std::string_view kHookRevision = "shipit.wattpad.com/hook-revision";
constexpr std::string_view kKeep = "helm.sh/resource-policy";

std::string_view event_word(RecordStatus status) {
  return status == RecordStatus::PendingInstall    ? "install"
         : status == RecordStatus::PendingRollback ? "rollback"
                                                   : "upgrade";
}

text::Document parse_object(const std::string& content) { return text::parse_yaml(content); }

ObjectRef ref_of(text::Value object, const std::string& default_ns) {
  return {std::string(k8s::api_version_of(object)), std::string(k8s::kind_of(object)),
          k8s::namespace_of(object).empty() ? default_ns : std::string(k8s::namespace_of(object)),
          std::string(k8s::name_of(object))};
}

/// Helm's own labels of a record's Secret, the verdict's, and the record's custom ones.
std::map<std::string, std::string> labels_of(const helm::Record& record,
                                             const std::optional<RevisionNote>& note, bool create, Time now) {
  std::map<std::string, std::string> labels = record.labels;
  labels["name"] = record.name;
  labels["owner"] = "helm";
  labels["status"] = record.status;
  labels["version"] = std::to_string(record.revision);
  std::string stamp =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  labels[create ? "createdAt" : "modifiedAt"] = stamp;
  if (note && note->verdict != domain::Verdict::Open)
    labels[std::string(domain::kVerdictLabel)] =
        fmt::format("{}.{}", record.revision, to_string(note->verdict));
  return labels;
}

}  // namespace

Progress NativeDeployer::failed(const std::string& reason, const std::string& sort,
                                const std::string& subject) const {
  Progress out;
  out.outcome = Progress::Outcome::Failed;
  out.fault = domain::Fault::Version;
  out.reason = reason;
  out.evidence.push_back({sort, subject, reason, "", clock_.now()});
  return out;
}

std::shared_ptr<const helm::Chart> NativeDeployer::chart(const domain::ChartRef& ref,
                                                         const domain::CommitId& commit, std::string* digest,
                                                         Wait wait) {
  bool in_ops = ref.repository.starts_with("file:");  // such a chart is whatever the ops commit holds
  std::string key =
      ref.repository + "\n" + ref.name + "\n" + ref.version + (in_ops ? "\n" + commit.str() : "");
  {
    std::lock_guard lock(mutex_);
    for (auto it = chart_cache_.begin(); it != chart_cache_.end(); ++it)
      if (it->key == key) {
        if (digest) *digest = it->digest;
        chart_cache_.splice(chart_cache_.begin(), chart_cache_, it);
        return chart_cache_.front().chart;
      }
  }
  auto source = std::ranges::find_if(charts_, [&](ports::Charts* c) { return c->serves(ref.repository); });
  if (source == charts_.end())
    throw invalid(fmt::format("no source serves chart repository {}", ref.repository));
  ports::ChartBytes bytes = (*source)->fetch(ref, commit, wait);
  std::shared_ptr<const helm::Chart> loaded;
  {
    std::lock_guard lock(mutex_);  // the same bytes under another commit share the parsed chart
    for (const CachedChart& c : chart_cache_)
      if (c.digest == bytes.digest) loaded = c.chart;
  }
  if (!loaded) {
    if (!bytes.archive.empty()) {
      loaded = helm::load_chart_archive(bytes.archive);
    } else {
      std::vector<helm::File> files;
      for (auto& [path, content] : bytes.files) files.push_back({path, std::move(content)});
      loaded = helm::load_chart(std::move(files));
    }
  }
  if (digest) *digest = bytes.digest;
  std::lock_guard lock(mutex_);
  chart_cache_.push_front({key, bytes.digest, loaded});
  if (chart_cache_.size() > kCharts) chart_cache_.pop_back();
  return loaded;
}

std::string NativeDeployer::chart_digest(const domain::ChartRef& ref, const domain::CommitId& commit,
                                         Wait wait) {
  std::string digest;
  chart(ref, commit, &digest, wait);
  return digest;
}

NativeDeployer::Stored NativeDeployer::load(const HelmName& name, ports::Record raw) {
  Stored out;
  std::string key = fmt::format("{}/{}/{}", name.ns, name.release, raw.revision);
  auto find = [&] { return std::ranges::find(record_cache_, key, &CachedRecord::key); };
  {
    std::lock_guard lock(mutex_);
    if (auto it = find(); it != record_cache_.end() && it->resource_version == raw.resource_version) {
      record_cache_.splice(record_cache_.begin(), record_cache_, it);
      out.record = it->record;
    }
  }
  if (!out.record) {
    auto decoded = std::make_shared<helm::Record>(helm::decode_record(raw.payload));
    decoded->labels = raw.labels;
    for (const char* own : {"name", "owner", "status", "version", "createdAt", "modifiedAt"})
      decoded->labels.erase(own);
    out.record = decoded;
    std::lock_guard lock(mutex_);
    // A record holds its whole chart: what an update has replaced must not stay.
    if (auto it = find(); it != record_cache_.end()) record_cache_.erase(it);
    record_cache_.push_front({key, raw.resource_version, out.record});
    if (record_cache_.size() > kRecordsKept) record_cache_.pop_back();
  }
  if (!raw.note_json.empty()) out.note = domain::note_from_json(raw.note_json);
  if (out.note && out.note->revision != raw.revision) out.note.reset();  // copied by helm: void
  out.raw = std::move(raw);
  return out;
}

std::vector<NativeDeployer::Stored> NativeDeployer::load_all(const HelmName& name, Wait wait) {
  std::vector<Stored> out;
  for (ports::Record& raw : records_.list(name.ns, name.release, wait))
    out.push_back(load(name, std::move(raw)));
  return out;
}

helm::Record NativeDeployer::record(const HelmName& name, int revision, Wait wait) {
  for (Stored& s : load_all(name, wait))
    if (s.raw.revision == revision) return s.record->clone();
  throw not_found(fmt::format("release {} has no revision {}", name.release, revision));
}

std::vector<domain::Revision> NativeDeployer::history(const HelmName& name, Wait wait) {
  // Each look asks the server, since a watch may have missed what another process wrote; but records are
  // large and seldom change.
  const std::string key = name.ns + "/" + name.release;
  auto find = [&] { return std::ranges::find(history_cache_, key, &CachedHistory::key); };
  std::vector<ports::RecordVersion> versions = records_.versions(name.ns, name.release, wait);
  {
    std::lock_guard lock(mutex_);
    if (auto it = find(); it != history_cache_.end() && it->versions == versions) {
      history_cache_.splice(history_cache_.begin(), history_cache_, it);
      return it->revisions;
    }
  }
  versions.clear();
  std::vector<domain::Revision> out;
  for (Stored& s : load_all(name, wait)) {
    versions.push_back({s.raw.revision, s.raw.resource_version});
    domain::Revision r;
    r.revision = s.raw.revision;
    r.status = s.raw.status;
    r.note = std::move(s.note);
    r.chart = s.record->chart_label();
    r.description = s.record->description;
    r.modified = s.record->last_deployed;
    r.resource_version = s.raw.resource_version;
    out.push_back(std::move(r));
  }
  std::lock_guard lock(mutex_);
  if (auto it = find(); it != history_cache_.end()) history_cache_.erase(it);
  if (!out.empty()) history_cache_.push_front({key, std::move(versions), out});
  if (history_cache_.size() > kHistoriesKept) history_cache_.pop_back();
  return out;
}

ports::Record NativeDeployer::save(const HelmName& name, Stored& stored, const helm::Record& record,
                                   Wait wait) {
  ports::Record raw = stored.raw;
  raw.revision = record.revision;
  raw.status = domain::parse_record_status(record.status);
  raw.payload = helm::encode_record(record);
  raw.note_json = stored.note ? domain::note_to_json(*stored.note) : "";
  bool create = raw.resource_version.empty();
  raw.labels = labels_of(record, stored.note, create, clock_.now());
  stored.raw = create ? records_.create(name.ns, name.release, raw, wait)
                      : records_.update(name.ns, name.release, raw, wait);
  stored.record = std::make_shared<const helm::Record>(record.clone());
  return stored.raw;
}

void NativeDeployer::remember_step(const HelmName& name, Stored& stored, const std::string& step, Wait wait) {
  if (!stored.note || stored.note->step == step) return;
  stored.note->step = step;
  ports::Record raw = stored.raw;
  raw.note_json = domain::note_to_json(*stored.note);
  stored.raw = records_.update(name.ns, name.release, raw, wait);
}

Progress NativeDeployer::start(const ports::DeployRequest& request, Wait wait) {
  std::vector<Stored> history = load_all(request.name, wait);
  if (!history.empty() && history.front().raw.revision >= request.revision)
    throw conflict(fmt::format("release {} already has revision {}", request.name.release,
                               history.front().raw.revision));
  Time now = clock_.now();
  helm::Record record;
  if (request.rollback_to) {
    auto target =
        std::ranges::find_if(history, [&](const Stored& s) { return s.raw.revision == request.rollback_to; });
    if (target == history.end())
      throw not_found(
          fmt::format("release {} has no revision {}", request.name.release, request.rollback_to));
    record = target->record->clone();
    record.labels.erase(std::string(domain::kVerdictLabel));
    record.rollback_revision = request.rollback_to;
    record.status = std::string(helm::status::kPendingRollback);
    record.description = fmt::format("Rollback to {}", request.rollback_to);
    for (helm::RecordedHook& h : record.hooks) h.phase.clear();
  } else {
    try {
      auto source = chart(request.chart, request.commit, nullptr, wait);
      text::Document values =
          text::parse_json(request.values_json, text::JsonOptions{.numbers_as_double = true});
      ports::Cluster::Capabilities server = cluster_.capabilities(wait);
      helm::Capabilities capabilities = helm::Capabilities::offline();
      capabilities.kube_version = helm::KubeVersion::parse(server.version);
      capabilities.kube_version.normalized.clear();
      capabilities.api_versions = server.api_versions;
      helm::RenderRequest render;
      render.release = {request.name.release, request.name.ns, request.revision, !history.empty()};
      render.capabilities = &capabilities;
      if (schemas_) render.schema_reader = schemas_(wait);
      render.engine.lookup = [&](text::Arena& arena, const helm::LookupRequest& ask) {
        return look_up(arena, ask, cluster_, wait);
      };
      helm::RenderResult result = helm::render(*source, values.root, render);
      if (history.empty()) apply_crds(request.name, result.crds, wait);
      record.manifest = result.manifest;
      record.notes = result.notes;
      for (helm::Hook& h : result.hooks) record.hooks.push_back({std::move(h), Time{}, Time{}, ""});
      record.config = std::move(values);
      record.chart = helm::record_chart(*source, record.config.root);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Invalid) throw;
      return failed(e.what(), "manifest", request.chart.name);
    }
    record.status =
        std::string(history.empty() ? helm::status::kPendingInstall : helm::status::kPendingUpgrade);
    record.description = history.empty() ? "Initial install underway" : "Preparing upgrade";
  }
  record.name = request.name.release;
  record.ns = request.name.ns;
  record.revision = request.revision;
  record.last_deployed = now;
  record.first_deployed = history.empty() ? now : history.back().record->first_deployed;
  Stored stored;
  stored.note = request.note;
  stored.note->revision = request.revision;
  save(request.name, stored, record, wait);
  return {};
}

NativeDeployer::HookRun NativeDeployer::run_hook(const HelmName& name, Stored& stored,
                                                 const std::string& event, const helm::Hook& hook,
                                                 Wait wait) {
  text::Document object = parse_object(hook.content);
  ObjectRef ref = ref_of(object.root, name.ns);
  std::string mark = fmt::format("{}.{}", stored.raw.revision, event);
  auto live = cluster_.get(ref, wait);
  bool ours = live && k8s::annotation(live->root, kHookRevision) == mark;
  if (!ours) {
    // "Hook starting" is recorded before; another revision's Job that still runs is never deleted (rule 15).
    remember_step(name, stored, fmt::format("hook {} {}", event, hook.name), wait);
    bool replace = hook.delete_policies.empty() || hook.has_delete_policy("before-hook-creation");
    if (live && replace) {
      if (ref.kind == "Job" && k8s::health(live->root).health == k8s::Health::InProgress)
        return {HookRun::State::Waiting, hook.name, "a hook of another revision still runs"};
      cluster_.remove(ref, wait);
      return {HookRun::State::Waiting, hook.name, "the hook of the revision before is removed"};
    }
    k8s::set_annotation(*object.arena, object.root, kHookRevision, mark);
    cluster_.apply(object.root, name.ns, {"helm", true, false}, wait);
    live = cluster_.get(ref, wait);
  }
  if (ref.kind != "Job" && ref.kind != "Pod") return {HookRun::State::Done, hook.name, ""};
  if (!live) return {HookRun::State::Waiting, hook.name, "starting"};
  k8s::HealthFacts health = k8s::health(live->root);
  bool pod_done = ref.kind == "Pod" && live->root["status"]["phase"].as_string() == "Succeeded";
  bool pod_failed = ref.kind == "Pod" && live->root["status"]["phase"].as_string() == "Failed";
  bool job_done = ref.kind == "Job" && k8s::condition_true(live->root, "Complete");
  if (health.health == k8s::Health::Failed || pod_failed)
    return {HookRun::State::Failed, hook.name, health.message};
  if (pod_done || job_done) return {HookRun::State::Done, hook.name, ""};
  return {HookRun::State::Waiting, hook.name, health.message};
}

NativeDeployer::HookRun NativeDeployer::run_hooks(const HelmName& name, Stored& stored,
                                                  const std::string& event, Wait wait) {
  std::vector<helm::Hook> all;
  for (const helm::RecordedHook& h : stored.record->hooks) all.push_back(h.hook);
  std::string done_prefix = "hooks " + event + " ";
  size_t done = 0;  // hooks of this event that ended before: their number is in the step
  if (stored.note->step.starts_with(done_prefix))
    done = std::strtoul(stored.note->step.c_str() + done_prefix.size(), nullptr, 10);
  std::vector<helm::Hook> hooks = helm::hooks_of(all, event);
  for (size_t i = done; i < hooks.size(); ++i) {
    HookRun run = run_hook(name, stored, event, hooks[i], wait);
    if (run.state == HookRun::State::Waiting) return run;
    remember_step(name, stored, fmt::format("{}{}", done_prefix, i + 1), wait);
    bool failed = run.state == HookRun::State::Failed;
    if (hooks[i].has_delete_policy(failed ? "hook-failed" : "hook-succeeded")) {
      text::Document object = parse_object(hooks[i].content);
      cluster_.remove(ref_of(object.root, name.ns), wait);
    }
    if (failed) return run;
  }
  return {};
}

void NativeDeployer::apply_object(const HelmName& name, text::Value object, Wait wait) {
  ports::ApplyOptions options;
  try {
    cluster_.apply(object, name.ns, options, wait);
    return;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
    // Rule 14: replicas that a scaler or a person owns are given up; what the chart changed is taken.
    text::Document copy = text::Document::of(object);
    if (std::string_view(e.what()).find(".spec.replicas") != std::string_view::npos)
      copy.root["spec"].erase("replicas");
    options.force = true;
    cluster_.apply(copy.root, name.ns, options, wait);
  }
}

/// crds/ of the chart and its subcharts: applied on install when they aren't there, never changed or removed
/// (rule 26).
void NativeDeployer::apply_crds(const HelmName& name, const std::vector<helm::CrdFile>& crds, Wait wait) {
  for (const helm::CrdFile& file : crds)
    for (std::string_view part : helm::split_manifests(file.text)) {
      text::Document object = text::parse_yaml(part);
      if (object.root.is_null() || cluster_.get(ref_of(object.root, ""), wait)) continue;
      cluster_.apply(object.root, name.ns, {}, wait);
    }
}

void NativeDeployer::apply_objects(const HelmName& name, const helm::Record& record, Wait wait) {
  for (const helm::Manifest& m : helm::parse_manifest(record.manifest)) {
    text::Document object = parse_object(m.content);
    if (object.root.is_null()) continue;
    try {
      apply_object(name, object.root, wait);
    } catch (const Error& e) {
      throw e.in(fmt::format("{}/{}", m.kind, m.name));
    }
  }
}

void NativeDeployer::remove_gone(const HelmName& name, const helm::Record& now, const helm::Record& before,
                                 Wait wait) {
  std::set<ObjectRef> kept;
  for (const helm::Manifest& m : helm::parse_manifest(now.manifest))
    kept.insert(ref_of(parse_object(m.content).root, name.ns));
  std::vector<helm::Manifest> old = helm::parse_manifest(before.manifest);
  helm::sort_by_kind(old, helm::KindOrder::Uninstall);
  for (const helm::Manifest& m : old) {
    text::Document object = parse_object(m.content);
    ObjectRef ref = ref_of(object.root, name.ns);
    if (kept.contains(ref) || k8s::annotation(object.root, kKeep) == "keep") continue;
    cluster_.remove(ref, wait);
  }
}

void NativeDeployer::supersede_older(const HelmName& name, std::vector<Stored>& history, Wait wait) {
  for (auto s = history.begin() + 1; s != history.end(); ++s) {
    if (s->raw.status != RecordStatus::Deployed) continue;
    helm::Record old = s->record->clone();
    old.status = std::string(helm::status::kSuperseded);
    save(name, *s, old, wait);
  }
}

Progress NativeDeployer::step(const HelmName& name, Wait wait) {
  std::vector<Stored> history = load_all(name, wait);
  if (!history.empty() && history.front().raw.status == RecordStatus::Deployed) {
    supersede_older(name, history, wait);  // a crash came between the two records
    return {};
  }
  if (history.empty() || !domain::is_pending(history.front().raw.status) || !history.front().note)
    throw conflict(fmt::format("release {} has no pending revision of ours", name.release));
  Stored& newest = history.front();
  std::string word(event_word(newest.raw.status));
  auto deployed_before = std::ranges::find_if(history.begin() + 1, history.end(), [](const Stored& s) {
    return s.raw.status == RecordStatus::Deployed;
  });
  const std::string& at = newest.note->step;
  bool applied = at == "applied" || at.starts_with("hook post-") || at.starts_with("hooks post-");
  try {
    if (!applied) {
      HookRun pre = run_hooks(name, newest, "pre-" + word, wait);
      if (pre.state == HookRun::State::Waiting)
        return {Progress::Outcome::Waiting, fmt::format("hook pre-{} {}", word, pre.hook), {}, {}, {}};
      if (pre.state == HookRun::State::Failed)
        return failed(fmt::format("hook pre-{} {} failed: {}", word, pre.hook, pre.message), "hook",
                      pre.hook);
      apply_objects(name, *newest.record, wait);
      if (deployed_before != history.end()) {
        remove_gone(name, *newest.record, *deployed_before->record, wait);
        // A revision that failed half way may have left objects that are in neither.
        for (auto s = history.begin() + 1; s != deployed_before; ++s)
          if (s->raw.status == RecordStatus::Failed || s->raw.status == RecordStatus::Superseded)
            remove_gone(name, *newest.record, *s->record, wait);
      }
      remember_step(name, newest, "applied", wait);
    }
    HookRun post = run_hooks(name, newest, "post-" + word, wait);
    if (post.state == HookRun::State::Waiting)
      return {Progress::Outcome::Waiting, fmt::format("hook post-{} {}", word, post.hook), {}, {}, {}};
    if (post.state == HookRun::State::Failed)
      return failed(fmt::format("hook post-{} {} failed: {}", word, post.hook, post.message), "hook",
                    post.hook);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Invalid && e.kind() != ErrorKind::NotFound && e.kind() != ErrorKind::Denied)
      throw;
    return failed(e.what(), "manifest", e.context());
  }
  helm::Record record = newest.record->clone();
  record.status = std::string(helm::status::kDeployed);
  if (newest.raw.status != RecordStatus::PendingRollback)
    record.description =
        newest.raw.status == RecordStatus::PendingInstall ? "Install complete" : "Upgrade complete";
  newest.note->step = "applied";
  newest.note->applied = clock_.now();
  // The new one first: a crash between leaves two deployed revisions for a moment, never none; both steps
  // repeat.
  save(name, newest, record, wait);
  supersede_older(name, history, wait);
  // Helm's history-max; neither last good nor a record with an owed entry is pruned.
  bool good_kept = false;
  for (size_t i = 0; i < history.size(); ++i) {
    const auto& note = history[i].note;
    bool good = note && note->verdict == domain::Verdict::Good;
    bool owed = note && note->verdict == domain::Verdict::Failed && !note->paid;
    if (i >= kHistory && !owed && !(good && !good_kept))
      records_.remove(name.ns, name.release, history[i].raw.revision, wait);
    good_kept |= good;
  }
  return {Progress::Outcome::Applied, "applied", {}, {}, {}};
}

void NativeDeployer::abandon(const HelmName& name, int revision, RecordStatus status, const std::string& why,
                             Wait wait) {
  for (Stored& s : load_all(name, wait)) {
    if (s.raw.revision != revision || !domain::is_pending(s.raw.status)) continue;
    helm::Record record = s.record->clone();
    record.status = std::string(to_string(status));
    record.description = why;
    save(name, s, record, wait);
  }
}

void NativeDeployer::write_note(const HelmName& name, int revision, const RevisionNote& note, Wait wait) {
  for (Stored& s : load_all(name, wait)) {
    if (s.raw.revision != revision) continue;
    ports::Record raw = s.raw;
    raw.note_json = domain::note_to_json(note);
    raw.labels = labels_of(*s.record, note, false, clock_.now());
    if (auto created = s.raw.labels.find("createdAt"); created != s.raw.labels.end())
      raw.labels["createdAt"] = created->second;
    records_.update(name.ns, name.release, raw, wait);
    return;
  }
  throw not_found(fmt::format("release {} has no revision {}", name.release, revision));
}

domain::RolloutFacts NativeDeployer::observe(const HelmName& name, Wait wait) {
  std::vector<Stored> history = load_all(name, wait);
  if (history.empty()) return {};
  return observe_rollout(cluster_, name.ns, history.front().record->manifest, clock_.now(), wait);
}

Progress NativeDeployer::uninstall(const HelmName& name, Wait wait) {
  std::vector<Stored> history = load_all(name, wait);
  if (history.empty()) return {Progress::Outcome::Applied, {}, {}, {}, {}};
  Stored& newest = history.front();
  if (newest.raw.status != RecordStatus::Uninstalling) {
    helm::Record record = newest.record->clone();
    record.status = std::string(helm::status::kUninstalling);
    record.description = "Deletion in progress (or silently failed)";
    if (!newest.note) newest.note = RevisionNote{newest.raw.revision};
    newest.note->step = "uninstall";
    save(name, newest, record, wait);
  }
  HookRun pre = run_hooks(name, newest, "pre-delete", wait);
  if (pre.state == HookRun::State::Waiting)
    return {Progress::Outcome::Waiting, "hook pre-delete " + pre.hook, {}, {}, {}};
  helm::Record nothing;
  for (const Stored& s : history) remove_gone(name, nothing, *s.record, wait);
  HookRun post = run_hooks(name, newest, "post-delete", wait);
  if (post.state == HookRun::State::Waiting)
    return {Progress::Outcome::Waiting, "hook post-delete " + post.hook, {}, {}, {}};
  for (auto s = history.rbegin(); s != history.rend(); ++s)
    records_.remove(name.ns, name.release, s->raw.revision, wait);
  return {Progress::Outcome::Applied, {}, {}, {}, {}};
}

}  // namespace shipit::flow
