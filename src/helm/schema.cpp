#include "helm/schema.h"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <unordered_map>

#include "base/error.h"
#include "helm/functions/url.h"
#include "helm/go_regex.h"
#include "helm/key_table.h"
#include "helm/metaschema.h"
#include "helm/schema_tree.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

using text::Member;
using text::Value;

// What a schema may cost. Those of real charts stay far below.
constexpr size_t kMaxNodes = 200'000;
constexpr size_t kMaxResources = 1000;
constexpr size_t kMaxPatterns = 1000;
constexpr int kMaxDepth = 500;

// A schema's rules of a kind are kept when it has a keyword of that kind.
enum RuleKind : uint8_t { kForAny = 1, kForMap = 2, kForList = 4, kForNumber = 8, kForString = 16 };

const KeyTable<uint8_t>& kinds_of_keywords() {
  static const KeyTable<uint8_t> table = [] {
    KeyTable<uint8_t> made;
    auto add = [&](RuleKind kind, std::initializer_list<const char*> keywords) {
      for (const char* keyword : keywords) made.add(keyword, kind);
    };
    add(kForAny, {"$ref", "$recursiveRef", "$recursiveAnchor", "$dynamicRef", "$dynamicAnchor", "allOf",
                  "anyOf", "oneOf", "not", "if", "enum", "const"});
    add(kForMap, {"properties", "patternProperties", "additionalProperties", "required", "dependencies",
                  "dependentSchemas", "dependentRequired", "propertyNames", "unevaluatedProperties",
                  "minProperties", "maxProperties"});
    add(kForList, {"items", "prefixItems", "additionalItems", "contains", "unevaluatedItems", "minItems",
                   "maxItems", "uniqueItems"});
    add(kForNumber, {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"});
    add(kForString, {"minLength", "maxLength", "pattern", "format"});
    return made;
  }();
  return table;
}

std::string escaped_token(std::string_view token) {
  std::string out;
  for (char c : token) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::string unescaped_token(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size())
      out += token[++i] == '1' ? '/' : '~';
    else
      out += token[i];
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Location {
  std::string base, fragment;
};

Location split_url(std::string_view url) {
  size_t hash = std::min(url.find('#'), url.size());
  return {std::string(url.substr(0, hash)), percent_decoded(url.substr(std::min(hash + 1, url.size())))};
}

/// A reference seen from `base`: absolute ones stay, others are put in place of what follows the last '/'.
Location join_url(const std::string& base, std::string_view reference) {
  Location url = split_url(reference);
  if (url.base.empty()) {
    url.base = base;
  } else if (url.base.find("://") == std::string::npos && !url.base.starts_with("urn:")) {
    size_t authority = base.find("://");
    size_t root = authority == std::string::npos ? std::string::npos : base.find('/', authority + 3);
    std::string relative = url.base;
    if (relative.starts_with('/')) {
      url.base = base.substr(0, root) + relative;
    } else {
      while (relative.starts_with("./")) relative.erase(0, 2);
      url.base = base.substr(0, base.rfind('/') + 1) + relative;
    }
  }
  return url;
}

}  // namespace

struct Schema::Impl {
  text::Document document;
  std::deque<SchemaNode> nodes;
  const SchemaNode* root = nullptr;
  std::vector<std::string> urns;
};

namespace {

/// A schema with an $id, or the document itself.
struct Resource {
  const Value* root;
  std::string url;
  int draft;
  std::map<std::string, const Value*, std::less<>> anchors;
  std::set<std::string> dynamic_anchors;
};

const SchemaNode& compiled_metaschema(int draft);

/// Makes nodes of the schemas that are reached from the root, each once: a schema is known by its place in
/// the document. `of_schemas`: what is compiled is a metaschema, which is taken as it is and asserts formats.
class SchemaCompiler final {
 public:
  SchemaCompiler(Schema::Impl& impl, bool of_schemas) : impl_(impl), of_schemas_(of_schemas) {}

  void compile() {
    const Value& root = impl_.document.root;
    int draft = 2020;
    if (Value declared = root["$schema"]; declared.is_string()) {
      draft = draft_of(declared.as_string());
      if (!draft) refuse_load(declared.as_string());
    }
    resources_.push_back({&root, std::string(kSchemaUrl), draft, {}, {}});
    find_resources(&root, 0, 0);
    if (!of_schemas_) check_form(root, draft);
    impl_.root = node(&root, 0);
    for (size_t i = 0; i < pending_.size(); ++i) {  // grows while it runs
      Pending next = pending_[i];
      if (!next.missing.empty())
        throw invalid(fmt::format("json-pointer in \"{}#{}\" not found", kSchemaUrl, next.missing));
      fill(*next.node, next.resource);
    }
  }

 private:
  using Ref = SchemaRef;
  /// A node that is to be filled in, or a reference to a place that is not there.
  struct Pending {
    SchemaNode* node;
    size_t resource;
    std::string missing;
  };

  [[noreturn]] static void refuse_load(std::string_view url) {
    throw invalid(fmt::format("failing loading \"{}\": references to other places are not followed", url));
  }
  [[noreturn]] static void refuse_size() { throw invalid("schema has too many parts"); }

  static void check_form(Value root, int draft) {
    if (is_plainly_well_formed(root, draft)) return;
    if (auto wrong = validate_schema(compiled_metaschema(draft), root))
      throw invalid(
          fmt::format("\"{}#\" is not valid against metaschema: jsonschema validation failed with '{}#'\n{}",
                      kSchemaUrl, metaschema_url(draft), print_complaints(*wrong)));
  }

  std::string pointer(const Value* part) const { return schema_pointer(impl_.document.root, part); }

  void add_anchor(size_t resource, std::string name, const Value* schema) {
    auto [at, added] = resources_[resource].anchors.try_emplace(std::move(name), schema);
    if (!added && at->second != schema)
      throw invalid(fmt::format("duplicate anchor \"{}\" in \"{}\" at \"{}\" and \"{}\"", at->first,
                                kSchemaUrl, pointer(at->second), pointer(schema)));
  }

  void add_resource(const Value* schema, std::string url, int draft) {
    for (const Resource& known : resources_)
      if (known.url == url)
        throw invalid(fmt::format("duplicate id \"{}\" in \"{}\" at \"{}\" and \"{}\"", url, kSchemaUrl,
                                  pointer(schema), pointer(known.root)));
    if (resources_.size() == kMaxResources) refuse_size();
    resources_.push_back({schema, std::move(url), draft, {}, {}});
    resource_at_[schema] = resources_.size() - 1;
  }

  /// Notes every $id and anchor; values that are data (enum, const, …) are left out.
  void find_resources(const Value* schema, size_t resource, int depth) {
    if (depth > kMaxDepth) throw invalid("schema is nested too deep");
    if (schema->is_map()) {
      resource = note(schema, resource);
      for (const Member& member : schema->members()) {
        std::string_view key = member.key.view();
        if (key == "enum" || key == "const" || key == "default" || key == "examples") continue;
        if (member.value.is_map() || member.value.is_list())
          find_resources(&member.value, resource, depth + 1);
      }
    } else {
      for (const Value& item : schema->items()) find_resources(&item, resource, depth + 1);
    }
  }

  /// The $id and anchors of one schema; the resource it belongs to.
  size_t note(const Value* schema, size_t resource) {
    int draft = resources_[resource].draft;
    bool ref_hides = draft < 2019 && schema->has("$ref");
    std::string_view id = (*schema)[draft == 4 ? "id" : "$id"].as_string();
    if (!id.empty() && !ref_hides) {
      std::string why;
      if (!parse_url(id, why))
        throw invalid(fmt::format("error in parsing id at \"{}#{}\"", kSchemaUrl, pointer(schema)));
      Location url = join_url(resources_[resource].url, id);
      if (!split_url(id).base.empty()) {
        if (schema == resources_[0].root) {
          resources_[0].url = url.base;
        } else {
          int own_draft = draft_of((*schema)["$schema"].as_string());
          add_resource(schema, url.base, own_draft ? own_draft : draft);
          resource = resources_.size() - 1;
        }
      }
      if (draft < 2019 && !url.fragment.empty()) add_anchor(resource, url.fragment, schema);
    }
    if (draft >= 2019) {
      if (Value anchor = (*schema)["$anchor"]; anchor.is_string()) add_anchor(resource, anchor.str(), schema);
      if (Value anchor = (*schema)["$dynamicAnchor"]; anchor.is_string()) {
        add_anchor(resource, anchor.str(), schema);
        resources_[resource].dynamic_anchors.insert(anchor.str());
      }
    }
    return resource;
  }

  size_t resource_of(const Value* schema, size_t parent) const {
    if (resource_at_.empty()) return parent;
    auto own = resource_at_.find(schema);
    return own == resource_at_.end() ? parent : own->second;
  }

  SchemaNode* made() {
    if (impl_.nodes.size() == kMaxNodes) refuse_size();
    return &impl_.nodes.emplace_back();
  }

  /// The node of a schema; `resource` is its parent's.
  Ref node(const Value* schema, size_t resource) {
    auto [at, added] = nodes_.try_emplace(schema, nullptr);
    if (!added) return at->second;
    SchemaNode* node = made();
    node->schema = schema;
    at->second = node;
    pending_.push_back({node, resource_of(schema, resource), {}});
    return node;
  }

  /// The schema that allows everything: what references to urns and into metaschemas stand for.
  Ref permissive() {
    if (!permissive_) {
      SchemaNode* node = made();
      node->boolean = true;
      node->resource = node;
      permissive_ = node;
    }
    return permissive_;
  }

  /// The node at a JSON pointer from a resource on. One that is not there is reported when its turn comes.
  Ref node_at(size_t target, std::string_view pointer) {
    const Value* at = resources_[target].root;
    size_t resource = target;
    for (std::string_view rest = pointer; !rest.empty();) {
      rest.remove_prefix(1);
      size_t slash = std::min(rest.find('/'), rest.size());
      at = part(*at, unescaped_token(rest.substr(0, slash)));
      rest.remove_prefix(slash);
      if (!at) {
        std::string root = schema_pointer(impl_.document.root, resources_[target].root);
        pending_.push_back({nullptr, 0, root.append(pointer)});
        return permissive();
      }
      resource = resource_of(at, resource);
    }
    return node(at, resource);
  }

  static const Value* part(const Value& value, const std::string& token) {
    if (value.is_map()) return value.find(token);
    bool is_index = value.is_list() && !token.empty() && token.size() < 9 &&
                    token.find_first_not_of("0123456789") == std::string::npos;
    return is_index && std::stoul(token) < value.size() ? &value.items()[std::stoul(token)] : nullptr;
  }

  Ref resolve(std::string_view reference, size_t from) {
    Location url = join_url(resources_[from].url, reference);
    size_t target = resources_.size();
    for (size_t i = 0; i < resources_.size(); ++i)
      if (resources_[i].url == url.base) target = i;
    if (target == resources_.size()) {
      if (int draft = draft_of(url.base); draft && url.fragment.empty()) return &compiled_metaschema(draft);
      if (url.base.starts_with("urn:")) impl_.urns.push_back(url.base);
      if (draft_of(url.base) || url.base.starts_with("urn:")) return permissive();
      refuse_load(url.base);
    }
    if (url.fragment.empty()) return node(resources_[target].root, target);
    if (url.fragment.starts_with('/')) return node_at(target, url.fragment);
    auto anchor = resources_[target].anchors.find(url.fragment);
    if (anchor == resources_[target].anchors.end())
      throw invalid(
          fmt::format("anchor in \"{}#{}\" not found in schema \"{}\"", url.base, url.fragment, kSchemaUrl));
    return node(anchor->second, target);
  }

  std::shared_ptr<const re2::RE2> regex(std::string_view pattern) {
    if (++patterns_ > kMaxPatterns) throw invalid("schema has too many patterns");
    GoRegex made = go_regex(pattern, kSchemaRegexMemory);
    if (!made.regex)
      throw invalid(fmt::format("{} is not valid regex: {}", quote_for_schema(pattern), made.error));
    return made.regex;
  }

  static std::vector<std::string_view> texts(Value list) {
    std::vector<std::string_view> out;
    for (Value item : list.items())
      if (item.is_string()) out.push_back(item.as_string());
    return out;
  }

  void fill(SchemaNode& n, size_t resource) {
    n.draft = resources_[resource].draft;
    n.resource = node(resources_[resource].root, resource);
    if (n.schema == resources_[resource].root && !resources_[resource].dynamic_anchors.empty()) {
      n.dynamic_anchors = std::make_unique<std::map<std::string, Ref, std::less<>>>();
      for (const std::string& name : resources_[resource].dynamic_anchors)
        (*n.dynamic_anchors)[name] = node(resources_[resource].anchors.at(name), resource);
    }
    if (n.schema->is_bool()) {
      n.boolean = n.schema->as_bool();
      return;
    }
    if (!n.schema->is_map()) return;
    if (n.schema->empty()) {
      n.boolean = true;
      return;
    }
    fill_rules(n, resource);
  }

  void fill_rules(SchemaNode& n, size_t resource) {
    const Value& schema = *n.schema;
    uint8_t kinds = 0;
    for (const Member& member : schema.members())
      if (const uint8_t* kind = kinds_of_keywords().find(member.key)) kinds |= *kind;
    if (kinds & kForAny) {
      AnyRules& any = n.any.make();
      if (Value ref = schema["$ref"]; ref.is_string()) {
        any.ref = resolve(ref.as_string(), resource);
        if (n.draft < 2019) return;
      }
      fill_any(any, n.draft, schema, resource);
    }
    if (kinds & kForList) fill_list(n.list.make(), n.draft, schema, resource);
    if (kinds & kForMap) fill_map(n.map.make(), n.draft, schema, resource);
    fill_types(n, schema["type"]);
    if (kinds & kForNumber) fill_number(n.number.make(), schema);
    if (kinds & kForString) fill_string(n, schema);
  }

  Ref child(const Value& schema, const char* key, size_t resource) {
    const Value* found = schema.find(key);
    return found ? node(found, resource) : nullptr;
  }

  std::vector<Ref> children(const Value& schema, const char* key, size_t resource) {
    std::vector<Ref> out;
    const Value* list = schema.find(key);
    if (!list || !list->is_list()) return out;
    out.reserve(list->size());
    for (const Value& item : list->items()) out.push_back(node(&item, resource));
    return out;
  }

  SchemaRest rest(const Value& schema, const char* key, size_t resource) {
    const Value* found = schema.find(key);
    if (!found) return {};
    if (found->is_bool()) return {true, found->as_bool(), nullptr};
    return {true, true, node(found, resource)};
  }

  void fill_any(AnyRules& rules, int draft, const Value& schema, size_t resource) {
    rules.all_of = children(schema, "allOf", resource);
    rules.any_of = children(schema, "anyOf", resource);
    rules.one_of = children(schema, "oneOf", resource);
    rules.negated = child(schema, "not", resource);
    if (draft >= 7 && schema.has("if")) {
      rules.if_ = child(schema, "if", resource);
      Value condition = schema["if"];
      if (!condition.is_bool() || condition.as_bool()) rules.then_ = child(schema, "then", resource);
      if (!condition.is_bool() || !condition.as_bool()) rules.else_ = child(schema, "else", resource);
    }
    if (schema["enum"].is_list()) rules.choices = schema["enum"];
    if (draft >= 6 && schema.has("const")) rules.constant = schema["const"];
    if (draft == 2019) {
      if (Value ref = schema["$recursiveRef"]; ref.is_string())
        rules.recursive_ref = resolve(ref.as_string(), resource);
      rules.recursive_anchor = schema["$recursiveAnchor"].as_bool();
    }
    if (draft >= 2020) {
      if (Value ref = schema["$dynamicRef"]; ref.is_string()) {
        rules.dynamic_ref = resolve(ref.as_string(), resource);
        std::string_view fragment = impl_.document.arena->copy(split_url(ref.as_string()).fragment);
        if (!fragment.starts_with('/')) rules.dynamic_ref_anchor = fragment;
      }
      rules.dynamic_anchor = schema["$dynamicAnchor"].as_string();
    }
  }

  void fill_list(ListRules& rules, int draft, const Value& schema, size_t resource) {
    if (draft >= 2020) {
      rules.prefix = children(schema, "prefixItems", resource);
      rules.items = child(schema, "items", resource);
    } else if (schema["items"].is_list()) {
      rules.prefix = children(schema, "items", resource);
      rules.additional = rest(schema, "additionalItems", resource);
    } else {
      rules.items = child(schema, "items", resource);
    }
    if (draft >= 6) rules.contains = child(schema, "contains", resource);
    if (draft >= 2019) rules.unevaluated = child(schema, "unevaluatedItems", resource);
    rules.min_items = count(schema, "minItems");
    rules.max_items = count(schema, "maxItems");
    rules.unique = schema["uniqueItems"].as_bool();
    if (draft >= 2019 && rules.contains) {
      rules.min_contains = count(schema, "minContains");
      rules.max_contains = count(schema, "maxContains");
    }
  }

  void fill_map(MapRules& rules, int draft, const Value& schema, size_t resource) {
    rules.properties.reserve(schema["properties"].size());
    for (const Member& member : schema["properties"].members())
      rules.properties.push_back({member.key.view(), node(&member.value, resource)});
    for (const Member& member : schema["patternProperties"].members())
      rules.patterns.push_back({regex(member.key.view()), node(&member.value, resource)});
    rules.additional = rest(schema, "additionalProperties", resource);
    for (const Member& member : schema["dependencies"].members()) {
      if (member.value.is_list())
        rules.dependencies.push_back({member.key.view(), texts(member.value), nullptr});
      else
        rules.dependencies.push_back({member.key.view(), {}, node(&member.value, resource)});
    }
    if (draft >= 6) rules.names = child(schema, "propertyNames", resource);
    if (draft >= 2019) {
      for (const Member& member : schema["dependentSchemas"].members())
        rules.dependent_schemas.push_back({member.key.view(), {}, node(&member.value, resource)});
      for (const Member& member : schema["dependentRequired"].members())
        if (member.value.is_list())
          rules.dependent_required.push_back({member.key.view(), texts(member.value), nullptr});
      rules.unevaluated = child(schema, "unevaluatedProperties", resource);
    }
    rules.min_properties = count(schema, "minProperties");
    rules.max_properties = count(schema, "maxProperties");
    rules.required = texts(schema["required"]);
  }

  static std::optional<double> number(const Value& schema, const char* key) {
    Value found = schema[key];
    return found.is_number() ? std::optional(found.as_double()) : std::nullopt;
  }
  static std::optional<size_t> count(const Value& schema, const char* key) {
    double value = number(schema, key).value_or(-1);
    return value >= 0 && value < 1e15 ? std::optional(static_cast<size_t>(value)) : std::nullopt;
  }

  static void add_type(SchemaNode& n, std::string_view name) {
    for (int bit = kNull; bit <= kObject; bit <<= 1)
      if (schema_type_name(static_cast<SchemaType>(bit)) == name) n.types |= static_cast<uint8_t>(bit);
  }

  static void fill_types(SchemaNode& n, Value type) {
    if (type.is_string()) add_type(n, type.as_string());
    for (Value item : type.items()) add_type(n, item.as_string());
  }

  static void fill_number(NumberRules& rules, const Value& schema) {
    rules.multiple_of = number(schema, "multipleOf");
    rules.minimum = number(schema, "minimum");
    rules.maximum = number(schema, "maximum");
    rules.exclusive_minimum = number(schema, "exclusiveMinimum");
    rules.exclusive_maximum = number(schema, "exclusiveMaximum");
    // draft 4
    if (schema["exclusiveMinimum"].as_bool()) std::swap(rules.exclusive_minimum, rules.minimum);
    if (schema["exclusiveMaximum"].as_bool()) std::swap(rules.exclusive_maximum, rules.maximum);
  }

  void fill_string(SchemaNode& n, const Value& schema) {
    StringRules& rules = n.string.make();
    rules.min_length = count(schema, "minLength");
    rules.max_length = count(schema, "maxLength");
    if (Value pattern = schema["pattern"]; pattern.is_string()) rules.pattern = regex(pattern.as_string());
    Value format = schema["format"];
    if ((n.draft < 2019 || of_schemas_) && is_known_format(format.as_string()))
      rules.format = format.as_string();
  }

  Schema::Impl& impl_;
  bool of_schemas_;
  size_t patterns_ = 0;
  std::vector<Resource> resources_;
  std::unordered_map<const Value*, size_t> resource_at_;  // but the document's own
  std::unordered_map<const Value*, Ref> nodes_;
  std::vector<Pending> pending_;
  const SchemaNode* permissive_ = nullptr;
};

std::unique_ptr<Schema::Impl> compile(std::string_view json, bool of_schemas) {
  auto impl = std::make_unique<Schema::Impl>();
  impl->document = text::parse_json(json);
  SchemaCompiler(*impl, of_schemas).compile();
  return impl;
}

/// Compiled at its first use and kept.
const SchemaNode& compiled_metaschema(int draft) {
  static std::mutex mutex;
  static std::map<int, std::unique_ptr<Schema::Impl>> made;
  std::lock_guard lock(mutex);
  std::unique_ptr<Schema::Impl>& impl = made[draft];
  if (!impl) impl = compile(metaschema(draft), true);
  return *impl->root;
}

/// A schema that is no JSON: Helm's decoder says only what, not where.
Error no_json(const Error& error, bool empty) {
  if (empty) return invalid("EOF");
  std::string text = error.message();
  size_t colon = text.find(": ");
  std::string where = text.substr(0, colon), what = text.substr(colon + 2);
  if (what == "unexpected end of JSON input") what = "unexpected EOF";
  if (what.ends_with("after top-level value")) what = "invalid character after top-level value";
  return invalid(fmt::format("{} ({} of values.schema.json)", what, where));
}

/// Adds the rest of the pointer when `part` is in `value`.
bool add_pointer(const Value& value, const Value* part, std::string& pointer) {
  if (&value == part) return true;
  size_t before = pointer.size();
  auto below = [&](std::string_view token, const Value& inner) {
    pointer += '/';
    pointer += escaped_token(token);
    if (add_pointer(inner, part, pointer)) return true;
    pointer.resize(before);
    return false;
  };
  for (const Member& member : value.members())
    if (below(member.key.view(), member.value)) return true;
  size_t index = 0;
  for (const Value& item : value.items())
    if (below(std::to_string(index++), item)) return true;
  return false;
}

}  // namespace

std::string schema_pointer(const Value& document, const Value* part) {
  std::string pointer;
  add_pointer(document, part, pointer);
  return pointer;
}

Schema::Schema(std::string_view json) {
  try {
    impl_ = compile(json, false);
  } catch (const Error& error) {
    if (!error.message().starts_with("line ")) throw;
    throw no_json(error, json.find_first_not_of(" \t\r\n") == std::string_view::npos);
  }
}
Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

const std::vector<std::string>& Schema::urns() const { return impl_->urns; }

std::string Schema::validate(text::Value values) const {
  auto complaint = validate_schema(*impl_->root, values);
  return complaint ? print_complaints(*complaint) + "\n" : "";
}

}  // namespace shipit::helm
