#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/error.h"
#include "helm/schema_tree.h"
#include "helm/stack_guard.h"
#include "helm/unicode.h"
#include "text/json.h"
#include "text/utf8.h"

namespace shipit::helm {
namespace {

using text::Kind;
using text::Member;
using text::Value;
using Sort = SchemaComplaint::Sort;

constexpr uint64_t kMaxSteps = 20'000'000;
constexpr size_t kComplaintSteps = 50;
constexpr size_t kRegexSteps = 20'000;      // compiling a pattern
constexpr size_t kBytesPerStep = 16;        // of a text that is gone through
constexpr size_t kMaxStackBytes = 6 << 20;  // of the calling thread's stack

/// Equal as JSON values: 1 and 1.0 are.
bool json_equal(Value a, Value b) {
  if (a.is_number() && b.is_number()) {
    if (a.kind() == b.kind()) return text::equal(a, b);
    return a.as_double() == b.as_double();
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_list()) return std::ranges::equal(a.items(), b.items(), json_equal);
  if (a.is_map())
    return std::ranges::equal(a.members(), b.members(), [](const Member& x, const Member& y) {
      return x.key == y.key && json_equal(x.value, y.value);
    });
  return text::equal(a, b);
}

std::string display(Value value) {
  if (value.is_string()) return quote_for_schema(value.as_string());
  if (value.is_list() || value.is_map()) return "value";
  if (value.is_null()) return "<nil>";
  return text::to_json(value);
}

std::string join_quoted(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quote_for_schema(text);
  return out;
}

/// Digits by thousands, as golang.org/x/text has them in English.
std::string grouped(std::string digits) {
  size_t point = std::min(digits.find('.'), digits.size());
  size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = point; at > first + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}
std::string grouped(size_t number) { return grouped(std::to_string(number)); }

/// A finite number's shortest digits, without a point: -1.5 is {true, "15", 0}.
struct Decimal {
  bool negative;
  std::string digits;
  int exponent;  ///< of the first digit

  explicit Decimal(double number) {
    char buffer[32];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, std::abs(number), std::chars_format::scientific);
    std::string_view text(buffer, static_cast<size_t>(end.ptr - buffer));
    size_t e = text.find('e');
    std::string_view power = text.substr(e + (text[e + 1] == '+' ? 2 : 1));
    std::from_chars(power.data(), power.data() + power.size(), exponent);
    negative = std::signbit(number);
    digits = text.substr(0, 1);
    if (e > 2) digits += text.substr(2, e - 2);
  }
};

/// As %v of golang.org/x/text: "1,234.5", "1×10⁰⁶".
std::string shown(double number) {
  Decimal decimal(number);
  if (decimal.exponent >= -4 && decimal.exponent < 6) {
    char buffer[32];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed);
    return grouped(std::string(buffer, end.ptr));
  }
  constexpr std::string_view kRaised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = decimal.negative ? "-" : "";
  out += decimal.digits[0];
  if (decimal.digits.size() > 1) out.append(".").append(decimal.digits, 1);
  out += decimal.exponent < 0 ? "×10⁻" : "×10";
  for (char digit : fmt::format("{:02}", std::abs(decimal.exponent))) out += kRaised[digit - '0'];
  return out;
}

/// Whether a number is a multiple, as decimals: 0.3 is one of 0.1.
bool is_multiple(double number, double of) {
  using Wide = unsigned __int128;
  if (number == 0 || of == 0) return true;
  Decimal a(number), b(of);
  Wide dividend = std::stoull(a.digits), divisor = std::stoull(b.digits);
  auto last = [](const Decimal& d) { return d.exponent + 1 - static_cast<int>(d.digits.size()); };
  int shift = last(a) - last(b);
  if (shift < -17) return false;  // the divisor is larger
  for (; shift < 0; ++shift) divisor *= 10;
  for (dividend %= divisor; shift > 0; --shift) dividend = dividend * 10 % divisor;
  return dividend == 0;
}

std::string index_list(const std::vector<size_t>& indexes) {
  std::string out;
  for (size_t index : indexes) out += (out.empty() ? "" : " ") + std::to_string(index);
  return out;
}

/// What unevaluatedProperties and unevaluatedItems still have to look at.
struct Unevaluated {
  std::set<std::string_view> properties;
  std::set<size_t> items;

