#pragma once
// An informer: a copy of a collection that follows the server, holding of each object only what `project`
// returns. One thread, in app, calls run(); every other thread may read. Handlers get keys, never payloads,
// on run()'s thread.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/watch.h"

namespace shipit::kube {

/// Namespace and name; `ns` empty for cluster-scoped kinds.
struct Name {
  std::string ns, name;
  std::string str() const { return ns.empty() ? name : ns + "/" + name; }
  friend auto operator<=>(const Name&, const Name&) = default;
  friend bool operator==(const Name&, const Name&) = default;
};

/// Takes in what a collection's server says. One thread calls it.
class CollectionSink {
 public:
  virtual ~CollectionSink() = default;
  /// A list begins; items follow, then end.
  virtual void list_begun() = 0;
  virtual void put(text::Value object) = 0;
  virtual void removed(text::Value object) = 0;
  /// The list is complete: what was not put since list_begun is gone.
  virtual void list_ended() = 0;
};

/// How a Follower asks. Durations are after which a server that says nothing is given up.
struct FollowOptions {
  bool streaming_list = true;                         ///< where the server has it
  Duration list_patience{std::chrono::minutes{2}};    ///< for one page, or between events of a streaming list
  Duration start_patience{std::chrono::seconds{30}};  ///< until a watch's headers
  /// Asked of the server: at random between this and twice this, so that many watches don't end together.
  /// *Source:* client-go tools/cache/reflector.go.
  std::chrono::seconds shortest_watch{300};
  Backoff backoff = WatchMachine::kBackoff;        ///< after failures
  Duration watch_grace{std::chrono::seconds{30}};  ///< past the end that was asked for
};

/// Lists, then watches, for ever; the effect half of WatchMachine.
class Follower final {
 public:
  /// `clock` is for delays only.
  Follower(Client& client, Selection selection, FollowOptions options = {},
           std::shared_ptr<const Clock> clock = std::make_shared<MonotonicClock>());
  /// Until stop; returns within milliseconds of it. Throws nothing that the API server can cause.
  void run(CollectionSink& sink, std::stop_token stop);
  /// Whether the last word from the server was a success.
  bool healthy() const { return healthy_; }

 private:
  void list(CollectionSink& sink, std::stop_token stop);
  void stream_list(CollectionSink& sink, std::stop_token stop);
  bool take_initial(CollectionSink& sink, WatchStream& stream, bool& begun, std::stop_token stop);
  void watch(CollectionSink& sink, const std::string& from, std::stop_token stop);
  void read_on(CollectionSink& sink, WatchStream& stream, Wait wait);
  std::chrono::seconds some_time() const;
  void take(CollectionSink& sink, const WatchEvent& event);
  void failed(const Error& error);

  Client& client_;
  const Selection selection_;
  const FollowOptions options_;
  const std::shared_ptr<const Clock> clock_;
  WatchMachine machine_;
  std::atomic<bool> healthy_ = true;
};

template <class T>
class Informer final : private CollectionSink {
 public:
  using Item = std::shared_ptr<const T>;
  struct Options {
    Selection selection;
    /// What to keep of an object; nullptr: nothing. Called on run()'s thread; must not keep Values.
    std::function<Item(text::Value object)> project;
    /// Names of indexes with what they file an item under.
    std::map<std::string, std::function<std::vector<std::string>(const T&)>> indexes;
    FollowOptions follow{};
  };

  Informer(Client& client, Options options,
           std::shared_ptr<const Clock> clock = std::make_shared<MonotonicClock>())
      : options_(std::move(options)),
        follower_(client, options_.selection, options_.follow, std::move(clock)) {}

  /// Called after an object was added, changed or removed, once the cache shows it. Set before run().
  void on_change(std::function<void(const Name&)> handler) { handlers_.push_back(std::move(handler)); }
  /// Called once, after the first complete list. Set before run().
  void on_synced(std::function<void()> handler) { synced_handlers_.push_back(std::move(handler)); }
  void run(std::stop_token stop) { follower_.run(*this, stop); }

