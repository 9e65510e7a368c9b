#include "flow/commit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "flow/board.h"
#include "flow/intake.h"
#include "helm/template.h"
#include "text/edit.h"

namespace shipit::flow {
namespace {

constexpr std::string_view kOrderPage = "order";
constexpr size_t kLogDepth = 2000;
constexpr Duration kLookAgain{200};  // until every release was looked at once after a start

/// The scalar of an edit in its manifest, in every document that declares the release.
std::vector<text::Replacement> find_scalars(const std::string& bytes,
                                            const std::vector<text::ByteRange>& actions,
                                            const domain::TagEdit& edit) {
  std::vector<text::ScalarAt> all = text::scalars(bytes, actions);
  std::set<size_t> named, documents;
  for (const text::ScalarAt& s : all) {
    documents.insert(s.document);
    if (text::to_string(s.path) == "metadata.name" && s.value == edit.release.name) named.insert(s.document);
  }
  std::string wanted = "spec.values." + edit.path + ".tag";
  std::vector<text::Replacement> out;
  for (const text::ScalarAt& s : all)
    if (text::to_string(s.path) == wanted && s.value == edit.from.str() &&
        (named.contains(s.document) || documents.size() == 1))
      out.push_back({s, edit.to.str()});
  return out;
}

/// Rule 8: rendered again, only the decided releases may differ, and only as decided. Empty: they do.
std::string side_effects(const Registry& before, const Registry& after,
                         std::span<const domain::TagEdit> edits) {
  if (after.entries.size() != before.entries.size() || after.errors.size() > before.errors.size())
    return "the registry would no longer render";
  std::set<domain::ReleaseKey> decided;
  for (const domain::TagEdit& edit : edits) decided.insert(edit.release);
  for (const RegistryEntry& e : after.entries) {
    const RegistryEntry* old = before.find(e.key);
    if (decided.contains(e.key) || (old && old->manifest_json == e.manifest_json)) continue;
    return fmt::format("would change {} too; edit it by hand", e.key.str());
  }
  for (const domain::TagEdit& edit : edits) {
    const RegistryEntry* changed = after.find(edit.release);
    bool taken = changed && std::ranges::any_of(changed->blocks, [&](const domain::ImageBlock& b) {
                   return b.path == edit.path && b.tag == edit.to;
                 });
    if (!taken) return "the manifest does not take the tag from there";
  }
  return {};
}

}  // namespace

void Committer::wake(Time now) {
  if (!burst_since_) burst_since_ = now;
}

std::string Committer::quarantine_file() const {
  const std::string& path = context_.settings.registry_path;
  return path.empty() ? "quarantine.yaml" : path + "/quarantine.yaml";
}

std::shared_ptr<const Registry> Committer::registry_at(const domain::CommitId& head) {
  std::shared_ptr<const Registry> known = context_.board.registry();
  if (known && known->commit == head) return known;
  if (registry_ && registry_->commit == head) return registry_;
  const Settings& s = context_.settings;
  registry_ = std::make_shared<const Registry>(
      render_registry(context_.ports.repository.read(head, s.registry_path), s.registry_path, s.ns, head));
  return registry_;
}

void Committer::learn(const Registry& registry, std::stop_token stop) {
  ports::OpsRepo& repository = context_.ports.repository;
  if (!order_loaded_) {
    ports::Page page = context_.ports.ledger.read(std::string(kOrderPage), context_.wait(stop));
    std::tie(order_, order_head_) = domain::order_from_json(page.text);
    order_version_ = page.version;
    order_loaded_ = true;
    context_.board.set_order(order_);
  }
  if (order_head_ == registry.commit) return;
  refused_.clear();
  std::vector<std::pair<domain::ReleaseKey, domain::ImageBlock>> before;
  domain::Quarantine quarantine_before;
  bool descends = !order_head_.empty() && repository.is_ancestor(order_head_, registry.commit);
  if (descends) {
    auto old = registry_at(order_head_);
    before = old->blocks();
    quarantine_before = old->quarantine;
  } else {
    order_.clear();
    order_head_ = {};
  }
  std::vector<domain::CommitSeen> commits;
  for (const ports::CommitInfo& c : repository.log(order_head_, registry.commit, kLogDepth))
    commits.push_back({c.id, c.author, c.committed, c.message});
  domain::fold_order(order_, commits, before, registry.blocks(), quarantine_before, registry.quarantine);
  order_head_ = registry.commit;
  try {
    order_version_ = context_.ports.ledger.write(std::string(kOrderPage),
                                                 {domain::order_to_json(order_, order_head_), order_version_},
                                                 context_.wait(stop));
  } catch (const Error& e) {
    order_loaded_ = false;  // another writer, or an unknown effect: read again at the next look
    if (e.kind() != ErrorKind::Conflict) throw;
  }
  context_.board.set_order(order_);
}

domain::CommitFacts Committer::facts_at(const Registry& registry, std::stop_token stop) {
  unseen_ = false;
  domain::CommitFacts facts;
  facts.quarantine = registry.quarantine_readable ? registry.quarantine : context_.board.quarantine();
  facts.quarantine_readable = registry.quarantine_readable;
  facts.debts = context_.board.debts();
  facts.link = context_.settings.page_url;
  for (const auto& [name, page] : context_.ports.ledger.read_all("seen-", context_.wait(stop))) {
    domain::SeenImage seen = domain::seen_from_json(page.text);
    facts.seen.emplace(seen.image.str(), std::move(seen));
  }
  for (const RegistryEntry& entry : registry.entries) {
    auto live = context_.ports.releases.get(entry.key);
    if (live && !context_.board.looked_at(entry.key)) {  // what it owes goes before any new tag
      unseen_ = true;
      continue;
    }
    for (const domain::ImageBlock& block : entry.blocks) {
      domain::BlockFacts b;
      b.release = entry.key;
      b.autodeploy = entry.release.autodeploy;
      b.hold = entry.release.hold ? entry.release.hold : live ? live->hold : std::nullopt;
      b.block = block;
      auto order = order_.find(domain::order_key(entry.key, block.path));
      if (order != order_.end()) b.order = order->second;
      b.failed_in_a_row = context_.board.failed_in_a_row(entry.key);
      facts.blocks.push_back(std::move(b));
    }
  }
  return facts;
}

/// The newest seen tag of each block that isn't taken, with the reason (rule 2); said once, since the id is
/// stable.
void Committer::say_refusals(const domain::CommitFacts& facts, Time now) {
  for (const domain::BlockFacts& b : facts.blocks) {
    auto seen = facts.seen.find(b.block.image.str());
    if (seen == facts.seen.end() || seen->second.tags.empty()) continue;
    const domain::SeenTag& tag = seen->second.tags.front();
    std::string why = domain::refusal(b, tag, facts.quarantine);
    if (why.empty() || tag.tag == b.block.tag) continue;
    std::string id = fmt::format("refused/{}/{}/{}/{}", b.release.str(), tag.tag.str(),
                                 format_rfc3339_millis(tag.pushed), tag.event);
    Time at = tag.pushed;  // or when it was quarantined: it ran until then
    if (const auto* entry = facts.quarantine.blocking(b.release, b.block.image, tag.tag))
      at = std::max(at, std::min(entry->since, now));
    context_.board.add_activity(
        {id,
         at,
         "refused",
         b.release,
         tag.source,
         fmt::format("{} {} is not deployed to {}: {}", domain::short_name(b.block.image),
                     domain::short_sha(tag.tag.str()), b.release.name, why),
         true,
         {}});
  }
}

void Committer::say_read_only(const domain::CommitPlan& plan, Time now) {
  for (const domain::TagEdit& e : plan.edits)
    context_.board.add_activity(
        {fmt::format("read-only/{}/{}/{}/{}", e.release.str(), e.path, e.to.str(), e.event), now, "refused",
         e.release, "ship-it",
         fmt::format("{} {} is not committed for {}: the ops repository is read only here",
                     domain::short_name(e.image), domain::short_sha(e.to.str()), e.release.name),
         true, context_.board.repository().head});
}

void Committer::settle(const domain::CommitPlan& plan, std::stop_token stop) {
  for (const auto& [key, revision] : plan.settles) {
    auto release = context_.ports.releases.get(key);
    if (!release) continue;
    ports::HelmName name{release->target_namespace(), release->spec.release_name};
    for (const domain::Revision& r : context_.ports.deployer.history(name, context_.wait(stop))) {
      if (r.revision != revision || !r.note || r.note->paid) continue;
      domain::RevisionNote note = *r.note;
      note.paid = true;
      context_.ports.deployer.write_note(name, revision, note, context_.wait(stop));
    }
    context_.wakes.release(key);
  }
}

/// The files with these edits made. Errors: Invalid when one can't be made in bytes.
std::map<std::string, std::string> Committer::edited(const Registry& registry,
                                                     std::map<std::string, std::string> files,
                                                     std::span<const domain::TagEdit> edits) const {
  std::map<std::string, std::vector<text::Replacement>> by_file;
  std::map<std::string, std::vector<text::ByteRange>> actions;
  for (const domain::TagEdit& edit : edits) {
    const std::string& file = registry.find(edit.release)->file;
    auto [known, fresh] = actions.try_emplace(file);
    if (fresh) known->second = helm::action_ranges(files.at(file));
    std::vector<text::Replacement> at = find_scalars(files.at(file), known->second, edit);
    if (at.empty())
      throw invalid(fmt::format(
          "no scalar spec.values.{}.tag to edit (a template action or an anchor makes it)", edit.path));
    std::vector<text::Replacement>& all = by_file[file];
    all.insert(all.end(), at.begin(), at.end());
  }
  for (const auto& [file, replacements] : by_file)
    files[file] = text::edit(files.at(file), replacements, actions.at(file));
  return files;
}

std::map<std::string, std::string> Committer::changed_files(const Registry& registry,
                                                            domain::CommitPlan& plan, Time now) {
  const Settings& s = context_.settings;
  std::map<std::string, std::string> files = registry.files;
  auto render = [&](const std::map<std::string, std::string>& next) {
    return render_registry(next, s.registry_path, s.ns, registry.commit);
  };
  // All at once; only when that can't be proved one by one, so that one bad file costs only itself.
  auto try_edits = [&](const Registry& base, std::span<const domain::TagEdit> edits) -> std::string {
    try {
      std::map<std::string, std::string> next = edited(registry, files, edits);
      std::string why = side_effects(base, render(next), edits);
      if (why.empty()) files = std::move(next);
      return why;
    } catch (const Error& e) {
      return e.what();
    }
  };
  bool all = !plan.edits.empty() && try_edits(registry, plan.edits).empty();
  std::vector<domain::TagEdit> made;
  if (all) {
    made = plan.edits;
  } else {
    for (const domain::TagEdit& edit : plan.edits) {
      std::string why = try_edits(made.empty() ? registry : render(files), {&edit, 1});
      if (why.empty()) {
        made.push_back(edit);
        continue;
      }
      std::string id = fmt::format("edit/{}/{}/{}", edit.release.str(), edit.path, edit.to.str());
      if (refused_.insert(id).second)
        context_.board.add_activity(
            {id, now, "refused", edit.release, "ship-it",
             fmt::format("{} {} is not committed: {}: {}", domain::short_name(edit.image),
                         domain::short_sha(edit.to.str()), registry.find(edit.release)->file, why),
             true, registry.commit});
    }
  }
  plan.edits = std::move(made);
  std::map<std::string, std::string> changed;
  for (auto& [path, bytes] : files)
    if (registry.files.at(path) != bytes) changed.emplace(path, std::move(bytes));
  if (!plan.enter.empty()) {
    auto present = registry.files.find(quarantine_file());
    changed[quarantine_file()] =
        domain::append_entries(present == registry.files.end() ? "" : present->second, plan.enter);
  }
  return changed;
}

Time Committer::step(Time now, std::stop_token stop) {
  const Settings& s = context_.settings;
  ports::OpsRepo& repository = context_.ports.repository;
  // Decided on the head that sync has just applied: on a held, rewound or stale one nothing is committed
  // (rule 6), and one that moved meanwhile is a Conflict.
  domain::RepositoryView synced = context_.board.repository();
  const domain::CommitId& head = synced.head;
  if (head.empty() || head != synced.applied) return now + s.repository_poll;
  std::shared_ptr<const Registry> registry = registry_at(head);
  learn(*registry, stop);
  domain::CommitFacts facts = facts_at(*registry, stop);
  domain::CommitPlan plan = domain::plan_commit(facts);
  std::erase_if(plan.edits, [&](const domain::TagEdit& e) {
    return refused_.contains(fmt::format("edit/{}/{}/{}", e.release.str(), e.path, e.to.str()));
  });
  say_refusals(facts, now);
  context_.board.set_owed(domain::describe(plan));
  if (plan.empty()) {
    burst_since_.reset();
    settle(plan, stop);  // paid: what the verdicts owe stands in git at the head that is applied
    return now + (unseen_ ? kLookAgain : s.resync);  // whatever could change this wakes us
  }
  if (s.read_only_repository) {
    say_read_only(plan, now);
    return now + s.repository_poll;
  }
  if (plan.enter.empty() && burst_since_ && now < *burst_since_ + s.batch_window)
    return *burst_since_ + s.batch_window;

  std::vector<domain::TagEdit> wanted = plan.edits;
  std::map<std::string, std::string> changed = changed_files(*registry, plan, now);
  if (plan.edits != wanted && !plan.edits.empty()) {  // the message counts what is really changed
    std::erase_if(facts.blocks, [&](const domain::BlockFacts& b) {
      return std::ranges::none_of(plan.edits, [&](const domain::TagEdit& e) {
        return e.release == b.release && e.path == b.block.path;
      });
    });
    plan.message = domain::plan_commit(facts).message;
  }
  if (changed.empty()) return now + s.repository_poll;

  ports::NewCommit commit{head, plan.message, s.author_name, s.author_email, now, {}};
  for (auto& [path, bytes] : changed) commit.changes.push_back({path, std::move(bytes)});
  domain::CommitId made;
  try {
    made = repository.push(commit, context_.wait(stop));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Conflict) return now;  // somebody was quicker: look again
    throw;
  }
  burst_since_.reset();
  context_.board.count("commits");
  domain::Activity activity{"committed/" + made.str(),
                            now,
                            "committed",
                            {},
                            "ship-it",
                            plan.message.substr(0, plan.message.find('\n')),
                            !plan.enter.empty(),
                            made};
  context_.board.add_activity(std::move(activity));
  context_.wakes.syncer();
  return now;
}

