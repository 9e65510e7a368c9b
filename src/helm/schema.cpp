#include "helm/schema.h"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "base/error.h"
#include "helm/functions/url.h"
#include "helm/go_regex.h"
#include "helm/metaschema.h"
#include "helm/schema_tree.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

using text::Member;
using text::Value;

constexpr std::string_view kUrl = "file:///values.schema.json";
// What a schema may cost. Those of real charts stay far below.
constexpr size_t kMaxNodes = 200'000;
constexpr size_t kMaxResources = 1000;
constexpr size_t kMaxPatterns = 1000;
constexpr int64_t kMaxPatternMemory = 1 << 20;  // bytes of one, with what matching builds up
constexpr size_t kMaxPointerBytes = 64 << 20;   // of all places in the schema, written out
constexpr int kMaxDepth = 500;

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
  std::string pointer;
  std::string url;
  int draft;
  std::map<std::string, std::string> anchors;  ///< to pointers
  std::set<std::string> dynamic_anchors;
};

const SchemaNode& compiled_metaschema(int draft);

/// `of_schemas`: what is compiled is a metaschema, which is taken as it is and asserts formats.
class SchemaCompiler final {
 public:
  SchemaCompiler(Schema::Impl& impl, bool of_schemas) : impl_(impl), of_schemas_(of_schemas) {}

  void compile() {
    Value root = impl_.document.root;
    int draft = 2020;
    if (Value declared = root["$schema"]; declared.is_string()) {
      draft = draft_of(declared.as_string());
      if (!draft) refuse_load(declared.as_string());
    }
    resources_.push_back({"", std::string(kUrl), draft, {}, {}});
    find_resources(root, "", 0, 0);
    if (!of_schemas_) check_form(root, draft);
    impl_.root = node("");
    for (size_t i = 0; i < impl_.nodes.size(); ++i) {  // grows while it runs
      std::string pointer = pointers_[i];
      fill(impl_.nodes[i], pointer, lookup(pointer));
    }
  }

 private:
  using Ref = SchemaNode::Ref;

  [[noreturn]] static void refuse_load(std::string_view url) {
    throw invalid(fmt::format("failing loading \"{}\": references to other places are not followed", url));
  }
  [[noreturn]] static void refuse_size() { throw invalid("schema has too many parts"); }

  static void check_form(Value root, int draft) {
    if (auto wrong = validate_schema(compiled_metaschema(draft), root))
      throw invalid(
          fmt::format("\"{}#\" is not valid against metaschema: jsonschema validation failed with '{}#'\n{}",
                      kUrl, metaschema_url(draft), print_complaints(*wrong)));
  }

  void add_anchor(size_t resource, std::string name, const std::string& pointer) {
    auto [at, added] = resources_[resource].anchors.try_emplace(std::move(name), pointer);
    if (!added && at->second != pointer)
      throw invalid(fmt::format("duplicate anchor \"{}\" in \"{}\" at \"{}\" and \"{}\"", at->first, kUrl,
                                at->second, pointer));
  }

  void add_resource(const std::string& pointer, std::string url, int draft) {
    for (const Resource& known : resources_)
      if (known.url == url)
        throw invalid(fmt::format("duplicate id \"{}\" in \"{}\" at \"{}\" and \"{}\"", url, kUrl, pointer,
                                  known.pointer));
    if (resources_.size() == kMaxResources) refuse_size();
    resources_.push_back({pointer, std::move(url), draft, {}, {}});
  }

