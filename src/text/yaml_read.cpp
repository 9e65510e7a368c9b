// The YAML reader: tokens become a tree of nodes, as in go-yaml v2, and the tree becomes the document. Two
// steps, because an alias is read again at each use and because go-yaml reports what is wrong with the text
// before what is wrong with its meaning.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "text/json.h"
#include "text/number.h"
#include "text/utf8.h"
#include "text/yaml.h"
#include "text/yaml_scalar.h"
#include "text/yaml_scan.h"
#include "text/yaml_subset.h"

namespace shipit::text {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

[[noreturn]] void fail_yaml(std::string_view message) { throw invalid(fmt::format("yaml: {}", message)); }
[[noreturn]] void fail_yaml(size_t line, std::string_view message) {
  if (line == 0) fail_yaml(message);
  fail_yaml(fmt::format("line {}: {}", line, message));
}

enum class NodeKind : uint8_t { Scalar, Sequence, Mapping, Alias };

constexpr uint32_t kNone = UINT32_MAX;

struct Node {
  NodeKind kind;
  bool implicit = false;   // a plain scalar without a tag
  bool expanding = false;  // an alias that is being read
  uint32_t line = 0;       // from 1
  uint32_t next = kNone;   // the next child of the same parent
  uint32_t first = kNone;  // the first child; of an alias: its target
  uint32_t count = 0;      // of children
  std::string_view tag;
  std::string_view text;  // of a scalar; the name of an alias
};

/// Builds the tree of the first document from its tokens.
class TreeReader final {
 public:
  TreeReader(std::string_view bytes, Arena& arena, const YamlOptions& options)
      : arena_(arena), options_(options), scanner_(bytes, arena) {}

  /// The root, or kNone when there is no document.
  uint32_t read() {
    scanner_.peek();
    scanner_.skip();  // the stream's start
    Type type = scanner_.peek().type;
    if (type == Type::StreamEnd) return kNone;
    bool bare = type != Type::VersionDirective && type != Type::TagDirective && type != Type::DocumentStart;
    directives();
    uint32_t root;
    if (bare) {
      root = node(true, false, 0);
    } else {
      const YamlToken& start = scanner_.peek();
      if (start.type != Type::DocumentStart) fail_at(start, "did not find expected <document start>");
      scanner_.skip();
      const YamlToken& token = scanner_.peek();
      bool empty = token.type <= Type::DocumentEnd;
      root = empty ? empty_scalar(token.start) : node(true, false, 0);
    }
    scanner_.peek();  // what stands behind the document may be refused; more of the stream is not looked at
    return root;
  }
  std::vector<Node>& nodes() { return nodes_; }

 private:
  using Type = YamlToken::Type;

  [[noreturn]] static void fail_at(const YamlToken& token, std::string_view problem,
                                   const YamlMark& context = {}) {
    yaml_problem(problem, token.start, context, false);
  }
  bool next_is(std::initializer_list<Type> types) {
    return std::ranges::find(types, scanner_.peek().type) != types.end();
  }

  void directives() {
    bool versioned = false;
    for (; next_is({Type::VersionDirective, Type::TagDirective}); scanner_.skip()) {
      const YamlToken& token = scanner_.peek();
      if (token.type == Type::VersionDirective) {
        if (versioned) fail_at(token, "found duplicate %YAML directive");
        if (token.major != 1 || token.minor != 1) fail_at(token, "found incompatible YAML document");
        versioned = true;
      } else if (!handles_.emplace(token.text, token.suffix).second) {
        fail_at(token, "found duplicate %TAG directive");
      }
    }
    handles_.emplace("!", "!");
    handles_.emplace("!!", kTagPrefix);
  }

  uint32_t add(NodeKind kind, const YamlMark& start, std::string_view anchor) {
    auto index = static_cast<uint32_t>(nodes_.size());
    if (index >= options_.max_nodes) fail_yaml("document has too many nodes");
    Node& node = nodes_.emplace_back();
    node.kind = kind;
    node.line = static_cast<uint32_t>(start.line) + 1;
    if (!anchor.empty()) anchors_[anchor] = index;
    return index;
  }
  uint32_t empty_scalar(const YamlMark& start) {
    uint32_t index = add(NodeKind::Scalar, start, {});
    nodes_[index].implicit = true;
    return index;
  }

