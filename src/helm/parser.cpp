#include "helm/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.h"
#include "helm/functions/function.h"
#include "helm/go_number.h"
#include "helm/lexer.h"
#include "helm/stack_guard.h"

namespace shipit::helm {
namespace {

constexpr size_t kParseStack = 3 << 20;
constexpr int kDeepestParentheses = 10000;

// {{else}} and {{end}} end a list; they are no nodes of the tree.
enum class Stop : uint8_t { None, Else, End };
struct Item {
  NodeId node = kNoNode;
  Stop stop = Stop::None;
};

/// Everything the parsers of a file's templates share.
struct Source {
  Tree& tree;
  Lexer lexer;
  StackGuard stack{kParseStack};
  std::vector<uint32_t> parts;  ///< see Parts
  std::vector<Token> tokens{};  ///< up to the end of an action
  size_t at = 0;                ///< the next of them
  size_t seen = 0;              ///< how many were looked at before going back

  Token next() {
    if (at == tokens.size()) refill();
    return tokens[at++];
  }
  Token peek() {
    if (at == tokens.size()) refill();
    seen = std::max(seen, at + 1);
    return tokens[at];
  }
  void go_to(size_t earlier) {
    seen = std::max(seen, at);
    at = earlier;
  }
  /// The last token looked at: errors are there.
  Token last() const { return tokens[std::max(seen, at) - 1]; }

 private:
  void refill() {
    tokens.clear();
    lexer.next(tokens);
    at = seen = 0;
  }
};

/// The ids a node under construction is made of. All such nodes share one stack, the innermost on top.
class Parts final {
 public:
  explicit Parts(Source& source) : stack_(source.parts), begin_(stack_.size()) {}
  ~Parts() { stack_.resize(begin_); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void push_back(uint32_t id) { stack_.push_back(id); }
  size_t size() const { return stack_.size() - begin_; }
  std::span<const uint32_t> ids() const { return std::span(stack_).subspan(begin_); }

 private:
  std::vector<uint32_t>& stack_;
  size_t begin_;
};

/// Parses one template: a file's body, or the body of a define or block in it.
class TemplateParser final {
 public:
  explicit TemplateParser(Source& source) : source_(source), tree_(source.tree) {
    variables_.push_back(variable("$"));
  }

  void file();
  void definition();
  void block(std::string_view name);

 private:
  // Tokens.
  Token next() { return source_.next(); }
  Token peek() { return source_.peek(); }
  std::string_view text(Token token) const { return source_.lexer.text(token); }
  Token expect(TokenKind kind, std::string_view context);
  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void unexpected(Token token, std::string_view context) const;

  // Grammar.
  Stop item_list(NodeId& list);
  Item text_or_action();
  Item action();
  NodeId loop_exit(NodeKind kind, Token keyword);
  NodeId pipeline(std::string_view context, TokenKind end);
  void declarations(std::string_view context, Parts& declared, bool& assigns);
  void check_pipeline(std::span<const uint32_t> commands, std::string_view context) const;
  NodeId control(NodeKind kind, std::string_view context);
  NodeId block_control();
  NodeId template_control();
  std::string_view template_name(Token token, std::string_view context);
  NodeId command();
  NodeId operand();
  NodeId term();
  NodeId number(Token token);

  // Making nodes.
  NodeId add(Node node);
  NodeId list(uint32_t pos, std::span<const uint32_t> items);
  uint32_t links(std::span<const uint32_t> ids);
  NodeId field(uint32_t pos, std::string_view dotted);
  NodeId make_variable(uint32_t pos, std::string_view dotted);
  uint32_t variable(std::string_view name);
  uint32_t keys(std::string_view dotted, uint16_t& count);
  std::string_view string_constant(Token token);
  void define(std::string_view name, NodeId root);
  bool empty(NodeId id) const;

  int line(uint32_t pos) const { return tree_.position(pos).line; }

  static constexpr uint32_t kNoAction = UINT32_MAX;

