#include "sandbox/name_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace shipit::sandbox {

using text::Value;

namespace {

constexpr std::string_view kLabelValue =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

constexpr std::string_view kLabelKey =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr size_t kLongest = 63, kLongestSubdomain = 253;  // bytes

bool lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool alnum(char c) { return lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

void check_label_name(Causes& causes, std::string_view name, const std::string& field) {
  for (const auto& problem : label_key_problems(name)) causes.invalid(field, quoted(name), problem);
}

void check_label_value(Causes& causes, std::string_view text, const std::string& field) {
  if (text.size() > 63) {
    causes.invalid(field, quoted(text), "must be no more than 63 bytes");
  } else if (!text.empty() && !is_word(text)) {
    causes.invalid(field, quoted(text), kLabelValue);
  }
}

}  // namespace

bool is_label1123(std::string_view name) {
  return !name.empty() && lower_alnum(name.front()) && lower_alnum(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return lower_alnum(c) || c == '-'; });
}

bool is_subdomain(std::string_view name) {
  while (true) {
    size_t dot = name.find('.');
    if (!is_label1123(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_word(std::string_view text) {
  return !text.empty() && alnum(text.front()) && alnum(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; });
}

std::vector<std::string> label_key_problems(std::string_view key) {
  std::vector<std::string> out;
  auto add = [&](std::string_view part, std::string_view what) {
    out.push_back(std::string(part) + std::string(what));
  };
  std::string_view name = key;
  if (std::count(key.begin(), key.end(), '/') > 1) {
    add("a valid label key ", kLabelKey);
    out.back() += " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
    return out;
  }
  if (size_t slash = key.find('/'); slash != std::string_view::npos) {
    std::string_view prefix = key.substr(0, slash);
    name = key.substr(slash + 1);
    if (prefix.empty()) {
      add("prefix part ", "must be non-empty");
    } else {
      if (prefix.size() > kLongestSubdomain) add("prefix part ", "must be no more than 253 bytes");
      if (!is_subdomain(prefix)) add("prefix part ", kSubdomain);
    }
  }
  if (name.empty())
    add("name part ", "must be non-empty");
  else if (name.size() > kLongest)
    add("name part ", "must be no more than 63 bytes");
  if (!is_word(name)) add("name part ", kLabelKey);
  return out;
}

void check_labels(Causes& causes, Value labels, const std::string& field) {
  for (const auto& [key, value] : labels.members()) {
    check_label_name(causes, key.view(), field);
    check_label_value(causes, value.as_string(), field);
  }
}

void check_label1123(Causes& causes, std::string_view name, const std::string& field) {
  if (name.size() > 63) causes.invalid(field, quoted(name), "must be no more than 63 bytes");
  if (!is_label1123(name))
    causes.invalid(field, quoted(name), is_subdomain(name) ? "must not contain dots" : kLabel1123);
}

void check_at_least(Causes& causes, Value number, int64_t least, const std::string& field) {
  if (number.is_number() && number.as_int() < least)
    causes.invalid(field, std::to_string(number.as_int()),
                   fmt::format("must be greater than or equal to {}", least));
}

void check_port_number(Causes& causes, int64_t port, const std::string& field) {
  if (port < 1 || port > 65535)
    causes.invalid(field, std::to_string(port), "must be between 1 and 65535, inclusive");
}

void check_port(Causes& causes, Value port, const std::string& field) {
  if (!port.is_string()) return check_port_number(causes, port.as_int(), field);
  std::string_view name = port.as_string();
  auto wrong = [&](std::string_view why) { causes.invalid(field, quoted(name), why); };
  if (name.size() > 15) wrong("must be no more than 15 characters");
  if (!std::all_of(name.begin(), name.end(), [](char c) { return lower_alnum(c) || c == '-'; }) ||
      name.empty())
    wrong("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
    wrong("must contain at least one letter (a-z)");
  if (name.find("--") != std::string_view::npos) wrong("must not contain consecutive hyphens");
  if (name.starts_with('-') || name.ends_with('-')) wrong("must not begin or end with a hyphen");
}

void check_int_or_percent(Causes& causes, Value value, const std::string& field) {
  if (!value.is_string()) return check_at_least(causes, value, 0, field);
  std::string_view text = value.as_string();
  bool good = text.size() > 1 && text.back() == '%' &&
              std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
  if (!good)
    causes.invalid(
        field, quoted(text),
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
        "'93%', regex used for validation is '[0-9]+%')");
}

void check_selector(Causes& causes, Value selector, const std::string& field) {
  check_labels(causes, selector["matchLabels"], field + ".matchLabels");
  Value expressions = selector["matchExpressions"];
  for (size_t i = 0; i < expressions.size(); ++i) {
    std::string at = fmt::format("{}.matchExpressions[{}]", field, i);
    Value values = expressions[i]["values"];
    std::string_view op = expressions[i]["operator"].as_string();
    if (op == "In" || op == "NotIn") {
      if (values.empty())
        causes.required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (!values.empty())
        causes.forbidden(at + ".values",
                         "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else {
      causes.invalid(at + ".operator", quoted(op), "not a valid selector operator");
    }
    check_label_name(causes, expressions[i]["key"].as_string(), at + ".key");
    for (size_t v = 0; v < values.size(); ++v)
      check_label_value(causes, values[v].as_string(), fmt::format("{}.values[{}]", at, v));
  }
}

}  // namespace shipit::sandbox
