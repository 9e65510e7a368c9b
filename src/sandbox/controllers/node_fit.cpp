#include "sandbox/controllers/node_fit.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "k8s/object.h"

namespace shipit::sandbox {

using text::Value;

namespace {

std::optional<int64_t> whole(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// One requirement; `found` is the label's (or field's) value, null when there is none.
bool meets(Value requirement, Value found) {
  std::string_view op = requirement["operator"].as_string();
  Value values = requirement["values"];
  bool among = found.is_string() && std::any_of(values.items().begin(), values.items().end(),
                                                [&](Value v) { return text::equal(v, found); });
  if (op == "In") return among;
  if (op == "NotIn") return !among;
  if (op == "Exists") return found.is_string();
  if (op == "DoesNotExist") return !found.is_string();
  auto have = whole(found.as_string()), limit = whole(values[0].as_string());
  if (!found.is_string() || !have || !limit) return false;
  return op == "Gt" ? *have > *limit : op == "Lt" && *have < *limit;
}

bool meets_term(Value term, const Object& node) {
  if (term["matchExpressions"].empty() && term["matchFields"].empty()) return false;
  Value labels = k8s::labels_of(node.root()), metadata = node["metadata"];
  auto all = [](Value requirements, auto value_of) {
    return std::all_of(requirements.items().begin(), requirements.items().end(),
                       [&](Value r) { return meets(r, value_of(r["key"].as_string())); });
  };
  return all(term["matchExpressions"], [&](std::string_view key) { return labels[key]; }) &&
         all(term["matchFields"],
             [&](std::string_view key) { return key == "metadata.name" ? metadata["name"] : Value(); });
}

}  // namespace

bool fits_node(Value pod_spec, const Object& node) {
  if (!node.stored) return false;
  Value labels = k8s::labels_of(node.root());
  for (const text::Member& wanted : pod_spec["nodeSelector"].members())
    if (!text::equal(labels[wanted.key], wanted.value)) return false;
  Value required = pod_spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
  if (!required.is_map()) return true;
  Value terms = required["nodeSelectorTerms"];
  return std::any_of(terms.items().begin(), terms.items().end(),
                     [&](Value term) { return meets_term(term, node); });
}

}  // namespace shipit::sandbox
