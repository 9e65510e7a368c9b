#include "flow/sync.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "crd/helm_release.h"
#include "flow/board.h"
#include "text/diff.h"
#include "text/json.h"

namespace shipit::flow {
namespace {

constexpr std::string_view kPage = "sync";
constexpr size_t kCommitsShown = 50;

/// To tell whether a manifest is the one that was applied: 64 bits are plenty against an accident.
std::string hash_of(const std::string& manifest) {
  return fmt::format(
      "{:016x}", text::Key::hash_of(manifest) * 0x9e3779b97f4a7c15ULL ^ std::hash<std::string>{}(manifest));
}

}  // namespace

void Syncer::load(std::stop_token stop) {
  if (inventory_) return;
  ports::Page page = context_.ports.ledger.read(std::string(kPage), context_.wait(stop));
  Inventory inventory;
  inventory.version = page.version;
  if (!page.text.empty()) {
    text::Arena arena;
    text::Value v = text::parse_json(page.text, arena);
    inventory.applied = domain::CommitId(v["applied"].str());
    inventory.confirmed = domain::CommitId(v["confirmed"].str());
    inventory.quarantine = v["quarantine"].str();
    for (text::Value k : v["releases"].items())
      inventory.releases[{k["namespace"].str(), k["name"].str()}] = k["manifest"].str();
  }
  inventory.text = page.text;
  if (!inventory.quarantine.empty())
    context_.board.set_quarantine(domain::parse_quarantine(inventory.quarantine));
  domain::RepositoryView view = context_.board.repository();
  view.applied = inventory.applied;  // what is in the cluster counts, even while git can't be reached
  context_.board.set_repository(std::move(view));
  inventory_ = std::move(inventory);
}

void Syncer::save(std::stop_token stop) {
  text::Arena arena;
  using text::Value;
  Value keys = Value::list(arena);
  for (const auto& [k, manifest] : inventory_->releases)
    keys.push_back(arena, Value::map(arena, {{"namespace", Value::string(arena, k.ns)},
                                             {"name", Value::string(arena, k.name)},
                                             {"manifest", Value::string(arena, manifest)}}));
  Value page = Value::map(arena, {{"applied", Value::string(arena, inventory_->applied.str())},
                                  {"confirmed", Value::string(arena, inventory_->confirmed.str())},
                                  {"quarantine", Value::string(arena, inventory_->quarantine)},
                                  {"releases", keys}});
  std::string text = text::to_json(page);
  if (text == inventory_->text) return;  // a restart writes nothing (rule 11)
  try {
    inventory_->version =
        context_.ports.ledger.write(std::string(kPage), {text, inventory_->version}, context_.wait(stop));
    inventory_->text = std::move(text);
  } catch (const Error&) {
    inventory_.reset();  // read it again: another writer, or an unknown effect
    done_ = {};
    throw;
  }
}

domain::HeadRelation Syncer::relation(const domain::CommitId& head) {
  if (inventory_->applied.empty()) return domain::HeadRelation::First;
  if (inventory_->applied == head) return domain::HeadRelation::Same;
  ports::OpsRepo& repository = context_.ports.repository;
  if (repository.is_ancestor(inventory_->applied, head)) return domain::HeadRelation::Descendant;
  return repository.is_ancestor(head, inventory_->applied) ? domain::HeadRelation::Ancestor
                                                           : domain::HeadRelation::Unrelated;
}

/// For the life of a deploy: who committed what, with the diff of the manifests.
void Syncer::note_commits(const domain::CommitId& head, Time now) {
  if (context_.board.synced(head)) return;
  ports::OpsRepo& repository = context_.ports.repository;
  std::vector<ports::CommitInfo> commits =
      repository.log(inventory_->applied, head, inventory_->applied.empty() ? 1 : kCommitsShown);
  if (commits.empty() || commits.back().id != head) commits = repository.log({}, head, 1);
  for (const ports::CommitInfo& c : commits) {
    std::string diff;
    if (c.id == head && !c.parents.empty()) {
      auto before = repository.read(c.parents.front(), context_.settings.registry_path);
      auto after = repository.read(c.id, context_.settings.registry_path);
      for (const auto& [path, bytes] : after) {
        auto old = before.find(path);
        diff += text::unified_diff(old == before.end() ? "" : old->second, bytes, "a/" + path, "b/" + path);
      }
      for (const auto& [path, bytes] : before)
        if (!after.contains(path)) diff += text::unified_diff(bytes, "", "a/" + path, "b/" + path);
    }
    context_.board.set_synced(c.id, now, c.message.substr(0, c.message.find('\n')), c.author, c.committed,
                              std::move(diff));
  }
}

/// The digest of a chart that is kept in the ops repository: a commit that changes it concerns every release
/// of it. Empty for any other.
std::string Syncer::chart_of(const RegistryEntry& entry, const domain::CommitId& head, std::stop_token stop) {
  const domain::ChartRef& chart = entry.release.spec.chart;
  if (!chart.repository.starts_with("file:")) return {};
  if (charts_head_ != head) {
    charts_.clear();
    charts_head_ = head;
  }
  auto [it, fresh] = charts_.try_emplace(chart.repository + "\n" + chart.name + "\n" + chart.version);
  if (!fresh) return it->second;
  try {
    it->second = context_.ports.deployer.chart_digest(chart, head, context_.wait(stop));
  } catch (const Error& e) {
    log_info("sync", e.what(), {{"release", entry.key.str()}});  // the release itself says what is wrong
  }
  return it->second;
}

/// False when something transient kept a manifest from being applied.
bool Syncer::apply_all(const Registry& registry, std::stop_token stop) {
  bool complete = true;
  server_errors_.clear();
  // Before the first write: a crash after it must find the release in the inventory, or it could never be
  // pruned, and must not find the hash of what was there before, or a change back to that would not be
  // applied.
  std::vector<std::string> hashes;
  for (const RegistryEntry& entry : registry.entries) {
    hashes.push_back(hash_of(entry.manifest_json + chart_of(entry, registry.commit, stop)));
    std::string& applied = inventory_->releases[entry.key];
    if (applied != hashes.back() || !context_.ports.releases.get(entry.key)) applied.clear();
  }
  save(stop);
  for (size_t i = 0; i < registry.entries.size(); ++i) {
    const RegistryEntry& entry = registry.entries[i];
    std::string& applied = inventory_->releases[entry.key];
    auto live = context_.ports.releases.get(entry.key);
    if (live && !live->prune_confirmed.empty() && !live->deleting)  // it was to be pruned and came back
      context_.ports.releases.annotate(entry.key, {{std::string(crd::kPruneAnnotation), ""}},
                                       context_.wait(stop));
    if (!applied.empty()) continue;
    try {
      context_.ports.releases.apply(entry.key, entry.manifest_json, registry.commit, context_.wait(stop));
      applied = hashes[i];
      context_.wakes.release(entry.key);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Invalid || e.kind() == ErrorKind::Denied ||
          e.kind() == ErrorKind::Conflict) {
        server_errors_.push_back({entry.file, 1, e.what(), entry.key.name});
      } else {
        log_warn("sync", e.what(), {{"release", entry.key.str()}});
        complete = false;
      }
    }
  }
  return complete;
}