  bool empty() const { return properties.empty() && items.empty(); }
  void keep_common(const Unevaluated& other) {
    std::erase_if(properties, [&](std::string_view name) { return !other.properties.contains(name); });
    std::erase_if(items, [&](size_t index) { return !other.items.contains(index); });
  }
};

/// The schemas entered on the way to here; those with one id look at the same value.
struct Scope {
  const SchemaNode* node;
  int value_id;
  const Scope* parent;
  const char* keyword = nullptr;  ///< the reference it was entered by

  std::string location() const { return node->document->location(node->schema); }
  /// The keywords from the first schema on.
  static std::string path(const Scope* scope) {
    if (!scope->parent) return "";
    std::string before = path(scope->parent);
    if (scope->keyword) return before + "/" + scope->keyword;
    return before + scope->location().substr(scope->parent->location().size());
  }
};

/// The path to the value being looked at, as a chain of stack frames.
struct Place {
  const Place* parent;
  std::string_view key;
  size_t index;

  static std::string pointer(const Place* place) {
    if (!place) return "";
    std::string token;
    if (place->key.data() == nullptr) token = std::to_string(place->index);
    for (char c : place->key) {
      if (c == '~')
        token += "~0";
      else if (c == '/')
        token += "~1";
      else
        token += c;
    }
    return pointer(place->parent) + "/" + token;
  }
};

struct Work {
  uint64_t steps = 0;
  StackGuard stack{kMaxStackBytes};
};

using Complaints = std::vector<SchemaComplaint>;
using Result = std::optional<SchemaComplaint>;

/// One schema against one value.
class Validation final {
 public:
  Validation(const SchemaNode& node, Value value, const Place* place, Scope scope, bool answer_only,
             bool caller_needs, Work& work)
      : node_(node), value_(value), place_(place), scope_(scope), answer_only_(answer_only), work_(work) {
    if (value.is_map()) {
      if (!node.map->additional.given && (caller_needs || node.map->unevaluated))
        for (const Member& member : value.members()) unevaluated_.properties.insert(member.key.view());
    } else if (value.is_list()) {
      bool all = node.list->items != nullptr || (node.draft < 2020 && node.list->additional.given);
      if (!all && (caller_needs || node.list->unevaluated))
        for (size_t i = node.list->prefix.size(); i < value.size(); ++i) unevaluated_.items.insert(i);
    }
  }

  Result run() {
    spend(1);
    if (work_.stack.exhausted()) throw invalid("values or schema are nested too deep to be checked");
    return check();
  }

  Unevaluated& unevaluated() { return unevaluated_; }

 private:
  Result check() {
    const SchemaNode& n = node_;
    if (n.boolean) return *n.boolean ? Result() : complaint([] { return std::string("false schema"); });
    for (const Scope* s = scope_.parent; s && s->value_id == scope_.value_id; s = s->parent)
      if (s->node == scope_.node)
        return complaint([&] {
          return fmt::format("both {} and {} resolve to {} causing reference cycle", Scope::path(&scope_),
                             Scope::path(s), quoted(scope_.location()));
        });
    SchemaType type = schema_type_of(value_);
    if (n.types && !(n.types & type) && !((n.types & kInteger) && type == kNumber && is_whole(value_)))
      return complaint(
          [&] { return fmt::format("got {}, want {}", schema_type_name(type), wanted_types()); });
    if (n.any->constant && !json_equal(value_, *n.any->constant))
      return complaint([&] {
        bool structure = n.any->constant->is_list() || n.any->constant->is_map();
        return structure ? "'const' failed" : "value must be " + display(*n.any->constant);
      });
    if (n.any->choices) spend(n.any->choices->size());
    if (n.any->choices &&
        std::ranges::none_of(n.any->choices->items(), [&](Value item) { return json_equal(value_, item); }))
      return complaint([&] { return enum_text(); });
    if (!n.string->format.empty() && value_.is_string()) {
      spend(n.string->format == "regex" ? kRegexSteps : 1);
      if (std::string why = format_complaint(n.string->format, value_.as_string()); !why.empty())
        return complaint(
            [&] { return fmt::format("{} is not valid {}: {}", display(value_), n.string->format, why); });
    }
    if (n.any->ref) {
      Result broken = reference(*n.any->ref, "$ref");
      if (n.draft < 2019) return broken;
      add(std::move(broken));
    }
    if (value_.is_map())
      check_map();
    else if (value_.is_list())
      check_list();
    else if (value_.is_string())
      check_text();
    else if (value_.is_number())
      check_number();
    if (complaints_.empty() || !answer_only_) {
      if (n.draft >= 2019) check_dynamic_refs();
      check_conditions();
      if (n.draft >= 2019) check_unevaluated();
    }
    if (complaints_.empty()) return {};
    if (complaints_.size() == 1) return std::move(complaints_[0]);
    Result group = complaint([] { return std::string("validation failed"); });
    group->sort = Sort::Group;
    group->causes = std::move(complaints_);
    return group;
  }

