#include "testing/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "crd/helm_release.h"

namespace shipit::testing {
namespace {

flow::Settings quick_settings() {
  flow::Settings s;
  s.repository_poll = Duration{2000};
  s.resync = Duration{30'000};
  s.batch_window = Duration{100};
  s.gate.deadline = Duration{60'000};
  s.gate.soak = Duration{5000};
  return s;
}

}  // namespace

std::string tag(char letter) { return std::string(40, letter); }

std::string image(const std::string& repository) { return "1.dkr.ecr.us-east-1.amazonaws.com/" + repository; }

std::string manifest(const Service& s) {
  std::string out = fmt::format(
      "apiVersion: shipit.wattpad.com/v1beta1\nkind: HelmRelease\nmetadata:\n  name: {}\n", s.name);
  if (s.autodeploy) out += "  annotations:\n    helmreleases.shipit.wattpad.com/autodeploy: \"true\"\n";
  out += fmt::format(
      "spec:\n  releaseName: {}\n  chart:\n    repository: file://charts\n    name: microservice\n"
      "    version: 1.0.0\n",
      s.name);
  if (!s.depends_on.empty()) {
    out += "  dependsOn:\n";
    for (const std::string& d : s.depends_on) out += "    - " + d + "\n";
  }
  out += s.more_spec;
  out += fmt::format("  values:\n    image:\n      repository: {}\n      tag: {}  # set by Ship-it\n",
                     image(s.image.empty() ? s.name : s.image), s.tag);
  if (!s.extra_values.empty()) out += "    " + s.extra_values + "\n";
  return out;
}

World::World() : World(quick_settings()) {}

World::World(flow::Settings s)
    : repository(faults),
      releases(faults, clock),
      deployer(faults, clock),
      ledger(faults),
      events(faults),
      monitors(faults),
      settings(std::move(s)) {}

void World::start() {
  pipeline_ = std::make_unique<flow::Pipeline>(
      flow::Ports{
          repository, releases, deployer, ledger, cluster, evidence, {&events}, {&monitors}, {&notifier}},
      settings, clock);
  repository_due_ = intake_due_ = clock.now();
}

flow::Pipeline& World::pipeline() {
  if (!pipeline_) start();
  return *pipeline_;
}

bool World::round() {
  flow::Pipeline& p = pipeline();
  bool busy = false;
  Time now = clock.now();
  if (intake_due_ <= now && events.waiting() > 0) {
    intake_due_ = p.run_intake(0, Duration{0}, {});
    busy |= intake_due_ <= now;
  }
  if (p.take_repository_wake() || repository_due_ <= now) {
    repository_due_ = p.run_repository({});
    busy = true;
  }
  while (p.run_release({})) busy = true;
  return busy;
}

void World::run(Duration duration) {
  Time end = clock.now() + duration;
  constexpr int kRoundsAtOnce = 1000;  // more without time passing is a loop: let time pass
  int rounds = 0;
  while (true) {
    try {
      if (round() && ++rounds < kRoundsAtOnce) continue;
      rounds = 0;
      Time next = std::min(end, repository_due_);
      if (events.waiting()) next = std::min(next, intake_due_);
      if (auto release = pipeline().next_release()) next = std::min(next, *release);
      if (clock.now() >= end) return;
      clock.set(std::max(next, clock.now() + Duration{1}));
    } catch (const Crash& crash) {
      ++crashes_;
      if (on_crash) on_crash(crash);
      kill();
    }
  }
}

void World::commit(const std::string& author, std::vector<ports::FileChange> changes,
                   const std::string& message) {
  repository.commit(author, message, clock.now(), std::move(changes));
}

void World::write(const Service& service, const std::string& author) {
  commit(author, {{"registry/" + service.name + ".yaml", manifest(service)}});
}

void World::remove(const std::string& name, const std::string& author) {
  commit(author, {{"registry/" + name + ".yaml", std::nullopt}}, "Remove " + name);
}

void World::push(const std::string& repository_name, const std::string& tag) {
  push(repository_name, tag, clock.now(), fmt::format("m{}", ++messages_));
}

void World::push(const std::string& repository_name, const std::string& tag, Time at, const std::string& id) {
  events.send(id, fmt::format(R"({{"eventTime":"{}","repositoryName":"{}","tag":"{}","registryId":"1"}})",
                              format_rfc3339_millis(at), repository_name, tag));
}

std::shared_ptr<const domain::ReleaseView> World::view(const std::string& name) {
  return pipeline().board().view(key(name));
}
std::string World::state(const std::string& name) {
  auto v = view(name);
  return v ? std::string(to_string(v->state)) : std::string();
}
std::string World::reason(const std::string& name) {
  auto v = view(name);
  return v ? v->reason : std::string();
}

std::string World::git_tag(const std::string& name) {
  const std::string& file = repository.file("registry/" + name + ".yaml");
  size_t at = file.find("      tag: ");
  if (at == std::string::npos) return {};
  at += 11;
  size_t end = file.find_first_of(" \n", at);
  return file.substr(at, end - at);
}

std::vector<domain::Revision> World::history(const std::string& name) { return deployer.records(helm(name)); }

void World::command(const std::string& name, domain::Command::Verb verb, int revision) {
  domain::Command c{fmt::format("c{}", ++commands_), verb, "bob", revision, clock.now()};
  releases.annotate(key(name), {{std::string(crd::kCommandPrefix) + c.id, crd::command_to_json(c)}}, {});
}

void World::annotate(const std::string& name, std::string_view annotation, const std::string& value) {
  releases.annotate(key(name), {{std::string(annotation), value}}, {});
}

std::vector<ports::CommitInfo> World::our_commits() const {
  std::vector<ports::CommitInfo> out;
  for (const ports::CommitInfo& c : repository.history())
    if (c.author.starts_with("Ship-it")) out.push_back(c);
  return out;
}

}  // namespace shipit::testing
