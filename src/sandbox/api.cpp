#include "sandbox/api.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/api_call.h"
#include "sandbox/discovery.h"
#include "sandbox/openapi.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::sandbox {

Api::Api(Store& store, size_t max_body)
    : store_(store), max_body_(max_body), custom_(store), addresses_(store), watches_(store, custom_) {
  custom_.reconcile();
}
Api::~Api() = default;

namespace {

bool is_builtin_group(const std::vector<std::string>& segments) {
  auto kinds = k8s::builtin_kinds();
  return segments.size() > 1 && std::any_of(kinds.begin(), kinds.end(), [&](const k8s::KindInfo& kind) {
           return kind.group == segments[1];
         });
}

/// What a server says of a method that a path does not take: custom kinds name the verb.
StatusError method_refused(const k8s::KindInfo& kind, std::string_view method) {
  if (!kind.custom) return generic_response(405);
  static constexpr std::pair<std::string_view, std::string_view> kVerbs[] = {
      {"POST", "create"}, {"PUT", "update"}, {"PATCH", "patch"}, {"DELETE", "delete"}};
  for (auto [known, verb] : kVerbs)
    if (known == method) return method_not_supported(kind, verb);
  return generic_response(405);
}

}  // namespace

bool Api::Call::dry_run() const { return request.param("dryRun") == "All"; }

std::string Api::Call::manager() const {
  std::string_view name = request.param("fieldManager");
  if (name.empty()) {
    name = request.headers.get_or("user-agent", "unknown");
    name = name.substr(0, name.find('/'));
    if (name.empty()) name = "unknown";
  }
  return std::string(name.substr(0, 128));
}

WriteOptions Api::Call::write_options() const {
  WriteOptions options;
  options.manager = manager();
  options.subresource = target.subresource;
  options.dry_run = dry_run();
  return options;
}

TableOptions Api::Call::table_options(Time now) const {
  TableOptions options;
  std::string_view include = request.param("includeObject");
  options.include = include == "Object" ? IncludeObject::Object
                    : include == "None" ? IncludeObject::None
                                        : IncludeObject::Metadata;
  options.now = now;
  options.api_version = target.api_version;
  options.kind = target.shown_kind;
  return options;
}

void Api::Call::send(int status, std::string body, std::string_view content_type) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", std::string(content_type));
  response.headers.add("Cache-Control", "no-cache, private");
  for (const std::string& warning : warnings) {
    std::string text;
    for (char c : warning) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    response.headers.add("Warning", fmt::format("299 - \"{}\"", text));
  }
  response.body = std::move(body);
  responder.send(std::move(response));
}

void Api::Call::send_json(int status, std::string body) {
  if (!target.yaml) return send(status, std::move(body));
  text::Document document = text::parse_json(body);
  send(status, text::to_yaml(document.root), "application/yaml");
}

void Api::handle(const net::Request& request, net::Responder responder) {
  Call call{request, std::move(responder), path_segments(request.path), {}, nullptr, {}, {}};
  auto fail = [&](const StatusError& error) {
    if (!call.responder.answered()) call.send(error.code, error.to_json());
  };
  try {
    if (request.body.size() > max_body_)
      throw StatusError(413, "RequestEntityTooLarge",
                        fmt::format("Request entity too large: limit is {}", max_body_));
    answer(call);
  } catch (const StatusError& error) {
    fail(error);
  } catch (const Error& error) {
    fail(from_error(error));
  }
  custom_.reconcile();
}

