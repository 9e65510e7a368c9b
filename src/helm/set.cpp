#include "helm/set.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "helm/functions/strings.h"
#include "helm/go_number.h"
#include "helm/manifests.h"
#include "helm/unicode.h"
#include "helm/values.h"
#include "text/json.h"
#include "text/utf8.h"

namespace shipit::helm {
namespace {

using text::Arena;
using text::Value;

constexpr int kMaxIndex = 65536;
constexpr int kMaxNesting = 30;
/// Indexes nest too; the grammar's own bound counts names only.
constexpr int kMaxDepth = 1000;

enum class End : uint8_t { Done, Eof };

std::string_view go_type_of(Value value) {
  switch (value.kind()) {
    case text::Kind::Null:
      return "nil";
    case text::Kind::Bool:
      return "bool";
    case text::Kind::Int:
      return "int64";
    case text::Kind::Double:
      return "float64";
    case text::Kind::String:
      return "string";
    case text::Kind::List:
      return "[]interface {}";
    default:
      return "map[string]interface {}";
  }
}

[[noreturn]] void conversion_failed(Value got, std::string_view wanted) {
  std::string_view type = got.is_null() ? "nil" : go_type_of(got);
  throw invalid(
      fmt::format("unable to parse key: interface conversion: interface {{}} is {}, not {}", type, wanted));
}

bool equal_fold(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (c != lower[i]) return false;
  }
  return true;
}

/// %q of a []rune, without its brackets.
std::string quoted_runes(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(static_cast<size_t>(decode_rune(text).size))) {
    if (!out.empty()) out += ' ';
    append_quoted_rune(out, decode_rune(text).rune);
  }
  return out;
}

class SetParser final {
 public:
  SetParser(SetKind kind, std::string_view line, Arena& arena, const ReadFile& read_file)
      : kind_(kind), rest_(line), arena_(arena), read_file_(read_file) {}

  void parse(Value data) {
    while (key(data, 0, 0) == End::Done) {
    }
  }

 private:
  struct Word {
    std::string text;
    char stop = 0;  ///< 0 at the end of the line
  };

  /// Reads up to one of `stops`, which is consumed. A backslash takes the next character as it is, but for
  /// literals.
  Word word(std::string_view stops) {
    Word out;
    while (!rest_.empty()) {
      char c = rest_[0];
      if (stops.find(c) != std::string_view::npos) {
        rest_.remove_prefix(1);
        out.stop = c;
        return out;
      }
      if (c == '\\' && kind_ != SetKind::Literal) {
        rest_.remove_prefix(1);
        if (rest_.empty()) return out;
      }
      text::Rune rune = text::decode_rune(rest_);
      text::append_rune(out.text, rune.value);
      rest_.remove_prefix(rune.size);
    }
    return out;
  }

  static void check_depth(int depth) {
    if (depth > kMaxDepth) throw invalid("value name is nested too deep");
  }

  void put(Value data, const std::string& key, Value value) {
    if (!key.empty()) data.set(arena_, key, value);
  }

  End key(Value data, int nesting, int depth) {
    check_depth(depth);
    Word name = word(kind_ == SetKind::Literal ? "=[." : "=[,.");
    switch (name.stop) {
      case 0:
        if (name.text.empty()) return End::Eof;
        throw invalid(fmt::format("key {} has no value", quoted(name.text)));
      case '[':
        return indexed(data, name.text, nesting, depth);
      case '=':
        return assigned(data, name.text);
      case ',':
        put(data, name.text, "");
        throw invalid(fmt::format("key {} has no value (cannot end with ,)", quoted(name.text)));
      default:
        return member(data, name.text, nesting + 1, depth);
    }
  }

  End indexed(Value data, const std::string& name, int nesting, int depth) {
    std::optional<int64_t> index = key_index();
    if (!index) return End::Eof;
    Value list = Value::list(arena_);
    if (const Value* found = data.find(name)) {
      if (!found->is_list()) conversion_failed(*found, "[]interface {}");
      list = *found;
    }
    put(data, name, list);
    return list_item(list, *index, nesting, depth + 1);
  }