  /// `indentless`: a sequence may begin in the column of the mapping that it is in.
  uint32_t node(bool block, bool indentless, int depth) {
    const YamlToken& first = scanner_.peek();
    if (depth > options_.max_depth)
      fail_yaml(first.start.line + 1, fmt::format("exceeded max depth of {}", options_.max_depth));
    if (first.type == Type::Alias) return alias();
    std::string_view anchor, handle, suffix;
    bool tagged = false;
    const YamlMark start = first.start;
    YamlMark tag_mark;
    auto take_anchor = [&] {
      if (scanner_.peek().type != Type::Anchor) return false;
      anchor = scanner_.peek().text;
      scanner_.skip();
      return true;
    };
    auto take_tag = [&] {
      const YamlToken& token = scanner_.peek();
      if (token.type != Type::Tag) return false;
      tagged = true;
      handle = token.text;
      suffix = token.suffix;
      tag_mark = token.start;
      scanner_.skip();
      return true;
    };
    if (take_anchor())
      take_tag();
    else if (take_tag())
      take_anchor();
    const YamlToken& token = scanner_.peek();
    std::string_view tag = tagged ? whole_tag(handle, suffix, tag_mark, start) : std::string_view();
    Type type = token.type;
    if (type == Type::Scalar) {
      uint32_t index = add(NodeKind::Scalar, start, anchor);
      Node& n = nodes_[index];
      n.text = token.text;
      n.tag = tag;
      n.implicit = (tag.empty() && token.plain) || tag == "!";
      scanner_.skip();
      return index;
    }
    bool sequence = type == Type::FlowSequenceStart || (block && type == Type::BlockSequenceStart) ||
                    (indentless && type == Type::BlockEntry);
    bool mapping = type == Type::FlowMappingStart || (block && type == Type::BlockMappingStart);
    if (sequence || mapping) {
      Branch branch{add(sequence ? NodeKind::Sequence : NodeKind::Mapping, start, anchor), token.start,
                    depth};
      nodes_[branch.parent].tag = tag;
      if (type != Type::BlockEntry) scanner_.skip();
      switch (type) {
        case Type::BlockEntry:
          indentless_sequence(branch);
          break;
        case Type::BlockSequenceStart:
          block_sequence(branch);
          break;
        case Type::BlockMappingStart:
          block_mapping(branch);
          break;
        case Type::FlowSequenceStart:
          flow_sequence(branch);
          break;
        default:
          flow_mapping(branch);
      }
      return branch.parent;
    }
    if (anchor.empty() && tag.empty()) fail_at(token, "did not find expected node content", start);
    uint32_t index = add(NodeKind::Scalar, start, anchor);
    nodes_[index].tag = tag;
    nodes_[index].implicit = tag.empty();
    return index;
  }

  uint32_t alias() {
    const YamlToken& token = scanner_.peek();
    uint32_t index = add(NodeKind::Alias, token.start, {});
    auto target = anchors_.find(token.text);
    if (target == anchors_.end()) fail_yaml(fmt::format("unknown anchor '{}' referenced", token.text));
    nodes_[index].text = token.text;
    nodes_[index].first = target->second;
    scanner_.skip();
    return index;
  }

  std::string_view whole_tag(std::string_view handle, std::string_view suffix, const YamlMark& at,
                             const YamlMark& node) {
    if (handle.empty()) return suffix;
    auto prefix = handles_.find(handle);
    std::string tag = prefix == handles_.end() ? "" : std::string(prefix->second) + std::string(suffix);
    if (tag.empty()) yaml_problem("found undefined tag handle", at, node, false);
    return arena_.copy(tag);
  }

  /// A sequence or mapping being read.
  struct Branch {
    uint32_t parent;
    YamlMark start;
    int depth;
    uint32_t last = kNone;
  };
  void put(Branch& branch, uint32_t child) {
    (branch.last == kNone ? nodes_[branch.parent].first : nodes_[branch.last].next) = child;
    branch.last = child;
    ++nodes_[branch.parent].count;
  }
  /// What follows an indicator that ends at `mark`: a node, or nothing in front of one of `ends`.
  void put_node(Branch& branch, const YamlMark& mark, std::initializer_list<Type> ends, bool block,
                bool indentless) {
    bool empty = next_is(ends);
    put(branch, empty ? empty_scalar(mark) : node(block, indentless, branch.depth + 1));
  }
  /// Takes a token of the type.
  bool take(Type type) {
    if (scanner_.peek().type != type) return false;
    scanner_.skip();
    return true;
  }

