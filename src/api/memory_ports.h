#pragma once
// Views and Commands in memory, for the tests of this folder.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/client.h"
#include "ports/commands.h"
#include "ports/views.h"

namespace shipit::api {

inline Time at(int64_t seconds) { return Time{Duration{1'700'000'000'000 + seconds * 1000}}; }
inline const std::string kOldTag(40, 'a'), kNewTag(40, 'b');

inline domain::ImageBlock image(const std::string& tag, const std::string& path = "image") {
  return {path, domain::ImageName("registry.example/hello"), domain::ImageTag(tag)};
}

inline domain::HistoryEntry entry(int revision, const std::string& outcome, const std::string& tag) {
  domain::HistoryEntry e;
  e.revision = revision;
  e.outcome = outcome;
  e.images = {image(tag)};
  e.chart = "microservice-1.0.0";
  e.at = at(revision);
  return e;
}

/// hello in default, deployed with kNewTag as revision 2.
inline domain::ReleaseView hello() {
  domain::ReleaseView v;
  v.release.key = {"default", "hello"};
  v.release.created = at(0);
  v.release.autodeploy = true;
  v.release.spec.release_name = "hello";
  v.release.spec.chart = {"file://charts", "microservice", "1.0.0"};
  std::string prefix(domain::kAnnotationPrefix);
  v.release.annotations = {{prefix + "code", "https://github.com/example/hello/tree/main/service"},
                           {prefix + "squad", "velocity"},
                           {prefix + "slack", "#squad-velocity"},
                           {prefix + "datadog", "https://app.datadoghq.com/dashboard/a"},
                           {prefix + "sumologic", "javascript:alert(1)"}};
  v.state = domain::State::Deployed;
  v.since = at(100);
  v.original_status = "deployed";
  v.last_deployed = at(100);
  v.images = v.running = {image(kNewTag)};
  v.history = {entry(2, "deployed", kNewTag), entry(1, "deployed", kOldTag)};
  v.file = "registry/templates/hello.yaml";
  return v;
}

class MemoryViews final : public ports::Views {
 public:
  ports::ReleasePage releases(const ports::ReleaseQuery& query) const override {
    last_query = query;
    ports::ReleasePage page;
    std::vector<std::shared_ptr<const domain::ReleaseView>> found;
    for (const auto& [key, view] : views) {
      if (key.name.find(query.search) == std::string::npos) continue;
      ++page.by_state[view->state];
      if (query.states.empty() || std::ranges::find(query.states, view->state) != query.states.end())
        found.push_back(view);
    }
    page.total = found.size();
    for (size_t i = query.offset; i < found.size() && page.items.size() < query.limit; ++i)
      page.items.push_back(found[i]);
    return page;
  }
  std::shared_ptr<const domain::ReleaseView> release(const domain::ReleaseKey& key) const override {
    auto it = views.find(key);
    return it == views.end() ? nullptr : it->second;
  }
  std::vector<domain::ReleaseKey> named(const std::string& name) const override {
    std::vector<domain::ReleaseKey> out;
    for (const auto& [key, view] : views)
      if (key.name == name) out.push_back(key);
    return out;
  }
  std::vector<domain::Activity> activity(size_t, const std::string&) const override { return happened; }
  domain::RepositoryView repository() const override { return repository_view; }
  ports::SystemView system() const override { return system_view; }
  std::vector<domain::ResourceView> resources(const domain::ReleaseKey&, Wait) const override {
    return objects;
  }
  std::string diff(const domain::ReleaseKey&, int from, int to, Wait) const override {
    return "--- values of revision " + std::to_string(from) + "\n+++ values of revision " +
           std::to_string(to) +
           "\n@@ -1 +1 @@\n-a: 1\n+a: 2\n--- manifest of revision 1\n+++ manifest of revision 2\n@@ -1 +1 "
           "@@\n-x\n+y\n";
  }
  uint64_t sequence() const override { return newest; }
  std::optional<std::vector<ports::FeedEntry>> changes(uint64_t since) const override {
    if (since < forgotten) return std::nullopt;
    std::vector<ports::FeedEntry> out;
    for (const ports::FeedEntry& e : entries)
      if (e.sequence > since) out.push_back(e);
    return out;
  }
  void on_change(std::function<void()> f) override { callback = std::move(f); }

  void put(domain::ReleaseView view) {
    domain::ReleaseKey key = view.release.key;
    views[key] = std::make_shared<const domain::ReleaseView>(std::move(view));
    note({ports::FeedEntry::Sort::Release, 0, key, {}});
  }
  void note(ports::FeedEntry e) {
    e.sequence = ++newest;
    entries.push_back(std::move(e));
    if (callback) callback();
  }

  std::map<domain::ReleaseKey, std::shared_ptr<const domain::ReleaseView>> views;
  std::vector<domain::Activity> happened;
  std::vector<domain::ResourceView> objects;
  domain::RepositoryView repository_view;
  ports::SystemView system_view;
  std::vector<ports::FeedEntry> entries;
  uint64_t newest = 0, forgotten = 0;
  mutable ports::ReleaseQuery last_query;
  std::function<void()> callback;
};

/// Writes down what it is asked for.
class MemoryCommands final : public ports::Commands {
 public:
  std::string rollback(const domain::ReleaseKey& r, int revision, const ports::Actor& a, Wait) override {
    return say("rollback " + r.str() + " " + std::to_string(revision), a);
  }
  std::string hold(const domain::ReleaseKey& r, const std::string& reason, const ports::Actor& a,
                   Wait) override {
    return say("hold " + r.str() + " " + reason, a);
  }
  std::string release(const domain::ReleaseKey& r, const ports::Actor& a, Wait) override {
    return say("release " + r.str(), a);
  }
  std::string retry(const domain::ReleaseKey& r, const ports::Actor& a, Wait) override {
    return say("retry " + r.str(), a);
  }
  std::string lift(const domain::ReleaseKey& r, const std::string& image, const std::string& tag,
                   const ports::Actor& a, Wait) override {
    return say("lift " + r.str() + " " + image + ":" + tag, a);
  }
  std::string confirm(const domain::CommitId& c, const ports::Actor& a, Wait) override {
    return say("confirm " + c.str(), a);
  }
  std::string resume(const ports::Actor& a, Wait) override { return say("resume", a); }

  std::vector<std::string> asked;
  std::string actor;

 private:
  std::string say(std::string what, const ports::Actor& a) {
    asked.push_back(std::move(what));
    actor = a.name;
    return "c" + std::to_string(asked.size());
  }
};

}  // namespace shipit::api