  /// Notes every $id and anchor; values that are data (enum, const, …) are left out.
  void find_resources(Value schema, const std::string& pointer, size_t resource, int depth) {
    if (depth > kMaxDepth) throw invalid("schema is nested too deep");
    spend_pointer(pointer);
    if (schema.is_map()) {
      int draft = resources_[resource].draft;
      bool ref_hides = draft < 2019 && schema.has("$ref");
      std::string_view id = schema[draft == 4 ? "id" : "$id"].as_string();
      if (!id.empty() && !ref_hides) {
        std::string why;
        if (!parse_url(id, why))
          throw invalid(fmt::format("error in parsing id at \"{}#{}\"", kUrl, pointer));
        Location url = join_url(resources_[resource].url, id);
        if (!split_url(id).base.empty()) {
          if (pointer.empty()) {
            resources_[0].url = url.base;
          } else {
            int own_draft = draft_of(schema["$schema"].as_string());
            add_resource(pointer, url.base, own_draft ? own_draft : draft);
            resource = resources_.size() - 1;
          }
        }
        if (draft < 2019 && !url.fragment.empty()) add_anchor(resource, url.fragment, pointer);
      }
      if (draft >= 2019) {
        if (Value anchor = schema["$anchor"]; anchor.is_string()) add_anchor(resource, anchor.str(), pointer);
        if (Value anchor = schema["$dynamicAnchor"]; anchor.is_string()) {
          add_anchor(resource, anchor.str(), pointer);
          resources_[resource].dynamic_anchors.insert(anchor.str());
        }
      }
      for (const Member& member : schema.members()) {
        std::string_view key = member.key.view();
        if (key == "enum" || key == "const" || key == "default" || key == "examples") continue;
        if (member.value.is_map() || member.value.is_list())
          find_resources(member.value, pointer + "/" + escaped_token(key), resource, depth + 1);
      }
    } else {
      for (size_t i = 0; i < schema.size(); ++i)
        find_resources(schema[i], pointer + "/" + std::to_string(i), resource, depth + 1);
    }
  }

  const Resource& resource_of(std::string_view pointer) const {
    const Resource* best = &resources_[0];
    for (const Resource& resource : resources_)
      if (pointer.starts_with(resource.pointer) && resource.pointer.size() > best->pointer.size() &&
          (pointer.size() == resource.pointer.size() || pointer[resource.pointer.size()] == '/'))
        best = &resource;
    return *best;
  }

  Value lookup(std::string_view pointer) const {
    Value value = impl_.document.root;
    std::string_view rest = pointer;
    while (!rest.empty()) {
      rest.remove_prefix(1);
      size_t slash = std::min(rest.find('/'), rest.size());
      std::string token = unescaped_token(rest.substr(0, slash));
      rest.remove_prefix(slash);
      if (value.is_map() && value.has(token)) {
        value = value[std::string_view(token)];
      } else if (value.is_list() && !token.empty() && token.size() < 9 &&
                 token.find_first_not_of("0123456789") == std::string::npos &&
                 std::stoul(token) < value.size()) {
        value = value[std::stoul(token)];
      } else {
        throw invalid(fmt::format("json-pointer in \"{}#{}\" not found", kUrl, pointer));
      }
    }
    return value;
  }

  void spend_pointer(const std::string& pointer) {
    pointer_bytes_ += pointer.size();
    if (pointer_bytes_ > kMaxPointerBytes) refuse_size();
  }

  Ref node(const std::string& pointer) {
    auto [at, added] = by_pointer_.try_emplace(pointer, nullptr);
    if (!added) return at->second;
    if (impl_.nodes.size() == kMaxNodes) refuse_size();
    spend_pointer(pointer);
    at->second = &impl_.nodes.emplace_back();
    pointers_.push_back(pointer);
    return at->second;
  }

  /// The schema that allows everything: what references to urns and into metaschemas stand for.
  Ref permissive() {
    if (!permissive_) {
      SchemaNode& made = impl_.nodes.emplace_back();
      made.boolean = true;
      made.resource = &made;
      pointers_.push_back("");
      permissive_ = &made;
    }
    return permissive_;
  }

  Ref resolve(std::string_view reference, const Resource& from) {
    Location url = join_url(from.url, reference);
    const Resource* target = nullptr;
    for (const Resource& resource : resources_)
      if (resource.url == url.base) target = &resource;
    if (!target) {
      if (int draft = draft_of(url.base); draft && url.fragment.empty()) return &compiled_metaschema(draft);
      if (url.base.starts_with("urn:")) impl_.urns.push_back(url.base);
      if (draft_of(url.base) || url.base.starts_with("urn:")) return permissive();
      refuse_load(url.base);
    }
    if (url.fragment.empty()) return node(target->pointer);
    if (url.fragment.starts_with('/')) return node(target->pointer + url.fragment);
    auto anchor = target->anchors.find(url.fragment);
    if (anchor == target->anchors.end())
      throw invalid(
          fmt::format("anchor in \"{}#{}\" not found in schema \"{}\"", url.base, url.fragment, kUrl));
    return node(anchor->second);
  }