  void block_sequence(Branch& branch) {
    while (!take(Type::BlockEnd)) {
      const YamlToken& token = scanner_.peek();
      if (token.type != Type::BlockEntry) fail_at(token, "did not find expected '-' indicator", branch.start);
      YamlMark mark = token.end;
      scanner_.skip();
      put_node(branch, mark, {Type::BlockEntry, Type::BlockEnd}, true, false);
    }
  }

  void indentless_sequence(Branch& branch) {
    while (scanner_.peek().type == Type::BlockEntry) {
      YamlMark mark = scanner_.peek().end;
      scanner_.skip();
      put_node(branch, mark, {Type::BlockEntry, Type::Key, Type::Value, Type::BlockEnd}, true, false);
    }
  }

  void block_mapping(Branch& branch) {
    const auto ends = {Type::Key, Type::Value, Type::BlockEnd};
    while (!take(Type::BlockEnd)) {
      const YamlToken& token = scanner_.peek();
      if (token.type != Type::Key) fail_at(token, "did not find expected key", branch.start);
      YamlMark mark = token.end;
      scanner_.skip();
      put_node(branch, mark, ends, true, true);
      const YamlToken& value = scanner_.peek();
      mark = value.end;
      if (take(Type::Value))
        put_node(branch, mark, ends, true, true);
      else
        put(branch, empty_scalar(value.start));
    }
  }

  /// What stands between two elements of a flow collection.
  void comma(const Branch& branch, std::string_view problem) {
    if (branch.last == kNone) return;
    if (!take(Type::FlowEntry)) fail_at(scanner_.peek(), problem, branch.start);
  }
  void flow_value(Branch& branch, Type end) {
    YamlMark mark = scanner_.peek().start;
    if (take(Type::Value))
      put_node(branch, mark, {Type::FlowEntry, end}, false, false);
    else
      put(branch, empty_scalar(mark));
  }

  void flow_sequence(Branch& branch) {
    while (!take(Type::FlowSequenceEnd)) {
      comma(branch, "did not find expected ',' or ']'");
      if (take(Type::FlowSequenceEnd)) return;
      YamlMark start = scanner_.peek().start;
      if (!take(Type::Key)) {
        put(branch, node(false, false, branch.depth + 1));
        continue;
      }
      Branch pair{add(NodeKind::Mapping, start, {}), start, branch.depth + 1};
      if (next_is({Type::Value, Type::FlowEntry, Type::FlowSequenceEnd})) {
        YamlMark mark = scanner_.peek().end;
        scanner_.skip();  // as go-yaml does, which then misses it
        put(pair, empty_scalar(mark));
      } else {
        put(pair, node(false, false, pair.depth + 1));
      }
      flow_value(pair, Type::FlowSequenceEnd);
      put(branch, pair.parent);
    }
  }

  void flow_mapping(Branch& branch) {
    while (!take(Type::FlowMappingEnd)) {
      comma(branch, "did not find expected ',' or '}'");
      if (take(Type::FlowMappingEnd)) return;
      if (take(Type::Key)) {
        put_node(branch, scanner_.peek().start, {Type::Value, Type::FlowEntry, Type::FlowMappingEnd}, false,
                 false);
        flow_value(branch, Type::FlowMappingEnd);
      } else {
        put(branch, node(false, false, branch.depth + 1));
        put(branch, empty_scalar(scanner_.peek().start));
      }
    }
  }

  Arena& arena_;
  const YamlOptions& options_;
  YamlScanner scanner_;
  std::vector<Node> nodes_;
  std::map<std::string_view, uint32_t> anchors_;
  std::map<std::string_view, std::string_view> handles_;  // of tags, with what they stand for
};

std::string short_tag(std::string_view tag) {
  if (tag.starts_with(kTagPrefix)) return "!!" + std::string(tag.substr(kTagPrefix.size()));
  return std::string(tag);
}

/// The tag that a resolved scalar has.
std::string_view tag_of(const std::optional<Value>& resolved) {
  if (!resolved) return "!!str";
  switch (resolved->kind()) {
    case Kind::Null:
      return "!!null";
    case Kind::Bool:
      return "!!bool";
    case Kind::Double:
      return "!!float";
    default:
      return "!!int";
  }
}

/// base64.StdEncoding.DecodeString: padding required, line breaks ignored; nullopt when it is none.
std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0, padding = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;
    uint32_t value;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<uint32_t>(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
      value = static_cast<uint32_t>(c - '0') + 52;
    else if (c == '+')
      value = 62;
    else if (c == '/')
      value = 63;
    else if (c == '=' && (count % 4) >= 2 && padding < 2) {
      ++padding;
      if (count % 4 + padding > 4) return std::nullopt;
      continue;
    } else {
      return std::nullopt;
    }
    if (padding) return std::nullopt;
    bits = bits << 6 | value;
    ++count;
    // After 2, 3 and 4 characters of a group there are 12, 18 and 24 bits, of which a byte is complete.
    constexpr int kShift[] = {0, 0, 4, 2};
    if (count % 4 != 1) out += static_cast<char>(bits >> kShift[count % 4] & 0xFF);
  }
  if (count % 4 == 1 || (count % 4 != 0 && count % 4 + padding != 4) || (count % 4 == 0 && padding))
    return std::nullopt;
  return out;
}