  /// Counts work: what strangers' schemas and values may take together is bounded.
  void spend(size_t steps) {
    work_.steps += steps;
    if (work_.steps > kMaxSteps) throw invalid("values take too much work to check against the schema");
  }

  // Complaints. In answer-only mode nothing is printed.

  template <class Text>
  Result complaint(Text text) {
    SchemaComplaint made;
    spend(kComplaintSteps);
    if (!answer_only_) {
      made.where = Place::pointer(place_);
      made.text = text();
    }
    return made;
  }
  template <class Text>
  void complain(Text text, Complaints causes = {}) {
    Result made = complaint(text);
    made->causes = std::move(causes);
    complaints_.push_back(std::move(*made));
  }
  void add(Result result) {
    if (result) complaints_.push_back(std::move(*result));
  }
  bool settled() const { return answer_only_ && !complaints_.empty(); }

  std::string wanted_types() const {
    std::string out;
    for (int bit = kNull; bit <= kObject; bit <<= 1)
      if (node_.types & bit)
        out += (out.empty() ? "" : " or ") + std::string(schema_type_name(static_cast<SchemaType>(bit)));
    return out;
  }

  std::string enum_text() const {
    std::string out;
    for (Value item : node_.any->choices->items()) {
      if (item.is_list() || item.is_map()) return "'enum' failed";
      out += (out.empty() ? "" : ", ") + display(item);
    }
    return (node_.any->choices->size() == 1 ? "value must be " : "value must be one of ") + out;
  }

  static bool is_whole(Value value) {
    return !(value.kind() == Kind::Double) || std::trunc(value.as_double()) == value.as_double();
  }

  // Other schemas.

  Result self(const SchemaNode& schema, bool answer_only = false, const char* keyword = nullptr) {
    Validation inner(schema, value_, place_, {&schema, scope_.value_id, &scope_, keyword},
                     answer_only_ || answer_only, !unevaluated_.empty(), work_);
    Result result = inner.run();
    if (!result) unevaluated_.keep_common(inner.unevaluated());
    return result;
  }
  Result child(const SchemaNode& schema, Value value, Place place) {
    place.parent = place_;
    Validation inner(schema, value, &place, {&schema, scope_.value_id + 1, &scope_}, answer_only_, false,
                     work_);
    return inner.run();
  }
  Result member(const SchemaNode& schema, const Member& member) {
    return child(schema, member.value, {nullptr, member.key.view(), 0});
  }
  Result item(const SchemaNode& schema, size_t index) {
    return child(schema, value_[index], {nullptr, {}, index});
  }

  Result reference(const SchemaNode& schema, const char* keyword) {
    Result broken = self(schema, false, keyword);
    if (!broken) return {};
    Result reference = complaint([] { return std::string("validation failed"); });
    reference->sort = Sort::Reference;
    if (broken->sort == Sort::Group)
      reference->causes = std::move(broken->causes);
    else
      reference->causes.push_back(std::move(*broken));
    return reference;
  }

  // Keywords by type.

  std::vector<std::string> missing(const std::vector<std::string_view>& required) const {
    std::vector<std::string> out;
    for (std::string_view name : required)
      if (!value_.has(name)) out.emplace_back(name);
    return out;
  }

  void require_with(const std::vector<Dependents>& dependents) {
    for (const Dependents& dependent : dependents) {
      spend(1 + dependent.required.size());
      if (!value_.has(dependent.property)) continue;
      if (dependent.schema) {
        add(self(*dependent.schema));
      } else if (auto lacking = missing(dependent.required); !lacking.empty()) {
        complain([&] {
          return fmt::format("properties {} required, if {} exists", join_quoted(lacking),
                             quote_for_schema(dependent.property));
        });
      }
    }
  }

