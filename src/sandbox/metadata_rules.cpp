#include "sandbox/metadata_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "k8s/object.h"
#include "sandbox/causes.h"
#include "sandbox/name_rules.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Value;

namespace {

constexpr size_t kAnnotationBytes = 256 << 10;  // TotalAnnotationSizeLimitB

/// Namespaces and services are named by a DNS label; the rest by subdomains, and RBAC takes any path segment.
std::string_view name_rule(const k8s::KindInfo& kind, std::string_view name) {
  if (kind.group == "rbac.authorization.k8s.io")
    return name == "." || name == ".." || name.find_first_of("/%") != std::string_view::npos
               ? "may not contain '/'"
               : "";
  if (kind.group.empty() && (kind.kind == "Namespace" || kind.kind == "Service"))
    return is_label1123(name) && name.size() <= 63 ? "" : kLabel1123;
  if (name.size() > 253) return "must be no more than 253 bytes";
  return is_subdomain(name) ? "" : kSubdomain;
}

void check_annotations(Causes& causes, Value annotations) {
  size_t total = 0;
  for (const auto& [key, value] : annotations.members()) {
    total += key.size + value.as_string().size();
    std::string lower(key.view());  // case does not matter, but the rest of the rule for labels does
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const auto& problem : label_key_problems(lower))
      causes.invalid("metadata.annotations", quoted(key.view()), problem);
  }
  if (total > kAnnotationBytes) causes.too_long("metadata.annotations", kAnnotationBytes);
}

void check_owners(Causes& causes, Value owners) {
  std::string controller;
  for (size_t i = 0; i < owners.size(); ++i) {
    for (auto key : {"apiVersion", "kind", "name", "uid"})
      if (owners[i][key].as_string().empty())
        causes.required(fmt::format("metadata.ownerReferences[{}].{}", i, key), "must not be empty");
    if (!owners[i]["controller"].as_bool()) continue;
    std::string name = owners[i]["kind"].str() + "/" + owners[i]["name"].str();
    if (controller.empty()) {
      controller = name;
      continue;
    }
    // As the server's own structs print.
    std::string list;
    for (Value owner : owners.items()) {
      list += list.empty() ? "[{" : "},{";
      for (auto key : {"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"})
        if (owner.has(key))
          list += fmt::format("{}\"{}\":{}", list.back() == '{' ? "" : ",", key, text::to_json(owner[key]));
    }
    causes.invalid("metadata.ownerReferences", list + "}]",
                   fmt::format("Only one reference can have Controller set to true. Found \"true\" in "
                               "references for {} and {}",
                               controller, name));
  }
}

void check_finalizers(Causes& causes, const k8s::KindInfo& kind, Value finalizers) {
  static const std::set<std::string_view> kPlain = {"kubernetes", "orphan", "foregroundDeletion"};
  for (size_t i = 0; i < finalizers.size(); ++i) {
    std::string_view name = finalizers[i].as_string();
    for (const auto& problem : label_key_problems(name))
      causes.invalid("metadata.finalizers", quoted(name), problem);
    if (!kind.custom && name.find('/') == std::string_view::npos && !kPlain.contains(name))
      causes.invalid(fmt::format("metadata.finalizers[{}]", i), quoted(name),
                     "name is neither a standard finalizer name nor is it fully qualified");
  }
}

void check_change(Causes& causes, Value meta, Value old) {
  if (std::string_view uid = meta["uid"].as_string(); !uid.empty() && uid != old["uid"].as_string())
    causes.invalid("metadata.uid", quoted(uid), "field is immutable");
  if (old["deletionTimestamp"].is_null()) return;
  std::set<std::string_view> fresh;
  for (Value name : meta["finalizers"].items()) fresh.insert(name.as_string());
  for (Value name : old["finalizers"].items()) fresh.erase(name.as_string());
  if (fresh.empty()) return;
  std::string list;
  for (std::string_view name : fresh) list += (list.empty() ? "" : ", ") + quoted(name);
  causes.forbidden("metadata.finalizers",
                   fmt::format("no new finalizers can be added if the object is being deleted, found new "
                               "finalizers []string{{{}}}",
                               list));
}

}  // namespace

std::vector<Cause> check_metadata(const k8s::KindInfo& kind, Value object, Value old) {
  Causes causes;
  Value meta = k8s::metadata(object);
  std::string_view name = meta["name"].as_string();
  if (name.empty() && meta["generateName"].as_string().empty()) {
    causes.required("metadata.name", "name or generateName is required");
  } else if (!name.empty()) {
    if (auto why = name_rule(kind, name); !why.empty()) causes.invalid("metadata.name", quoted(name), why);
  }
  if (int64_t generation = meta["generation"].as_int(); generation < 0)
    causes.invalid("metadata.generation", std::to_string(generation), "must be greater than or equal to 0");
  check_labels(causes, meta["labels"], "metadata.labels");
  check_annotations(causes, meta["annotations"]);
  check_owners(causes, meta["ownerReferences"]);
  check_finalizers(causes, kind, meta["finalizers"]);
  if (!old.is_null()) check_change(causes, meta, k8s::metadata(old));
  return std::move(causes.list);
}

}  // namespace shipit::sandbox
