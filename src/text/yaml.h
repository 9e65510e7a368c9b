#pragma once
// YAML in and out, with the semantics of Kubernetes' own library (sigs.k8s.io/yaml 1.6: go-yaml v2
// underneath, then JSON): YAML 1.1 booleans, merge keys, anchors, non-string keys as their JSON text. Pure;
// any thread.
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::text {

struct YamlOptions {
  std::string file;               ///< named in errors when not empty
  bool duplicates_error = false;  ///< true for our own manifests in git; charts and values: the last one wins
  int max_depth = 512;
  size_t max_nodes = 10'000'000;   ///< after alias expansion: a bound on alias bombs
  bool numbers_as_double = false;  ///< every number float64, as Helm reads values files (JSON numbers in Go)
  std::string (*quoted)(std::string_view) = nullptr;  ///< a text in a message; nullptr: as JSON has it
};

/// Parses the first document; null for an empty text.
/// Errors: Invalid, "FILE: yaml: line L: …", in go-yaml's words.
Value parse_yaml(std::string_view bytes, Arena& arena, const YamlOptions& options = {});
Document parse_yaml(std::string_view bytes, const YamlOptions& options = {});

/// One document of a stream, with the line (from 1) its content starts at.
struct YamlPart {
  std::string_view bytes;
  int line;
};
/// Splits at lines that are a document separator, as Kubernetes' YAML reader does ("---" at a line's start).
std::vector<YamlPart> split_yaml_documents(std::string_view bytes);

/// As sigs.k8s.io/yaml Marshal prints it: keys in go-yaml's natural order, line width 80, trailing newline.
std::string to_yaml(Value value);
void append_yaml(std::string& out, Value value);

/// What a document can't say of a node: an opaque Value of this sort is a scalar written as it is, or else a
/// map whose members keep their order. append_yaml_v3 knows both, append_json the map.
struct YamlSpecial {
  static constexpr uint16_t kSort = 2;
  static Value value_of(const YamlSpecial& node) { return Value::opaque(&node, kSort); }
  static const YamlSpecial* of(Value value) {
    return value.is_opaque() && value.opaque_sort() == kSort
               ? static_cast<const YamlSpecial*>(value.as_opaque())
               : nullptr;
  }
  /// In the arena, with a copy of the members.
  static const YamlSpecial& in(Arena& arena, const YamlSpecial& node) {
    auto* members = arena.allocate_array<Member>(node.members.size());
    std::uninitialized_copy(node.members.begin(), node.members.end(), members);
    return *new (arena.allocate_array<YamlSpecial>(1))
        YamlSpecial{node.plain, {members, node.members.size()}};
  }

  std::string_view plain;
  std::span<const Member> members;
};

/// As go-yaml v3's Encoder prints it with an indent of 2: lists in maps are indented, lines never folded,
/// floats short ("1e+06"), text that is no UTF-8 under !!binary. Errors: Invalid for a value that holds
/// itself. *Source:* go.yaml.in/yaml/v3 v3.0.5.
void append_yaml_v3(std::string& out, Value value);

}  // namespace shipit::text
