#include "helm/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.h"
#include "helm/functions/function.h"
#include "helm/go_number.h"
#include "helm/lexer.h"
#include "helm/number_literal.h"
#include "helm/stack_guard.h"

namespace shipit::helm {
namespace {

constexpr size_t kParseStack = 3 << 20;
constexpr int kDeepestParentheses = 10000;

constexpr size_t kMostVariables = UINT16_MAX, kMostChained = UINT16_MAX;

// {{else}} and {{end}} end a list; they are no nodes of the tree.
enum class Stop : uint8_t { None, Else, End };

/// Everything the parsers of a file's templates share.
struct Source {
  Tree& tree;
  Lexer lexer;
  StackGuard stack{kParseStack};
  std::vector<Token>& tokens;  ///< up to the end of an action
  size_t at = 0;               ///< the next of them
  size_t seen = 0;             ///< how many were looked at before going back

  /// Both are good up to the end of the action.
  const Token& next() {
    if (at == tokens.size()) refill();
    return tokens[at++];
  }
  const Token& peek() {
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

/// Parses one template: a file's body, or the body of a define or block in it.
class TemplateParser final {
 public:
  explicit TemplateParser(Source& source) : source_(source), tree_(source.tree) {
    variables_.push_back(variable("$"));
  }

  void file();
  void definition();
  void body(std::string_view name, std::string_view context);

 private:
  // Tokens.
  const Token& next() { return source_.next(); }
  const Token& peek() { return source_.peek(); }
  std::string_view text(const Token& token) const { return source_.lexer.text(token); }
  void expect(TokenKind kind, std::string_view context);
  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void unexpected(const Token& token, std::string_view context) const;

  // Grammar. Each adds the nodes of what it reads at the tree's end.
  Stop item_list();
  Stop text_or_action();
  Stop action();
  void loop_exit(NodeKind kind, uint32_t pos);
  void pipeline(std::string_view context, TokenKind end);
  void declarations(std::string_view context, NodeId pipe);
  void check_pipeline(NodeId pipe, std::string_view context) const;
  void control(NodeKind kind, std::string_view context);
  void block_control();
  void template_control();
  NodeId open_template(std::string_view context);
  void command();
  /// False when there is none.
  bool operand();
  bool term();
  void number(const Token& token);

  // Making nodes.
  NodeId add(const Node& node);
  /// A node whose parts are what is added until it is closed.
  NodeId open(NodeKind kind, uint32_t pos) { return add({kind, 0, 0, pos}); }
  void close(NodeId id) { tree_.nodes[id].b = static_cast<uint32_t>(tree_.nodes.size()); }
  uint32_t add_key(std::string_view name);
  void add_variable(uint32_t pos, uint16_t name);
  uint16_t variable(std::string_view name);
  std::string_view string_constant(const Token& token);
  void define(std::string_view name, NodeId root);
  bool empty(NodeId id) const;

  int line(uint32_t pos) const { return tree_.position(pos).line; }

  static constexpr uint32_t kNoAction = UINT32_MAX;

  Source& source_;
  Tree& tree_;
  std::vector<uint16_t> variables_;
  uint32_t action_pos_ = kNoAction;
  int range_depth_ = 0;
  int paren_depth_ = 0;
};

void TemplateParser::expect(TokenKind kind, std::string_view context) {
  const Token& token = next();
  if (token.kind != kind) unexpected(token, context);
}

void TemplateParser::fail(const std::string& message) const {
  throw invalid(fmt::format("template: {}:{}: {}", tree_.name, line(source_.last().pos), message));
}

void TemplateParser::unexpected(const Token& token, std::string_view context) const {
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
  NodeId list = open(NodeKind::List, peek().pos);
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
    Stop stop = text_or_action();
    if (stop != Stop::None) fail(stop == Stop::End ? "unexpected {{end}}" : "unexpected {{else}}");
  }
  close(list);
  define(tree_.name, list);
}

void TemplateParser::definition() {
  constexpr std::string_view kContext = "define clause";
  NodeId node = open(NodeKind::Define, source_.last().pos);
  const Token& token = next();
  if (token.kind != TokenKind::String && token.kind != TokenKind::RawString) unexpected(token, kContext);
  std::string_view name = string_constant(token);
  expect(TokenKind::RightDelim, kContext);
  body(name, kContext);
  close(node);
}

/// The rest of a define or block.
void TemplateParser::body(std::string_view name, std::string_view context) {
  auto list = static_cast<NodeId>(tree_.nodes.size());
  if (item_list() != Stop::End) fail(fmt::format("unexpected {{{{else}}}} in {}", context));
  define(name, list);
}

Stop TemplateParser::item_list() {
  if (source_.stack.exhausted()) fail("max nesting depth exceeded");
  NodeId list = open(NodeKind::List, peek().pos);
  while (peek().kind != TokenKind::Eof) {
    Stop stop = text_or_action();
    if (stop == Stop::None) continue;
    close(list);
    return stop;
  }
  fail("unexpected EOF");
}

Stop TemplateParser::text_or_action() {
  const Token& token = next();
  if (token.kind == TokenKind::Text) {
    add({NodeKind::Text, 0, 0, token.pos, 0, token.size});
    return Stop::None;
  }
  if (token.kind != TokenKind::LeftDelim) unexpected(token, "input");
  action_pos_ = token.pos;
  Stop stop = action();
  action_pos_ = kNoAction;
  return stop;
}

Stop TemplateParser::action() {
  const Token& token = next();
  uint32_t pos = token.pos;
  switch (token.kind) {
    case TokenKind::Block:
      block_control();
      break;
    case TokenKind::Break:
      loop_exit(NodeKind::Break, pos);
      break;
    case TokenKind::Continue:
      loop_exit(NodeKind::Continue, pos);
      break;
    case TokenKind::Else: {
      // "else if" and "else with" leave their keyword for the branch to read.
      TokenKind following = peek().kind;
      if (following != TokenKind::If && following != TokenKind::With) expect(TokenKind::RightDelim, "else");
      return Stop::Else;
    }
    case TokenKind::End:
      expect(TokenKind::RightDelim, "end");
      return Stop::End;
    case TokenKind::If:
      control(NodeKind::If, "if");
      break;
    case TokenKind::Range:
      control(NodeKind::Range, "range");
      break;
    case TokenKind::Template:
      template_control();
      break;
    case TokenKind::With:
      control(NodeKind::With, "with");
      break;
    default:
      source_.go_to(source_.at - 1);
      pipeline("command", TokenKind::RightDelim);
  }
  return Stop::None;
}

void TemplateParser::loop_exit(NodeKind kind, uint32_t pos) {
  std::string name = kind == NodeKind::Break ? "{{break}}" : "{{continue}}";
  expect(TokenKind::RightDelim, name);
  if (range_depth_ == 0) fail(name + " outside {{range}}");
  add({kind, 0, 0, pos});
}

/// The variables that a pipeline sets, and how it does.
void TemplateParser::declarations(std::string_view context, NodeId pipe) {
  uint16_t declared = 0;
  while (true) {
    const Token& v = peek();
    if (v.kind != TokenKind::Variable) return;
    size_t before = source_.at;
    next();
    const Token& following = next();  // tells "$x foo" from "$x := foo"
    auto declare = [&] {
      uint16_t name = variable(text(v));
      add_variable(v.pos, name);
      variables_.push_back(name);
      tree_.nodes[pipe].count = ++declared;
    };
    if (following.kind == TokenKind::Assign || following.kind == TokenKind::Declare) {
      tree_.nodes[pipe].flag = following.kind == TokenKind::Assign;
      declare();
      return;
    }
    if (following.kind == TokenKind::Char && text(following) == ",") {
      declare();
      if (context == "range" && declared < 2) {
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

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
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

void TemplateParser::pipeline(std::string_view context, TokenKind end) {
  NodeId pipe = open(NodeKind::Pipe, peek().pos);
  if (peek().kind == TokenKind::Variable) declarations(context, pipe);
  while (true) {
    const Token& token = peek();
    if (token.kind == end) break;
    if (!begins_term(token.kind)) unexpected(token, context);
    command();
  }
  next();
  close(pipe);
  check_pipeline(pipe, context);
}

void TemplateParser::check_pipeline(NodeId pipe, std::string_view context) const {
  const Node& node = tree_[pipe];
  NodeId command = pipe + 1 + node.count;  // variables have no parts
  if (command == node.b) fail(fmt::format("missing value for {}", context));
  for (size_t stage = 2; (command = tree_.after(command)) < node.b; ++stage) {
    switch (tree_[command + 1].kind) {
      case NodeKind::Bool:
      case NodeKind::Dot:
      case NodeKind::Nil:
      case NodeKind::Number:
      case NodeKind::String:
        fail(fmt::format("non executable command in pipeline stage {}", stage));
      default:
        break;
    }
  }
}

void TemplateParser::control(NodeKind kind, std::string_view context) {
  if (source_.stack.exhausted()) fail("max nesting depth exceeded");
  size_t scope = variables_.size();
  NodeId node = open(kind, 0);
  pipeline(context, TokenKind::RightDelim);
  tree_.nodes[node].pos = tree_[node + 1].pos;
  if (kind == NodeKind::Range) ++range_depth_;
  Stop stop = item_list();
  if (kind == NodeKind::Range) --range_depth_;
  if (stop == Stop::Else) {
    tree_.nodes[node].flag = 1;
    TokenKind chained = kind == NodeKind::If     ? TokenKind::If
                        : kind == NodeKind::With ? TokenKind::With
                                                 : TokenKind::Eof;
    if (chained != TokenKind::Eof && peek().kind == chained) {
      NodeId list = open(NodeKind::List, next().pos);
      control(kind, context);
      close(list);
    } else if (item_list() != Stop::End) {
      fail("expected end; found {{else}}");
    }
  }
  variables_.resize(scope);
  close(node);
}

void TemplateParser::block_control() {
  constexpr std::string_view kContext = "block clause";
  NodeId node = open_template(kContext);
  tree_.nodes[node].flag = 1;
  pipeline(kContext, TokenKind::RightDelim);
  TemplateParser(source_).body(tree_.strings[tree_[node].a], kContext);
  close(node);
}

void TemplateParser::template_control() {
  constexpr std::string_view kContext = "template clause";
  NodeId node = open_template(kContext);
  if (peek().kind != TokenKind::RightDelim) {
    tree_.nodes[node].flag = 1;
    pipeline(kContext, TokenKind::RightDelim);
  } else {
    next();
  }
  close(node);
}

NodeId TemplateParser::open_template(std::string_view context) {
  const Token& token = next();
  if (token.kind != TokenKind::String && token.kind != TokenKind::RawString) unexpected(token, context);
  tree_.strings.push_back(string_constant(token));
  return add({NodeKind::Template, 0, 0, token.pos, static_cast<uint32_t>(tree_.strings.size() - 1)});
}

void TemplateParser::command() {
  NodeId node = open(NodeKind::Command, peek().pos);
  uint32_t arguments = 0;
  while (true) {
    bool found = operand();
    arguments += found;
    const Token& token = peek();
    if (token.kind == TokenKind::RightDelim || token.kind == TokenKind::RightParen) break;
    if (token.kind == TokenKind::Pipe) {
      next();
      break;
    }
    if (!found || !token.spaced) unexpected(token, "operand");
  }
  if (arguments == 0) fail("empty command");
  tree_.nodes[node].a = arguments;
  close(node);
}

/// Whether a term goes on: ".Values" in "$.Values", but not in "$ .Values".
bool continued(const Token& token) { return token.kind == TokenKind::Field && !token.spaced; }

bool TemplateParser::operand() {
  auto node = static_cast<NodeId>(tree_.nodes.size());
  if (!term()) return false;
  if (!continued(peek())) return true;
  uint32_t pos = peek().pos;
  auto first = static_cast<uint32_t>(tree_.keys.size());
  while (continued(peek())) add_key(text(next()));
  auto count = static_cast<uint32_t>(tree_.keys.size()) - first;
  Node& n = tree_.nodes[node];
  switch (n.kind) {
    case NodeKind::Field:  // its keys are the ones just before
      n.b += count;
      n.pos = pos;
      return true;
    case NodeKind::Variable:
      n.a = first;
      n.b = count;
      n.pos = pos;
      return true;
    case NodeKind::Identifier:
      tree_.nodes.insert(tree_.nodes.begin() + node, Node{NodeKind::Chain});
      close(node);
      break;
    case NodeKind::Chain:
      break;
    default:
      fail("unexpected . after term " + quoted(tree_.str(node)));
  }
  if (count > kMostChained) fail("too many fields");
  Node& chain = tree_.nodes[node];
  chain.count = static_cast<uint16_t>(count);
  chain.pos = pos;
  chain.a = first;
  return true;
}

bool TemplateParser::term() {
  const Token& token = peek();
  if (!begins_term(token.kind)) return false;
  next();
  switch (token.kind) {
    case TokenKind::Identifier: {
      uint32_t function = find_function(text(token));
      if (function == kNoFunction) fail(fmt::format("function {} not defined", quoted(text(token))));
      add({NodeKind::Identifier, 0, 0, token.pos, function});
      break;
    }
    case TokenKind::Dot:
      add({NodeKind::Dot, 0, 0, token.pos});
      break;
    case TokenKind::Nil:
      add({NodeKind::Nil, 0, 0, token.pos});
      break;
    case TokenKind::Variable: {
      uint16_t name = variable(text(token));
      if (std::ranges::find(variables_, name) == variables_.end())
        fail("undefined variable " + quoted(text(token)));
      add_variable(token.pos, name);
      break;
    }
    case TokenKind::Field:
      add({NodeKind::Field, 0, 0, token.pos, add_key(text(token)), 1});
      break;
    case TokenKind::Bool:
      add({NodeKind::Bool, text(token) == "true", 0, token.pos});
      break;
    case TokenKind::CharConstant:
    case TokenKind::Complex:
    case TokenKind::Number:
      number(token);
      break;
    case TokenKind::LeftParen: {
      if (paren_depth_ >= kDeepestParentheses || source_.stack.exhausted())
        fail("max expression depth exceeded");
      ++paren_depth_;
      NodeId chain = open(NodeKind::Chain, token.pos);
      pipeline("parenthesized pipeline", TokenKind::RightParen);
      close(chain);
      --paren_depth_;
      break;
    }
    default: {
      std::string_view meant = string_constant(token);
      Node node{NodeKind::String, 0, 0, token.pos, 0, token.size};
      if (meant.data() != tree_.source.data() + token.pos + 1) {
        node.flag = 1;
        node.a = static_cast<uint32_t>(tree_.strings.size());
        tree_.strings.push_back(meant);
      }
      add(node);
    }
  }
  return true;
}

void TemplateParser::number(const Token& token) {
  std::string_view text = this->text(token);
  if (token.kind == TokenKind::Number && text.size() < 10 && is_digits(text) &&
      (text[0] != '0' || text == "0")) {
    uint32_t value = 0;
    for (char c : text) value = value * 10 + static_cast<uint32_t>(c - '0');
    add({NodeKind::Number, 1, 0, token.pos, value, token.size});
    return;
  }
  std::string why;
  auto number = number_literal(text, token.kind, why);
  if (!number) fail(why);
  tree_.numbers.push_back(*number);
  add({NodeKind::Number, 0, 0, token.pos, static_cast<uint32_t>(tree_.numbers.size() - 1), token.size});
}

inline NodeId TemplateParser::add(const Node& node) {
  tree_.nodes.push_back(node);
  return static_cast<NodeId>(tree_.nodes.size() - 1);
}

/// `field`: with its dot.
uint32_t TemplateParser::add_key(std::string_view field) {
  tree_.keys.emplace_back(field.substr(1));
  return static_cast<uint32_t>(tree_.keys.size() - 1);
}

void TemplateParser::add_variable(uint32_t pos, uint16_t name) { add({NodeKind::Variable, 0, name, pos}); }

uint16_t TemplateParser::variable(std::string_view name) {
  auto& names = tree_.variables;
  text::Key key(name);
  auto at = std::ranges::find(names, key);
  if (at == names.end()) {
    if (names.size() > kMostVariables) fail("too many variables");
    at = names.insert(at, key);
  }
  return static_cast<uint16_t>(at - names.begin());
}

std::string_view TemplateParser::string_constant(const Token& token) {
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
  if (n.kind == NodeKind::Define) return true;
  if (n.kind == NodeKind::List) {
    for (NodeId part = id + 1; part < n.b; part = tree_.after(part))
      if (!empty(part)) return false;
    return true;
  }
  if (n.kind != NodeKind::Text) return false;
  std::string_view text = tree_.source.substr(n.pos, n.b);
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
  tokens_.clear();
  Source shared{.tree = *tree, .lexer = Lexer(tree->source), .tokens = tokens_};
  TemplateParser(shared).file();
  room_ = std::exchange(arrays, TreeArrays(arrays));  // a copy has no spare room
  auto empty = [](auto&... vectors) { (vectors.clear(), ...); };
  empty(room_.nodes, room_.keys, room_.strings, room_.numbers, room_.variables, room_.definitions);
  return tree;
}

}  // namespace shipit::helm
