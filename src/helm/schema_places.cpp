#include "helm/schema_places.h"

#include <fmt/format.h>

#include "base/error.h"
#include "helm/functions/url.h"
#include "helm/key_table.h"
#include "helm/metaschema.h"
#include "helm/unicode.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

using text::Member;
using text::Value;

// What a schema may cost. Those of real charts stay far below.
constexpr size_t kMaxDocuments = 100;
constexpr size_t kMaxResources = 1000;
constexpr int kMaxDepth = 500;

/// How a keyword holds schemas.
enum class Holds : uint8_t { One, Each, OneOrEach, ByName };
struct Holder {
  Holds holds;
  int first_draft;
};

const KeyTable<Holder>& holders() {
  static const KeyTable<Holder> table = [] {
    KeyTable<Holder> made;
    auto add = [&](Holds holds, int first_draft, std::initializer_list<const char*> keywords) {
      for (const char* keyword : keywords) made.add(keyword, {holds, first_draft});
    };
    add(Holds::ByName, 4, {"definitions", "properties", "patternProperties", "dependencies"});
    add(Holds::Each, 4, {"allOf", "anyOf", "oneOf"});
    add(Holds::One, 4, {"not", "additionalProperties", "additionalItems"});
    add(Holds::OneOrEach, 4, {"items"});
    add(Holds::One, 6, {"propertyNames", "contains"});
    add(Holds::One, 7, {"if", "then", "else"});
    add(Holds::ByName, 2019, {"$defs", "dependentSchemas"});
    add(Holds::One, 2019, {"unevaluatedProperties", "unevaluatedItems", "contentSchema"});
    add(Holds::Each, 2020, {"prefixItems"});
    return made;
  }();
  return table;
}

const Holder* holder_of(const text::Key& keyword, int draft) {
  const Holder* found = holders().find(keyword);
  return found && found->first_draft <= draft ? found : nullptr;
}

struct Location {
  std::string base, fragment;
};

/// Errors: Invalid, when the fragment is escaped wrongly.
Location split_url(std::string_view url) {
  size_t hash = std::min(url.find('#'), url.size());
  std::string error;
  auto fragment = path_unescape(url.substr(std::min(hash + 1, url.size())), error);
  if (!fragment) throw invalid(fmt::format("error in parsing {}: {}", quoted(url), error));
  return {std::string(url.substr(0, hash)), std::move(*fragment)};
}

Url parsed(std::string_view text) {
  std::string error;
  auto url = parse_url(text, error);
  if (!url) throw invalid(fmt::format("error in parsing {}: {}", quoted(text), error));
  return *url;
}

/// A reference seen from `base`.
Location join_url(const std::string& base, std::string_view reference) {
  Location url = split_url(reference);
  url.base = url.base.empty() ? base : resolve_url(parsed(base), parsed(url.base)).str();
  return url;
}

std::optional<std::string> unescaped_token(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
      continue;
    }
    if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
    out += token[i] == '1' ? '/' : '~';
  }
  return out;
}

const Value* part(const Value& value, const std::string& token) {
  if (value.is_map()) return value.find(token);
  bool is_index = value.is_list() && !token.empty() && token.size() < 9 &&
                  token.find_first_not_of("0123456789") == std::string::npos;
  return is_index && std::stoul(token) < value.size() ? &value.items()[std::stoul(token)] : nullptr;
}

std::string pointer(const SchemaRoot& root, const Value* schema) {
  return schema_pointer(root.document->text.root, schema);
}

void add_anchor(SchemaResource& resource, std::string name, const Value* schema) {
  auto [at, added] = resource.anchors.try_emplace(std::move(name), schema);
  if (!added && at->second != schema)
    throw invalid(fmt::format("duplicate anchor {} in {} at {} and {}", quoted(at->first),
                              quoted(resource.in->document->url), quoted(pointer(*resource.in, at->second)),
                              quoted(pointer(*resource.in, schema))));
}

void note_anchors(const Value* schema, SchemaResource& resource) {
  if (resource.draft < 2019) {
    if (schema->has("$ref")) return;
    Value id = (*schema)[resource.draft == 4 ? "id" : "$id"];
    if (!id.is_string()) return;
    const Location url = split_url(id.as_string());
    if (!url.fragment.empty() && url.fragment[0] != '/') add_anchor(resource, url.fragment, schema);
    return;
  }
  if (Value anchor = (*schema)["$anchor"]; anchor.is_string()) add_anchor(resource, anchor.str(), schema);
  if (resource.draft < 2020) return;
  if (Value anchor = (*schema)["$dynamicAnchor"]; anchor.is_string()) {
    add_anchor(resource, anchor.str(), schema);
    resource.dynamic_anchors.insert(anchor.str());
  }
}

