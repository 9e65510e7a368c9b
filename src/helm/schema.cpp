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
#include "helm/schema_places.h"
#include "helm/schema_tree.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

using text::Member;
using text::Value;

// What a schema may cost. Those of real charts stay far below.
constexpr size_t kMaxNodes = 200'000;
constexpr size_t kMaxPatterns = 1000;

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

}  // namespace

struct Schema::Impl {
  std::deque<SchemaDocument> documents;
  std::deque<SchemaNode> nodes;
  const SchemaNode* root = nullptr;
  std::vector<std::string> urns;
};

namespace {

const SchemaNode& compiled_metaschema(int draft);

void check_form(const Value& schema, int draft, const std::string& where) {
  if (is_plainly_well_formed(schema, draft)) return;
  if (auto wrong = validate_schema(compiled_metaschema(draft), schema))
    throw invalid(
        fmt::format("\"{}\" is not valid against metaschema: jsonschema validation failed with '{}#'\n{}",
                    where, metaschema_url(draft), print_complaints(*wrong)));
}

/// Makes nodes of the schemas that are reached from the root, each once: a schema is known by its place in
/// the document. `of_schemas`: what is compiled is a metaschema, which is taken as it is and asserts formats.
class SchemaCompiler final {
 public:
  SchemaCompiler(Schema::Impl& impl, const SchemaReader& reader, bool of_schemas)
      : impl_(impl),
        of_schemas_(of_schemas),
        places_(impl.documents, reader, of_schemas ? SchemaPlaces::CheckForm() : check_form) {}

  void compile(SchemaDocument document) {
    SchemaResource& root = places_.add(std::move(document));
    impl_.root = node(root.schema, root);
    for (size_t i = 0; i < pending_.size(); ++i) {  // grows while it runs
      auto [node, place] = std::move(pending_[i]);
      if (!place.missing.empty()) throw invalid(place.missing);
      if (place.odd) places_.settle(place);
      fill(*node, SchemaPlaces::resource_of(place.schema, *place.resource));
    }
    impl_.urns = std::move(places_.urns);
  }

 private:
  using Ref = SchemaRef;
  /// A node that is to be filled in.
  struct Pending {
    SchemaNode* node;
    SchemaPlace place;
  };

  [[noreturn]] static void refuse_size() { throw invalid("schema has too many parts"); }

  SchemaNode* made() {
    if (impl_.nodes.size() == kMaxNodes) refuse_size();
    return &impl_.nodes.emplace_back();
  }

  Ref node(SchemaPlace place) {
    Ref& known = nodes_[place.schema];
    if (known) return known;
    SchemaNode* node = made();
    node->schema = place.schema;
    node->document = place.resource->in->document;
    known = node;
    pending_.push_back({node, std::move(place)});
    return node;
  }
  /// `parent`: the resource of what the schema lies in.
  Ref node(const Value* schema, SchemaResource& parent) { return node({schema, &parent, false, {}}); }

