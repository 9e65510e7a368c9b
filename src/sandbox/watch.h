#pragma once
// Open watches: each gets the changes that its target and selectors let through, encoded as it asked. Called
// inside the store's writes; writes to streams never block. Not thread-safe: under the sandbox's lock.
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "k8s/selector.h"
#include "net/server.h"
#include "sandbox/encode.h"
#include "sandbox/store.h"
#include "sandbox/target.h"

namespace shipit::sandbox {

struct WatchRequest {
  Target target;
  k8s::Selector labels, fields;
  bool bookmarks = false;
  bool initial_events = false;              ///< sendInitialEvents: a bookmark ends the initial state
  std::optional<int64_t> resource_version;  ///< nullopt: from the present state, sent as ADDED
  Time until{};
  TableOptions table;
};

/// True when the object is inside what the request watches or lists.
bool selected(const Target& target, const k8s::Selector& labels, const k8s::Selector& fields,
              const Stored& object);

class Watches final {
 public:
  Watches(Store& store, const CustomKinds& custom);
  ~Watches();

  /// Sends what is due at once and keeps the stream for what comes.
  void open(WatchRequest request, std::shared_ptr<net::Stream> stream);
  /// Sends bookmarks and ends the watches that are over. Returns when it wants to be called again.
  Time step(Time now);
  size_t size() const { return watches_.size(); }

 private:
  struct Watch;
  void publish(const Change& change);
  bool deliver(Watch& watch, const Change& change, std::map<std::string, std::string>& encoded);
  std::string encode(Watch& watch, std::string_view type, const ObjectRef& object);
  bool bookmark(Watch& watch, bool initial_end);

  Store& store_;
  const CustomKinds& custom_;
  std::list<Watch> watches_;
};

}  // namespace shipit::sandbox
