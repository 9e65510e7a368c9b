#include "helm/functions/serialise.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "helm/functions/encoding.h"
#include "helm/functions/go_time.h"
#include "helm/functions/time_object.h"
#include "helm/go_number.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::helm {
namespace {

constexpr int kDeepest = 1000;  // encoding/json looks for cycles from there on
constexpr int kDeepestText = 10000;

bool nil_list(Value v) { return mark_of(v) == Mark::NilList || mark_of(v) == Mark::NilStrings; }
bool nil_map(Value v) { return mark_of(v) == Mark::NilMap || mark_of(v) == Mark::NilStringMap; }

[[noreturn]] void cycle(Value v) {
  Call::fail(fmt::format("json: unsupported value: encountered a cycle via {}", go_type(v)));
}

void check_finite(double number) {
  if (std::isfinite(number)) return;
  std::string text;
  append_float(text, number, 'g', -1);
  Call::fail("json: unsupported value: " + text);
}

/// Whether encoding needs another value; checks what can't be encoded on the way.
bool must_change(Value value, int depth, EncodedSize& size) {
  size.add(value, depth);
  switch (value.kind()) {
    case text::Kind::Double:
      check_finite(value.as_double());
      return false;
    case text::Kind::String:
      return is_bytes(value);
    case text::Kind::Opaque:
      return true;
    case text::Kind::List: {
      if (depth > kDeepest) cycle(value);
      bool change = nil_list(value);
      for (Value item : value.items()) change |= must_change(item, depth + 1, size);
      return change;
    }
    case text::Kind::Map: {
      if (depth > kDeepest) cycle(value);
      bool change = nil_map(value);
      for (const text::Member& m : value.members()) {
        size.add_key(m.key.view());
        change |= must_change(m.value, depth + 1, size);
      }
      return change;
    }
    default:
      return false;
  }
}

void check_year(const GoTime& time) {
  if (int64_t year = civil(time).year; year < 0 || year > 9999)
    Call::fail(
        "json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year outside of range "
        "[0,9999]");
}

/// `ordered`: structs keep the order of their fields, which only the JSON writer can show.
Value changed(Call& call, Value value, bool ordered, int depth) {
  if (depth > kDeepest) cycle(value);
  call.charge_text(value.as_string());
  text::Arena& arena = call.arena();
  if (is_bytes(value))
    return mark_of(value) == Mark::NilBytes ? Value() : call.string(base64_encode(value.as_string()));
  if (value.is_list()) {
    if (nil_list(value)) return {};
    Value list = Value::list(arena, value.size());
    for (Value item : value.items()) list.push_back(arena, changed(call, item, ordered, depth + 1));
    return list;
  }
  if (value.is_map()) {
    if (nil_map(value)) return {};
    Value map = Value::map(arena, value.size());
    for (const text::Member& m : value.members())
      map.set_borrowed(arena, m.key, changed(call, m.value, ordered, depth + 1));
    return map;
  }
  if (!value.is_opaque()) return value.with_mark(0);
  const Object* object = Object::of(value);
  if (!object) Call::fail("json: unsupported type: complex128");
  if (const GoTime* time = as_time(value)) check_year(*time);
  if (auto json = object->json(arena)) return *json;
  std::vector<text::Member> members;
  for (const Field& f : object->fields(arena)) {
    if (!f.exported || (f.omit_empty && f.value.as_string("x").empty())) continue;
    std::string_view name = f.json.empty() ? f.name : f.json;
    members.push_back({arena.copy(name), changed(call, f.value, ordered, depth + 1)});
  }
  if (!ordered || object->kind() == GoKind::Map) return Value::map_of(arena, members);
  return text::YamlSpecial::value_of(text::YamlSpecial::in(arena, {.members = members}));
}

/// encoding/json's scanner, for its messages alone.
class JsonScanner final {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  std::optional<std::string> run() {
    space();
    if (!value(0)) return error_;
    space();
    if (at_ < text_.size()) return bad("after top-level value"), error_;
    return {};
  }

