#pragma once
// Inside of TemplateSet: the trees, who is called what, and the sources of tpl calls parsed so far.
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "helm/parser.h"
#include "helm/template.h"
#include "helm/tree.h"

namespace shipit::helm {

/// A template: the tree it is in and its root.
struct TemplateRef {
  const Tree* tree = nullptr;
  NodeId root = 0;
  std::string_view name;
  explicit operator bool() const { return tree; }
};

struct TemplateSet::Impl {
  std::unique_ptr<Parser> parser;  ///< until the set is sealed
  std::vector<std::unique_ptr<const Tree>> trees;
  std::unordered_map<std::string_view, TemplateRef> by_name;

  TemplateRef find(std::string_view name) const {
    auto at = by_name.find(name);
    return at == by_name.end() ? TemplateRef{} : at->second;
  }
  /// The tree of a tpl source; parsed once and kept while there is room. Thread-safe.
  /// Errors: Invalid with text/template's message.
  std::shared_ptr<const Tree> parse_tpl(std::string_view source) const;

  mutable std::mutex tpl_mutex;
  mutable std::unordered_map<std::string_view, std::shared_ptr<const Tree>>
      tpl_cache;  // keys are in the trees
  mutable size_t tpl_bytes = 0;
  size_t tpl_room = 0;
};

}  // namespace shipit::helm