  void check_map() {
    const MapRules& n = *node_.map;
    size_t size = value_.size();
    spend(n.required.size() + size * (1 + n.patterns.size()));
    if (n.min_properties && size < *n.min_properties)
      complain([&] {
        return fmt::format("minProperties: got {}, want {}", grouped(size), grouped(*n.min_properties));
      });
    if (n.max_properties && size > *n.max_properties)
      complain([&] {
        return fmt::format("maxProperties: got {}, want {}", grouped(size), grouped(*n.max_properties));
      });
    if (auto lacking = missing(n.required); !lacking.empty())
      complain([&] {
        return lacking.size() == 1 ? "missing property " + quote_for_schema(lacking[0])
                                   : "missing properties " + join_quoted(lacking);
      });
    if (settled()) return;
    require_with(n.dependencies);
    std::vector<std::string> unwanted;
    for (const Member& m : value_.members()) {
      if (settled()) return;
      if (check_member(m))
        unevaluated_.properties.erase(m.key.view());
      else if (n.additional.given)
        unwanted.emplace_back(m.key.view());
    }
    if (!unwanted.empty())
      complain([&] { return fmt::format("additional properties {} not allowed", join_quoted(unwanted)); });
    if (node_.draft == 4) return;
    if (n.names) check_names(*n.names);
    if (node_.draft == 6) return;
    require_with(n.dependent_schemas);
    require_with(n.dependent_required);
  }

  /// False when no keyword allows the member.
  bool check_member(const Member& m) {
    bool evaluated = false;
    const MapRules& n = *node_.map;
    auto found = std::ranges::lower_bound(n.properties, m.key.view(), {}, &MapRules::Property::name);
    if (found != n.properties.end() && found->name == m.key.view()) {
      evaluated = true;
      add(member(*found->schema, m));
    }
    for (const MapRules::Pattern& pattern : n.patterns) {
      if (!re2::RE2::PartialMatch(re2::StringPiece(m.key.data, m.key.size), *pattern.pattern)) continue;
      evaluated = true;
      add(member(*pattern.schema, m));
    }
    if (evaluated || !n.additional.given) return evaluated;
    if (n.additional.schema) add(member(*n.additional.schema, m));
    return n.additional.allowed;
  }

  void check_names(const SchemaNode& names) {
    for (const Member& m : value_.members()) {
      Validation inner(names, Value::borrowed(m.key.view()), nullptr, {&names, 0, nullptr}, answer_only_,
                       false, work_);
      Result broken = inner.run();
      if (!broken) continue;
      Complaints causes;
      if (broken->sort == Sort::Group)
        causes = std::move(broken->causes);
      else
        causes.push_back(std::move(*broken));
      complain([&] { return "invalid propertyName " + quote_for_schema(m.key.view()); }, std::move(causes));
    }
  }

  void check_list() {
    const ListRules& n = *node_.list;
    size_t size = value_.size();
    if (n.min_items && size < *n.min_items)
      complain(
          [&] { return fmt::format("minItems: got {}, want {}", grouped(size), grouped(*n.min_items)); });
    if (n.max_items && size > *n.max_items)
      complain(
          [&] { return fmt::format("maxItems: got {}, want {}", grouped(size), grouped(*n.max_items)); });
    if (n.unique) check_unique();
    size_t evaluated = std::min(n.prefix.size(), size);
    for (size_t i = 0; i < evaluated; ++i) add(item(*n.prefix[i], i));
    if (n.items)
      for (; evaluated < size; ++evaluated) add(item(*n.items, evaluated));
    if (n.additional.schema) {
      for (size_t i = evaluated; i < size; ++i) add(item(*n.additional.schema, i));
    } else if (!n.additional.allowed && evaluated != size) {
      complain(
          [&] { return fmt::format("last {} additionalItem(s) not allowed", grouped(size - evaluated)); });
    }
    if (n.contains) check_contains();
  }

  void check_unique() {
    auto items = value_.items();
    for (size_t i = 0; i < items.size(); ++i) {
      spend(items.size() - i);
      for (size_t j = i + 1; j < items.size(); ++j)
        if (json_equal(items[i], items[j]))
          return complain(
              [&] { return fmt::format("items at {} and {} are equal", grouped(i), grouped(j)); });
    }
  }