  /// True once a list was complete.
  bool synced() const { return synced_; }
  bool healthy() const { return follower_.healthy(); }
  /// nullptr when there is none.
  Item get(const Name& name) const {
    std::shared_lock lock(mutex_);
    auto found = items_.find(name);
    return found == items_.end() ? nullptr : found->second.item;
  }
  /// All, by namespace and name.
  std::vector<std::pair<Name, Item>> list() const {
    std::shared_lock lock(mutex_);
    std::vector<std::pair<Name, Item>> all;
    all.reserve(items_.size());
    for (const auto& [name, entry] : items_) all.emplace_back(name, entry.item);
    return all;
  }
  /// The names filed under `value` in an index.
  std::vector<Name> find(const std::string& index, const std::string& value) const {
    std::shared_lock lock(mutex_);
    auto at = filed_.find(index);
    if (at == filed_.end()) return {};
    auto names = at->second.find(value);
    if (names == at->second.end()) return {};
    return {names->second.begin(), names->second.end()};
  }
  size_t size() const {
    std::shared_lock lock(mutex_);
    return items_.size();
  }

 private:
  struct Entry {
    Item item;
    std::string resource_version;
    uint64_t round;  // the list that it was last seen in
  };

  void list_begun() override { ++round_; }

  void put(text::Value object) override {
    Name name{object["metadata"]["namespace"].str(), object["metadata"]["name"].str()};
    std::string version = object["metadata"]["resourceVersion"].str();
    {
      std::unique_lock lock(mutex_);
      auto found = items_.find(name);
      if (found != items_.end() && !version.empty() && found->second.resource_version == version) {
        found->second.round = round_;
        return;
      }
    }
    Item item = options_.project(object);
    if (!item) {
      drop(name);
      return;
    }
    {
      std::unique_lock lock(mutex_);
      auto& entry = items_[name];
      if (entry.item) unfile(name, *entry.item);
      file(name, *item);
      entry = {std::move(item), std::move(version), round_};
    }
    tell(name);
  }

  void removed(text::Value object) override {
    drop({object["metadata"]["namespace"].str(), object["metadata"]["name"].str()});
  }

  void list_ended() override {
    std::vector<Name> gone;
    {
      std::shared_lock lock(mutex_);
      for (const auto& [name, entry] : items_) {
        if (entry.round != round_) gone.push_back(name);
      }
    }
    for (const Name& name : gone) drop(name);
    if (synced_.exchange(true)) return;
    for (const auto& handler : synced_handlers_) handler();
  }

  void drop(const Name& name) {
    {
      std::unique_lock lock(mutex_);
      auto found = items_.find(name);
      if (found == items_.end()) return;
      unfile(name, *found->second.item);
      items_.erase(found);
    }
    tell(name);
  }

  void tell(const Name& name) {
    for (const auto& handler : handlers_) handler(name);
  }

  void file(const Name& name, const T& item) {
    for (const auto& [index, values] : options_.indexes) {
      for (const std::string& value : values(item)) filed_[index][value].insert(name);
    }
  }

  void unfile(const Name& name, const T& item) {
    for (const auto& [index, values] : options_.indexes) {
      auto& by_value = filed_[index];
      for (const std::string& value : values(item)) {
        auto names = by_value.find(value);
        if (names == by_value.end()) continue;
        names->second.erase(name);
        if (names->second.empty()) by_value.erase(names);
      }
    }
  }

  const Options options_;
  Follower follower_;
  std::vector<std::function<void(const Name&)>> handlers_;
  std::vector<std::function<void()>> synced_handlers_;
  std::atomic<bool> synced_ = false;
  uint64_t round_ = 0;
  mutable std::shared_mutex mutex_;
  std::map<Name, Entry> items_;
  std::unordered_map<std::string, std::unordered_map<std::string, std::set<Name>>> filed_;
};

}  // namespace shipit::kube
