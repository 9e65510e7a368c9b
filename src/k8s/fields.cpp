#include "k8s/fields.h"

#include "text/json.h"

namespace shipit::k8s {

using text::Arena;
using text::Value;

const FieldSet* FieldSet::child(std::string_view element) const {
  auto found = children.find(element);
  return found == children.end() ? nullptr : &found->second;
}

void FieldSet::insert(const std::vector<std::string>& path) {
  FieldSet* at = this;
  for (const auto& element : path) at = &at->children[element];
  at->member = true;
}

bool FieldSet::contains(const std::vector<std::string>& path) const {
  const FieldSet* at = this;
  for (const auto& element : path) {
    at = at->child(element);
    if (!at) return false;
  }
  return at->member;
}

FieldSet FieldSet::united(const FieldSet& other) const {
  FieldSet out = *this;
  out.member = member || other.member;
  for (const auto& [element, theirs] : other.children) {
    auto [at, fresh] = out.children.try_emplace(element, theirs);
    if (!fresh) at->second = at->second.united(theirs);
  }
  return out;
}

FieldSet FieldSet::minus(const FieldSet& other) const {
  FieldSet out;
  out.member = member && !other.member;
  for (const auto& [element, ours] : children) {
    const FieldSet* theirs = other.child(element);
    FieldSet rest = theirs ? ours.minus(*theirs) : ours;
    if (!rest.empty()) out.children.emplace(element, std::move(rest));
  }
  return out;
}

FieldSet FieldSet::intersection(const FieldSet& other) const {
  FieldSet out;
  out.member = member && other.member;
  for (const auto& [element, ours] : children) {
    const FieldSet* theirs = other.child(element);
    if (!theirs) continue;
    FieldSet both = ours.intersection(*theirs);
    if (!both.empty()) out.children.emplace(element, std::move(both));
  }
  return out;
}

namespace {
void collect(const FieldSet& set, std::vector<std::string>& path,
             std::vector<std::vector<std::string>>& out) {
  if (set.member) out.push_back(path);
  for (const auto& [element, child] : set.children) {
    path.push_back(element);
    collect(child, path, out);
    path.pop_back();
  }
}

std::string display_scalar(Value value) { return text::to_json(value); }
}  // namespace

std::vector<std::vector<std::string>> FieldSet::paths() const {
  std::vector<std::vector<std::string>> out;
  std::vector<std::string> path;
  collect(*this, path, out);
  return out;
}

FieldSet FieldSet::from_value(Value fields_v1) {
  FieldSet out;
  for (const auto& [key, value] : fields_v1.members()) {
    if (key.view() == ".") {
      out.member = true;
    } else {
      FieldSet child = from_value(value);
      if (value.empty()) child.member = true;  // {} is the path itself
      out.children.emplace(std::string(key.view()), std::move(child));
    }
  }
  return out;
}

Value FieldSet::to_value(Arena& arena) const {
  Value out = Value::map(arena, children.size() + 1);
  if (member && !children.empty()) out.set_borrowed(arena, ".", Value::map(arena));
  for (const auto& [element, child] : children) out.set(arena, element, child.to_value(arena));
  return out;
}

std::string display_path(const std::vector<std::string>& path) {
  std::string out;
  for (const auto& element : path) {
    std::string_view body = std::string_view(element).substr(std::min<size_t>(2, element.size()));
    if (element.starts_with("f:")) {
      out += '.';
      out += body;
    } else if (element.starts_with("k:")) {
      text::Document keys = text::parse_json(body);
      out += '[';
      bool first = true;
      for (const auto& [key, value] : keys.root.members()) {
        if (!first) out += ',';
        first = false;
        out += key.view();
        out += '=';
        out += display_scalar(value);
      }
      out += ']';
    } else if (element.starts_with("v:")) {
      out += "[=";
      out += body;
      out += ']';
    } else {
      out += '[';
      out += body;
      out += ']';
    }
  }
  return out;
}

}  // namespace shipit::k8s