  std::shared_ptr<const re2::RE2> regex(std::string_view pattern) {
    if (++patterns_ > kMaxPatterns) throw invalid("schema has too many patterns");
    GoRegex made = compile_go_regex(pattern, kMaxPatternMemory);
    if (!made.regex)
      throw invalid(fmt::format("{} is not valid regex: {}", quote_for_schema(pattern), made.error));
    return made.regex;
  }

  static std::vector<std::string> texts(Value list) {
    std::vector<std::string> out;
    for (Value item : list.items())
      if (item.is_string()) out.push_back(item.str());
    return out;
  }

  void fill(SchemaNode& n, const std::string& pointer, Value schema) {
    if (&n == permissive_) return;
    const Resource& resource = resource_of(pointer);
    n.location = fmt::format("{}#{}", kUrl, pointer);
    n.draft = resource.draft;
    n.resource = node(resource.pointer);
    if (pointer == resource.pointer)
      for (const std::string& name : resource.dynamic_anchors)
        n.dynamic_anchors[name] = node(resource.anchors.at(name));
    if (schema.is_bool()) {
      n.boolean = schema.as_bool();
      return;
    }
    if (!schema.is_map()) return;
    if (schema.empty()) {
      n.boolean = true;
      return;
    }
    if (Value ref = schema["$ref"]; ref.is_string()) {
      n.ref = resolve(ref.as_string(), resource);
      if (n.draft < 2019) return;
    }
    fill_applicators(n, pointer, schema, resource);
    fill_assertions(n, schema);
  }

  Ref child(const std::string& pointer, Value schema, const char* key) {
    return schema.has(key) ? node(pointer + "/" + key) : nullptr;
  }

  std::vector<Ref> children(const std::string& pointer, Value schema, const char* key) {
    std::vector<Ref> out;
    if (!schema[key].is_list()) return out;
    for (size_t i = 0; i < schema[key].size(); ++i)
      out.push_back(node(fmt::format("{}/{}/{}", pointer, key, i)));
    return out;
  }

  SchemaNode::Additional additional(const std::string& pointer, Value schema, const char* key) {
    if (!schema.has(key)) return {};
    if (schema[key].is_bool()) return {true, schema[key].as_bool(), nullptr};
    return {true, true, node(pointer + "/" + key)};
  }

  void fill_applicators(SchemaNode& n, const std::string& pointer, Value schema, const Resource& resource) {
    n.all_of = children(pointer, schema, "allOf");
    n.any_of = children(pointer, schema, "anyOf");
    n.one_of = children(pointer, schema, "oneOf");
    n.negated = child(pointer, schema, "not");
    if (n.draft >= 2020) {
      n.prefix_items = children(pointer, schema, "prefixItems");
      n.items = child(pointer, schema, "items");
    } else if (schema["items"].is_list()) {
      n.prefix_items = children(pointer, schema, "items");
      n.additional_items = additional(pointer, schema, "additionalItems");
    } else {
      n.items = child(pointer, schema, "items");
    }
    for (const Member& member : schema["properties"].members())
      n.properties[std::string(member.key.view())] =
          node(pointer + "/properties/" + escaped_token(member.key.view()));
    for (const Member& member : schema["patternProperties"].members()) {
      std::string at = pointer + "/patternProperties/" + escaped_token(member.key.view());
      n.pattern_properties.push_back({regex(member.key.view()), node(at)});
    }
    n.additional_properties = additional(pointer, schema, "additionalProperties");
    for (const Member& member : schema["dependencies"].members()) {
      std::string name(member.key.view());
      if (member.value.is_list())
        n.dependencies.push_back({name, texts(member.value), nullptr});
      else
        n.dependencies.push_back({name, {}, node(pointer + "/dependencies/" + escaped_token(name))});
    }
    if (n.draft >= 6) {
      n.contains = child(pointer, schema, "contains");
      n.property_names = child(pointer, schema, "propertyNames");
    }
    if (n.draft >= 7 && schema.has("if")) {
      n.if_ = child(pointer, schema, "if");
      Value condition = schema["if"];
      if (!condition.is_bool() || condition.as_bool()) n.then_ = child(pointer, schema, "then");
      if (!condition.is_bool() || !condition.as_bool()) n.else_ = child(pointer, schema, "else");
    }
    if (n.draft >= 2019) {
      if (n.draft == 2019) {
        if (Value ref = schema["$recursiveRef"]; ref.is_string())
          n.recursive_ref = resolve(ref.as_string(), resource);
        n.recursive_anchor = schema["$recursiveAnchor"].as_bool();
      }
      for (const Member& member : schema["dependentSchemas"].members()) {
        std::string name(member.key.view());
        n.dependent_schemas.push_back({name, {}, node(pointer + "/dependentSchemas/" + escaped_token(name))});
      }
      n.unevaluated_items = child(pointer, schema, "unevaluatedItems");
      n.unevaluated_properties = child(pointer, schema, "unevaluatedProperties");
    }
    if (n.draft >= 2020) {
      if (Value ref = schema["$dynamicRef"]; ref.is_string()) {
        n.dynamic_ref = resolve(ref.as_string(), resource);
        std::string fragment = split_url(ref.as_string()).fragment;
        if (!fragment.starts_with('/')) n.dynamic_ref_anchor = fragment;
      }
      n.dynamic_anchor = schema["$dynamicAnchor"].str();
    }
  }