class Decoder final {
  /// The names of one mapping so far, kept only when a second one is an error.
  using Names = std::unordered_set<std::string_view>;

 public:
  Decoder(std::vector<Node>& nodes, Arena& arena, const YamlOptions& options)
      : nodes_(nodes), arena_(arena), options_(options) {}

  Value decode(uint32_t index, int depth) {
    count(depth, nodes_[index].line);
    Node& node = nodes_[index];
    switch (node.kind) {
      case NodeKind::Scalar:
        return scalar(node);
      case NodeKind::Alias: {
        enter(node);
        Value value = decode(node.first, depth + 1);
        leave(node);
        return value;
      }
      case NodeKind::Sequence: {
        Value list = Value::list(arena_, node.count);
        for (uint32_t child = node.first; child != kNone; child = nodes_[child].next)
          list.push_back(arena_, decode(child, depth + 1));
        return list;
      }
      case NodeKind::Mapping: {
        size_t base = members_.size();
        Names names;
        mapping(node, names, depth);
        Value map = Value::map_of(arena_, std::span(members_).subspan(base));
        members_.resize(base);
        return map;
      }
    }
    return {};
  }

 private:
  /// go-yaml's bound on alias bombs, and ours on all nodes. *Source:* go-yaml v2.4 decode.go.
  void count(int depth, uint32_t line) {
    ++decoded_;
    if (alias_depth_ > 0) ++aliased_;
    if (aliased_ > 100 && decoded_ > 1000 && double(aliased_) / double(decoded_) > allowed_alias_ratio())
      fail_yaml("document contains excessive aliasing");
    if (decoded_ > options_.max_nodes) fail_yaml("document has too many nodes");
    if (depth > options_.max_depth)
      fail_yaml(line, fmt::format("exceeded max depth of {}", options_.max_depth));
  }
  double allowed_alias_ratio() const {
    constexpr double kLow = 400'000, kHigh = 4'000'000;
    auto decoded = static_cast<double>(decoded_);
    if (decoded <= kLow) return 0.99;
    if (decoded >= kHigh) return 0.10;
    return 0.99 - 0.89 * ((decoded - kLow) / (kHigh - kLow));
  }
  void enter(Node& alias) {
    if (alias.expanding) fail_yaml(fmt::format("anchor '{}' value contains itself", alias.text));
    alias.expanding = true;
    ++alias_depth_;
  }
  void leave(Node& alias) {
    alias.expanding = false;
    --alias_depth_;
  }

  /// Adds the members of a mapping to those from `base` on: its own in order, merged ones where the merge
  /// stands.
  void mapping(const Node& node, Names& names, int depth) {
    for (uint32_t key = node.first; key != kNone;) {
      uint32_t value = nodes_[key].next;
      if (value == kNone) break;
      if (is_merge(nodes_[key])) {
        merge(value, names, depth + 1);
      } else {
        Value key_value = decode(key, depth + 1);
        if (key_value.is_map() || key_value.is_list())
          fail_yaml(fmt::format("invalid map key: {}", go_syntax(key_value, true)));
        Value member = decode(value, depth + 1);
        add(names, key_value, member, nodes_[value].line);
      }
      key = nodes_[value].next;
    }
  }

  void add(Names& names, Value key, Value value, uint32_t line) {
    Key name(key_text(key, value));
    if (options_.duplicates_error && !names.insert(name.view()).second)
      fail_yaml(line, fmt::format("key {} already set in map", go_syntax(key, false)));
    members_.push_back({name, value});
  }