void Syncer::publish(const Registry& registry, const domain::SyncPlan& plan, Time now) {
  domain::RepositoryView view;
  view.state = plan.state;
  view.reason = plan.reason;
  view.url = context_.settings.repository_url;
  view.branch = context_.settings.branch;
  view.path = context_.settings.registry_path;
  view.head = registry.commit;
  view.applied = inventory_->applied;
  view.since = now;
  view.errors = registry.errors;
  view.errors.insert(view.errors.end(), server_errors_.begin(), server_errors_.end());
  if (!server_errors_.empty() && view.state == "ok") {
    view.state = "error";
    view.reason =
        "the API server refuses " + server_errors_.front().file + ": " + server_errors_.front().message;
  }
  view.quarantine = context_.board.quarantine().entries();
  for (const RegistryEntry& e : registry.entries) view.manifests.emplace_back(e.file, e.key);
  context_.board.set_repository(std::move(view));
}

Time Syncer::step(Time now, std::stop_token stop) {
  const Settings& s = context_.settings;
  load(stop);
  domain::CommitId head = context_.ports.repository.fetch(context_.wait(stop));
  auto known = context_.board.registry();
  bool deleted_by_hand = known && std::ranges::any_of(known->entries, [&](const RegistryEntry& e) {
                           auto applied = inventory_->releases.find(e.key);
                           return applied != inventory_->releases.end() && !applied->second.empty() &&
                                  !context_.ports.releases.get(e.key);
                         });
  bool try_refused = !server_errors_.empty() && now >= try_refused_;  // rights and webhooks get mended
  if (!head.empty() && head == done_ && !deleted_by_hand && !try_refused) return now + s.repository_poll;

  std::map<std::string, std::string> files;
  if (!head.empty()) files = context_.ports.repository.read(head, s.registry_path);
  auto registry = std::make_shared<Registry>(render_registry(std::move(files), s.registry_path, s.ns, head));
  domain::SyncFacts facts{inventory_->applied,
                          head,
                          head.empty() ? domain::HeadRelation::First : relation(head),
                          {},
                          registry->errors,
                          {},
                          inventory_->confirmed};
  for (const RegistryEntry& e : registry->entries) facts.rendered.push_back(e.key);
  for (const auto& [key, manifest] : inventory_->releases) facts.inventory.push_back(key);
  domain::SyncPlan plan = domain::plan_sync(facts);
  if (!plan.apply) {
    done_ = {};  // so that the right head, read again, says that all is well
    publish(*registry, plan, now);
    return now + s.repository_poll;
  }
  note_commits(head, now);
  // Fails closed: the quarantine is in force before anything of this head is applied.
  if (registry->quarantine_readable) {
    context_.board.set_quarantine(registry->quarantine);
    auto file = registry->files.find(s.registry_path.empty() ? "quarantine.yaml"
                                                             : s.registry_path + "/quarantine.yaml");
    inventory_->quarantine = file == registry->files.end() ? "" : file->second;
  }
  context_.board.set_registry(registry);
  before_apply_(*registry, stop);
  bool complete = apply_all(*registry, stop);
  try_refused_ = now + s.resync;
  for (const domain::ReleaseKey& key : plan.prune) {
    if (!complete) break;  // apply before prune
    try {
      context_.ports.releases.prune(key, head, context_.wait(stop));
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::NotFound) throw;
    }
    inventory_->releases.erase(key);
    context_.board.add_activity({"pruned/" + key.str() + "/" + head.str(), now, "removed", key, "ship-it",
                                 key.name + " is no longer in git: uninstalling", true, head});
    context_.wakes.release(key);
  }
  if (complete) {
    bool moved = inventory_->applied != head;
    inventory_->applied = head;
    save(stop);
    done_ = head;
    if (moved) {
      context_.board.count("syncs");
      for (const RegistryEntry& e : registry->entries)
        context_.wakes.release(e.key);  // the quarantine may have changed
      context_.wakes.committer();
    }
  }
  publish(*registry, plan, now);
  return complete ? now + s.repository_poll : now + Duration{1000};
}

void Syncer::confirm(const domain::CommitId& commit, std::stop_token stop) {
  constexpr int kTries = 5;
  for (int tries = 1;; ++tries) {
    load(stop);
    inventory_->confirmed = commit;
    done_ = {};
    try {
      return save(stop);
    } catch (const Error& e) {  // another writer: save() reads it again
      if (e.kind() != ErrorKind::Conflict || tries == kTries) throw;
    }
  }
}

}  // namespace shipit::flow
