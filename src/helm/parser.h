#pragma once
// Template source → Tree, in the order, with the rules and the error texts of Go's text/template/parse.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "helm/lexer.h"
#include "helm/tree.h"

namespace shipit::helm {

/// Parses sources one after the other; the room in which a tree grows is kept from one to the next, and each
/// tree gets arrays of just its size.
class Parser final {
 public:
  /// `source` must outlive the tree.
  /// Errors: Invalid with Go's text: `template: NAME:3: unexpected "}" in operand`.
  std::unique_ptr<Tree> parse(std::string_view name, std::string_view source);
  /// The same of a source that the tree keeps itself.
  std::unique_ptr<Tree> parse_copy(std::string_view name, std::string_view source);

 private:
  std::unique_ptr<Tree> parsed(std::unique_ptr<Tree> tree);

  TreeArrays room_;
  std::vector<Token> tokens_;
};

}  // namespace shipit::helm
