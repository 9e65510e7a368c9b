#include "simulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "crd/helm_release.h"
#include "domain/commit.h"
#include "text/json.h"

namespace shipit::simulation {
namespace {

using domain::Quarantine;
using domain::Verdict;
using testing::Behaviour;
using testing::Faults;
using testing::image;
using testing::Service;
using testing::When;

const std::vector<std::string> kServices = {"one", "two", "three"};
const char* const kQuarantine = "registry/quarantine.yaml";
constexpr int kSteps = 14;
constexpr Duration kRest{22'000}, kStill{21'000};

/// Two services share an image.
std::string repository_of(const std::string& service) { return service == "three" ? "y" : "x"; }

flow::Settings settings() {
  flow::Settings s;
  s.repository_poll = Duration{3000};
  s.resync = Duration{20'000};
  s.batch_window = Duration{100};
  s.gate.deadline = Duration{3000};
  s.gate.soak = Duration{1000};
  return s;
}

std::optional<Quarantine> readable(const std::map<std::string, std::string>& files) {
  auto it = files.find(kQuarantine);
  if (it == files.end()) return Quarantine();
  try {
    return domain::parse_quarantine(it->second);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool blocks(const Quarantine& quarantine, const domain::ReleaseKey& key, const domain::RevisionNote& note) {
  if (quarantine.blocking(key, note.inputs)) return true;
  return std::ranges::any_of(note.images, [&](const domain::ImageBlock& b) {
    return quarantine.blocking(key, b.image, b.tag) != nullptr;
  });
}

std::string tag_in(const std::map<std::string, std::string>& files, const std::string& service) {
  auto it = files.find("registry/" + service + ".yaml");
  if (it == files.end()) return {};
  size_t at = it->second.find("      tag: ");
  if (at == std::string::npos) return {};
  return it->second.substr(at + 11, it->second.find_first_of(" \n", at + 11) - at - 11);
}

const std::vector<std::string> kOperations = {
    "repository.fetch",       "repository.push",         "releases.apply",
    "releases.prune",         "releases.annotate",       "releases.set_status",
    "releases.add_finalizer", "releases.drop_finalizer", "deployer.start",
    "deployer.step",          "deployer.write_note",     "deployer.abandon",
    "deployer.history",       "deployer.uninstall",      "ledger.read",
    "ledger.write",           "events.receive",          "events.acknowledge"};
const std::vector<std::string> kInside = {"deployer.apply", "deployer.deployed", "releases.prune-delete"};

}  // namespace

uint64_t Simulation::Random::next() {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

Simulation::Simulation(uint64_t seed) : random_{seed * 0x2545f4914f6cdd1dULL + 1}, world_(settings()) {
  world_.deployer.on_start = [this](const ports::DeployRequest& r) { check_start(r); };
  world_.deployer.on_uninstall = [this](const ports::HelmName& n) { check_uninstall(n); };
  world_.repository.on_push = [this](const ports::CommitInfo& c) { check_push(c); };
  world_.on_crash = [this](const testing::Crash& crash) { say("  died in " + crash.where); };
}

const std::vector<Simulation::Step>& Simulation::all_steps() {
  static const std::vector<Step> kAll = {
      {"event", 30, &Simulation::push_event},
      {"duplicate", 8, &Simulation::duplicate_event},
      {"late event", 4, &Simulation::late_event},
      {"edit tag", 8, &Simulation::edit_tag},
      {"edit values", 10, &Simulation::edit_values},
      {"remove", 4, &Simulation::remove_service},
      {"revert", 5, &Simulation::revert_last_commit},
      {"lift", 4, &Simulation::lift_all},
      {"garble quarantine", 2, &Simulation::garble_quarantine},
      {"helm upgrade", 4, &Simulation::helm_upgrades},
      {"helm rollback", 4, &Simulation::helm_rolls_back},
      {"helm dies", 1, &Simulation::helm_dies},
      {"crash", 25, &Simulation::crash_later},
      {"kill", 6, &Simulation::killed},
      {"stale", 5, &Simulation::stale_reads},
      {"fault", 20, &Simulation::port_fails},
      {"command", 12, &Simulation::person_commands},
      {"hold", 5, &Simulation::holds},
      {"delete", 3, &Simulation::deletes_object},
      {"rewind", 2, &Simulation::rewinds},
      {"monitor", 4, &Simulation::monitor_moves},
      {"replica", 3, &Simulation::another_replica},
      {"time", 15, &Simulation::time_passes},
  };
  return kAll;
}

std::string Simulation::run() {
  tags_.push_back(fresh_tag());
  world_.deployer.set_behaviour(tags_[0], Behaviour::Good);
  for (const std::string& name : kServices) write({name, repository_of(name), tags_[0]});
  world_.run(Duration{random_.below(4000)});
  for (int i = 0; i < kSteps && broken_.empty(); ++i) act();
  if (broken_.empty()) rest();
  if (broken_.empty()) check_at_rest();
  return broken_;
}

void Simulation::act() {
  int total = 0;
  for (const Step& s : all_steps()) total += s.weight;
  int at = random_.below(total);
  for (const Step& s : all_steps()) {
    at -= s.weight;
    if (at >= 0) continue;
    say(fmt::format("{} {}", format_rfc3339_millis(world_.clock.now()).substr(14), s.name));
    try {
      (this->*s.act)();
    } catch (const testing::Crash&) {
      world_.kill();  // a person's own call met the crash
    } catch (const Error&) {
      // A person's own call met the fault.
    }
    break;
  }
  world_.run(Duration{random_.chance(40) ? random_.below(200) : random_.below(4000)});
}

void Simulation::broke(const std::string& promise) {
  if (broken_.empty()) broken_ = fmt::format("step {}: {}", steps_.size(), promise);
}

// ---- what happens

std::string Simulation::fresh_tag() { return fmt::format("f{:039x}", tags_.size() + 10); }

Service Simulation::service_of(const std::string& name) {
  std::string tag = world_.git_tag(name);
  return {name, repository_of(name), tag.empty() ? tags_[0] : tag};
}
std::string Simulation::any_service() { return random_.of(kServices); }
void Simulation::write(const Service& service) {
  world_.write(service);
  say(fmt::format("  {} {} {}", service.name, service.tag.substr(38), service.extra_values));
}

void Simulation::push_event() {
  std::string tag = fresh_tag();
  tags_.push_back(tag);
  static const std::vector<Behaviour> kBehaviours = {
      Behaviour::Good,          Behaviour::Good,     Behaviour::Good,    Behaviour::Good,
      Behaviour::Crashes,       Behaviour::Crashes,  Behaviour::Crashes, Behaviour::NeverReady,
      Behaviour::Unschedulable, Behaviour::HookFails};
  Behaviour behaviour = random_.of(kBehaviours);
  world_.deployer.set_behaviour(tag, behaviour);
  std::string repository = random_.chance(70) ? "x" : "y";
  pushed_.push_back({fmt::format("m{}", pushed_.size()), repository, tag, world_.clock.now()});
  first_push_[{repository, tag}] = last_push_[{repository, tag}] = world_.clock.now();
  world_.push(repository, tag, world_.clock.now(), pushed_.back().id);
  say(fmt::format("  {} {} behaves {}", repository, tag.substr(38), static_cast<int>(behaviour)));
}

void Simulation::duplicate_event() {
  if (pushed_.empty()) return;
  Pushed p = random_.of(pushed_);
  if (random_.chance(30)) p.id += "again";
  if (random_.chance(20)) last_push_[{p.repository, p.tag}] = p.at = world_.clock.now();  // pushed again
  world_.push(p.repository, p.tag, p.at, p.id);
  say(fmt::format("  {} {}", p.repository, p.tag.substr(38)));
}

void Simulation::late_event() {
  std::string tag = fresh_tag();
  tags_.push_back(tag);
  Time at = world_.clock.now() - Duration{random_.below(10'000)};
  first_push_[{"x", tag}] = last_push_[{"x", tag}] = at;
  world_.push("x", tag, at, "late" + tag);
  say("  x " + tag.substr(38));
}

void Simulation::edit_tag() {
  Service service = service_of(any_service());
  service.tag = random_.of(tags_);
  write(service);
}

void Simulation::edit_values() {
  Service service = service_of(any_service());
  service.extra_values = random_.chance(20)   ? "broken: true"
                         : random_.chance(10) ? "unrenderable: true"
                                              : fmt::format("size: {}", ++values_);
  write(service);
}

void Simulation::remove_service() {
  std::string name = any_service();
  if (world_.repository.has_file("registry/" + name + ".yaml")) world_.remove(name);
  say("  " + name);
}

void Simulation::revert_last_commit() {
  const ports::CommitInfo& last = world_.repository.info(world_.repository.head());
  if (last.parents.empty()) return;
  auto before = world_.repository.files(last.parents.front());
  auto after = world_.repository.files(last.id);
  std::vector<ports::FileChange> changes;
  for (const auto& [path, bytes] : before)
    if (!after.contains(path) || after[path] != bytes) changes.push_back({path, bytes});
  for (const auto& [path, bytes] : after)
    if (!before.contains(path)) changes.push_back({path, std::nullopt});
  world_.commit("Carol <c@d>", changes, "Revert \"" + last.message.substr(0, last.message.find('\n')) + "\"");
}

void Simulation::lift_all() {
  if (world_.repository.has_file(kQuarantine))
    world_.commit("Carol <c@d>", {{kQuarantine, "quarantine: []\n"}}, "Lift all");
}

void Simulation::garble_quarantine() {
  world_.commit("Carol <c@d>", {{kQuarantine, world_.repository.file(kQuarantine) + "\n{{{ what\n"}}, "Oops");
}

void Simulation::helm_upgrades() {
  std::string name = any_service();
  if (world_.history(name).empty() || domain::is_pending(world_.history(name).front().status)) return;
  world_.deployer.helm_upgrade(
      world_.helm(name), fmt::format(R"({{"byHand":{},"image":{{"repository":"{}","tag":"{}"}}}})", ++values_,
                                     image(repository_of(name)), random_.of(tags_)));
  say("  " + name);
}

void Simulation::helm_rolls_back() {
  std::string name = any_service();
  auto history = world_.history(name);
  if (history.empty() || domain::is_pending(history.front().status)) return;
  int to = random_.of(history).revision;
  world_.deployer.helm_rollback(world_.helm(name), to);
  say(fmt::format("  {} to {}", name, to));
}

void Simulation::helm_dies() {
  std::string name = any_service();
  auto history = world_.history(name);
  if (history.empty() || domain::is_pending(history.front().status)) return;
  world_.deployer.helm_dies(world_.helm(name), R"({"byHand":1})");
  say("  " + name);
}

void Simulation::crash_later() {
  bool inside = random_.chance(25);
  const std::string& operation = random_.of(inside ? kInside : kOperations);
  When when = operation == "deployer.deployed" || (operation != "releases.prune-delete" && random_.chance(50))
                  ? When::After
                  : When::Before;
  world_.faults.crash(operation, 1 + random_.below(3), when);
  say(fmt::format("  {} {}", when == When::After ? "after" : "before", operation));
}

void Simulation::killed() { world_.kill(); }

void Simulation::stale_reads() { world_.repository.serve_stale(1 + random_.below(3)); }

void Simulation::port_fails() {
  static const std::vector<Error> kErrors = {unavailable("connection refused"), timed_out("no answer"),
                                             conflict("it moved"), Error(ErrorKind::Throttled, "slow down")};
  const std::string& operation = random_.of(kOperations);
  const Error& error = random_.of(kErrors);
  When when = error.kind() == ErrorKind::Timeout && random_.chance(50) ? When::After : When::Before;
  world_.faults.fail(operation, 1 + random_.below(3), error, when);
  say(fmt::format("  {} {}: {}", when == When::After ? "after" : "before", operation, error.what()));
}

void Simulation::person_commands() {
  std::string name = any_service();
  if (!world_.releases.get(world_.key(name))) return;
  auto verb = static_cast<domain::Command::Verb>(random_.below(3));
  auto history = world_.history(name);
  int revision = history.empty() || random_.chance(50) ? 0 : random_.of(history).revision;
  say(fmt::format("  {} {} {}", to_string(verb), name, revision));
  world_.command(name, verb, verb == domain::Command::Verb::Rollback ? revision : 0);
}

void Simulation::holds() {
  std::string name = any_service();
  if (!world_.releases.get(world_.key(name))) return;
  say("  " + name);
  world_.annotate(name, crd::kHoldAnnotation, random_.chance(50) ? "audit" : "");
}

void Simulation::deletes_object() {
  std::string name = any_service();
  if (!world_.releases.get(world_.key(name))) return;
  world_.releases.remove(world_.key(name));
  deleted_.insert(name);
  say("  " + name);
}

void Simulation::rewinds() {
  auto history = world_.repository.history();
  if (history.size() < 3) return;
  rewound_ = true;
  world_.repository.rewind(history[static_cast<size_t>(1 + random_.below(2))].id);
}

void Simulation::monitor_moves() { world_.monitors.set(any_service(), random_.chance(50) ? "Alert" : "OK"); }

void Simulation::another_replica() {
  static const std::vector<std::string> kPages = {"sync", "order", "refusals"};
  const std::string& page = random_.of(kPages);
  if (!world_.ledger.text(page).empty()) world_.ledger.touch(page);
}

void Simulation::time_passes() { world_.run(Duration{random_.below(8000)}); }

// ---- coming to rest

/// The faults end, and people do what the page asks them for.
void Simulation::rest() {
  say("rest");
  world_.faults.clear();
  world_.repository.serve_stale(0);
  for (const std::string& name : kServices) world_.monitors.set(name, "OK");
  if (!readable(world_.repository.files(world_.repository.head())))
    world_.commit("Carol <c@d>", {{kQuarantine, "quarantine: []\n"}}, "Mend the quarantine");
  world_.run(kRest);
  for (int tries = 0; tries < 4; ++tries) {
    bool asked = false;
    if (world_.pipeline().board().repository().state == "held") {
      world_.pipeline().confirm(world_.repository.head(), {});
      asked = true;
    }
    if (world_.pipeline().board().breaker(world_.clock.now())) {
      world_.pipeline().board().confirm_breaker(world_.clock.now());
      for (const std::string& name : kServices) world_.pipeline().wake_release(world_.key(name));
      asked = true;
    }
    for (const std::string& name : kServices) {
      auto release = world_.releases.get(world_.key(name));
      if (!release) continue;
      auto history = world_.history(name);
      if (!history.empty() && domain::is_pending(history.front().status) && !history.front().ours())
        world_.run(std::chrono::minutes{16});
      if (world_.state(name) != "held") continue;
      if (release->hold) world_.annotate(name, crd::kHoldAnnotation, "");
      world_.command(name, domain::Command::Verb::Release);
      asked = true;
    }
    if (!asked) break;
    world_.run(kRest);
  }
}

void Simulation::check_at_rest() {
  say("at rest");
  std::string repository = world_.pipeline().board().repository().state;
  if (repository != "ok")
    broke("the repository is " + repository + ": " + world_.pipeline().board().repository().reason);
  for (const std::string& name : kServices) check_release(name);
  if (!broken_.empty()) return;
  world_.faults.forget_journal();
  world_.run(kStill);
  if (!world_.faults.journal().empty()) return broke("rest writes: " + world_.faults.journal().front());
  world_.kill();
  world_.run(kStill);
  if (!world_.faults.journal().empty()) broke("a restart writes: " + world_.faults.journal().front());
}

void Simulation::check_release(const std::string& name) {
  auto release = world_.releases.get(world_.key(name));
  bool in_git = world_.repository.has_file("registry/" + name + ".yaml");
  if (in_git != (release != nullptr)) return broke(name + (in_git ? " is missing" : " is left over"));
  auto history = world_.history(name);
  if (!release) {
    // Deleted by hand while its removal from git was not applied: the workload is left to that person (rule
    // 10).
    if (!history.empty() && !deleted_.contains(name)) broke(name + " was removed from git and still runs");
    return;
  }
  std::string state = world_.state(name);
  auto says = [&](const std::string& what) {
    broke(fmt::format("{} is {} ({}): {}", name, state, world_.reason(name), what));
  };
  bool foreign = !history.empty() && !history.front().ours();  // and what git wants is blocked
  bool rests =
      state == "deployed" || state == "rolled back" || state == "failed" || (state == "held" && foreign);
  if (!rests) return says("that is no state of rest");
  if (domain::debt_of(world_.key(name), history)) return says("a debt is not paid");
  auto deployed = std::ranges::count(history, domain::RecordStatus::Deployed, &domain::Revision::status);
  bool any_good = domain::last_good(history) != nullptr;
  if (deployed > 1 || (any_good && deployed != 1))
    return says(fmt::format("{} revisions are deployed", deployed));
  const auto* live = world_.deployer.live(world_.helm(name));
  if (state != "failed" && (!live || live->partial)) return says("half of a version runs");
  if (state == "deployed" && world_.deployer.live_tag(world_.helm(name)) != world_.git_tag(name))
    return says("git and the cluster differ");
  if (state == "deployed" && live->values != release->spec.values_json) return says("the values differ");
  if (state == "rolled back" && !history.front().ours()) return says("what runs is not ours");
  if (state == "rolled back" && history.front().verdict() == Verdict::Failed)
    return says("the bad version runs");
  if (!release->commands.empty()) return says("a command was never done");
}

// ---- what may never happen

/// Blocked at every readable state of quarantine.yaml between the applied head and the branch's: a lift may
/// already count while its head is not yet written down as applied.
bool Simulation::blocked_everywhere(const domain::ReleaseKey& key, const domain::RevisionNote& note) {
  text::Arena arena;
  std::string page = world_.ledger.text("sync");
  domain::CommitId applied(page.empty() ? "" : text::parse_json(page, arena)["applied"].str());
  bool any = false;
  for (domain::CommitId at = world_.repository.head(); !at.empty();) {
    auto quarantine = readable(world_.repository.files(at));
    if (quarantine) {
      any = true;
      if (!blocks(*quarantine, key, note)) return false;
    }
    const auto& parents = world_.repository.info(at).parents;
    if (at == applied && quarantine) break;
    if (parents.empty()) break;
    at = parents.front();
  }
  return any;
}

void Simulation::check_start(const ports::DeployRequest& r) {
  domain::ReleaseKey key{r.name.ns, r.name.release};
  auto history = world_.deployer.records(r.name);
  if (r.rollback_to) {
    for (const domain::Revision& old : history)
      if (old.revision == r.rollback_to && old.verdict() == Verdict::Failed)
        broke(fmt::format("{} goes back to revision {}, which failed", key.name, r.rollback_to));
    return;
  }
  for (const domain::Revision& old : history) {
    if (!old.ours() || old.note->inputs != r.note.inputs) continue;
    if (old.verdict() == Verdict::Good) break;
    if (old.verdict() == Verdict::Failed && !old.note->paid)
      return broke(fmt::format("{} starts what revision {} failed with", key.name, old.revision));
  }
  if (!rewound_ && blocked_everywhere(key, r.note)) broke(key.name + " starts what is quarantined");
}

/// The tag that our newest commit below `head` wrote into that service; empty when there is none.
std::string Simulation::written_last(domain::CommitId at, const std::string& name) {
  while (!at.empty()) {
    const ports::CommitInfo& info = world_.repository.info(at);
    for (const domain::TagTrailer& t : domain::trailers_of(info.message))
      if (t.release.name == name) return t.tag.str();
    at = info.parents.empty() ? domain::CommitId() : info.parents.front();
  }
  return {};
}

void Simulation::check_push(const ports::CommitInfo& commit) {
  say("  ship-it: " + commit.message.substr(0, commit.message.find('\n')));
  const auto& before = world_.repository.files(commit.parents.front());
  const auto& after = world_.repository.files(commit.id);
  for (const domain::TagTrailer& t : domain::trailers_of(commit.message)) {
    const std::string& name = t.release.name;
    std::string from = tag_in(before, name), to = tag_in(after, name);
    if (to != t.tag.str()) return broke(fmt::format("the commit says {} and writes {}", t.tag.str(), to));
    std::pair<std::string, std::string> old{repository_of(name), from}, next{repository_of(name), to};
    if (t.revert) {
      bool good = std::ranges::any_of(world_.history(name), [&](const domain::Revision& r) {
        return r.ours() && std::ranges::any_of(r.note->images, [&](const domain::ImageBlock& b) {
                 return b.tag.str() == to;
               });
      });
      if (!good) broke(fmt::format("{} is reverted to {}, which it never ran", name, to));
      continue;
    }
    if (!last_push_.contains(next)) return broke("a tag that nobody pushed");
    if (first_push_.contains(old) && last_push_[next] < first_push_[old])
      return broke(fmt::format("{} moves back from {} to {}", name, from, to));
    if (rewound_) continue;
    // Never past a person's later edit of that scalar. Brought back to what we wrote last is no edit.
    const ports::CommitInfo* edit = nullptr;
    if (written_last(commit.parents.front(), name) == from) continue;
    for (domain::CommitId at = commit.parents.front(); !at.empty();) {
      const ports::CommitInfo& info = world_.repository.info(at);
      std::string tag = tag_in(world_.repository.files(at), name);
      if (!tag.empty() && tag != from) break;
      if (tag == from) edit = &info;
      at = info.parents.empty() ? domain::CommitId() : info.parents.front();
    }
    if (edit && !edit->author.starts_with("Ship-it") && edit->committed > last_push_[next])
      broke(fmt::format("{} moves to {}, pushed before a person set {}", name, to, from));
  }
}

void Simulation::check_uninstall(const ports::HelmName& name) {
  auto release = world_.releases.get({name.ns, name.release});
  if (!release || !release->deleting || release->prune_confirmed.empty())
    return broke(name.release + " is uninstalled without a confirmed prune");
  if (world_.repository.files(release->prune_confirmed).contains("registry/" + name.release + ".yaml"))
    broke(name.release + " is uninstalled although that commit has it");
}

}  // namespace shipit::simulation