  static std::optional<double> number(Value schema, const char* key) {
    return schema[key].is_number() ? std::optional(schema[key].as_double()) : std::nullopt;
  }
  static std::optional<size_t> count(Value schema, const char* key) {
    double value = number(schema, key).value_or(-1);
    return value >= 0 && value < 1e15 ? std::optional(static_cast<size_t>(value)) : std::nullopt;
  }

  static void add_type(SchemaNode& n, std::string_view name) {
    for (int bit = kNull; bit <= kObject; bit <<= 1)
      if (schema_type_name(static_cast<SchemaType>(bit)) == name) n.types |= static_cast<uint8_t>(bit);
  }

  void fill_assertions(SchemaNode& n, Value schema) {
    Value type = schema["type"];
    if (type.is_string()) add_type(n, type.as_string());
    for (Value item : type.items()) add_type(n, item.as_string());
    if (schema["enum"].is_list())
      n.one_of_values.emplace(schema["enum"].items().begin(), schema["enum"].items().end());
    if (n.draft >= 6 && schema.has("const")) n.constant = schema["const"];
    n.multiple_of = number(schema, "multipleOf");
    n.minimum = number(schema, "minimum");
    n.maximum = number(schema, "maximum");
    n.exclusive_minimum = number(schema, "exclusiveMinimum");
    n.exclusive_maximum = number(schema, "exclusiveMaximum");
    if (schema["exclusiveMinimum"].as_bool()) std::swap(n.exclusive_minimum, n.minimum);  // draft 4
    if (schema["exclusiveMaximum"].as_bool()) std::swap(n.exclusive_maximum, n.maximum);
    n.min_length = count(schema, "minLength");
    n.max_length = count(schema, "maxLength");
    if (Value pattern = schema["pattern"]; pattern.is_string()) n.pattern = regex(pattern.as_string());
    n.min_items = count(schema, "minItems");
    n.max_items = count(schema, "maxItems");
    n.unique_items = schema["uniqueItems"].as_bool();
    n.min_properties = count(schema, "minProperties");
    n.max_properties = count(schema, "maxProperties");
    n.required = texts(schema["required"]);
    if ((n.draft < 2019 || of_schemas_) && is_known_format(schema["format"].as_string()))
      n.format = schema["format"].str();
    if (n.draft >= 2019) {
      if (n.contains) {
        n.min_contains = count(schema, "minContains");
        n.max_contains = count(schema, "maxContains");
      }
      for (const Member& member : schema["dependentRequired"].members())
        if (member.value.is_list())
          n.dependent_required.push_back({std::string(member.key.view()), texts(member.value), nullptr});
    }
  }

  Schema::Impl& impl_;
  bool of_schemas_;
  size_t pointer_bytes_ = 0, patterns_ = 0;
  std::vector<Resource> resources_;
  std::map<std::string, const SchemaNode*> by_pointer_;
  std::deque<std::string> pointers_;  // of impl_.nodes
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

}  // namespace

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