void Api::answer(Call& call) {
  if (answer_other(call)) return;
  bool under_api = !call.segments.empty() && (call.segments[0] == "api" || call.segments[0] == "apis");
  std::optional<Target> target;
  if (under_api) target = find_target(store_, custom_, call.segments);
  if (!target) {
    // A path below a built-in group is that group's to refuse; elsewhere nobody is there.
    bool built_in = under_api && (call.segments[0] == "api" || is_builtin_group(call.segments));
    if (built_in) throw generic_response(404);
    return call.send(404, "404 page not found\n", "text/plain; charset=utf-8");
  }
  call.target = std::move(*target);
  call.custom = custom_.find(*call.target.kind);
  read_accept(call.request, call.target);
  if (call.target.kind->group.empty() && call.target.kind->kind == "Endpoints")
    call.warnings.emplace_back("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
  const CustomVersion* version = call.custom ? call.custom->version(call.target.version) : nullptr;
  if (version && !version->warning.empty()) call.warnings.push_back(version->warning);
  answer_resource(call);
}

bool Api::answer_other(Call& call) {
  const auto& segments = call.segments;
  const std::string first = segments.empty() ? "" : segments[0];
  if (segments.empty()) {
    call.send(
        200,
        R"({"paths":["/api","/api/v1","/apis","/healthz","/livez","/openapi/v2","/openapi/v3","/readyz","/version"]})");
    return true;
  }
  if (first == "healthz" || first == "readyz" || first == "livez") {
    call.send(200, "ok", "text/plain; charset=utf-8");
    return true;
  }
  if (first == "version") {
    call.send(200, version_json());
    return true;
  }
  if (auto document = openapi_answer(store_, custom_, call.request, segments)) {
    call.send(document->status, std::move(document->body), document->content_type);
    return true;
  }
  if (auto document = discovery_answer(store_, custom_, call.request, segments)) {
    call.send(document->status, std::move(document->body), document->content_type);
    return true;
  }
  return false;
}

void Api::answer_resource(Call& call) {
  const Target& target = call.target;
  const std::string& method = call.request.method;
  const std::string& sub = target.subresource;
  const k8s::KindInfo& kind = *target.kind;
  if (kind.virtual_only) return review(call);
  if (!sub.empty()) {
    bool pod = kind.group.empty() && kind.kind == "Pod";
    if (sub == "scale" && kind.has_scale) return scale(call);
    if (sub == "log" && pod && method == "GET") return read_log(call);
    if (sub == "eviction" && pod && method == "POST") return evict(call);
    if (sub == "finalize" && kind.kind == "Namespace" && method == "PUT") return finalize_namespace(call);
    static constexpr std::string_view kRefused[] = {"exec",  "attach",  "portforward",
                                                    "proxy", "binding", "ephemeralcontainers",
                                                    "token", "resize",  "approval"};
    if (std::find(std::begin(kRefused), std::end(kRefused), sub) != std::end(kRefused))
      throw not_implemented(fmt::format("{}/{}", kind.plural, sub));
    if (sub != "status" || !kind.has_status)
      throw kind.custom ? not_found_status(kind, target.name) : generic_response(404);
  }
  bool collection = target.name.empty();
  if (method == "GET" || method == "HEAD") {
    if (query_flag(call.request, "watch") && sub.empty()) return start_watch(call);
    return collection ? read_list(call) : read_one(call);
  }
  if (method == "POST" && collection) return create(call);
  if (method == "PUT" && !collection) return replace(call);
  if (method == "PATCH" && !collection) return patch(call);
  bool deletable = sub.empty() && (!collection || kind.deletes_collections());
  if (method == "DELETE" && deletable) return collection ? remove_collection(call) : remove(call);
  throw method_refused(kind, method);
}

Time Api::step(Time now) {
  custom_.reconcile();
  for (auto at = logs_.begin(); at != logs_.end();) {
    bool over = at->stream->closed();
    try {
      if (!over) {
        std::string text = controllers_->pod_log(at->ns, at->pod, at->query);
        if (text.size() > at->sent) over = !at->stream->try_write(std::string_view(text).substr(at->sent));
        at->sent = std::max(at->sent, text.size());
        ObjectRef pod = store_.get(store_.builtin("", "Pod"), at->ns, at->pod);
        text::Document body = pod ? pod->parse() : text::Document();
        auto phase = body["status"]["phase"].as_string();
        if (!pod || phase == "Succeeded" || phase == "Failed") over = true;
      }
    } catch (const StatusError&) {
      over = true;
    }
    if (over) at->stream->close();
    at = over ? logs_.erase(at) : std::next(at);
  }
  Time next = watches_.step(now);
  if (!logs_.empty()) next = std::min(next, now + std::chrono::seconds(1));
  return next;
}

}  // namespace shipit::sandbox
