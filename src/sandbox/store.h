#pragma once
// The objects of the embedded cluster, with the API server's own rules for writing them: resourceVersion,
// generation, optimistic locking, finalizers and deletionTimestamp, status kept apart, managedFields. It is
// what the API server half and the controllers share, in process. It does no defaulting, schema validation or
// admission: the API half does that before it calls; the controllers write what they know to be right. At
// rest an object is its JSON text and a small header (a tree is parsed when someone asks). Not thread-safe:
// the Sandbox holds one lock around every use. Time comes from the Clock given.
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "k8s/fields.h"
#include "k8s/object.h"
#include "k8s/schema.h"
#include "k8s/selector.h"
#include "sandbox/status.h"
#include "text/value.h"

namespace shipit::sandbox {

/// One version of one object, for good: never changes.
struct Stored {
  const k8s::KindInfo* kind = nullptr;
  std::string ns, name, uid;
  int64_t resource_version = 0;
  int64_t generation = 0;
  bool terminating = false;
  std::string labels;  ///< "key\0value\0key\0value\0", sorted by key
  std::vector<std::string> owner_uids;
  std::string json;  ///< without apiVersion and kind

  std::optional<std::string_view> label(std::string_view key) const;
  bool matches(const k8s::Selector& selector) const;
  /// The object as a tree, apiVersion and kind included.
  text::Document parse() const;
  text::Value parse(text::Arena& arena) const;
};
using ObjectRef = std::shared_ptr<const Stored>;

struct ListQuery {
  std::string ns;  ///< empty: every namespace
  k8s::Selector labels;
};

/// How a write is done.
struct WriteOptions {
  std::string manager = "kube-controller-manager";
  std::string
      subresource;  ///< "status": only the status (and metadata that the real server lets through) changes
  bool dry_run = false;
  /// The object carries its new managedFields already (a server-side apply): don't track.
  bool managed_fields_done = false;
  /// Let the resourceVersion in the object be; else a stale one is a Conflict (an empty one always wins).
  bool ignore_resource_version = false;
  std::string uid;  ///< of a new object, when it had to be known before; empty: the store makes one
};

enum class Propagation { Default, Background, Foreground, Orphan };

struct DeleteOptions {
  Propagation propagation = Propagation::Default;
  std::optional<int64_t> grace_period_seconds;
  std::string uid_precondition;
  std::string resource_version_precondition;
  bool dry_run = false;
};

enum class ChangeType { Added, Modified, Deleted };

/// One write. `previous` is null for Added; for Deleted `object` is the last state with the deletion's
/// resourceVersion.
struct Change {
  ChangeType type;
  ObjectRef object;
  ObjectRef previous;
};

/// The paths that a write to that subresource can't own: status for a main write, spec for a status write.
k8s::FieldSet reset_fields(const k8s::KindInfo& kind, std::string_view subresource);

class Store;

/// Every change since the subscription (or since the last drain), in order. Reading is the subscriber's own
/// business: nothing is called back, nothing is lost.
class Feed final {
 public:
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  /// The changes not yet taken; empty when there are none.
  std::vector<Change> drain();
  bool has_pending() const;

 private:
  friend class Store;
  explicit Feed(Store& store) : store_(&store) {}
  Store* store_;
  uint64_t position_ = 0;
};

class Store final {
 public:
  explicit Store(const Clock& clock);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Kinds. Built-in ones are there from the start; custom ones come and go with their CRDs.
  /// By URL: group and plural. nullptr when it is not served.
  const k8s::KindInfo* resource(std::string_view group, std::string_view plural) const;
  /// By object: group and kind.
  const k8s::KindInfo* kind(std::string_view group, std::string_view kind) const;
  std::vector<const k8s::KindInfo*> kinds() const;
  /// The built-in kind, which must exist: store.builtin("apps", "Deployment").
  const k8s::KindInfo& builtin(std::string_view group, std::string_view kind) const;
  /// Adds or replaces a custom kind; the address stays the same for one group and plural, for good.
  const k8s::KindInfo* add_kind(k8s::KindInfo kind, std::shared_ptr<const k8s::Type> type);
  /// Stops serving it. Its objects must be gone.
  void remove_kind(const k8s::KindInfo& kind);
  /// The merge type of a kind.
  const k8s::Type* type_of(const k8s::KindInfo& kind) const;

  // Reading.
  /// nullptr when there is none.
  ObjectRef get(const k8s::KindInfo& kind, std::string_view ns, std::string_view name) const;
  /// Sorted by namespace, then name.
  std::vector<ObjectRef> list(const k8s::KindInfo& kind, const ListQuery& query = {}) const;
  size_t count(const k8s::KindInfo& kind) const;
  size_t size() const { return by_uid_.size(); }
  ObjectRef by_uid(std::string_view uid) const;
  /// Objects whose ownerReferences name this uid, of every kind.
  std::vector<ObjectRef> owned_by(std::string_view uid) const;
  /// The newest resourceVersion given out.
  int64_t resource_version() const { return resource_version_; }