  void check_contains() {
    const ListRules& n = *node_.list;
    Complaints errors;
    std::vector<size_t> matched;
    for (size_t i = 0; i < value_.size(); ++i) {
      if (Result broken = item(*n.contains, i)) {
        errors.push_back(std::move(*broken));
      } else {
        matched.push_back(i);
        if (node_.draft >= 2020) unevaluated_.items.erase(i);
      }
    }
    if (n.min_contains) {
      if (matched.size() < *n.min_contains)
        complain(
            [&] {
              std::string text = fmt::format("min {} items required to match contains schema, but ",
                                             grouped(*n.min_contains));
              if (matched.empty()) return text + "none matched";
              return text +
                     fmt::format("matched {} items at {}", grouped(matched.size()), index_list(matched));
            },
            std::move(errors));
    } else if (matched.empty()) {
      complain([] { return std::string("no items match contains schema"); }, std::move(errors));
    }
    if (n.max_contains && matched.size() > *n.max_contains)
      complain([&] {
        return fmt::format("max {} items required to match contains schema, but matched {} items at {}",
                           grouped(*n.max_contains), grouped(matched.size()), index_list(matched));
      });
  }

  void check_text() {
    const StringRules& n = *node_.string;
    std::string_view text = value_.as_string();
    spend(text.size() / kBytesPerStep);
    if (n.min_length || n.max_length) {
      size_t length = 0;
      for (std::string_view rest = text; !rest.empty(); ++length)
        rest.remove_prefix(text::decode_rune(rest).size);
      if (n.min_length && length < *n.min_length)
        complain([&] {
          return fmt::format("minLength: got {}, want {}", grouped(length), grouped(*n.min_length));
        });
      if (n.max_length && length > *n.max_length)
        complain([&] {
          return fmt::format("maxLength: got {}, want {}", grouped(length), grouped(*n.max_length));
        });
    }
    if (n.pattern && !re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *n.pattern))
      complain([&] {
        return fmt::format("{} does not match pattern {}", quote_for_schema(text),
                           quote_for_schema(n.pattern_text));
      });
  }

  void check_number() {
    const NumberRules& n = *node_.number;
    double number = value_.as_double();
    auto bound = [&](const char* name, const std::optional<double>& limit, bool broken) {
      if (limit && broken)
        complain([&] { return fmt::format("{}: got {}, want {}", name, shown(number), shown(*limit)); });
    };
    bound("minimum", n.minimum, n.minimum && number < *n.minimum);
    bound("maximum", n.maximum, n.maximum && number > *n.maximum);
    bound("exclusiveMinimum", n.exclusive_minimum, n.exclusive_minimum && number <= *n.exclusive_minimum);
    bound("exclusiveMaximum", n.exclusive_maximum, n.exclusive_maximum && number >= *n.exclusive_maximum);
    bound("multipleOf", n.multiple_of, n.multiple_of && !is_multiple(number, *n.multiple_of));
  }

  // Keywords for all types.

  void check_dynamic_refs() {
    if (const SchemaNode* schema = node_.any->recursive_ref) {
      if (schema->any->recursive_anchor)
        for (const Scope* s = &scope_; s; s = s->parent)
          if (s->node->resource->any->recursive_anchor) schema = s->node;
      add(reference(*schema, "$recursiveRef"));
    }
    if (const SchemaNode* schema = node_.any->dynamic_ref) {
      std::string_view anchor = node_.any->dynamic_ref_anchor;
      if (!anchor.empty() && schema->any->dynamic_anchor == anchor)
        for (const Scope* s = &scope_; s; s = s->parent)
          if (const auto* anchors = s->node->resource->dynamic_anchors.get())
            if (auto found = anchors->find(anchor); found != anchors->end()) schema = found->second;
      add(reference(*schema, "$dynamicRef"));
    }
  }

  void check_conditions() {
    const AnyRules& n = *node_.any;
    if (n.negated && !self(*n.negated, true)) complain([] { return std::string("'not' failed"); });
    if (!n.all_of.empty()) {
      Complaints errors;
      for (const SchemaNode* schema : n.all_of) {
        if (Result broken = self(*schema)) errors.push_back(std::move(*broken));
        if (answer_only_ && !errors.empty()) break;
      }
      if (!errors.empty()) complain([] { return std::string("'allOf' failed"); }, std::move(errors));
    }
    if (!n.any_of.empty()) check_any();
    if (!n.one_of.empty()) check_one();
    if (!n.if_) return;
    const SchemaNode* branch = self(*n.if_, true) ? n.else_ : n.then_;
    if (branch) add(self(*branch));
  }

  void check_any() {
    Complaints errors;
    bool matched = false;
    for (const SchemaNode* schema : node_.any->any_of) {
      if (Result broken = self(*schema)) {
        errors.push_back(std::move(*broken));
        continue;
      }
      matched = true;
      if (unevaluated_.empty()) break;
    }
    if (!matched) complain([] { return std::string("'anyOf' failed"); }, std::move(errors));
  }

  void check_one() {
    Complaints errors;
    std::optional<size_t> matched;
    for (size_t i = 0; i < node_.any->one_of.size(); ++i) {
      Result broken = self(*node_.any->one_of[i], matched.has_value());
      if (broken) {
        if (!matched) errors.push_back(std::move(*broken));
      } else if (!matched) {
        matched = i;
      } else {
        return complain(
            [&] { return fmt::format("'oneOf' failed, subschemas {}, {} matched", *matched, i); });
      }
    }
    if (!matched) complain([] { return std::string("'oneOf' failed, none matched"); }, std::move(errors));
  }

  void check_unevaluated() {
    if (value_.is_map() && node_.map->unevaluated) {
      for (const Member& m : value_.members())
        if (unevaluated_.properties.contains(m.key.view())) add(member(*node_.map->unevaluated, m));
      unevaluated_.properties.clear();
    }
    if (value_.is_list() && node_.list->unevaluated) {
      for (size_t i : std::set<size_t>(unevaluated_.items)) add(item(*node_.list->unevaluated, i));
      unevaluated_.items.clear();
    }
  }

  const SchemaNode& node_;
  Value value_;
  const Place* place_;
  Scope scope_;
  bool answer_only_;
  Work& work_;
  Unevaluated unevaluated_;
  Complaints complaints_;
};