/// The $id without its fragment; "" when there is none that counts.
std::string_view id_of(const Value* schema, int draft) {
  if (draft < 2019 && schema->has("$ref")) return {};
  std::string_view id = (*schema)[draft == 4 ? "id" : "$id"].as_string();
  return id.substr(0, id.find('#'));
}

}  // namespace

SchemaResource& SchemaPlaces::add(SchemaDocument document) {
  SchemaDocument& kept = documents_.emplace_back(std::move(document));
  loaded_[kept.url] = &kept;
  return root_of(kept).resources.front();
}

SchemaPlace SchemaPlaces::resolve(std::string_view reference, SchemaResource& from) {
  Location url = join_url(from.url, reference);
  SchemaResource* target = nullptr;
  if (url.base == from.in->document->url) target = &from.in->resources.front();
  for (SchemaResource& known : from.in->resources)
    if (!target && known.url == url.base) target = &known;
  if (!target) target = &root(url.base).resources.front();
  if (url.fragment.empty()) return {target->schema, target, false, {}};
  if (url.fragment[0] == '/') return place_at(*target, url.fragment);
  auto anchor = target->anchors.find(url.fragment);
  if (anchor == target->anchors.end())
    throw invalid(fmt::format("anchor in {} not found in schema {}",
                              quoted(target->url + "#" + path_escape(url.fragment)),
                              quoted(target->in->document->url)));
  return {anchor->second, target, false, {}};
}

std::string_view SchemaPlaces::anchor_of(std::string_view reference, const SchemaResource& from) {
  std::string fragment = split_url(reference).fragment;
  return from.in->document->text.arena->copy(fragment.starts_with('/') ? "" : fragment);
}

SchemaResource& SchemaPlaces::resource_of(const Value* schema, SchemaResource& parent) {
  const auto& own = parent.in->by_schema;
  if (own.empty()) return parent;
  auto found = own.find(schema);
  return found == own.end() ? parent : *found->second;
}

void SchemaPlaces::settle(const SchemaPlace& place) {
  if (!place.resource->in->odd.insert(place.schema).second) return;
  find_resources(place.schema, *place.resource, 0);
  const SchemaResource& own = resource_of(place.schema, *place.resource);
  if (check_) check_(*place.schema, own.draft, own.in->document->location(place.schema));
}

/// A place at a JSON pointer from a resource on.
SchemaPlace SchemaPlaces::place_at(SchemaResource& resource, std::string_view pointer) {
  SchemaPlace place{resource.schema, &resource, false, {}};
  SchemaRoot& root = *resource.in;
  auto nothing = [&](const char* text) {
    std::string from = schema_pointer(root.document->text.root, resource.schema);
    place.missing = fmt::format("{} {}", text, quoted(root.document->at(from.append(pointer))));
    if (place.missing.starts_with("json")) place.missing += " not found";
    return place;
  };
  bool is_schema = true;
  const Holder* holder = nullptr;  // of the part that `place` is
  for (std::string_view rest = pointer; !rest.empty();) {
    rest.remove_prefix(1);
    size_t slash = std::min(rest.find('/'), rest.size());
    auto token = unescaped_token(rest.substr(0, slash));
    if (!token) return nothing("invalid json-pointer");
    rest.remove_prefix(slash);
    const Value& above = *place.schema;
    place.schema = part(above, *token);
    if (!place.schema) return nothing("json-pointer in");
    if (holder) {
      is_schema = holder->holds == Holds::ByName ? above.is_map() : above.is_list();
      holder = nullptr;
    } else if (is_schema) {
      holder = above.is_map() ? holder_of(text::Key(*token), place.resource->draft) : nullptr;
      is_schema = holder && (holder->holds == Holds::One || holder->holds == Holds::OneOrEach);
      if (is_schema && !(holder->holds == Holds::OneOrEach && place.schema->is_list())) holder = nullptr;
    }
    if (root.odd.contains(place.schema)) is_schema = true;
    if (!rest.empty()) place.resource = &resource_of(place.schema, *place.resource);
  }
  place.odd = !is_schema;
  return place;
}

SchemaRoot& SchemaPlaces::root(const std::string& url) {
  auto known = roots_.find(url);
  return known == roots_.end() ? root_of(load(url)) : known->second;
}

SchemaRoot& SchemaPlaces::root_of(SchemaDocument& document) {
  SchemaRoot& root = roots_[document.url];
  root.document = &document;
  const Value* schema = &document.text.root;
  root.resources.push_back({&root, schema, document.url, 2020, {}, {}});
  find_resources(schema, root.resources.front(), 0);
  bool is_metaschema = document.url.starts_with("http://json-schema.org/") ||
                       document.url.starts_with("https://json-schema.org/");
  if (check_ && !is_metaschema) check_(*schema, root.resources.front().draft, document.url + "#");
  return root;
}

