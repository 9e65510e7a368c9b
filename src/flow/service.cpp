#include "flow/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/error.h"
#include "crd/helm_release.h"
#include "text/diff.h"
#include "text/yaml.h"

namespace shipit::flow {
namespace {

constexpr size_t kShortestSha = 7;

bool contains_folded(std::string_view text, std::string_view search) {
  auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::search(text.begin(), text.end(), search.begin(), search.end(),
                     [&](char a, char b) { return fold(a) == fold(b); }) != text.end();
}

/// Every word occurs in the namespace, name, squad, an image, a tag or the commit.
bool matches(const domain::ReleaseView& v, const std::string& search) {
  std::string hay = v.release.key.str() + " " + v.release.commit.str();
  auto squad = v.release.annotations.find(std::string(domain::kAnnotationPrefix) + "squad");
  if (squad != v.release.annotations.end()) hay += " " + squad->second;
  for (const auto* blocks : {&v.images, &v.running})
    for (const domain::ImageBlock& b : *blocks) hay += " " + b.image.str() + " " + b.tag.str();
  for (const domain::HistoryEntry& h : v.history)
    for (const domain::ImageBlock& b : h.images) hay += " " + b.tag.str();
  for (size_t at = 0; at < search.size();) {
    size_t end = std::min(search.find(' ', at), search.size());
    if (end > at && !contains_folded(hay, std::string_view(search).substr(at, end - at))) return false;
    at = end + 1;
  }
  return true;
}

/// "needs you" first, then in flight, then the rest.
int attention(domain::State state) {
  switch (state) {
    case domain::State::Failed:
    case domain::State::Held:
      return 0;
    case domain::State::Deployed:
    case domain::State::RolledBack:
      return 2;
    default:
      return 1;
  }
}

/// Unique within a cluster and readable in kubectl: the time and a counter.
std::string new_id(Time now) {
  static std::atomic<unsigned> counter{0};
  return fmt::format("c{}-{}", now.time_since_epoch().count(), counter++);
}

}  // namespace

std::shared_ptr<const domain::ReleaseView> Service::need(const domain::ReleaseKey& key) const {
  auto view = board().view(key);
  if (!view) throw not_found(fmt::format("there is no release {}", key.str()));
  return view;
}

std::string Service::write_command(const domain::ReleaseKey& key, domain::Command command,
                                   const ports::Actor& actor, Wait wait) {
  need(key);
  command.at = pipeline_.clock().now();
  command.id = new_id(command.at);
  command.actor = actor.name;
  pipeline_.ports().releases.annotate(
      key, {{std::string(crd::kCommandPrefix) + command.id, crd::command_to_json(command)}}, wait);
  pipeline_.wake_release(key);
  return command.id;
}

std::string Service::rollback(const domain::ReleaseKey& key, int revision, const ports::Actor& actor,
                              Wait wait) {
  auto view = need(key);
  auto at = std::ranges::find(view->history, revision, &domain::HistoryEntry::revision);
  if (revision != 0 && at == view->history.end())
    throw not_found(fmt::format("{} has no revision {}", key.str(), revision));
  if (revision != 0 && !view->history.empty() && view->history.front().revision == revision)
    throw invalid(fmt::format("revision {} of {} is what runs", revision, key.str()));
  if (view->history.size() < 2) throw invalid(fmt::format("{} has no earlier revision", key.str()));
  return write_command(key, {"", domain::Command::Verb::Rollback, "", revision, {}}, actor, wait);
}

std::string Service::hold(const domain::ReleaseKey& key, const std::string& reason, const ports::Actor& actor,
                          Wait wait) {
  need(key);
  pipeline_.ports().releases.annotate(key,
                                      {{std::string(crd::kHoldAnnotation), reason.empty() ? "true" : reason},
                                       {std::string(crd::kHeldByAnnotation), actor.name}},
                                      wait);
  Time now = pipeline_.clock().now();
  std::string id = new_id(now);
  board().add_activity(
      {id,
       now,
       "held",
       key,
       actor.name,
       fmt::format("{} held by {}{}", key.name, actor.name, reason.empty() ? "" : ": " + reason),
       false,
       {}});
  pipeline_.wake_release(key);
  return id;
}

std::string Service::release(const domain::ReleaseKey& key, const ports::Actor& actor, Wait wait) {
  need(key);
  pipeline_.ports().releases.annotate(
      key, {{std::string(crd::kHoldAnnotation), ""}, {std::string(crd::kHeldByAnnotation), ""}}, wait);
  std::string id = write_command(key, {"", domain::Command::Verb::Release, "", 0, {}}, actor, wait);
  pipeline_.wake_repository();
  return id;
}

std::string Service::retry(const domain::ReleaseKey& key, const ports::Actor& actor, Wait wait) {
  return write_command(key, {"", domain::Command::Verb::Retry, "", 0, {}}, actor, wait);
}

std::string Service::lift(const domain::ReleaseKey& key, const std::string& image, const std::string& tag,
                          const ports::Actor& actor, Wait wait) {
  // "hello" is as good as the whole name while one image of the release is called so.
  std::string whole = image;
  if (auto registry = board().registry(); registry && !image.empty())
    for (const auto& [release, block] : registry->blocks())
      if (release == key && domain::short_name(block.image) == image) whole = block.image.str();
  std::string id = pipeline_.lift(key, whole, tag, actor.name, wait.stop).str();
  pipeline_.wake_repository();
  return id;
}

std::string Service::confirm(const domain::CommitId& commit, const ports::Actor& actor, Wait wait) {
  domain::CommitId head = board().repository().head;
  bool named = commit.str().size() >= kShortestSha && head.str().starts_with(commit.str());
  if (!named)
    throw conflict(fmt::format("the head of the ops repository is {}, not {}",
                               head.empty() ? "not known" : domain::short_sha(head.str()), commit.str()));
  pipeline_.confirm(head, wait.stop);
  Time now = pipeline_.clock().now();
  board().add_activity({"confirmed/" + head.str(),
                        now,
                        "confirmed",
                        {},
                        actor.name,
                        fmt::format("commit {} confirmed by {}", domain::short_sha(head.str()), actor.name),
                        false,
                        head});
  return head.str();
}

std::string Service::resume(const ports::Actor& actor, Wait) {
  Time now = pipeline_.clock().now();
  std::optional<std::string> why = board().breaker(now);
  std::string id = new_id(now);
  pipeline_.resume();
  if (why)
    board().add_activity({id,
                          now,
                          "resumed",
                          {},
                          actor.name,
                          fmt::format("{}; {} lets it go on", *why, actor.name),
                          false,
                          {}});
  return id;
}

ports::ReleasePage Service::releases(const ports::ReleaseQuery& query) const {
  ports::ReleasePage page;
  std::vector<std::shared_ptr<const domain::ReleaseView>> found;
  for (auto& view : board().views()) {
    if (!matches(*view, query.search)) continue;
    ++page.by_state[view->state];
    if (!query.states.empty() && std::ranges::find(query.states, view->state) == query.states.end()) continue;
    found.push_back(std::move(view));
  }
  auto by_name = [](const auto& a, const auto& b) { return a->release.key < b->release.key; };
  auto by_change = [&](const auto& a, const auto& b) {
    return a->since != b->since ? a->since > b->since : by_name(a, b);
  };
  auto by_deploy = [&](const auto& a, const auto& b) {
    return a->last_deployed != b->last_deployed ? a->last_deployed > b->last_deployed : by_name(a, b);
  };
  auto by_attention = [&](const auto& a, const auto& b) {
    int x = attention(a->state), y = attention(b->state);
    return x != y ? x < y : by_change(a, b);
  };
  if (query.sort == "name")
    std::ranges::sort(found, by_name);
  else if (query.sort == "changed")
    std::ranges::sort(found, by_change);
  else if (query.sort == "deployed")
    std::ranges::sort(found, by_deploy);
  else
    std::ranges::sort(found, by_attention);
  page.total = found.size();
  for (size_t i = query.offset; i < found.size() && page.items.size() < query.limit; ++i)
    page.items.push_back(std::move(found[i]));
  return page;
}

std::shared_ptr<const domain::ReleaseView> Service::release(const domain::ReleaseKey& key) const {
  return board().view(key);
}

std::vector<domain::ReleaseKey> Service::named(const std::string& name) const {
  std::vector<domain::ReleaseKey> out;
  for (const auto& view : board().views())
    if (view->release.key.name == name) out.push_back(view->release.key);
  return out;
}

std::vector<domain::Activity> Service::activity(size_t limit, const std::string& search) const {
  return board().activity(limit, search);
}

domain::RepositoryView Service::repository() const {
  domain::RepositoryView view = board().repository();
  auto describe = [&](const domain::CommitId& id, domain::CommitView& into) {
    if (auto known = board().synced(id)) into = {known->subject, known->author, known->committed};
  };
  describe(view.head, view.head_commit);
  describe(view.applied, view.applied_commit);
  view.read_only = pipeline_.settings().read_only_repository;
  return view;
}

ports::SystemView Service::system() const {
  ports::SystemView view = board().system();
  view.breaker = board().breaker(pipeline_.clock().now()).value_or("");
  return view;
}

std::vector<domain::ResourceView> Service::resources(const domain::ReleaseKey& key, Wait wait) const {
  auto view = need(key);
  return deployer_.observe({view->release.target_namespace(), view->release.spec.release_name}, wait)
      .resources;
}

std::string Service::diff(const domain::ReleaseKey& key, int from, int to, Wait wait) const {
  auto view = need(key);
  ports::HelmName name{view->release.target_namespace(), view->release.spec.release_name};
  helm::Record a = deployer_.record(name, from, wait), b = deployer_.record(name, to, wait);
  auto label = [](const char* what, int revision) {
    return fmt::format("{} of revision {}", what, revision);
  };
  return text::unified_diff(text::to_yaml(a.config.root), text::to_yaml(b.config.root), label("values", from),
                            label("values", to)) +
         text::unified_diff(a.manifest, b.manifest, label("manifest", from), label("manifest", to));
}

}  // namespace shipit::flow
