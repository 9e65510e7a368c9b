#include "k8s/selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace shipit::k8s {
namespace {

using Operator = Selector::Operator;

/// The characters that end a word of a label selector.
bool is_special(char c) {
  return c == '=' || c == '!' || c == '(' || c == ')' || c == ',' || c == '>' || c == '<';
}

/// Words and symbols of a label selector: "a", "=", "!=", "in", "(".
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }
  const std::string& word() const { return word_; }
  bool at_end() const { return ended_; }
  bool is_symbol() const { return symbol_; }
  std::string take() {
    std::string out = std::move(word_);
    advance();
    return out;
  }

 private:
  void advance() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
    word_.clear();
    symbol_ = false;
    ended_ = at_ >= text_.size();
    if (ended_) return;
    if (is_special(text_[at_])) {
      symbol_ = true;
      static constexpr std::string_view kPairs[] = {"==", "!="};
      for (auto pair : kPairs) {
        if (text_.substr(at_, 2) == pair) {
          word_ = pair;
          at_ += 2;
          return;
        }
      }
      word_ = text_[at_++];
      return;
    }
    size_t start = at_;
    while (at_ < text_.size() && !is_special(text_[at_]) && text_[at_] != ' ' && text_[at_] != '\t') ++at_;
    word_ = text_.substr(start, at_ - start);
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string word_;
  bool symbol_ = false;
  bool ended_ = false;
};

bool valid_label_value(std::string_view value) {
  if (value.empty()) return true;
  if (value.size() > 63) return false;
  auto alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (!alnum(value.front()) || !alnum(value.back())) return false;
  return std::all_of(value.begin(), value.end(),
                     [&](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; });
}

Error parse_error(std::string_view what) {
  return invalid(fmt::format("unable to parse requirement: {}", what));
}

std::vector<std::string> parse_values(Lexer& lexer) {
  std::vector<std::string> values;
  if (std::string word = lexer.take(); word != "(")
    throw parse_error(fmt::format("found '{}' expected: '('", word));
  while (true) {
    if (lexer.at_end()) throw parse_error("found '', expected: ',' or ')'");
    if (lexer.is_symbol()) {
      std::string symbol = lexer.take();
      if (symbol == ")") {
        if (values.empty()) values.emplace_back();
        break;
      }
      if (symbol != ",") throw parse_error(fmt::format("found '{}', expected: ',', or identifier", symbol));
      continue;
    }
    values.push_back(lexer.take());
  }
  std::sort(values.begin(), values.end());
  return values;
}

std::optional<int64_t> to_number(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool holds(const Selector::Requirement& requirement, std::optional<std::string_view> value) {
  auto in = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), *value) !=
           requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::In:
      return value && in();
    case Operator::NotIn:
      return !value || !in();
    case Operator::Exists:
      return value.has_value();
    case Operator::DoesNotExist:
      return !value;
    case Operator::GreaterThan:
    case Operator::LessThan: {
      if (!value) return false;
      auto have = to_number(*value), want = to_number(requirement.values[0]);
      if (!have || !want) return false;
      return requirement.op == Operator::GreaterThan ? *have > *want : *have < *want;
    }
  }
  return false;
}

std::string join(const std::vector<std::string>& values) {
  std::string out;
  for (const auto& value : values) out += (out.empty() ? "" : ",") + value;
  return out;
}

std::string to_text(const Selector::Requirement& r) {
  switch (r.op) {
    case Operator::In:
      return r.values.size() == 1 ? r.key + "=" + r.values[0] : r.key + " in (" + join(r.values) + ")";
    case Operator::NotIn:
      return r.values.size() == 1 ? r.key + "!=" + r.values[0] : r.key + " notin (" + join(r.values) + ")";
    case Operator::Exists:
      return r.key;
    case Operator::DoesNotExist:
      return "!" + r.key;
    case Operator::GreaterThan:
      return r.key + ">" + r.values[0];
    case Operator::LessThan:
      return r.key + "<" + r.values[0];
  }
  return {};
}

}  // namespace