  Source& source_;
  Tree& tree_;
  std::vector<uint32_t> variables_;
  uint32_t action_pos_ = kNoAction;
  int range_depth_ = 0;
  int paren_depth_ = 0;
};

Token TemplateParser::expect(TokenKind kind, std::string_view context) {
  Token token = next();
  if (token.kind != kind) unexpected(token, context);
  return token;
}

void TemplateParser::fail(const std::string& message) const {
  throw invalid(fmt::format("template: {}:{}: {}", tree_.name, line(source_.last().pos), message));
}

void TemplateParser::unexpected(Token token, std::string_view context) const {
  if (token.kind == TokenKind::Error) {
    std::string extra;
    if (action_pos_ != kNoAction && line(action_pos_) != line(token.pos)) {
      extra = fmt::format(" in action started at {}:{}", tree_.name, line(action_pos_));
      if (text(token).ends_with(" action")) extra = extra.substr(std::string_view(" in action").size());
    }
    fail(std::string(text(token)) + extra);
  }
  fail(fmt::format("unexpected {} in {}", source_.lexer.str(token), context));
}

void TemplateParser::file() {
  uint32_t pos = peek().pos;
  Parts items(source_);
  while (peek().kind != TokenKind::Eof) {
    if (peek().kind == TokenKind::LeftDelim) {
      size_t delimiter = source_.at;
      next();
      if (next().kind == TokenKind::Define) {
        TemplateParser(source_).definition();
        continue;
      }
      source_.go_to(delimiter);
    }
    Item item = text_or_action();
    if (item.stop != Stop::None) fail(item.stop == Stop::End ? "unexpected {{end}}" : "unexpected {{else}}");
    items.push_back(item.node);
  }
  define(tree_.name, list(pos, items.ids()));
}

void TemplateParser::definition() {
  constexpr std::string_view kContext = "define clause";
  Token token = next();
  if (token.kind != TokenKind::String && token.kind != TokenKind::RawString) unexpected(token, kContext);
  std::string_view name = string_constant(token);
  expect(TokenKind::RightDelim, kContext);
  NodeId root;
  if (item_list(root) != Stop::End) fail("unexpected {{else}} in define clause");
  define(name, root);
}

void TemplateParser::block(std::string_view name) {
  NodeId root;
  if (item_list(root) != Stop::End) fail("unexpected {{else}} in block clause");
  define(name, root);
}

Stop TemplateParser::item_list(NodeId& made) {
  if (source_.stack.exhausted()) fail("max nesting depth exceeded");
  uint32_t pos = peek().pos;
  Parts items(source_);
  while (peek().kind != TokenKind::Eof) {
    Item item = text_or_action();
    if (item.stop != Stop::None) {
      made = list(pos, items.ids());
      return item.stop;
    }
    items.push_back(item.node);
  }
  fail("unexpected EOF");
}

Item TemplateParser::text_or_action() {
  Token token = next();
  if (token.kind == TokenKind::Text) return {add({NodeKind::Text, 0, 0, token.pos, token.pos, token.size})};
  if (token.kind != TokenKind::LeftDelim) unexpected(token, "input");
  action_pos_ = token.pos;
  Item item = action();
  action_pos_ = kNoAction;
  return item;
}

Item TemplateParser::action() {
  Token token = next();
  switch (token.kind) {
    case TokenKind::Block:
      return {block_control()};
    case TokenKind::Break:
      return {loop_exit(NodeKind::Break, token)};
    case TokenKind::Continue:
      return {loop_exit(NodeKind::Continue, token)};
    case TokenKind::Else: {
      // "else if" and "else with" leave their keyword for the branch to read.
      TokenKind following = peek().kind;
      if (following != TokenKind::If && following != TokenKind::With) expect(TokenKind::RightDelim, "else");
      return {kNoNode, Stop::Else};
    }
    case TokenKind::End:
      expect(TokenKind::RightDelim, "end");
      return {kNoNode, Stop::End};
    case TokenKind::If:
      return {control(NodeKind::If, "if")};
    case TokenKind::Range:
      return {control(NodeKind::Range, "range")};
    case TokenKind::Template:
      return {template_control()};
    case TokenKind::With:
      return {control(NodeKind::With, "with")};
    default:
      break;
  }
  source_.go_to(source_.at - 1);
  NodeId pipe = pipeline("command", TokenKind::RightDelim);
  return {add({NodeKind::Action, 0, 0, token.pos, pipe})};
}

NodeId TemplateParser::loop_exit(NodeKind kind, Token keyword) {
  std::string name = kind == NodeKind::Break ? "{{break}}" : "{{continue}}";
  Token token = next();
  if (token.kind != TokenKind::RightDelim) unexpected(token, name);
  if (range_depth_ == 0) fail(name + " outside {{range}}");
  return add({kind, 0, 0, keyword.pos});
}

void TemplateParser::declarations(std::string_view context, Parts& declared, bool& assigns) {
  while (true) {
    Token v = peek();
    if (v.kind != TokenKind::Variable) return;
    size_t before = source_.at;
    next();
    Token following = next();  // tells "$x foo" from "$x := foo"
    auto declare = [&] {
      std::string_view name = text(v);
      declared.push_back(make_variable(v.pos, name));
      variables_.push_back(variable(name));
    };
    if (following.kind == TokenKind::Assign || following.kind == TokenKind::Declare) {
      assigns = following.kind == TokenKind::Assign;
      declare();
      return;
    }
    if (following.kind == TokenKind::Char && text(following) == ",") {
      declare();
      if (context == "range" && declared.size() < 2) {
        TokenKind kind = peek().kind;
        if (kind == TokenKind::Variable || kind == TokenKind::RightDelim || kind == TokenKind::RightParen)
          continue;
        fail("range can only initialize variables");
      }
      fail(fmt::format("too many declarations in {}", context));
    }
    source_.go_to(before);
    return;
  }
}

bool begins_term(TokenKind kind) {
  switch (kind) {
    case TokenKind::Bool:
    case TokenKind::CharConstant:
    case TokenKind::Complex:
    case TokenKind::Dot:
    case TokenKind::Field:
    case TokenKind::Identifier:
    case TokenKind::Number:
    case TokenKind::Nil:
    case TokenKind::RawString:
    case TokenKind::String:
    case TokenKind::Variable:
    case TokenKind::LeftParen:
      return true;
    default:
      return false;
  }
}

NodeId TemplateParser::pipeline(std::string_view context, TokenKind end) {
  uint32_t pos = peek().pos;
  Parts parts(source_);
  bool assigns = false;
  declarations(context, parts, assigns);
  auto declared = static_cast<uint16_t>(parts.size());
  while (true) {
    Token token = peek();
    if (token.kind == end) break;
    if (!begins_term(token.kind)) unexpected(token, context);
    parts.push_back(command());
  }
  next();
  std::span<const uint32_t> commands = parts.ids().subspan(declared);
  check_pipeline(commands, context);
  uint32_t first = links(parts.ids());
  return add({NodeKind::Pipe, assigns, declared, pos, first, static_cast<uint32_t>(commands.size())});
}

void TemplateParser::check_pipeline(std::span<const uint32_t> commands, std::string_view context) const {
  if (commands.empty()) fail(fmt::format("missing value for {}", context));
  for (size_t i = 1; i < commands.size(); ++i) {
    switch (tree_[tree_.links[tree_[commands[i]].a]].kind) {
      case NodeKind::Bool:
      case NodeKind::Dot:
      case NodeKind::Nil:
      case NodeKind::Number:
      case NodeKind::String:
        fail(fmt::format("non executable command in pipeline stage {}", i + 1));
      default:
        break;
    }
  }
}

NodeId TemplateParser::control(NodeKind kind, std::string_view context) {
  if (source_.stack.exhausted()) fail("max nesting depth exceeded");
  size_t scope = variables_.size();
  NodeId pipe = pipeline(context, TokenKind::RightDelim);
  if (kind == NodeKind::Range) ++range_depth_;
  NodeId body, other = kNoNode;
  Stop stop = item_list(body);
  if (kind == NodeKind::Range) --range_depth_;
  if (stop == Stop::Else) {
    TokenKind chained = kind == NodeKind::If     ? TokenKind::If
                        : kind == NodeKind::With ? TokenKind::With
                                                 : TokenKind::Eof;
    if (chained != TokenKind::Eof && peek().kind == chained) {
      uint32_t pos = next().pos;
      NodeId branch = control(kind, context);
      other = list(pos, {&branch, 1});
    } else if (item_list(other) != Stop::End) {
      fail("expected end; found {{else}}");
    }
  }
  variables_.resize(scope);
  const uint32_t parts[] = {pipe, body, other};
  uint32_t first = links(parts);
  return add({kind, 0, 0, tree_[pipe].pos, first});
}

NodeId TemplateParser::block_control() {
  constexpr std::string_view kContext = "block clause";
  Token token = next();
  std::string_view name = template_name(token, kContext);
  NodeId pipe = pipeline(kContext, TokenKind::RightDelim);
  TemplateParser(source_).block(name);
  tree_.strings.push_back(name);
  return add({NodeKind::Template, 0, 0, token.pos, pipe, static_cast<uint32_t>(tree_.strings.size() - 1)});
}

NodeId TemplateParser::template_control() {
  constexpr std::string_view kContext = "template clause";
  Token token = next();
  std::string_view name = template_name(token, kContext);
  NodeId pipe = kNoNode;
  if (peek().kind != TokenKind::RightDelim)
    pipe = pipeline(kContext, TokenKind::RightDelim);
  else
    next();
  tree_.strings.push_back(name);
  return add({NodeKind::Template, 0, 0, token.pos, pipe, static_cast<uint32_t>(tree_.strings.size() - 1)});
}

std::string_view TemplateParser::template_name(Token token, std::string_view context) {
  if (token.kind != TokenKind::String && token.kind != TokenKind::RawString) unexpected(token, context);
  return string_constant(token);
}

NodeId TemplateParser::command() {
  uint32_t pos = peek().pos;
  Parts arguments(source_);
  while (true) {
    NodeId argument = operand();
    if (argument != kNoNode) arguments.push_back(argument);
    Token token = peek();
    if (token.kind == TokenKind::RightDelim || token.kind == TokenKind::RightParen) break;
    if (token.kind == TokenKind::Pipe) {
      next();
      break;
    }
    if (argument == kNoNode || !token.spaced) unexpected(token, "operand");
  }
  if (arguments.size() == 0) fail("empty command");
  uint32_t first = links(arguments.ids());
  return add({NodeKind::Command, 0, 0, pos, first, static_cast<uint32_t>(arguments.size())});
}

/// Whether a term goes on: ".Values" in "$.Values", but not in "$ .Values".
bool continued(Token token) { return token.kind == TokenKind::Field && !token.spaced; }

NodeId TemplateParser::operand() {
  NodeId node = term();
  if (node == kNoNode || !continued(peek())) return node;
  uint32_t pos = peek().pos;
  auto first = static_cast<uint32_t>(tree_.keys.size());
  uint16_t count = 0;
  while (continued(peek())) {
    tree_.keys.emplace_back(text(next()).substr(1));
    ++count;
  }
  Node& n = tree_.nodes[node];
  switch (n.kind) {
    case NodeKind::Field:  // its keys are the ones just before
      n.b += count;
      n.pos = pos;
      return node;
    case NodeKind::Variable:
      if (n.count == 0) n.a = first;
      n.count = static_cast<uint16_t>(n.count + count);
      n.pos = pos;
      return node;
    case NodeKind::Bool:
    case NodeKind::String:
    case NodeKind::Number:
    case NodeKind::Nil:
    case NodeKind::Dot:
      fail("unexpected . after term " + quoted(tree_.str(node)));
    default:
      return add({NodeKind::Chain, 0, count, pos, node, first});
  }
}

NodeId TemplateParser::term() {
  Token token = peek();
  if (!begins_term(token.kind)) return kNoNode;
  next();
  switch (token.kind) {
    case TokenKind::Identifier: {
      const FunctionEntry* function = find_function(text(token));
      if (!function) fail(fmt::format("function {} not defined", quoted(text(token))));
      tree_.functions.push_back(function);
      return add({NodeKind::Identifier, 0, 0, token.pos, static_cast<uint32_t>(tree_.functions.size() - 1)});
    }
    case TokenKind::Dot:
      return add({NodeKind::Dot, 0, 0, token.pos});
    case TokenKind::Nil:
      return add({NodeKind::Nil, 0, 0, token.pos});
    case TokenKind::Variable: {
      NodeId node = make_variable(token.pos, text(token));
      if (std::ranges::find(variables_, tree_[node].b) == variables_.end())
        fail("undefined variable " + quoted(text(token)));
      return node;
    }
    case TokenKind::Field:
      return field(token.pos, text(token).substr(1));
    case TokenKind::Bool:
      return add({NodeKind::Bool, text(token) == "true", 0, token.pos});
    case TokenKind::CharConstant:
    case TokenKind::Complex:
    case TokenKind::Number:
      return number(token);
    case TokenKind::LeftParen: {
      if (paren_depth_ >= kDeepestParentheses || source_.stack.exhausted())
        fail("max expression depth exceeded");
      ++paren_depth_;
      NodeId pipe = pipeline("parenthesized pipeline", TokenKind::RightParen);
      --paren_depth_;
      return pipe;
    }
    case TokenKind::String:
    case TokenKind::RawString: {
      tree_.strings.push_back(string_constant(token));
      return add(
          {NodeKind::String, 0, 0, token.pos, static_cast<uint32_t>(tree_.strings.size() - 1), token.size});
    }
    default:
      return kNoNode;
  }
}

/// What a float or complex literal is besides.
void widen(Number& n, double value, bool keep_int) {
  if (!keep_int && static_cast<double>(to_int64(value)) == value) {
    n.is_int = true;
    n.int_value = to_int64(value);
  }
  if (static_cast<double>(to_uint64(value)) == value) {
    n.is_uint = true;
    n.uint_value = to_uint64(value);
  }
}

void set_complex(Number& n, std::complex<double> value) {
  n.is_complex = true;
  n.complex_value = value;
  n.is_float = value.imag() == 0;
  if (!n.is_float) return;
  n.float_value = value.real();
  widen(n, value.real(), false);
}

NodeId TemplateParser::number(Token token) {
  Number n;
  std::string_view text = this->text(token);
  auto finish = [&] {
    tree_.numbers.push_back(n);
    return add({NodeKind::Number, 0, 0, token.pos, static_cast<uint32_t>(tree_.numbers.size() - 1),
                static_cast<uint32_t>(text.size())});
  };
  if (token.kind == TokenKind::CharConstant) {
    std::string_view tail = text.substr(1);
    auto c = unquote_char(tail, '\'');
    if (!c) fail("invalid syntax");
    if (tail != "'") fail(fmt::format("malformed character constant: {}", text));
    n.is_int = n.is_uint = n.is_float = true;
    n.int_value = c->rune;
    n.uint_value = static_cast<uint64_t>(c->rune);
    n.float_value = c->rune;
    return finish();
  }
  if (token.kind == TokenKind::Complex) {
    size_t split = text.find_last_of("+-");
    if (split > 0 && (text[split - 1] | 0x20) == 'e') split = text.find_last_of("+-", split - 1);
    auto real = parse_float(text.substr(0, split));
    auto imaginary = parse_float(text.substr(split, text.size() - split - 1));
    if (!real.ok() || !imaginary.ok()) fail("syntax error scanning complex number");
    set_complex(n, {real.value, imaginary.value});
    return finish();
  }
  if (text.back() == 'i') {
    if (auto f = parse_float(text.substr(0, text.size() - 1)); f.ok()) {
      set_complex(n, {0, f.value});
      return finish();
    }
  }
  auto u = parse_uint(text, 0);
  auto i = parse_int(text, 0);
  if (u.ok()) {
    n.is_uint = true;
    n.uint_value = u.value;
  }
  if (i.ok()) {
    n.is_int = true;
    n.int_value = i.value;
    if (i.value == 0) {
      n.is_uint = true;  // -0
      n.uint_value = u.value;
    }
  }
  if (n.is_int || n.is_uint) {
    n.is_float = true;
    n.float_value = n.is_int ? static_cast<double>(n.int_value) : static_cast<double>(n.uint_value);
  } else if (auto f = parse_float(text); f.ok()) {
    if (text.find_first_of(".eEpP") == std::string_view::npos) fail("integer overflow: " + quoted(text));
    n.is_float = true;
    n.float_value = f.value;
    widen(n, f.value, false);
  } else {
    fail("illegal number syntax: " + quoted(text));
  }
  return finish();
}

NodeId TemplateParser::add(Node node) {
  tree_.nodes.push_back(node);
  return static_cast<NodeId>(tree_.nodes.size() - 1);
}

uint32_t TemplateParser::links(std::span<const uint32_t> ids) {
  auto first = static_cast<uint32_t>(tree_.links.size());
  tree_.links.insert(tree_.links.end(), ids.begin(), ids.end());
  return first;
}

NodeId TemplateParser::list(uint32_t pos, std::span<const uint32_t> items) {
  uint32_t first = links(items);
  return add({NodeKind::List, 0, 0, pos, first, static_cast<uint32_t>(items.size())});
}

uint32_t TemplateParser::keys(std::string_view dotted, uint16_t& count) {
  auto first = static_cast<uint32_t>(tree_.keys.size());
  count = 0;
  while (true) {
    size_t dot = dotted.find('.');
    tree_.keys.emplace_back(dotted.substr(0, dot));
    ++count;
    if (dot == std::string_view::npos) return first;
    dotted.remove_prefix(dot + 1);
  }
}

NodeId TemplateParser::field(uint32_t pos, std::string_view dotted) {
  uint16_t count;
  uint32_t first = keys(dotted, count);
  return add({NodeKind::Field, 0, 0, pos, first, count});
}

NodeId TemplateParser::make_variable(uint32_t pos, std::string_view name) {
  return add({NodeKind::Variable, 0, 0, pos, 0, variable(name)});
}

uint32_t TemplateParser::variable(std::string_view name) {
  auto& names = tree_.variables;
  text::Key key(name);
  auto at = std::ranges::find(names, key);
  if (at == names.end()) at = names.insert(at, key);
  return static_cast<uint32_t>(at - names.begin());
}

std::string_view TemplateParser::string_constant(Token token) {
  std::string_view literal = text(token), body = literal.substr(1, literal.size() - 2);
  if (token.kind == TokenKind::String && token.plain) return body;
  auto meant = unquote(literal);
  if (!meant) fail("invalid syntax");
  return *meant == body ? body : tree_.arena.copy(*meant);
}

void TemplateParser::define(std::string_view name, NodeId root) {
  Definition made{name, root, empty(root)};
  for (Definition& d : tree_.definitions) {
    if (d.name != name) continue;
    if (d.empty)
      d = made;
    else if (!made.empty)
      fail("template: multiple definition of template " + quoted(name));
    return;
  }
  tree_.definitions.push_back(made);
}

bool TemplateParser::empty(NodeId id) const {
  const Node& n = tree_[id];
  if (n.kind == NodeKind::List) {
    for (uint32_t i = 0; i < n.b; ++i)
      if (!empty(tree_.links[n.a + i])) return false;
    return true;
  }
  if (n.kind != NodeKind::Text) return false;
  std::string_view text = tree_.source.substr(n.a, n.b);
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    if (!is_space(d.rune)) return false;
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  return true;
}

}  // namespace

std::unique_ptr<Tree> Parser::parse(std::string_view name, std::string_view source) {
  auto tree = std::make_unique<Tree>();
  tree->name = name;
  tree->source = source;
  return parsed(std::move(tree));
}

std::unique_ptr<Tree> Parser::parse_copy(std::string_view name, std::string_view source) {
  auto tree = std::make_unique<Tree>();
  tree->name = name;
  tree->source = tree->arena.copy(source);
  return parsed(std::move(tree));
}

std::unique_ptr<Tree> Parser::parsed(std::unique_ptr<Tree> tree) {
  if (tree->source.size() >= UINT32_MAX)
    throw invalid(fmt::format("template: {}: source is too large", tree->name));
  TreeArrays& arrays = *tree;
  arrays = std::move(room_);
  Source shared{*tree, Lexer(tree->source)};
  TemplateParser(shared).file();
  room_ = std::exchange(arrays, TreeArrays(arrays));  // a copy has no spare room
  auto empty = [](auto&... vectors) { (vectors.clear(), ...); };
  empty(room_.nodes, room_.links, room_.keys, room_.strings, room_.numbers, room_.variables, room_.functions,
        room_.definitions);
  return tree;
}

}  // namespace shipit::helm