  static bool is_merge(const Node& node) {
    return node.kind == NodeKind::Scalar && node.text == "<<" &&
           (node.implicit || node.tag == "tag:yaml.org,2002:merge");
  }

  void merge(uint32_t index, Names& names, int depth) {
    Node& node = nodes_[index];
    if (node.kind != NodeKind::Sequence) {
      merge_one(index, names, depth);
      return;
    }
    // Earlier ones take precedence, so they come last.
    std::vector<uint32_t> sources;
    for (uint32_t child = node.first; child != kNone; child = nodes_[child].next) sources.push_back(child);
    for (auto source = sources.rbegin(); source != sources.rend(); ++source) merge_one(*source, names, depth);
  }

  void merge_one(uint32_t index, Names& names, int depth) {
    Node& node = nodes_[index];
    bool alias = node.kind == NodeKind::Alias;
    const Node& source = alias ? nodes_[node.first] : node;
    if (source.kind != NodeKind::Mapping)
      fail_yaml("map merge requires map or sequence of maps as the value");
    count(depth, node.line);
    if (alias) {
      enter(node);
      count(depth + 1, source.line);
    }
    mapping(source, names, depth + 1);
    if (alias) leave(node);
  }

  Value scalar(const Node& node) {
    if (node.tag.empty() && !node.implicit) return checked(Value::borrowed(node.text));
    if (node.tag.empty()) {
      std::optional<Value> plain = resolve_plain(node.text);
      return plain ? number(*plain) : checked(Value::borrowed(node.text));
    }
    return tagged(node);
  }

  Value tagged(const Node& node) {
    std::string tag = short_tag(node.tag);
    if (tag == "!!str") return checked(Value::borrowed(node.text));
    if (tag == "!!binary") {
      std::optional<std::string> data = decode_base64(node.text);
      if (!data) fail_yaml("!!binary value contains invalid base64 data");
      return checked(Value::string(arena_, *data));
    }
    if (tag == "!!timestamp" && is_yaml_timestamp(node.text)) return Value::borrowed(node.text);
    if (tag != "!!bool" && tag != "!!int" && tag != "!!float" && tag != "!!null" && tag != "!!timestamp")
      return checked(Value::borrowed(node.text));
    std::optional<Value> resolved = resolve_plain(node.text);
    std::string_view found = node.text == "<<" ? "!!str" : tag_of(resolved);
    if (found == tag) return number(*resolved);
    if (tag == "!!float" && resolved && resolved->kind() == Kind::Int) return Value(resolved->as_double());
    fail_yaml(fmt::format("cannot decode {} `{}` as a {}", found, node.text, tag));
  }

  Value number(Value value) const {
    return options_.numbers_as_double && value.is_number() ? Value(value.as_double()) : value;
  }

  /// json.Marshal writes U+FFFD for bytes that are no UTF-8; only !!binary brings such.
  Value checked(Value text) {
    if (valid_utf8(text.as_string())) return text;
    std::string valid;
    for (std::string_view rest = text.as_string(); !rest.empty();) {
      Rune rune = decode_rune(rest);
      append_rune(valid, rune.value);
      rest.remove_prefix(rune.size);
    }
    return Value::string(arena_, valid);
  }

  /// A key as text. *Source:* sigs.k8s.io/yaml 1.6 convertToJSONableObject.
  std::string_view key_text(Value key, Value value) {
    switch (key.kind()) {
      case Kind::String:
        return key.as_string();
      case Kind::Bool:
        return key.as_bool() ? "true" : "false";
      case Kind::Int:
        return arena_.copy(fmt::format("{}", key.as_int()));
      case Kind::Double:
        return arena_.copy(float_key(key.as_double()));
      case Kind::Uint:
        break;
      default:
        break;
    }
    throw invalid(fmt::format("unsupported map key of type: {}, key: {}, value: {}",
                              key.is_null() ? "%!s(<nil>)" : "uint64", go_syntax(key, false),
                              go_syntax(value, false)));
  }

  /// strconv.FormatFloat(number, 'g', -1, 32).
  static std::string float_key(double number) {
    auto narrow = static_cast<float>(number);
    if (std::isnan(narrow)) return ".nan";
    if (std::isinf(narrow)) return narrow > 0 ? ".inf" : "-.inf";
    std::string text;
    append_float_g(text, narrow);
    return text;
  }

