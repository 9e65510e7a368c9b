#include "sandbox/bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "k8s/protobuf.h"
#include "sandbox/json_scan.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";
constexpr std::string_view kYaml = "application/yaml";
constexpr size_t kShown = 30;  // bytes of a body in a message

/// Values deep inside that no Kubernetes object has; keeps recursion bounded whatever the parser lets
/// through.
constexpr int kMaxDepth = 200;
bool too_deep(Value value, int depth = 0) {
  if (depth > kMaxDepth) return true;
  for (Value item : value.items())
    if (too_deep(item, depth + 1)) return true;
  for (const auto& [key, child] : value.members())
    if (too_deep(child, depth + 1)) return true;
  return false;
}
Value checked_depth(Value value) {
  if (too_deep(value)) throw bad_request("exceeded max depth");
  return value;
}

/// The beginning of a body as messages show it: as it is when it looks like JSON, else in hex.
std::string summary(std::string_view body) {
  if (body.empty()) return "<empty>";
  std::string_view start = body.substr(0, kShown);
  std::string out;
  if (start[0] == '{')
    out = start;
  else
    for (unsigned char c : start) out += fmt::format("{:02x}", c);
  return body.size() > kShown ? out + " ..." : out;
}

Value parse_json_text(std::string_view body, Arena& arena) {
  if (auto problem = go_json_error(body)) throw invalid(*problem);
  return text::parse_json(body, arena);
}

/// "array", "string": what Go's decoder calls a value that is no object.
std::string_view json_word(Value value) {
  return value.is_list() ? "array" : value.is_string() ? "string" : value.is_bool() ? "bool" : "number";
}

}  // namespace

std::string media_type(const net::Request& request) {
  std::string_view type = request.headers.get_or("content-type", "application/json");
  std::string out;
  for (char c : type.substr(0, type.find(';')))
    if (c != ' ') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

StatusError unsupported_media(std::string_view accepted) {
  return {415, "UnsupportedMediaType",
          fmt::format("the body of the request was in an unknown format - accepted media types include: {}",
                      accepted)};
}

Value read_object(const net::Request& request, std::string_view kind, Arena& arena) {
  std::string type = media_type(request);
  auto refused = [&](std::string_view why) {
    return bad_request(fmt::format("the object provided is unrecognized (must be of type {}): {} ({})", kind,
                                   why, summary(request.body)));
  };
  constexpr std::string_view kNoKind = "couldn't get version/kind; json parse error: ";
  Value body;
  if (type == kProtobuf) {
    try {
      body = k8s::read_protobuf(arena, request.body);
    } catch (const Error& error) {
      throw bad_request(error.message());
    }
  } else if (type == kYaml) {
    try {
      body = text::parse_yaml(request.body, arena);
    } catch (const Error& error) {
      throw refused(error.message());
    }
  } else if (type == "application/json" || type == "text/plain" || type.empty()) {
    try {
      body = parse_json_text(request.body, arena);
    } catch (const Error& error) {
      throw refused(std::string(kNoKind) + error.message());
    }
  } else {
    throw unsupported_media("application/json, application/yaml, application/vnd.kubernetes.protobuf");
  }
  if (!body.is_map())
    throw refused(
        fmt::format("{}json: cannot unmarshal {} into Go value of type struct {{ APIVersion string "
                    "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
                    kNoKind, json_word(body)));
  return checked_depth(body);
}

void check_json(const net::Request& request) {
  if (go_json_error(request.body)) throw bad_request("invalid JSON patch");
}

Value read_patch(const net::Request& request, Arena& arena) {
  Value body = checked_depth(text::parse_json(request.body, arena));
  std::string type = media_type(request);
  bool operations = type == "application/json-patch+json";
  if (operations ? body.is_list() : body.is_map()) return body;
  bool strategic = type == "application/strategic-merge-patch+json";
  std::string_view word = body.is_map() ? "object" : json_word(body);
  throw bad_request(fmt::format("{}json: cannot unmarshal {} into Go value of type {}",
                                strategic ? "" : "error decoding patch: ", word,
                                operations ? "[]handlers.jsonPatchOp" : "map[string]interface {}"));
}

Value read_configuration(const net::Request& request, Arena& arena) {
  Value body;
  try {
    body = text::parse_yaml(request.body, arena);
  } catch (const Error& error) {
    throw bad_request("error encoding patch: " + error.message());
  }
  if (!body.is_map())
    throw bad_request(fmt::format(
        "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into "
        "Go value of type map[string]interface {{}}",
        json_word(body)));
  return checked_depth(body);
}

Value read_options(const net::Request& request, Arena& arena) {
  return request.body.empty() ? Value() : read_object(request, "DeleteOptions", arena);
}

std::vector<std::string> strict_findings(const net::Request& request,
                                         const std::vector<std::string>& unknown) {
  std::set<std::string_view> left(unknown.begin(), unknown.end());
  std::vector<std::string> out;
  std::string skipped;  // an unknown field: what is below it is not looked at
  if (media_type(request).ends_with("json"))
    for (const JsonMember& member : json_members(request.body)) {
      if (!skipped.empty() && member.path.starts_with(skipped) &&
          std::string_view(".[").find(member.path[skipped.size()]) != std::string_view::npos)
        continue;
      if (member.repeated) out.push_back(fmt::format("duplicate field \"{}\"", member.path));
      if (left.erase(member.path)) {
        out.push_back(fmt::format("unknown field \"{}\"", member.path));
        skipped = member.path;
      }
    }
  for (const auto& path : unknown)
    if (left.contains(path)) out.push_back(fmt::format("unknown field \"{}\"", path));
  return out;
}

}  // namespace shipit::sandbox
