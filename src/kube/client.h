#pragma once
// The Kubernetes client: typed calls over net's HttpClient, on documents. It knows the API's protocol (paths,
// options, Status errors, paging, watching) and nothing of Ship-it. Thread-safe; every call blocks within its
// Wait.
//
// Retries, the same for all calls, never past the Deadline:
//  - 429 and 503 with Retry-After: any call, since the server says that it did nothing; at most kRetries
//  times.
//  - 401: any call, once, with fresh credentials.
//  - connection loss, 5xx but 501: reads and server-side apply only; everything else could have taken effect,
//  so the caller
//    gets Unavailable or Timeout and has to look.
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/deadline.h"
#include "base/time.h"
#include "k8s/kinds.h"
#include "kube/config.h"
#include "net/client.h"
#include "text/value.h"

namespace shipit::kube {

/// Names one object. `ns` is empty for cluster-scoped kinds; empty for a namespaced kind means the Config's
/// default.
struct ObjectRef {
  std::string api_version, kind, ns, name;
  /// "Deployment hello/web"
  std::string str() const;
};

/// What to list or watch.
struct Selection {
  std::string api_version, kind;
  std::string ns;              ///< empty: all namespaces
  std::string labels;          ///< a label selector; empty: all
  std::string fields;          ///< a field selector
  bool metadata_only = false;  ///< asks for PartialObjectMetadata; a server that can't sends whole objects
};

/// One page of a list.
struct ListPage {
  text::Document list;  ///< its "items" hold the objects; they may lack apiVersion and kind
  std::string resource_version;
  std::string continue_token;  ///< empty on the last page
};

enum class Propagation { Background, Foreground, Orphan };
enum class PatchType { Merge, Json, Strategic };

struct WriteOptions {
  std::string field_manager = "ship-it";
  std::string subresource;  ///< "status", "scale"; empty: the object itself
  bool dry_run = false;
};
struct ApplyOptions {
  std::string field_manager = "ship-it";
  std::string subresource;
  bool force = false;
  bool dry_run = false;
};
struct DeleteOptions {
  Propagation propagation = Propagation::Background;
  std::string uid;               ///< precondition; empty: none
  std::string resource_version;  ///< precondition; empty: none
  std::optional<int> grace_seconds;
  bool dry_run = false;
};
struct LogOptions {
  std::string container;
  bool previous = false;
  int tail_lines = 0;     ///< 0: all
  int since_seconds = 0;  ///< 0: from the start
  size_t limit_bytes = 1 << 20;
  bool timestamps = false;
};

struct WatchEvent {
  enum class Sort { Added, Modified, Deleted, Bookmark, Error } sort = Sort::Added;
  text::Document object;  ///< of an Error: the Status
};

/// Whether it is the bookmark after which a streaming list is complete.
bool ends_initial_events(const WatchEvent& event);

/// A watch under way. One reader. Destroyed early it ends the request.
class WatchStream final {
 public:
  explicit WatchStream(std::unique_ptr<net::ByteStream> bytes) : bytes_(std::move(bytes)) {}
  /// The next event; nullopt when the server ended the watch in good order.
  /// Errors: Timeout at the deadline (go on reading), Unavailable when it broke off, Corrupt when a line is
  /// no event.
  std::optional<WatchEvent> next(Wait wait);

 private:
  std::unique_ptr<net::ByteStream> bytes_;
  std::string buffer_;
  size_t used_ = 0;
};

class Client final {
 public:
  static constexpr int kRetries = 5;

  /// `http` must outlive the client.
  Client(net::HttpClient& http, Config config);

  const Config& config() const { return config_; }

  // Objects. Errors of all: NotFound, Conflict (also: exists already), Invalid (400, 422), Denied (401, 403),
  // Expired, Throttled, Unavailable, Timeout, each with the server's own message.

