#include "kube/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <random>

#include "base/error.h"
#include "k8s/object.h"
#include "kube/backoff.h"
#include "kube/errors.h"
#include "text/json.h"

namespace shipit::kube {
namespace {

constexpr Backoff kRetryBackoff{Duration{100}, Duration{5'000}, 2, 0.5};
constexpr int kPageSize = 500;  // as client-go's pager

/// Grows a query: "?a=b&c=d".
class Query {
 public:
  Query& add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    text_ += text_.empty() ? '?' : '&';
    text_.append(name).append("=").append(net::url_encode(value));
    return *this;
  }
  Query& add_if(bool condition, std::string_view name, std::string_view value) {
    return condition ? add(name, value) : *this;
  }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

Query select(const Selection& selection) {
  return Query().add("labelSelector", selection.labels).add("fieldSelector", selection.fields);
}

/// What all writes but apply say of themselves.
std::string written_by(const WriteOptions& options) {
  return Query().add("fieldManager", options.field_manager).add_if(options.dry_run, "dryRun", "All").str();
}

Query watching(const Selection& selection, std::chrono::seconds timeout) {
  return select(selection)
      .add("watch", "true")
      .add("allowWatchBookmarks", "true")
      .add("timeoutSeconds", std::to_string(timeout.count()));
}

/// Waits, unless the deadline comes first or a stop. False when the wait would be pointless.
bool pause(Duration duration, const Wait& wait) {
  if (wait.deadline.remaining() <= duration) return false;
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, wait.stop, duration, [] { return false; });
  if (wait.stop.stop_requested()) throw unavailable("stopped");
  return true;
}

std::string_view content_type_of(PatchType type) {
  switch (type) {
    case PatchType::Merge:
      return "application/merge-patch+json";
    case PatchType::Json:
      return "application/json-patch+json";
    case PatchType::Strategic:
      return "application/strategic-merge-patch+json";
  }
  return {};
}

std::string_view word_of(Propagation propagation) {
  switch (propagation) {
    case Propagation::Background:
      return "Background";
    case Propagation::Foreground:
      return "Foreground";
    case Propagation::Orphan:
      return "Orphan";
  }
  return {};
}

std::string delete_options(const DeleteOptions& options) {
  text::Arena arena;
  text::Value body = text::Value::map(arena, {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}});
  body.set(arena, "propagationPolicy", text::Value::borrowed(word_of(options.propagation)));
  if (!options.uid.empty() || !options.resource_version.empty()) {
    text::Value preconditions = body.ensure_map(arena, "preconditions");
    if (!options.uid.empty()) preconditions.set(arena, "uid", text::Value::borrowed(options.uid));
    if (!options.resource_version.empty()) {
      preconditions.set(arena, "resourceVersion", text::Value::borrowed(options.resource_version));
    }
  }
  if (options.grace_seconds) body.set(arena, "gracePeriodSeconds", *options.grace_seconds);
  if (options.dry_run) body.set(arena, "dryRun", text::Value::list(arena, {"All"}));
  return text::to_json(body);
}

/// *Source:* client-go transport/round_trippers.go; a key of the extras is escaped as a header's name has to
/// be.
void impersonate(const Config& config, net::Headers& headers) {
  if (config.impersonate_user.empty()) return;
  headers.add("Impersonate-User", config.impersonate_user);
  if (!config.impersonate_uid.empty()) headers.add("Impersonate-Uid", config.impersonate_uid);
  for (const std::string& group : config.impersonate_groups) headers.add("Impersonate-Group", group);
  for (const auto& [key, value] : config.impersonate_extra)
    headers.add("Impersonate-Extra-" + net::url_encode(key, "!#$&'*+^`|"), value);
}

/// 501 is no passing trouble: the server does not have it.
bool is_passing(int status) { return status >= 500 && status != 501; }

text::Document parse_answer(const net::Response& response, const std::string& where) {
  try {
    return text::parse_json(response.body);
  } catch (const Error& error) {
    throw Error(ErrorKind::Unavailable, "the API server's answer is not JSON: " + error.message()).in(where);
  }
}

}  // namespace

double random_fraction() {
  static thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

std::string ObjectRef::str() const { return kind + " " + (ns.empty() ? "" : ns + "/") + name; }

Client::Client(net::HttpClient& http, Config config) : http_(http), config_(std::move(config)) {}

net::ClientRequest Client::to_request(const Call& call, Wait wait) {
  net::ClientRequest request;
  request.method = call.method;
  request.url = config_.server + call.target;
  request.body = call.body;
  request.tls = config_.tls;
  request.proxy = config_.proxy;
  request.accept_gzip = true;
  request.max_body = call.max_body;
  request.repeatable = call.repeatable;
  request.headers.add("Accept", call.accept);
  if (!call.body.empty()) request.headers.add("Content-Type", call.content_type);
  impersonate(config_, request.headers);
  if (config_.credentials) {
    Identity identity = config_.credentials->get(wait);
    if (!identity.authorization.empty()) request.headers.add("Authorization", identity.authorization);
    if (!identity.certificate_pem.empty()) {
      auto tls = std::make_shared<net::Tls>(config_.tls ? *config_.tls : net::Tls{});
      tls->certificate_pem = identity.certificate_pem;
      tls->key_pem = identity.key_pem;
      request.tls = std::move(tls);
    }
  }
  return request;
}

net::Response Client::send(const Call& call, Wait wait) {
  bool fresh_credentials = false;
  for (int attempt = 1;; ++attempt) {
    std::optional<Error> lost;
    net::Response response;
    try {
      response = http_.send(to_request(call, wait), wait);
    } catch (const Error& error) {
      if (!call.repeatable || error.kind() != ErrorKind::Unavailable || wait.stop.stop_requested()) throw;
      lost = error;
    }
    if (!lost && response.status < 400) return response;
    if (!lost) forget_if_unknown(call, response);
    if (!lost && response.status == 401 && config_.credentials && !fresh_credentials) {
      fresh_credentials = true;
      config_.credentials->refused();
      continue;
    }
    Duration delay = kRetryBackoff.delay(attempt, random_fraction());
    bool retry = lost.has_value();
    if (!lost) {
      auto asked = retry_after(response.headers);
      retry = ((response.status == 429 || response.status == 503) && asked) ||
              (is_passing(response.status) && call.repeatable);
      if (asked) delay = std::max(delay, *asked);
    }
    if (retry && attempt <= kRetries && pause(delay, wait)) continue;
    if (lost) throw *lost;
    return response;
  }
}

text::Document Client::send_for_document(const Call& call, const std::string& where, Wait wait) {
  net::Response response = [&] {
    try {
      return send(call, wait);
    } catch (const Error& error) {
      throw error.in(where);
    }
  }();
  if (response.status >= 400) throw response_error(response).in(where);
  return parse_answer(response, where);
}

ObjectRef Client::ref_of(text::Value object) const {
  return {std::string(k8s::api_version_of(object)), std::string(k8s::kind_of(object)),
          std::string(k8s::namespace_of(object)), std::string(k8s::name_of(object))};
}

/// A path that the server does not know although discovery named it: the kind has moved or is gone.
void Client::forget_if_unknown(const Call& call, const net::Response& response) {
  if (response.status != 404 || call.api_version.empty() || !is_unknown_path(response)) return;
  std::lock_guard lock(mutex_);
  groups_.erase(call.api_version);
}

Client::Call Client::call_for(std::string method, const ObjectRef& ref, const std::string& subresource,
                              const std::string& query, Wait wait) {
  auto known = kind(ref.api_version, ref.kind, wait);
  const std::string& ns = ref.ns.empty() ? config_.default_namespace : ref.ns;
  Call call;
  call.method = std::move(method);
  call.target = k8s::api_path(*known, known->namespaced ? ns : "", ref.name, subresource) + query;
  call.content_type = "application/json";
  call.repeatable = call.method == "GET";
  call.api_version = ref.api_version;
  return call;
}

Client::Call Client::call_for(std::string method, const Selection& selection, const std::string& query,
                              Wait wait) {
  Call call;
  call.method = std::move(method);
  call.target = k8s::api_path(*kind(selection.api_version, selection.kind, wait), selection.ns) + query;
  call.content_type = "application/json";
  call.repeatable = call.method == "GET";
  call.api_version = selection.api_version;
  return call;
}

text::Document Client::get(const ObjectRef& ref, Wait wait, const std::string& subresource) {
  return send_for_document(call_for("GET", ref, subresource, "", wait), "get " + ref.str(), wait);
}

ListPage Client::list_page(const Selection& selection, int limit, const std::string& continue_token,
                           Wait wait) {
  Query query = select(selection);
  query.add_if(limit > 0, "limit", std::to_string(limit)).add("continue", continue_token);
  Call call = call_for("GET", selection, query.str(), wait);
  if (selection.metadata_only) {
    call.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
  }
  std::string where = "list " + selection.kind + (selection.ns.empty() ? "" : " in " + selection.ns);
  text::Document list = send_for_document(call, where, wait);
  if (!list["items"].is_list() && !list["items"].is_null()) {
    throw Error(ErrorKind::Unavailable, "the API server's answer is no list").in(where);
  }
  ListPage page;
  page.resource_version = list["metadata"]["resourceVersion"].str();
  page.continue_token = list["metadata"]["continue"].str();
  page.list = std::move(list);
  return page;
}

std::string Client::list(const Selection& selection, Wait wait,
                         const std::function<void(text::Value)>& visit) {
  std::string token;
  while (true) {
    ListPage page = list_page(selection, kPageSize, token, wait);
    for (text::Value item : page.list["items"].items()) visit(item);
    if (page.continue_token.empty()) return page.resource_version;
    token = page.continue_token;
  }
}

text::Document Client::create(text::Value object, Wait wait, const WriteOptions& options) {
  ObjectRef ref = ref_of(object);
  // The path of an object in its collection; for a subresource (pods/eviction) the object's own.
  ObjectRef target = ref;
  if (options.subresource.empty()) target.name.clear();
  Call call = call_for("POST", target, options.subresource, written_by(options), wait);
  call.body = text::to_json(object);
  return send_for_document(call, "create " + ref.str(), wait);
}

text::Document Client::update(text::Value object, Wait wait, const WriteOptions& options) {
  ObjectRef ref = ref_of(object);
  Call call = call_for("PUT", ref, options.subresource, written_by(options), wait);
  call.body = text::to_json(object);
  return send_for_document(call, "update " + ref.str(), wait);
}

text::Document Client::patch(const ObjectRef& ref, PatchType type, text::Value patch, Wait wait,
                             const WriteOptions& options) {
  Call call = call_for("PATCH", ref, options.subresource, written_by(options), wait);
  call.body = text::to_json(patch);
  call.content_type = std::string(content_type_of(type));
  return send_for_document(call, "patch " + ref.str(), wait);
}

text::Document Client::apply(text::Value object, Wait wait, const ApplyOptions& options) {
  ObjectRef ref = ref_of(object);
  if (ref.name.empty()) throw invalid("an object to apply needs a metadata.name").in("apply " + ref.kind);
  Query query;
  query.add("fieldManager", options.field_manager)
      .add("force", options.force ? "true" : "false")
      .add_if(options.dry_run, "dryRun", "All");
  Call call = call_for("PATCH", ref, options.subresource, query.str(), wait);
  call.body = text::to_json(object);  // JSON is YAML
  call.content_type = "application/apply-patch+yaml";
  call.repeatable = true;  // the same fields by the same manager: a second time changes nothing
  return send_for_document(call, "apply " + ref.str(), wait);
}

bool Client::remove(const ObjectRef& ref, Wait wait, const DeleteOptions& options) {
  Call call = call_for("DELETE", ref, "", "", wait);
  call.body = delete_options(options);
  net::Response response = send(call, wait);
  if (response.status == 404 && !is_unknown_path(response)) return false;
  if (response.status >= 400) throw response_error(response).in("delete " + ref.str());
  return true;
}

void Client::remove_all(const Selection& selection, Wait wait, const DeleteOptions& options) {
  Call call = call_for("DELETE", selection, select(selection).str(), wait);
  call.body = delete_options(options);
  net::Response response = send(call, wait);
  if (response.status >= 400) throw response_error(response).in("delete all " + selection.kind);
}

/// A body that goes on, once its head says 200; else the refusal as an Error.
std::unique_ptr<net::ByteStream> Client::open(const Call& call, const std::string& where, Wait wait) {
  net::ClientRequest request = to_request(call, wait);
  request.accept_gzip = false;  // a gzip stream would hold what is written back
  auto stream = http_.open(request, wait);
  if (stream->head().status == 200) return stream;
  net::Response refused = stream->head();
  for (std::string bytes = stream->read(wait); !bytes.empty() && refused.body.size() < (1 << 16);
       bytes = stream->read(wait)) {
    refused.body += bytes;
  }
  // What the next try needs: fresh credentials, fresh discovery.
  if (refused.status == 401 && config_.credentials) config_.credentials->refused();
  forget_if_unknown(call, refused);
  throw response_error(refused).in(where);
}

WatchStream Client::watch(const Selection& selection, const std::string& resource_version,
                          std::chrono::seconds timeout, Wait wait) {
  Query query = watching(selection, timeout);
  return open_watch(selection, query.add("resourceVersion", resource_version).str(), wait);
}

WatchStream Client::list_and_watch(const Selection& selection, std::chrono::seconds timeout, Wait wait) {
  Query query = watching(selection, timeout);
  query.add("sendInitialEvents", "true").add("resourceVersionMatch", "NotOlderThan");
  return open_watch(selection, query.str(), wait);
}

WatchStream Client::open_watch(const Selection& selection, std::string query, Wait wait) {
  Call call = call_for("GET", selection, query, wait);
  if (selection.metadata_only) {
    call.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
  }
  return WatchStream(open(call, "watch " + selection.kind, wait));
}

Client::Call Client::call_for_logs(const std::string& ns, const std::string& pod, const LogOptions& options,
                                   bool follow, Wait wait) {
  Query query;
  query.add("container", options.container)
      .add_if(follow, "follow", "true")
      .add_if(options.previous, "previous", "true")
      .add_if(options.timestamps, "timestamps", "true")
      .add_if(options.since_seconds > 0, "sinceSeconds", std::to_string(options.since_seconds))
      .add_if(options.tail_lines > 0, "tailLines", std::to_string(options.tail_lines))
      .add_if(!follow, "limitBytes", std::to_string(options.limit_bytes));
  Call call = call_for("GET", ObjectRef{"v1", "Pod", ns, pod}, "log", query.str(), wait);
  call.accept = "*/*";
  return call;
}

std::string Client::logs(const std::string& ns, const std::string& pod, const LogOptions& options,
                         Wait wait) {
  net::Response response = send(call_for_logs(ns, pod, options, false, wait), wait);
  if (response.status >= 400) throw response_error(response).in("logs of " + ns + "/" + pod);
  if (response.body.size() > options.limit_bytes) response.body.resize(options.limit_bytes);
  return std::move(response.body);
}

std::unique_ptr<net::ByteStream> Client::follow_logs(const std::string& ns, const std::string& pod,
                                                     const LogOptions& options, Wait wait) {
  return open(call_for_logs(ns, pod, options, true, wait), "logs of " + ns + "/" + pod, wait);
}

net::Response Client::raw(const std::string& method, const std::string& target, const std::string& body,
                          Wait wait, const std::string& content_type) {
  Call call;
  call.method = method;
  call.target = target;
  call.body = body;
  call.content_type = content_type;
  call.repeatable = method == "GET" || method == "HEAD";
  return send(call, wait);
}

}  // namespace shipit::kube