  /// The value as %#v prints it, for messages.
  std::string go_syntax(Value value, bool top) const {
    switch (value.kind()) {
      case Kind::Null:
        return top ? "interface {}(nil)" : "<nil>";
      case Kind::String:
        return options_.quoted ? options_.quoted(value.as_string()) : to_json(value);
      case Kind::Uint:
        return fmt::format("{:#x}", value.as_uint());
      case Kind::Double: {
        if (!std::isfinite(value.as_double())) return "NaN";
        std::string text;
        append_double_g(text, value.as_double());
        return text;
      }
      case Kind::List: {
        std::string text = "[]interface {}{";
        for (Value item : value.items()) {
          if (text.back() != '{') text += ", ";
          text += go_syntax(item, true);
        }
        return text + "}";
      }
      case Kind::Map: {
        std::string text = "map[interface {}]interface {}{";
        for (const Member& m : value.members()) {
          if (text.back() != '{') text += ", ";
          text += go_syntax(Value::borrowed(m.key.view()), true) + ":" + go_syntax(m.value, true);
        }
        return text + "}";
      }
      default:
        return to_json(value);
    }
  }

  std::vector<Node>& nodes_;
  Arena& arena_;
  const YamlOptions& options_;
  std::vector<Member> members_;  // of the mappings being read, innermost last
  size_t decoded_ = 0;
  size_t aliased_ = 0;
  size_t alias_depth_ = 0;
};

/// json.Marshal refuses infinities and NaN, wherever they stand.
void refuse_non_finite(Value value) {
  switch (value.kind()) {
    case Kind::Double:
      if (double number = value.as_double(); !std::isfinite(number))
        throw invalid(fmt::format("json: unsupported value: {}", std::isnan(number) ? "NaN"
                                                                 : number > 0       ? "+Inf"
                                                                                    : "-Inf"));
      break;
    case Kind::List:
      for (Value item : value.items()) refuse_non_finite(item);
      break;
    case Kind::Map:
      for (const Member& m : value.members()) refuse_non_finite(m.value);
      break;
    default:
      break;
  }
}

Value read(std::string_view bytes, Arena& arena, const YamlOptions& options) {
  if (std::optional<Value> simple = parse_yaml_subset(bytes, arena, options)) return *simple;
  return parse_yaml_events(bytes, arena, options);
}

}  // namespace

Value parse_yaml_events(std::string_view bytes, Arena& arena, const YamlOptions& options) {
  TreeReader tree(bytes, arena, options);
  uint32_t root = tree.read();
  if (root == kNone) return {};
  Value value = Decoder(tree.nodes(), arena, options).decode(root, 0);
  refuse_non_finite(value);
  return value;
}

Value parse_yaml(std::string_view bytes, Arena& arena, const YamlOptions& options) {
  if (options.file.empty()) return read(bytes, arena, options);
  try {
    return read(bytes, arena, options);
  } catch (const Error& error) {
    throw error.in(options.file);
  }
}

Document parse_yaml(std::string_view bytes, const YamlOptions& options) {
  Document document;
  document.root = parse_yaml(bytes, *document.arena, options);
  return document;
}

std::vector<YamlPart> split_yaml_documents(std::string_view bytes) {
  std::vector<YamlPart> parts;
  size_t start = 0;
  int line = 1, start_line = 1;
  for (size_t at = 0; at < bytes.size();) {
    size_t end = bytes.find('\n', at);
    size_t next = end == std::string_view::npos ? bytes.size() : end + 1;
    if (bytes.substr(at, 3) == "---") {
      // Text after the dashes belongs to the new document: "--- # name" or "--- {a: 1}".
      size_t after = at + 3;
      bool separator = after >= bytes.size() || bytes[after] == ' ' || bytes[after] == '\t' ||
                       bytes[after] == '\r' || bytes[after] == '\n';
      if (separator) {
        if (at > start) parts.push_back({bytes.substr(start, at - start), start_line});
        start = after;
        start_line = line;
      }
    }
    at = next;
    ++line;
  }
  if (start < bytes.size()) parts.push_back({bytes.substr(start), start_line});
  std::erase_if(parts, [](const YamlPart& part) {
    return part.bytes.find_first_not_of(" \t\r\n") == std::string_view::npos;
  });
  for (YamlPart& part : parts) {
    // Content starts on the line after a bare separator.
    while (!part.bytes.empty() && (part.bytes[0] == '\n' || part.bytes[0] == '\r')) {
      if (part.bytes[0] == '\n') ++part.line;
      part.bytes.remove_prefix(1);
    }
  }
  return parts;
}

}  // namespace shipit::text
