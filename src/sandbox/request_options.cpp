#include "sandbox/request_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/causes.h"
#include "sandbox/target.h"

namespace shipit::sandbox {

using text::Value;

namespace {

/// `CreateOptions.meta.k8s.io "" is invalid: …`
void refuse(std::string_view kind, Causes causes) {
  if (causes.list.empty()) return;
  k8s::KindInfo options;
  options.group = "meta.k8s.io";
  options.kind = kind;
  throw invalid_object(options, "", std::move(causes.list));
}

/// The values of a parameter that may be given more than once.
std::vector<std::string_view> all(const net::Request& request, std::string_view name) {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : request.query)
    if (key == name) out.push_back(value);
  return out;
}

void check_dry_run(Causes& causes, const std::vector<std::string_view>& values) {
  if (std::all_of(values.begin(), values.end(), [](std::string_view value) { return value == "All"; }))
    return;
  std::string list;  // the values as they are, as one
  for (std::string_view value : values) list += (list.empty() ? "" : ",") + quoted(value);
  causes.unsupported_value("dryRun", "[" + list + "]", {"All"});
}

void check_manager(Causes& causes, std::string_view manager) {
  if (manager.size() > 128) causes.too_long("fieldManager", 128);
  for (size_t i = 0; i < manager.size(); ++i)
    if (auto c = static_cast<unsigned char>(manager[i]); c < 0x20 || c == 0x7f)
      causes.invalid("fieldManager", quoted(manager),
                     fmt::format("invalid character U+{:04X} (at position {})", static_cast<unsigned>(c), i));
}

}  // namespace

void check_write_options(const net::Request& request, WriteVerb verb) {
  static constexpr std::string_view kKinds[] = {"CreateOptions", "UpdateOptions", "PatchOptions",
                                                "PatchOptions"};
  Causes causes;
  std::string_view manager = request.param("fieldManager");
  if (verb == WriteVerb::Apply && manager.empty())
    causes.required("fieldManager", "is required for apply patch");
  if (verb == WriteVerb::Patch && !all(request, "force").empty())
    causes.forbidden("force", "may not be specified for non-apply patch");
  check_manager(causes, manager);
  check_dry_run(causes, all(request, "dryRun"));
  std::string_view validation = request.param("fieldValidation");
  if (!validation.empty() && validation != "Ignore" && validation != "Warn" && validation != "Strict")
    causes.unsupported("fieldValidation", validation, {"", "Ignore", "Strict", "Warn"});
  refuse(kKinds[static_cast<size_t>(verb)], std::move(causes));
}

void check_list_options(const net::Request& request, bool watch) {
  Causes causes;
  std::string_view match = request.param("resourceVersionMatch"), version = request.param("resourceVersion");
  bool goes_on = !request.param("continue").empty(), initial = !all(request, "sendInitialEvents").empty();
  bool exact = match == "Exact", not_older = match == "NotOlderThan";
  auto forbidden = [&](std::string_view why) { causes.forbidden("resourceVersionMatch", why); };
  if (watch && initial && !not_older)
    forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  if (!match.empty()) {
    if (watch && !initial)
      forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    if (watch && !not_older) causes.unsupported("resourceVersionMatch", match, {"NotOlderThan"});
    if (!watch && version.empty())
      forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (goes_on) forbidden("resourceVersionMatch is forbidden when continue is provided");
    if (!watch && !exact && !not_older)
      causes.unsupported("resourceVersionMatch", match, {"Exact", "NotOlderThan", ""});
    if (!watch && exact && version == "0")
      forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  }
  if (!watch && initial) causes.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
  refuse("ListOptions", std::move(causes));
}

void check_delete_options(const net::Request& request, Value body) {
  Causes causes;
  Value policy = body["propagationPolicy"];
  std::string_view name = policy.is_string() ? policy.as_string() : request.param("propagationPolicy");
  bool orphans = body.has("orphanDependents") || !all(request, "orphanDependents").empty();
  if (orphans && !name.empty())
    causes.invalid("propagationPolicy", quoted(name),
                   "orphanDependents and deletionPropagation cannot be both set");
  if (!name.empty() && name != "Foreground" && name != "Background" && name != "Orphan")
    causes.unsupported("propagationPolicy", name, {"Foreground", "Background", "Orphan", "nil"});
  std::vector<std::string_view> dry = all(request, "dryRun");
  for (Value item : body["dryRun"].items()) dry.push_back(item.as_string());
  check_dry_run(causes, dry);
  refuse("DeleteOptions", std::move(causes));
}

}  // namespace shipit::sandbox
