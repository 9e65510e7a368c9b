#pragma once
// The parsed form of one template source: nodes of 16 bytes in one array, each before its parts, so that a
// part is found without a list of parts. Function names are resolved, field names hashed. Immutable once
// parsed; any thread.
#include <complex>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::helm {

struct FunctionEntry;

using NodeId = uint32_t;

enum class NodeKind : uint8_t {
  // With parts: the first is the next node, b is one past the last.
  If,        // pipe, list, and with a flag the list of its else
  Range,     //   the same
  With,      //   the same
  Template,  // with a flag a pipe; behind it the body that a block defines; a: string, the name
  Define,    // list: a template of its own, no part of the list that it stands in
  List,      // any; a pipe in it is an action that prints
  Pipe,      // count: declared variables, then commands; flag: assigns
  Command,   // a: count of arguments
  Chain,     // a pipe in parentheses or an identifier; a: first key, count: of keys, 0 for mere parentheses
  // Without.
  Text,  // from pos; b: length
  Break,
  Continue,
  Field,       // a: first key, b: count
  Variable,    // a: first key, b: count of keys (the fields), count: id of the variable's name
  Identifier,  // a: function
  Dot,
  Nil,
  Bool,    // flag
  Number,  // b: length of its text; a: number, or with a flag the whole number itself
  String,  // b: length of its quoted text; with a flag a: string, and without what is between the quotes
};
constexpr NodeKind kFirstLeaf = NodeKind::Text;

struct Node {
  NodeKind kind;
  uint8_t flag = 0;
  uint16_t count = 0;
  uint32_t pos = 0;  ///< byte offset in the source, for errors; where Go's parser puts it
  uint32_t a = 0, b = 0;
};
static_assert(sizeof(Node) == 16);

/// A numeric literal, under every type it fits.
struct Number {
  bool is_int = false, is_uint = false, is_float = false, is_complex = false;
  int64_t int_value = 0;
  uint64_t uint_value = 0;
  double float_value = 0;
  std::complex<double> complex_value;

  static Number whole(uint32_t value) {
    Number n;
    n.is_int = n.is_uint = n.is_float = true;
    n.int_value = value;
    n.uint_value = value;
    n.float_value = value;
    return n;
  }
};

/// A template that a source defines: its body and the file's own.
struct Definition {
  std::string_view name;
  NodeId root = 0;
  bool empty = false;  ///< nothing but space and comments
};

/// The arrays of a tree.
struct TreeArrays {
  std::vector<Node> nodes;
  std::vector<text::Key> keys;            ///< field names; into source
  std::vector<std::string_view> strings;  ///< names of templates, and constants that had escapes
  std::vector<Number> numbers;
  std::vector<text::Key> variables;     ///< names with their $, by id; 0 is "$"
  std::vector<Definition> definitions;  ///< the file's own body last
};

struct Tree : TreeArrays {
  std::string name;         ///< of the file, as errors print it
  std::string_view source;  ///< somebody else's, or in the arena
  text::Arena arena;        ///< of strings that had escapes, and of a source that nobody else keeps

  const Node& operator[](NodeId id) const { return nodes[id]; }
  /// The node behind `id` and its parts.
  NodeId after(NodeId id) const {
    const Node& node = nodes[id];
    return node.kind < kFirstLeaf ? node.b : id + 1;
  }
  Number number(const Node& node) const { return node.flag ? Number::whole(node.a) : numbers[node.a]; }
  std::string_view string(const Node& node) const {
    return node.flag ? strings[node.a] : source.substr(node.pos + 1, node.b - 2);
  }
  /// The node's source as Go's Node.String prints it.
  std::string str(NodeId id) const;
  void append(std::string& out, NodeId id) const;
  size_t footprint() const;
  /// 1-based line and 0-based byte column of an offset, as Go prints positions.
  struct Position {
    int line, column;
  };
  Position position(uint32_t offset) const;
};

/// Line `line` of a text, from 1, without its end; "" when there are fewer.
std::string_view line_of(std::string_view text, int line);

}  // namespace shipit::helm