Selector Selector::parse(std::string_view text) {
  Selector selector;
  Lexer lexer(text);
  while (!lexer.at_end()) {
    Requirement requirement;
    bool negated = false;
    if (lexer.is_symbol()) {
      std::string symbol = lexer.take();
      if (symbol != "!")
        throw invalid(fmt::format("found '{}', expected: !, identifier, or 'end of string'", symbol));
      negated = true;
      if (lexer.at_end() || lexer.is_symbol())
        throw parse_error(fmt::format("found '{}', expected: identifier", lexer.word()));
    }
    requirement.key = lexer.take();
    if (negated) {
      requirement.op = Operator::DoesNotExist;
    } else if (lexer.at_end() || (lexer.is_symbol() && lexer.word() == ",")) {
      requirement.op = Operator::Exists;
    } else {
      std::string op = lexer.take();
      if (op == "in" || op == "notin") {
        requirement.op = op == "in" ? Operator::In : Operator::NotIn;
        requirement.values = parse_values(lexer);
      } else if (op == "=" || op == "==" || op == "!=" || op == ">" || op == "<") {
        requirement.op = op == "!=" ? Operator::NotIn
                                    : (op == ">" ? Operator::GreaterThan
                                                 : (op == "<" ? Operator::LessThan : Operator::In));
        bool none = lexer.at_end() || lexer.word() == ",";
        if (!none && lexer.is_symbol())
          throw parse_error(fmt::format("found '{}', expected: identifier", lexer.word()));
        std::string value = none ? "" : lexer.take();
        requirement.values = {value};
        if ((op == ">" || op == "<") && !to_number(value))
          throw invalid("for 'Gt', 'Lt' operators, the value must be an integer");
      } else {
        throw parse_error(fmt::format("found '{}', expected: in, notin, =, ==, !=, gt, lt", op));
      }
    }
    for (const auto& value : requirement.values) {
      if (!valid_label_value(value))
        throw invalid(
            fmt::format("unable to parse requirement: values[0][{}]: Invalid value: \"{}\": a valid label "
                        "must be an empty string or "
                        "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                        "alphanumeric character "
                        "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
                        requirement.key, value));
    }
    selector.requirements_.push_back(std::move(requirement));
    if (lexer.at_end()) break;
    std::string comma = lexer.take();
    if (comma != ",") throw invalid(fmt::format("found '{}', expected: ',' or 'end of string'", comma));
    if (lexer.at_end() || (lexer.is_symbol() && lexer.word() != "!"))
      throw invalid(fmt::format("found '{}', expected: identifier after ','", lexer.word()));
  }
  return selector;
}

Selector Selector::parse_fields(std::string_view text) {
  Selector selector;
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string_view term = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    if (term.empty()) continue;
    size_t equals = term.find('=');
    if (equals == std::string_view::npos || equals == 0)
      throw invalid(fmt::format("invalid selector: '{}'; can't understand '{}'", term, term));
    bool negated = term[equals - 1] == '!';
    std::string_view key = term.substr(0, negated ? equals - 1 : equals);
    std::string_view value = term.substr(equals + 1);
    if (!negated && value.starts_with('=')) value.remove_prefix(1);
    selector.requirements_.push_back(
        {std::string(key), negated ? Operator::NotIn : Operator::In, {std::string(value)}});
  }
  return selector;
}

Selector Selector::from_object(text::Value label_selector) {
  Selector selector;
  if (label_selector.is_null()) {
    selector.nothing_ = true;
    return selector;
  }
  for (const auto& [key, value] : label_selector["matchLabels"].members())
    selector.requirements_.push_back({std::string(key.view()), Operator::In, {value.str()}});
  for (text::Value expression : label_selector["matchExpressions"].items()) {
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"In", Operator::In},
        {"NotIn", Operator::NotIn},
        {"Exists", Operator::Exists},
        {"DoesNotExist", Operator::DoesNotExist}};
    Requirement requirement{expression["key"].str(), Operator::Exists, {}};
    bool known = false;
    for (auto [name, op] : kOperators) {
      if (expression["operator"].as_string() != name) continue;
      requirement.op = op;
      known = true;
    }
    if (!known)
      throw invalid(
          fmt::format("\"{}\" is not a valid label selector operator", expression["operator"].as_string()));
    for (text::Value value : expression["values"].items()) requirement.values.push_back(value.str());
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

Selector Selector::from_map(text::Value labels) {
  Selector selector;
  for (const auto& [key, value] : labels.members())
    selector.requirements_.push_back({std::string(key.view()), Operator::In, {value.str()}});
  selector.nothing_ = selector.requirements_.empty();
  return selector;
}

bool Selector::matches(const Lookup& lookup) const {
  if (nothing_) return false;
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
    return holds(requirement, lookup(requirement.key));
  });
}

bool Selector::matches(text::Value labels) const {
  return matches([&](std::string_view key) -> std::optional<std::string_view> {
    const text::Value* value = labels.find(key);
    return value ? std::optional(value->as_string()) : std::nullopt;
  });
}

std::string Selector::str() const {
  auto sorted = requirements_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  std::string out;
  for (const auto& requirement : sorted) out += (out.empty() ? "" : ",") + to_text(requirement);
  return out;
}

}  // namespace shipit::k8s