domain::CommitId Committer::lift(const domain::ReleaseKey& release, const domain::ImageName& image,
                                 const domain::ImageTag& tag, const std::string& actor, Time now,
                                 std::stop_token stop) {
  const Settings& s = context_.settings;
  ports::OpsRepo& repository = context_.ports.repository;
  for (int tries = 0; tries < 5; ++tries) {
    domain::CommitId head = repository.fetch(context_.wait(stop));
    auto registry = registry_at(head);
    std::vector<domain::QuarantineEntry> lift;
    for (const domain::QuarantineEntry& e : registry->quarantine.entries()) {
      bool of_release = e.release == release.name || e.release == release.str();
      bool of_image = image.empty() ? e.inputs.str() == tag.str() : e.image == image && e.tag == tag;
      if (of_release && of_image) lift.push_back(e);
    }
    if (lift.empty())
      throw not_found(
          fmt::format("{} has no quarantine entry for {} {}", release.str(), image.str(), tag.str()));
    std::string bytes = domain::remove_entries(registry->files.at(quarantine_file()), lift);
    std::string what = image.empty()
                           ? "values"
                           : fmt::format("{} {}", domain::short_name(image), domain::short_sha(tag.str()));
    ports::NewCommit commit{
        head,
        fmt::format("Lift the quarantine of {} in {}\n\nAsked by {}.\n\nShip-it-Lifted: {} {} {}\n", what,
                    release.name, actor, release.str(), image.str(), tag.str()),
        s.author_name,
        s.author_email,
        now,
        {{quarantine_file(), bytes}}};
    try {
      domain::CommitId made = repository.push(commit, context_.wait(stop));
      context_.wakes.syncer();
      return made;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Conflict) throw;
    }
  }
  throw conflict("the ops repository keeps changing; try again");
}

}  // namespace shipit::flow
