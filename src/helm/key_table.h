#pragma once
// A fixed set of names and what each stands for, found by a key's hash. Pure; any thread once filled.
#include <algorithm>
#include <utility>
#include <vector>

#include "text/value.h"

namespace shipit::helm {

template <class Meaning>
class KeyTable final {
 public:
  /// Of one name the first entry counts.
  void add(text::Key name, Meaning meaning) {
    rows_.insert(std::ranges::upper_bound(rows_, name.hash, {}, hash_of), {name, meaning});
  }
  /// nullptr for a name that is not in the table.
  const Meaning* find(const text::Key& name) const {
    auto row = std::ranges::lower_bound(rows_, name.hash, {}, hash_of);
    for (; row != rows_.end() && row->name.hash == name.hash; ++row)
      if (row->name == name) return &row->meaning;
    return nullptr;
  }

 private:
  struct Row {
    text::Key name;
    Meaning meaning;
  };
  static uint32_t hash_of(const Row& row) { return row.name.hash; }
  std::vector<Row> rows_;
};

}  // namespace shipit::helm