  End member(Value data, const std::string& name, int nesting, int depth) {
    if (nesting > kMaxNesting)
      throw invalid(fmt::format(
          "value name nested level is greater than maximum supported nested level of {}", kMaxNesting));
    Value inner = Value::map(arena_);
    if (const Value* found = data.find(name)) {
      if (!found->is_map()) conversion_failed(*found, "map[string]interface {}");
      inner = *found;
    }
    End end = key(inner, nesting, depth + 1);
    if (end == End::Done && inner.empty())
      throw invalid(fmt::format("key map {} has no value", quoted(name)));
    if (!inner.empty()) put(data, name, inner);
    return end;
  }

  End assigned(Value data, const std::string& name) {
    End end = End::Done;
    Value read = value(end);
    put(data, name, read);
    return end;
  }

  /// What stands after '='. `end` becomes Eof where Helm's parser stops there.
  Value value(End& end) {
    if (kind_ == SetKind::Literal) return Value::string(arena_, word("").text);
    if (kind_ == SetKind::Json) return json();
    if (rest_.empty()) {
      end = End::Eof;
      return "";
    }
    if (rest_[0] == '{') return list();
    return typed(word(",").text);
  }

  Value json() {
    if (empty_value()) return {};
    size_t length = json_length();
    Value value = text::parse_json(rest_.substr(0, length), arena_, {.numbers_as_double = true});
    rest_.remove_prefix(length);
    empty_value();
    return value;
  }

  /// Bytes of the JSON value at the front, blanks before it included. What is no value is of any length.
  size_t json_length() const {
    size_t begin = std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size());
    std::string_view value = rest_.substr(begin);
    for (std::string_view word : {"true", "false", "null"})
      if (value.starts_with(word)) return begin + word.size();
    if (!value.empty() && (value[0] == '-' || is_digit(value[0]))) return begin + number_length(value);
    int open = 0;
    bool in_string = false;
    for (size_t i = 0; i < value.size(); ++i) {
      char c = value[i];
      if (in_string && c == '\\')
        ++i;
      else if (c == '"')
        in_string = !in_string;
      else if (!in_string && (c == '{' || c == '['))
        ++open;
      else if (!in_string && (c == '}' || c == ']'))
        --open;
      else
        continue;
      if (!in_string && open <= 0 && i < value.size()) return begin + i + 1;
    }
    return rest_.size();
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static size_t number_length(std::string_view text) {
    size_t at = text[0] == '-' ? 1 : 0;
    auto digits = [&] {
      while (at < text.size() && is_digit(text[at])) ++at;
    };
    if (text.substr(at).starts_with('0'))
      ++at;
    else
      digits();
    if (text.substr(at).starts_with('.')) {
      ++at;
      digits();
    }
    if (at < text.size() && (text[at] | 0x20) == 'e') {
      ++at;
      if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
      digits();
    }
    return at;
  }

  /// Skips blanks; true at a comma, which is taken, or at the end.
  bool empty_value() {
    for (;;) {
      std::string_view trimmed = trim_space_left(rest_);
      rest_ = trimmed;
      if (rest_.empty()) return true;
      if (rest_[0] != ',') return false;
      rest_.remove_prefix(1);
      return true;
    }
  }

  Value list() {
    rest_.remove_prefix(1);
    Value items = Value::list(arena_);
    for (;;) {
      Word item = word(",}");
      if (item.stop == 0) throw invalid("list must terminate with '}'");
      items.push_back(arena_, typed(item.text));
      if (item.stop == ',') continue;
      if (rest_.starts_with(',')) rest_.remove_prefix(1);
      return items;
    }
  }

  Value typed(const std::string& text) {
    if (kind_ == SetKind::File) {
      if (!read_file_) throw invalid("files can't be read here");
      return Value::string(arena_, read_file_(text));
    }
    if (kind_ == SetKind::Typed) {
      if (equal_fold(text, "true")) return true;
      if (equal_fold(text, "false")) return false;
      if (equal_fold(text, "null")) return {};
      if (text == "0") return 0;
      if (!text.empty() && text[0] != '0')
        if (auto number = parse_int(text, 10); number.ok()) return number.value;
    }
    return Value::string(arena_, text);
  }