  // Writing. `object` is a whole object; it is not kept. Each returns what is stored now.
  /// Whether an object may be made there. Errors: StatusError NotFound (its namespace), Forbidden (its
  /// namespace is terminating).
  void check_namespace(const k8s::KindInfo& kind, std::string_view ns, std::string_view name) const;
  /// Sets uid, creationTimestamp, generation, resourceVersion; generateName makes a name.
  /// Errors: StatusError AlreadyExists, NotFound (its namespace), Forbidden (its namespace is terminating).
  ObjectRef create(const k8s::KindInfo& kind, text::Value object, const WriteOptions& options = {});
  /// Replaces all but what the server owns; without subresource the stored status stays (for kinds that have
  /// one). An update that changes nothing writes nothing. Removing the last finalizer of a terminating object
  /// deletes it: then the last state is returned. Errors: StatusError NotFound, Conflict.
  ObjectRef update(const k8s::KindInfo& kind, text::Value object, const WriteOptions& options = {});
  /// update with subresource "status".
  ObjectRef update_status(const k8s::KindInfo& kind, text::Value object, WriteOptions options = {});
  /// Reads, lets `change` edit the tree, updates: the way controllers patch. Returns null when the object is
  /// missing.
  ObjectRef modify(const k8s::KindInfo& kind, std::string_view ns, std::string_view name,
                   const std::function<void(text::Value object, text::Arena& arena)>& change,
                   const WriteOptions& options = {});
  /// Deletes, or marks with a deletionTimestamp when finalizers, a grace period (pods) or propagation hold it
  /// back. Returns the object as it is left; `gone` of the result tells which. Errors: StatusError NotFound,
  /// Conflict (preconditions).
  struct Deletion {
    ObjectRef object;
    bool gone = false;
  };
  Deletion remove(const k8s::KindInfo& kind, std::string_view ns, std::string_view name,
                  const DeleteOptions& options = {});

  // Changes.
  /// Changes from now on.
  std::unique_ptr<Feed> subscribe();
  /// Called at the end of each write, inside it: must be quick and not write. For watches and the log.
  void on_change(std::function<void(const Change&)> listener);
  /// What happened until now can't be asked for any more, as after a server's start.
  void forget_history() { history_start_ = resource_version_; }
  /// What happened to a kind after that resourceVersion; nullopt when that is too long ago (410).
  std::optional<std::vector<Change>> changes_since(const k8s::KindInfo& kind, int64_t resource_version) const;

  // Persistence: what the log replays at start. Neither calls listeners.
  void restore(const k8s::KindInfo& kind, std::string json, int64_t resource_version);
  void restore_removed(const k8s::KindInfo& kind, std::string_view ns, std::string_view name,
                       int64_t resource_version);

  const Clock& clock() const { return *clock_; }
  /// A random UUID.
  std::string new_uid();

 private:
  friend class Feed;
  struct Table;
  struct Owners;

  Table& table(const k8s::KindInfo& kind);
  const Table* find_table(const k8s::KindInfo& kind) const;
  std::shared_ptr<Stored> make_stored(const k8s::KindInfo& kind, text::Value object,
                                      int64_t resource_version) const;
  void put(const k8s::KindInfo& kind, std::shared_ptr<Stored> object, ChangeType type, ObjectRef previous);
  ObjectRef erase(const k8s::KindInfo& kind, const ObjectRef& object, text::Value last_state);
  void index(const ObjectRef& object);
  void unindex(const ObjectRef& object);
  void publish(Change change);
  void trim_feed();

  const Clock* clock_;
  int64_t resource_version_ = 0;
  int64_t history_start_ = 0;  ///< no kind's history reaches further back
  uint64_t uid_state_ = 0;
  std::deque<k8s::KindInfo> custom_kinds_;
  std::map<std::pair<std::string, std::string>, const k8s::KindInfo*> by_resource_;
  std::map<const k8s::KindInfo*, std::shared_ptr<const k8s::Type>> custom_types_;
  std::map<const k8s::KindInfo*, std::unique_ptr<Table>> tables_;
  std::unordered_map<std::string, ObjectRef> by_uid_;
  std::unordered_map<std::string, std::vector<std::string>> dependents_;  // owner uid → uids
  std::vector<std::function<void(const Change&)>> listeners_;
  std::deque<Change> feed_;
  uint64_t feed_start_ = 0;  // position of feed_.front()
  std::vector<Feed*> feeds_;
};

}  // namespace shipit::sandbox
