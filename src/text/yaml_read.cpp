// The YAML reader: libyaml's events become a tree of nodes, as in go-yaml v2, and the tree becomes the
// document. Two steps, because an alias is read again at each use and because go-yaml reports what is wrong
// with the text before what is wrong with its meaning.
#include <fmt/format.h>
#include <yaml.h>

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
#include "text/yaml_subset.h"

namespace shipit::text {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

/// What sigs.k8s.io/yaml says before any message of the YAML reader.
[[noreturn]] void fail(std::string_view message) {
  throw invalid(fmt::format("error converting YAML to JSON: {}", message));
}
[[noreturn]] void fail_yaml(std::string_view message) { fail(fmt::format("yaml: {}", message)); }
[[noreturn]] void fail_yaml(size_t line, std::string_view message) {
  if (line == 0) fail_yaml(message);
  fail_yaml(fmt::format("line {}: {}", line, message));
}

/// Size of libyaml's buffer of bytes not yet decoded, and of go-yaml's.
constexpr size_t kRawBuffer = 16 * 1024;
constexpr size_t kGoRawBuffer = 512;

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

/// An event that frees itself.
struct Event {
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&raw); }
  yaml_event_t raw{};
};

class TreeReader final {
 public:
  /// `chunk`: how many bytes are decoded ahead of the scanner.
  TreeReader(std::string_view bytes, Arena& arena, const YamlOptions& options, size_t chunk)
      : arena_(arena), options_(options), input_{bytes, chunk} {
    if (!yaml_parser_initialize(&parser_)) throw Error(ErrorKind::Internal, "yaml: no memory");
    yaml_parser_set_input(&parser_, &read_chunk, &input_);
  }
  TreeReader(const TreeReader&) = delete;
  TreeReader& operator=(const TreeReader&) = delete;
  ~TreeReader() { yaml_parser_delete(&parser_); }

  /// The root of the first document, or kNone when there is none.
  uint32_t read() {
    advance();  // stream start
    advance();
    if (event_->raw.type == YAML_STREAM_END_EVENT) return kNone;
    advance();       // document start
    return node(0);  // and the event after it; more of the stream is not looked at
  }
  std::vector<Node>& nodes() { return nodes_; }
  /// True when it was a byte or character that stopped the reader.
  bool bad_characters() const { return parser_.error == YAML_READER_ERROR; }

 private:
  struct Input {
    std::string_view rest;
    size_t chunk;
  };
  /// Fills libyaml's raw buffer up to `chunk` bytes, with what is left in it.
  static int read_chunk(void* data, unsigned char* buffer, size_t size, size_t* read) noexcept {
    auto& input = *static_cast<Input*>(data);
    size_t kept = kRawBuffer > size ? kRawBuffer - size : 0;
    *read = std::min({size, input.rest.size(), input.chunk > kept ? input.chunk - kept : 1});
    std::copy_n(input.rest.data(), *read, buffer);
    input.rest.remove_prefix(*read);
    return 1;
  }

  void advance() {
    event_.emplace();
    if (!yaml_parser_parse(&parser_, &event_->raw)) fail_at_problem();
  }

  [[noreturn]] void fail_at_problem() const {
    size_t line = 0;
    if (parser_.problem_mark.line != 0)
      line = parser_.problem_mark.line + (parser_.error == YAML_SCANNER_ERROR ? 1 : 0);
    else if (parser_.context_mark.line != 0)
      line = parser_.context_mark.line;
    fail_yaml(line, parser_.problem ? parser_.problem : "unknown problem parsing YAML content");
  }

  std::string_view keep(const unsigned char* text, size_t size) {
    return arena_.copy({reinterpret_cast<const char*>(text), size});
  }
  std::string_view keep(const unsigned char* text) {
    return text ? arena_.copy(reinterpret_cast<const char*>(text)) : std::string_view();
  }

  uint32_t add(NodeKind kind, const unsigned char* anchor) {
    auto index = static_cast<uint32_t>(nodes_.size());
    if (index >= options_.max_nodes) fail_yaml("document has too many nodes");
    Node& node = nodes_.emplace_back();
    node.kind = kind;
    node.line = static_cast<uint32_t>(event_->raw.start_mark.line) + 1;
    if (anchor) anchors_[reinterpret_cast<const char*>(anchor)] = index;
    return index;
  }

