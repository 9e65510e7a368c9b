#include "helm/schema.h"

#include <fmt/format.h>

#include <deque>
#include <set>

#include "base/error.h"
#include "helm/schema_tree.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

using text::Member;
using text::Value;

constexpr std::string_view kUrl = "file:///values.schema.json";
constexpr size_t kMaxNodes = 200'000;
constexpr int kMaxDepth = 500;

int draft_of(std::string_view url) {
  if (url.ends_with('#')) url.remove_suffix(1);
  for (std::string_view scheme : {"http://", "https://"})
    if (url.starts_with(scheme)) {
      url.remove_prefix(scheme.size());
      break;
    }
  constexpr std::pair<std::string_view, int> kDrafts[] = {{"json-schema.org/schema", 2020},
                                                          {"json-schema.org/draft/2020-12/schema", 2020},
                                                          {"json-schema.org/draft/2019-09/schema", 2019},
                                                          {"json-schema.org/draft-07/schema", 7},
                                                          {"json-schema.org/draft-06/schema", 6},
                                                          {"json-schema.org/draft-04/schema", 4}};
  for (const auto& [name, draft] : kDrafts)
    if (url == name) return draft;
  return 0;
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

struct Url {
  std::string base, fragment;
};

Url split_url(std::string_view url) {
  size_t hash = std::min(url.find('#'), url.size());
  return {std::string(url.substr(0, hash)), percent_decoded(url.substr(std::min(hash + 1, url.size())))};
}

/// A reference seen from `base`: absolute ones stay, others are put in place of what follows the last '/'.
Url join_url(const std::string& base, std::string_view reference) {
  Url url = split_url(reference);
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

class SchemaCompiler final {
 public:
  explicit SchemaCompiler(Schema::Impl& impl) : impl_(impl) {}

  void compile() {
    Value root = impl_.document.root;
    int draft = 2020;
    if (Value declared = root["$schema"]; declared.is_string()) {
      draft = draft_of(declared.as_string());
      if (!draft) refuse_load(declared.as_string());
    }
    resources_.push_back({"", std::string(kUrl), draft, {}, {}});
    find_resources(root, "", 0, 0);
    impl_.root = node("");
    for (size_t i = 0; i < impl_.nodes.size(); ++i) {  // grows while it runs
      std::string pointer = pointers_[i];
      fill(impl_.nodes[i], pointer, lookup(pointer));
    }
  }

 private:
  using Ref = SchemaNode::Ref;

  [[noreturn]] static void refuse_load(std::string_view url) {
    throw invalid(fmt::format("failing loading \"{}\": references to other places are not followed\n", url));
  }

  /// Notes every $id and anchor; values that are data (enum, const, …) are left out.
  void find_resources(Value schema, const std::string& pointer, size_t resource, int depth) {
    if (depth > kMaxDepth) throw invalid("schema is nested too deep\n");
    if (schema.is_map()) {
      int draft = resources_[resource].draft;
      bool ref_hides = draft < 2019 && schema.has("$ref");
      std::string_view id = schema[draft == 4 ? "id" : "$id"].as_string();
      if (!id.empty() && !ref_hides) {
        Url url = join_url(resources_[resource].url, id);
        if (!split_url(id).base.empty()) {
          if (pointer.empty()) {
            resources_[0].url = url.base;
          } else {
            int own_draft = draft_of(schema["$schema"].as_string());
            resources_.push_back({pointer, url.base, own_draft ? own_draft : draft, {}, {}});
            resource = resources_.size() - 1;
          }
        }
        if (draft < 2019 && !url.fragment.empty()) resources_[resource].anchors[url.fragment] = pointer;
      }
      if (draft >= 2019) {
        if (Value anchor = schema["$anchor"]; anchor.is_string())
          resources_[resource].anchors[anchor.str()] = pointer;
        if (Value anchor = schema["$dynamicAnchor"]; anchor.is_string()) {
          resources_[resource].anchors[anchor.str()] = pointer;
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
        throw invalid(fmt::format("json-pointer in \"{}#{}\" not found\n", kUrl, pointer));
      }
    }
    return value;
  }

  Ref node(const std::string& pointer) {
    auto [at, added] = by_pointer_.try_emplace(pointer, nullptr);
    if (!added) return at->second;
    if (impl_.nodes.size() == kMaxNodes) throw invalid("schema has too many parts\n");
    at->second = &impl_.nodes.emplace_back();
    pointers_.push_back(pointer);
    return at->second;
  }

  /// The schema that allows everything: what references to metaschemas and urns stand for.
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
    Url url = join_url(from.url, reference);
    const Resource* target = nullptr;
    for (const Resource& resource : resources_)
      if (resource.url == url.base) target = &resource;
    if (!target) {
      if (draft_of(url.base) || url.base.starts_with("urn:")) return permissive();
      refuse_load(url.base);
    }
    if (url.fragment.empty()) return node(target->pointer);
    if (url.fragment.starts_with('/')) return node(target->pointer + url.fragment);
    auto anchor = target->anchors.find(url.fragment);
    if (anchor == target->anchors.end())
      throw invalid(fmt::format("anchor in \"{}#{}\" not found\n", url.base, url.fragment));
    return node(anchor->second);
  }

  std::unique_ptr<re2::RE2> regex(std::string_view pattern, const std::string& at) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(4 << 20);
    auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!compiled->ok())
      throw invalid(
          fmt::format("\"{}#\" is not valid against metaschema: jsonschema validation failed with "
                      "'https://json-schema.org/draft/2020-12/schema#'\n- at {}: {} is not valid regex: "
                      "error parsing regexp: {}\n",
                      kUrl, quote_for_schema(at), quote_for_schema(pattern), compiled->error()));
    return compiled;
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
    fill_assertions(n, pointer, schema);
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
      n.pattern_properties.push_back({regex(member.key.view(), pointer + "/patternProperties"), node(at)});
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

  void add_type(SchemaNode& n, std::string_view name, const std::string& pointer) {
    for (int bit = kNull; bit <= kObject; bit <<= 1)
      if (schema_type_name(static_cast<SchemaType>(bit)) == name) {
        n.types |= static_cast<uint8_t>(bit);
        return;
      }
    throw invalid(
        fmt::format("\"{}#\" is not valid against metaschema: jsonschema validation failed with "
                    "'https://json-schema.org/draft/2020-12/schema#'\n- at {}: 'anyOf' failed\n",
                    kUrl, quote_for_schema(pointer + "/type")));
  }

  void fill_assertions(SchemaNode& n, const std::string& pointer, Value schema) {
    Value type = schema["type"];
    if (type.is_string()) add_type(n, type.as_string(), pointer);
    for (Value item : type.items()) add_type(n, item.as_string(), pointer);
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
    if (Value pattern = schema["pattern"]; pattern.is_string())
      n.pattern = regex(pattern.as_string(), pointer + "/pattern");
    n.min_items = count(schema, "minItems");
    n.max_items = count(schema, "maxItems");
    n.unique_items = schema["uniqueItems"].as_bool();
    n.min_properties = count(schema, "minProperties");
    n.max_properties = count(schema, "maxProperties");
    n.required = texts(schema["required"]);
    if (n.draft < 2019 && is_known_format(schema["format"].as_string())) n.format = schema["format"].str();
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
  std::vector<Resource> resources_;
  std::map<std::string, const SchemaNode*> by_pointer_;
  std::deque<std::string> pointers_;  // of impl_.nodes
  const SchemaNode* permissive_ = nullptr;
};

}  // namespace

Schema::Schema(std::string_view json) : impl_(std::make_unique<Impl>()) {
  impl_->document = text::parse_json(json);
  SchemaCompiler(*impl_).compile();
}
Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

std::string Schema::validate(text::Value values) const {
  auto complaint = validate_schema(*impl_->root, values);
  return complaint ? print_complaints(*complaint) + "\n" : "";
}

}  // namespace shipit::helm