 private:
  bool bad(std::string_view where) {
    // At the end Go's scanner tries a space, which only some places refuse.
    bool refuses_space = where.starts_with("in numeric") || where.starts_with("after decimal") ||
                         where.starts_with("in exponent") || where.starts_with("in literal") ||
                         where.starts_with("in string escape") || where.starts_with("in \\u");
    if (at_ >= text_.size() && !refuses_space) {
      error_ = "unexpected end of JSON input";
      return false;
    }
    unsigned char c = at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : ' ';
    std::string shown;
    if (c == '\'') {
      shown = "'\\''";
    } else if (c == '"') {
      shown = "'\"'";
    } else {
      std::string rune;
      append_rune(rune, c);
      shown = quoted(rune);
      shown = "'" + shown.substr(1, shown.size() - 2) + "'";
    }
    error_ = fmt::format("invalid character {} {}", shown, where);
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool digit() const { return peek() >= '0' && peek() <= '9'; }

  bool value(int depth) {
    if (depth > kDeepestText) {
      error_ = "exceeded max depth";
      return false;
    }
    switch (peek()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return peek() == '-' || digit() ? number() : bad("looking for beginning of value");
    }
  }
  bool word(std::string_view word) {
    for (size_t i = 0; i < word.size(); ++i, ++at_)
      if (at_ >= text_.size() || text_[at_] != word[i])
        return bad(fmt::format("in literal {} (expecting '{}')", word, word[i]));
    return true;
  }
  bool number() {
    if (peek() == '-') ++at_;
    if (!digit()) return bad("in numeric literal");
    if (peek() == '0')
      ++at_;
    else
      while (digit()) ++at_;
    if (peek() == '.') {
      ++at_;
      if (!digit()) return bad("after decimal point in numeric literal");
      while (digit()) ++at_;
    }
    if ((peek() | 0x20) == 'e') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digit()) return bad("in exponent of numeric literal");
      while (digit()) ++at_;
    }
    return true;
  }
  bool string() {
    for (++at_; at_ < text_.size(); ++at_) {
      auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return bad("in string literal");
      if (c != '\\') continue;
      ++at_;
      if (at_ >= text_.size()) return bad("in string escape code");
      if (text_[at_] == 'u') {
        for (int i = 0; i < 4; ++i) {
          ++at_;
          if (at_ >= text_.size() || !std::isxdigit(static_cast<unsigned char>(text_[at_])))
            return bad("in \\u hexadecimal character escape");
        }
      } else if (std::string_view("bfnrt\\/\"").find(text_[at_]) == std::string_view::npos) {
        return bad("in string escape code");
      }
    }
    return bad("");
  }
  bool array(int depth) {
    ++at_;
    space();
    if (peek() == ']') return ++at_, true;
    while (true) {
      if (!value(depth + 1)) return false;
      space();
      if (peek() == ']') return ++at_, true;
      if (peek() != ',') return bad("after array element");
      ++at_;
      space();
    }
  }
  bool object(int depth) {
    ++at_;
    space();
    if (peek() == '}') return ++at_, true;
    while (true) {
      if (peek() != '"') return bad("looking for beginning of object key string");
      if (!string()) return false;
      space();
      if (peek() != ':') return bad("after object key");
      ++at_;
      space();
      if (!value(depth + 1)) return false;
      space();
      if (peek() == '}') return ++at_, true;
      if (peek() != ',') return bad("after object key:value pair");
      ++at_;
      space();
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string error_;
};

}  // namespace

namespace {

/// `indent`: columns that a level of nesting takes at least.
Value encodable(Call& call, Value value, bool ordered, size_t indent) {
  EncodedSize size(call, indent);
  return must_change(value, 0, size) ? changed(call, value, ordered, 0) : value;
}

}  // namespace

void EncodedSize::add(Value value, int depth) {
  std::string_view text = value.as_string();
  call_.charge_text(text);
  bytes_ += 1 + text.size();
  if (value.empty() && depth > 2) bytes_ += indent_ * static_cast<size_t>(depth - 2);
  call_.check_size(bytes_);
}

void EncodedSize::add_key(std::string_view key) {
  call_.charge_text(key);
  bytes_ += key.size();
}

std::string json_text(Call& call, Value value, bool escape_html, int indent) {
  std::string out;
  text::append_json(out, encodable(call, value, true, static_cast<size_t>(indent)),
                    {.escape_html = escape_html, .indent = indent});
  return out;
}

std::string yaml_text(Call& call, Value value) {
  std::string out;
  try {
    text::append_yaml(out, encodable(call, value, false, 1));
  } catch (GoError& error) {
    error.wrap("error marshaling into JSON: ");
    throw;
  } catch (const Error& error) {
    Call::fail(error.message());
  }
  return out;
}

Value decode_json(Call& call, std::string_view text) {
  if (auto error = json_syntax_error(text)) Call::fail(*error);
  call.charge(text.size() / 16);
  try {
    return text::parse_json(text, call.arena(), {.max_depth = kDeepest, .numbers_as_double = true});
  } catch (const Error& e) {
    std::string_view message = e.message();
    if (size_t at = message.find("json: "); at != std::string_view::npos) message.remove_prefix(at);
    Call::fail(std::string(message));
  }
}

std::optional<std::string> json_syntax_error(std::string_view text) { return JsonScanner(text).run(); }

std::string json_type_error(Value got, std::string_view wanted) {
  std::string_view name = got.is_map()      ? "object"
                          : got.is_list()   ? "array"
                          : got.is_number() ? "number"
                                            : to_string(got.kind());
  return fmt::format("json: cannot unmarshal {} into Go value of type {}", name, wanted);
}

}  // namespace shipit::helm