std::string SchemaPlaces::read(const std::string& url) {
  if (int draft = draft_of(url)) return metaschema(draft);
  std::string scheme = parsed(url).scheme;
  if (scheme == "urn") {
    urns.push_back(url);
    return "true";
  }
  if (scheme != "http" && scheme != "https" && scheme != "file")
    throw invalid(fmt::format("no URLLoader registered for {}", quoted(url)));
  if (!reader_) throw invalid("references to other places are not followed here");
  if (documents_.size() > kMaxDocuments)
    throw invalid(fmt::format("the schema refers to more than {} other documents", kMaxDocuments));
  return reader_(url);
}

SchemaDocument& SchemaPlaces::load(const std::string& url) {
  auto [at, added] = loaded_.try_emplace(url, nullptr);
  if (!added) return *at->second;
  try {
    std::string json = read(url);
    documents_.push_back({url, schema_json(json, url)});
  } catch (const Error& error) {
    loaded_.erase(at);
    Error wrapped(error.kind(), fmt::format("failing loading {}: {}", quoted(url), error.message()));
    throw error.retry_after() ? wrapped.after(*error.retry_after()) : wrapped;
  }
  return *(at->second = &documents_.back());
}

/// Notes every $id and anchor where keywords have schemas.
void SchemaPlaces::find_resources(const Value* schema, SchemaResource& parent, int depth) {
  if (depth > kMaxDepth) throw invalid("schema is nested too deep");
  bool is_root = schema == &parent.in->document->text.root;
  if (!schema->is_map()) return;
  SchemaResource& resource = note(schema, parent, is_root);
  for (const Member& member : schema->members()) {
    const Holder* holder = holder_of(member.key, resource.draft);
    if (!holder) continue;
    const Value& value = member.value;
    bool one = holder->holds == Holds::One || holder->holds == Holds::OneOrEach;
    if (one && value.is_map()) find_resources(&value, resource, depth + 1);
    if (holder->holds == Holds::ByName)
      for (const Member& named : value.members()) find_resources(&named.value, resource, depth + 1);
    if (holder->holds != Holds::ByName && holder->holds != Holds::One)
      for (const Value& item : value.items()) find_resources(&item, resource, depth + 1);
  }
}

/// The $id and anchors of one schema; the resource it belongs to.
SchemaResource& SchemaPlaces::note(const Value* schema, SchemaResource& parent, bool is_root) {
  SchemaRoot& root = *parent.in;
  int draft = draft_of_schema(*root.document, schema, parent.draft);
  std::string_view id = id_of(schema, draft);
  if (id.empty() && !is_root) {
    draft = parent.draft;  // a $schema counts only beside an $id
    id = id_of(schema, draft);
  }
  SchemaResource* resource = &parent;
  if (is_root) parent.draft = draft;
  if (!id.empty()) {
    std::string url;
    try {
      url = join_url(parent.url, id).base;
    } catch (const Error&) {
      throw invalid(fmt::format("error in parsing id at {}", quoted(root.document->location(schema))));
    }
    for (const SchemaResource& known : root.resources)
      if (known.url == url && known.schema != schema)
        throw invalid(fmt::format("duplicate id {} in {} at {} and {}", quoted(url),
                                  quoted(root.document->url), quoted(pointer(root, schema)),
                                  quoted(pointer(root, known.schema))));
    if (is_root) {
      parent.url = url;
    } else {
      SchemaResource*& own = root.by_schema[schema];
      if (!own) {
        if (++resources_ > kMaxResources) throw invalid("schema has too many parts");
        own = &root.resources.emplace_back(SchemaResource{&root, schema, url, draft, {}, {}});
      }
      resource = own;
    }
  }
  note_anchors(schema, *resource);
  return *resource;
}

/// The draft that the $schema of a schema stands for, by way of metaschemas that are read.
int SchemaPlaces::draft_of_schema(const SchemaDocument& document, const Value* schema, int fallback) {
  std::set<std::string> seen;
  const SchemaDocument* in = &document;
  for (const Value* at = schema;;) {
    Value declared = at->is_map() ? (*at)["$schema"] : Value();
    if (!declared.is_string()) return fallback;
    if (int draft = draft_of(declared.as_string())) return draft;
    std::string url(declared.as_string().substr(0, declared.as_string().find('#')));
    std::string error;
    if (!parse_url(url, error))
      throw invalid(fmt::format("invalid $schema in {}: {}", quoted(in->location(at)), error));
    if (at == &in->text.root && url == in->url)
      throw invalid(fmt::format("draft {} is not supported", quoted(url)));
    if (!seen.insert(url).second) throw invalid(fmt::format("cycle in resolving $schema in {}", quoted(url)));
    in = &load(url);
    at = &in->text.root;
  }
}

}  // namespace shipit::helm