  uint32_t node(int depth) {
    if (depth > options_.max_depth)
      fail_yaml(event_->raw.start_mark.line + 1, fmt::format("exceeded max depth of {}", options_.max_depth));
    const yaml_event_t& event = event_->raw;
    switch (event.type) {
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        uint32_t index = add(NodeKind::Scalar, scalar.anchor);
        Node& n = nodes_[index];
        n.text = keep(scalar.value, scalar.length);
        n.tag = keep(scalar.tag);
        n.implicit = scalar.plain_implicit != 0;
        advance();
        return index;
      }
      case YAML_ALIAS_EVENT: {
        std::string_view name = keep(event.data.alias.anchor);
        uint32_t index = add(NodeKind::Alias, nullptr);
        auto target = anchors_.find(name);
        if (target == anchors_.end()) fail_yaml(fmt::format("unknown anchor '{}' referenced", name));
        nodes_[index].text = name;
        nodes_[index].first = target->second;
        advance();
        return index;
      }
      case YAML_SEQUENCE_START_EVENT: {
        uint32_t index = add(NodeKind::Sequence, event.data.sequence_start.anchor);
        nodes_[index].tag = keep(event.data.sequence_start.tag);
        children(index, YAML_SEQUENCE_END_EVENT, depth);
        return index;
      }
      case YAML_MAPPING_START_EVENT: {
        uint32_t index = add(NodeKind::Mapping, event.data.mapping_start.anchor);
        nodes_[index].tag = keep(event.data.mapping_start.tag);
        children(index, YAML_MAPPING_END_EVENT, depth);
        return index;
      }
      default:
        fail_yaml("unknown problem parsing YAML content");
    }
  }

  void children(uint32_t parent, yaml_event_type_t end, int depth) {
    uint32_t last = kNone;
    for (advance(); event_->raw.type != end;) {
      uint32_t child = node(depth + 1);
      if (last == kNone)
        nodes_[parent].first = child;
      else
        nodes_[last].next = child;
      last = child;
      ++nodes_[parent].count;
    }
    advance();
  }

  Arena& arena_;
  const YamlOptions& options_;
  Input input_;
  yaml_parser_t parser_;
  std::optional<Event> event_;
  std::vector<Node> nodes_;
  std::map<std::string, uint32_t, std::less<>> anchors_;
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
    fail(fmt::format("unsupported map key of type: {}, key: {}, value: {}",
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
  static std::string go_syntax(Value value, bool top) {
    switch (value.kind()) {
      case Kind::Null:
        return top ? "interface {}(nil)" : "<nil>";
      case Kind::String:
        return fmt::format("{}", to_json(value));
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
          text += to_json(Value::borrowed(m.key.view())) + ":" + go_syntax(m.value, true);
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
        fail(fmt::format("json: unsupported value: {}", std::isnan(number) ? "NaN"
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

Value read_in_chunks(std::string_view bytes, Arena& arena, const YamlOptions& options, size_t chunk) {
  TreeReader tree(bytes, arena, options, chunk);
  uint32_t root = kNone;
  try {
    root = tree.read();
  } catch (const Error&) {
    // go-yaml sees a forbidden character at most 512 bytes ahead of where it is, so it may have another
    // complaint first, or none: a document ends before.
    if (!tree.bad_characters() || chunk == kGoRawBuffer) throw;
    return read_in_chunks(bytes, arena, options, kGoRawBuffer);
  }
  if (root == kNone) return {};
  Value value = Decoder(tree.nodes(), arena, options).decode(root, 0);
  refuse_non_finite(value);
  return value;
}

Value read(std::string_view bytes, Arena& arena, const YamlOptions& options) {
  if (std::optional<Value> simple = parse_yaml_subset(bytes, arena, options)) return *simple;
  return parse_yaml_events(bytes, arena, options);
}

}  // namespace

Value parse_yaml_events(std::string_view bytes, Arena& arena, const YamlOptions& options) {
  return read_in_chunks(bytes.empty() ? "\n" : bytes, arena, options, kRawBuffer);
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
