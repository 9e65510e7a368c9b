#pragma once
// The parsed form of one template source: nodes of 16 bytes in one array, names and constants beside it.
// Function names are resolved, field names hashed. Immutable once parsed; any thread.
#include <complex>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::helm {

struct FunctionEntry;

using NodeId = uint32_t;
constexpr NodeId kNoNode = UINT32_MAX;

enum class NodeKind : uint8_t {
  Text,      // a: offset in the source, b: length
  Action,    // a: pipe
  If,        // a: link of {pipe, list, else list or kNoNode}
  Range,     //   the same
  With,      //   the same
  Template,  // a: pipe or kNoNode, b: string, the name
  Break,
  Continue,
  List,      // a: first link, b: count
  Pipe,      // a: first link: declared variables, then commands; count: variables, b: commands; flag: assigns
  Command,   // a: first link, b: count of arguments
  Field,     // a: first key, b: count
  Variable,  // a: first key, count: of keys (the fields), b: id of the variable's name
  Chain,     // a: node, b: first key, count: of keys
  Identifier,  // a: function
  Dot,
  Nil,
  Bool,    // flag
  Number,  // a: number, b: length of its text in the source
  String,  // a: string, b: length of its quoted text in the source
};

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
};

/// A template that a source defines: its body and the file's own.
struct Definition {
  std::string_view name;
  NodeId root = kNoNode;
  bool empty = false;  ///< nothing but space and comments
};

/// The arrays of a tree.
struct TreeArrays {
  std::vector<Node> nodes;
  std::vector<uint32_t> links;
  std::vector<text::Key> keys;            ///< field names; into source
  std::vector<std::string_view> strings;  ///< constants; into source or unescaped
  std::vector<Number> numbers;
  std::vector<text::Key> variables;  ///< names with their $, by id; 0 is "$"
  std::vector<const FunctionEntry*> functions;
  std::vector<Definition> definitions;  ///< the file's own body last
};

struct Tree : TreeArrays {
  std::string name;         ///< of the file, as errors print it
  std::string_view source;  ///< somebody else's, or in the arena
  text::Arena arena;        ///< of strings that had escapes, and of a source that nobody else keeps

  const Node& operator[](NodeId id) const { return nodes[id]; }
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
