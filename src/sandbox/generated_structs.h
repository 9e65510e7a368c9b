#pragma once
// The texts that tools/k8s-schema writes about the API server's Go structs: "=NAME" begins one, then comes a
// line a field, its columns with a space between.
#include <array>
#include <string_view>
#include <tuple>
#include <vector>

namespace shipit::sandbox {

template <class Field>
struct GeneratedStruct {
  std::string_view name;
  std::vector<Field> fields;
};

/// `text` stays in use. A Field is made of its line's `columns`; the last may be empty.
template <class Field, size_t columns>
std::vector<GeneratedStruct<Field>> read_generated_structs(std::string_view text) {
  auto take = [](std::string_view& rest, char end) {
    size_t at = rest.find(end);
    std::string_view piece = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return piece;
  };
  std::vector<GeneratedStruct<Field>> out;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    if (line.starts_with('=')) {
      out.push_back({line.substr(1), {}});
      continue;
    }
    std::array<std::string_view, columns> words;
    for (std::string_view& word : words) word = take(line, ' ');
    out.back().fields.push_back(std::apply([](auto... word) { return Field{word...}; }, words));
  }
  return out;
}

}  // namespace shipit::sandbox