  text::Document get(const ObjectRef& ref, Wait wait, const std::string& subresource = {});
  /// One page; `limit` 0: no paging. `continue_token` from the page before. Expired when that is too old.
  ListPage list_page(const Selection& selection, int limit, const std::string& continue_token, Wait wait);
  /// All pages, one after another, to `visit`; returns the list's resourceVersion.
  std::string list(const Selection& selection, Wait wait,
                   const std::function<void(text::Value object)>& visit);
  text::Document create(text::Value object, Wait wait, const WriteOptions& options = {});
  /// Replaces; Conflict when metadata.resourceVersion is set and old.
  text::Document update(text::Value object, Wait wait, const WriteOptions& options = {});
  text::Document patch(const ObjectRef& ref, PatchType type, text::Value patch, Wait wait,
                       const WriteOptions& options = {});
  /// Server-side apply of what `object` holds.
  text::Document apply(text::Value object, Wait wait, const ApplyOptions& options = {});
  /// False when there was none.
  bool remove(const ObjectRef& ref, Wait wait, const DeleteOptions& options = {});
  /// Deletes all that are selected, by one request.
  void remove_all(const Selection& selection, Wait wait, const DeleteOptions& options = {});

  /// Watches from `resource_version`, with bookmarks. `timeout` is asked of the server. Expired when it is
  /// too old.
  WatchStream watch(const Selection& selection, const std::string& resource_version,
                    std::chrono::seconds timeout, Wait wait);
  /// A streaming list: everything as Added, a bookmark for which ends_initial_events() is true, then a watch.
  /// Invalid from a server that does not have it; one older than 1.27 sends all but that bookmark. *Source:*
  /// KEP-3157.
  WatchStream list_and_watch(const Selection& selection, std::chrono::seconds timeout, Wait wait);
  /// Empty when the container has not written anything.
  std::string logs(const std::string& ns, const std::string& pod, const LogOptions& options, Wait wait);
  /// The same as it is written, until the container ends. `wait` is for the start.
  std::unique_ptr<net::ByteStream> follow_logs(const std::string& ns, const std::string& pod,
                                               const LogOptions& options, Wait wait);

  // Discovery.

  /// The kind as the server serves it; built-in kinds without asking. A kind that is not known is looked for
  /// again, at most every few seconds. Errors: NotFound "no matches for kind …".
  std::shared_ptr<const k8s::KindInfo> kind(const std::string& api_version, const std::string& kind,
                                            Wait wait);
  /// gitVersion, "v1.37.0".
  std::string server_version(Wait wait);
  /// Everything served: "apps/v1" and "apps/v1/Deployment", sorted. *Source:* Helm's
  /// .Capabilities.APIVersions.
  std::vector<std::string> api_versions(Wait wait);

  /// Any request below the server's root, with our identity and the retries; the answer whatever its status.
  net::Response raw(const std::string& method, const std::string& target, const std::string& body, Wait wait,
                    const std::string& content_type = "application/json");

 private:
  struct Call {
    std::string method = "GET";
    std::string target;
    std::string body;
    std::string content_type;
    std::string accept = "application/json";
    bool repeatable = false;
    std::string api_version;  // whose discovery its path comes from
    size_t max_body = 256 << 20;
  };
  struct KnownGroup {
    std::vector<std::shared_ptr<const k8s::KindInfo>> kinds;
    Deadline fresh_until = Deadline::in(Duration{0});
    Deadline asked_again_at = Deadline::in(Duration{0});  // for a kind that is not in it
  };

  net::ClientRequest to_request(const Call& call, Wait wait);
  net::Response send(const Call& call, Wait wait);
  text::Document send_for_document(const Call& call, const std::string& where, Wait wait);
  std::unique_ptr<net::ByteStream> open(const Call& call, const std::string& where, Wait wait);
  WatchStream open_watch(const Selection& selection, std::string query, Wait wait);
  Call call_for(std::string method, const ObjectRef& ref, const std::string& subresource,
                const std::string& query, Wait wait);
  Call call_for(std::string method, const Selection& selection, const std::string& query, Wait wait);
  Call call_for_logs(const std::string& ns, const std::string& pod, const LogOptions& options, bool follow,
                     Wait wait);
  void forget_if_unknown(const Call& call, const net::Response& response);
  ObjectRef ref_of(text::Value object) const;
  KnownGroup discover(const std::string& api_version, Wait wait);
  bool discover_all(std::vector<std::string>& names, Wait wait);

  net::HttpClient& http_;
  const Config config_;
  std::mutex mutex_;
  std::unordered_map<std::string, KnownGroup> groups_;  // by api version
};

}  // namespace shipit::kube