void print(std::string& out, const SchemaComplaint& complaint, int indent) {
  bool skip = complaint.sort == Sort::Reference && complaint.causes.size() == 1;
  if (!skip) {
    if (!out.empty()) out += '\n';
    out.append(static_cast<size_t>(indent) * 2, ' ');
    out += "- at " + quote_for_schema(complaint.where) + ": " + complaint.text;
    ++indent;
  }
  for (const SchemaComplaint& cause : complaint.causes) print(out, cause, indent);
}

}  // namespace

std::string_view schema_type_name(SchemaType type) {
  switch (type) {
    case kNull:
      return "null";
    case kBoolean:
      return "boolean";
    case kNumber:
      return "number";
    case kInteger:
      return "integer";
    case kString:
      return "string";
    case kArray:
      return "array";
    case kObject:
      return "object";
  }
  return "";
}

SchemaType schema_type_of(Value value) {
  switch (value.kind()) {
    case Kind::Bool:
      return kBoolean;
    case Kind::Int:
    case Kind::Uint:
    case Kind::Double:
      return kNumber;
    case Kind::String:
      return kString;
    case Kind::List:
      return kArray;
    case Kind::Map:
      return kObject;
    default:
      return kNull;
  }
}

std::optional<SchemaComplaint> validate_schema(const SchemaNode& root, Value value) {
  for (bool answer_only : {true, false}) {  // most values are fine: texts are only made when they are not
    Work work;
    Result result = Validation(root, value, nullptr, {&root, 0, nullptr}, answer_only, false, work).run();
    if (!result || !answer_only) return result;
  }
  return {};
}

std::string print_complaints(const SchemaComplaint& top) {
  std::string out;
  if (top.sort == Sort::Group) {
    for (const SchemaComplaint& cause : top.causes) print(out, cause, 0);
  } else {
    print(out, top, 0);
  }
  return out;
}

std::string quote_for_schema(std::string_view text) {
  std::string out = quoted(text);
  for (size_t at = 0; (at = out.find("\\\"", at)) != std::string::npos; ++at) out.erase(at, 1);
  for (size_t at = 0; (at = out.find('\'', at)) != std::string::npos; at += 2) out.insert(at, 1, '\\');
  out.front() = '\'';
  out.back() = '\'';
  return out;
}

}  // namespace shipit::helm