  Ref resolve(std::string_view reference, SchemaResource& from) {
    return node(places_.resolve(reference, from));
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

  void fill(SchemaNode& n, SchemaResource& resource) {
    n.draft = resource.draft;
    n.resource = node(resource.schema, resource);
    if (n.schema == resource.schema && !resource.dynamic_anchors.empty()) {
      n.dynamic_anchors = std::make_unique<std::map<std::string, Ref, std::less<>>>();
      for (const std::string& name : resource.dynamic_anchors)
        (*n.dynamic_anchors)[name] = node(resource.anchors.at(name), resource);
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

  void fill_rules(SchemaNode& n, SchemaResource& resource) {
    const Value& schema = *n.schema;
    uint8_t kinds = 0;
    for (const Member& member : schema.members())
      if (const uint8_t* kind = kinds_of_keywords().find(member.key)) kinds |= *kind;
    if (kinds & kForAny) {
      AnyRules& any = n.any.make();
      if (Value ref = schema["$ref"]; ref.is_string()) {
        any.ref = resolve(ref.as_string(), resource);
        if (n.draft < 2019) return fill_beside_ref(any, n.draft, schema, resource);
      }
      fill_any(any, n.draft, schema, resource);
    }
    if (kinds & kForList) fill_list(n.list.make(), n.draft, schema, resource);
    if (kinds & kForMap) fill_map(n.map.make(), n.draft, schema, resource);
    fill_types(n, schema["type"]);
    if (kinds & kForNumber) fill_number(n.number.make(), schema);
    if (kinds & kForString) fill_string(n, schema);
  }

  Ref child(const Value& schema, const char* key, SchemaResource& resource) {
    const Value* found = schema.find(key);
    return found ? node(found, resource) : nullptr;
  }

  std::vector<Ref> children(const Value& schema, const char* key, SchemaResource& resource) {
    std::vector<Ref> out;
    const Value* list = schema.find(key);
    if (!list || !list->is_list()) return out;
    out.reserve(list->size());
    for (const Value& item : list->items()) out.push_back(node(&item, resource));
    return out;
  }

  SchemaRest rest(const Value& schema, const char* key, SchemaResource& resource) {
    const Value* found = schema.find(key);
    if (!found) return {};
    if (found->is_bool()) return {true, found->as_bool(), nullptr};
    return {true, true, node(found, resource)};
  }

  /// Up to draft 7 keywords beside a $ref have no say, but jsonschema hides only those of draft 4: a const
  /// counts, and what the others hold must compile.
  void fill_beside_ref(AnyRules& rules, int draft, const Value& schema, SchemaResource& resource) {
    if (draft < 6) return;
    if (schema.has("const")) rules.constant = schema["const"];
    for (const char* key : {"contains", "propertyNames"}) child(schema, key, resource);
    if (draft < 7) return;
    for (const char* key : {"if", "then", "else"}) child(schema, key, resource);
  }

  void fill_any(AnyRules& rules, int draft, const Value& schema, SchemaResource& resource) {
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
    if (draft >= 2019) {
      if (Value ref = schema["$recursiveRef"]; ref.is_string())
        rules.recursive_ref = resolve(ref.as_string(), resource);
      rules.recursive_anchor = schema["$recursiveAnchor"].as_bool();
    }
    if (draft >= 2020) {
      if (Value ref = schema["$dynamicRef"]; ref.is_string()) {
        rules.dynamic_ref = resolve(ref.as_string(), resource);
        rules.dynamic_ref_anchor = places_.anchor_of(ref.as_string(), resource);
      }
      rules.dynamic_anchor = schema["$dynamicAnchor"].as_string();
    }
  }

  void fill_list(ListRules& rules, int draft, const Value& schema, SchemaResource& resource) {
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

  void fill_map(MapRules& rules, int draft, const Value& schema, SchemaResource& resource) {
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
    if (Value pattern = schema["pattern"]; pattern.is_string()) {
      rules.pattern_text = pattern.as_string();
      rules.pattern = regex(rules.pattern_text);
    }
    Value format = schema["format"];
    if ((n.draft < 2019 || of_schemas_) && is_known_format(format.as_string()))
      rules.format = format.as_string();
  }

  Schema::Impl& impl_;
  bool of_schemas_;
  SchemaPlaces places_;
  size_t patterns_ = 0;
  std::unordered_map<const Value*, Ref> nodes_;
  std::vector<Pending> pending_;
};

std::unique_ptr<Schema::Impl> compile(SchemaDocument document, const SchemaReader& reader, bool of_schemas) {
  auto impl = std::make_unique<Schema::Impl>();
  SchemaCompiler(*impl, reader, of_schemas).compile(std::move(document));
  return impl;
}

/// Compiled at its first use and kept.
const SchemaNode& compiled_metaschema(int draft) {
  static std::mutex mutex;
  static std::map<int, std::unique_ptr<Schema::Impl>> made;
  std::lock_guard lock(mutex);
  std::unique_ptr<Schema::Impl>& impl = made[draft];
  if (!impl) {
    SchemaDocument document{std::string(metaschema_url(draft)), text::parse_json(metaschema(draft))};
    impl = compile(std::move(document), {}, true);
  }
  return *impl->root;
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

std::string SchemaDocument::at(std::string_view pointer) const {
  std::string out = url + "#";
  for (; !pointer.empty(); pointer.remove_prefix(std::min(pointer.find('/', 1), pointer.size())))
    out.append("/").append(path_escape(pointer.substr(1, pointer.find('/', 1) - 1)));
  return out;
}

std::string SchemaDocument::location(const Value* part) const { return at(schema_pointer(text.root, part)); }

text::Document schema_json(std::string_view json, std::string_view name) {
  try {
    return text::parse_json(json);
  } catch (const Error& error) {
    if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) throw invalid("EOF");
    std::string text = error.message();
    size_t colon = text.find(": ");
    std::string where = text.substr(0, colon), what = text.substr(colon + 2);
    if (what == "unexpected end of JSON input") what = "unexpected EOF";
    if (what.ends_with("after top-level value")) what = "invalid character after top-level value";
    throw invalid(fmt::format("{} ({} of {})", what, where, name));
  }
}

Schema::Schema(std::string_view json, const SchemaReader& reader)
    : impl_(compile({std::string(kSchemaUrl), schema_json(json, "values.schema.json")}, reader, false)) {}
Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

const std::vector<std::string>& Schema::urns() const { return impl_->urns; }

std::string Schema::validate(text::Value values) const {
  auto complaint = validate_schema(*impl_->root, values);
  return complaint ? print_complaints(*complaint) + "\n" : "";
}

}  // namespace shipit::helm