  /// nullopt at the end of the line, which ends the whole parse without a complaint.
  std::optional<int64_t> key_index() {
    Word digits = word("]");
    if (digits.stop == 0) return {};
    auto number = parse_int(digits.text, 10);
    if (!number.ok())
      throw invalid(
          fmt::format("error parsing index: strconv.Atoi: parsing {}: {}", quoted(digits.text),
                      number.error == NumberError::Range ? "value out of range" : "invalid syntax"));
    return number.value;
  }

  void set_index(Value list, int64_t index, Value value) {
    if (index > kMaxIndex)
      throw invalid(
          fmt::format("index of {} is greater than maximum supported index of {}", index, kMaxIndex));
    while (list.size() <= static_cast<size_t>(index)) list.push_back(arena_, {});
    list.items()[static_cast<size_t>(index)] = value;
  }

  End list_item(Value list, int64_t index, int nesting, int depth) {
    check_depth(depth);
    if (index < 0) throw invalid(fmt::format("negative {} index not allowed", index));
    Word name = word("[.=");
    if (!name.text.empty())
      throw invalid(fmt::format("unexpected data at end of array index: [{}]", quoted_runes(name.text)));
    auto at = static_cast<size_t>(index);
    switch (name.stop) {
      case 0:
        return End::Eof;
      case '=': {
        End end = End::Done;
        set_index(list, index, value(end));
        return End::Done;
      }
      case '[': {
        std::optional<int64_t> next = key_index();
        if (!next) return End::Eof;
        Value inner = Value::list(arena_);
        if (at < list.size() && !list[at].is_null()) {
          if (!list[at].is_list()) conversion_failed(list[at], "[]interface {}");
          inner = list[at];
        }
        End end = list_item(inner, *next, nesting, depth + 1);
        if (end == End::Done) set_index(list, index, inner);
        return end;
      }
      default: {
        Value inner = at < list.size() && list[at].is_map() ? list[at] : Value::map(arena_);
        if (at < list.size()) list.items()[at] = inner;
        End end = key(inner, nesting, depth + 1);
        if (end == End::Done) set_index(list, index, inner);
        return end;
      }
    }
  }

  SetKind kind_;
  std::string_view rest_;
  Arena& arena_;
  const ReadFile& read_file_;
};

constexpr std::string_view kFlags[] = {"--set", "--set-string", "--set-file", "--set-json", "--set-literal"};

}  // namespace

void apply_set(SetKind kind, std::string_view line, Value values, Arena& arena, const ReadFile& read_file) {
  try {
    SetParser(kind, line, arena, read_file).parse(values);
  } catch (const Error& error) {
    if (kind == SetKind::Json) throw invalid(fmt::format("failed parsing --set-json data {}", line));
    throw invalid(
        fmt::format("failed parsing {} data: {}", kFlags[static_cast<size_t>(kind)], error.message()));
  }
}

Value merge_values(const ValueFlags& flags, Arena& arena, const ReadFile& read_file) {
  Value values = Value::map(arena);
  for (const ValueFlags::ValuesFile& file : flags.files) {
    try {
      values = merge_maps(arena, values, read_values(file.bytes, arena));
    } catch (const Error& error) {
      throw invalid(fmt::format("failed to parse {}: {}", file.name, error.message()));
    }
  }
  for (const std::string& line : flags.set_json) {
    std::string_view trimmed = trim_space(line);
    if (!trimmed.starts_with('{')) {
      apply_set(SetKind::Json, line, values, arena);
      continue;
    }
    try {
      values = merge_maps(arena, values, text::parse_json(trimmed, arena, {.numbers_as_double = true}));
    } catch (const Error&) {
      throw invalid(fmt::format("failed parsing --set-json data JSON: {}", line));
    }
  }
  for (const std::string& line : flags.set) apply_set(SetKind::Typed, line, values, arena);
  for (const std::string& line : flags.set_string) apply_set(SetKind::String, line, values, arena);
  for (const std::string& line : flags.set_file) apply_set(SetKind::File, line, values, arena, read_file);
  for (const std::string& line : flags.set_literal) apply_set(SetKind::Literal, line, values, arena);
  return values;
}

}  // namespace shipit::helm
