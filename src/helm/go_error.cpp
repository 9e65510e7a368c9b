#include "helm/go_error.h"

#include <fmt/format.h>

#include <algorithm>

namespace shipit::helm {
namespace {

/// Of an endless recursion Helm shows a thousand levels, the same words each. So many are enough, and the
/// reason at the end.
constexpr size_t kLevelsInMessage = 64;

struct Trace {
  std::string location, message, function;
  friend bool operator==(const Trace&, const Trace&) = default;

  std::string str() const {
    std::string out;
    if (!location.empty()) out += location + "\n  ";
    if (!function.empty()) out += function + "\n    ";
    if (!message.empty()) out += message + "\n";
    return out;
  }
};

std::string_view cut_nested(std::string_view message) {
  return message.substr(0, message.find(" template:"));
}

bool read_executing(std::string_view text, Trace& trace) {
  constexpr std::string_view kExecuting = ": executing ";
  size_t at = text.find(kExecuting);
  if (at == std::string_view::npos) return false;
  std::string_view after = text.substr(at + kExecuting.size());
  if (!after.starts_with('"')) return false;
  size_t quote = after.find('"', 1);
  if (quote == std::string_view::npos) return false;
  std::string_view rest = after.substr(quote + 1);
  if (!rest.starts_with(" at <")) return false;
  rest.remove_prefix(5);
  size_t end = rest.find(">: ");
  if (end == std::string_view::npos) return false;
  trace.location = text.substr(0, at);
  trace.function = fmt::format("executing \"{}\" at <{}>:", after.substr(1, quote - 1), rest.substr(0, end));
  trace.message = cut_nested(rest.substr(end + 3));
  return true;
}

bool read_trace(std::string_view text, Trace& trace) {
  constexpr std::string_view kPrefix = "template: ";
  if (!text.starts_with(kPrefix)) return false;
  std::string_view rest = text.substr(kPrefix.size());
  if (rest.starts_with("no template ")) {
    trace.message = text;
    return true;
  }
  if (read_executing(rest, trace)) return true;
  size_t colon = rest.rfind(": ");
  if (colon == std::string_view::npos) return false;
  trace.location = rest.substr(0, colon);
  trace.message = cut_nested(rest.substr(colon + 2));
  return true;
}

std::string_view trim_space(std::string_view text) {
  size_t first = text.find_first_not_of(" \t\n\v\f\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n\v\f\r") - first + 1);
}

}  // namespace

std::string GoError::text(size_t depth) const {
  std::string out;
  size_t level = 0;
  for (size_t i = parts_.size() - depth; i-- > 0;) {
    if (++level > kLevelsInMessage && i > 1) continue;
    out += parts_[i];
  }
  return out;
}

std::string helm_message(std::string_view file, const GoError& error) {
  std::string whole = error.text();
  size_t first = whole.find(": ");
  size_t second = first == std::string::npos ? first : whole.find(": ", first + 2);
  if (second == std::string::npos) return fmt::format("execution error in ({}): {}", file, whole);
  std::string_view location = std::string_view(whole).substr(first + 2, second - first - 2);
  std::string_view rest = std::string_view(whole).substr(second + 2);
  constexpr std::string_view kStart = "HELM_ERR_START", kEnd = "HELM_ERR_END";
  if (size_t start = rest.find(kStart); start != std::string_view::npos) {
    size_t end = rest.rfind(kEnd);
    if (end != std::string_view::npos && end >= start + kStart.size())
      return fmt::format("execution error at ({}): {}", location,
                         rest.substr(start + kStart.size(), end - start - kStart.size()));
  }
  std::vector<Trace> traces;
  for (size_t depth = 0; depth < error.depth(); ++depth) {
    Trace trace;
    if (!read_trace(error.text(depth), trace)) return whole;
    if (traces.empty() || traces.back() != trace) traces.push_back(std::move(trace));
  }
  std::string out;
  for (const Trace& trace : traces) out += trace.str();
  return std::string(trim_space(out));
}

std::string helm_parse_message(std::string_view file, std::string_view text) {
  std::vector<std::string_view> tokens;
  std::string_view rest = text;
  for (size_t at; (at = rest.find(": ")) != std::string_view::npos; rest.remove_prefix(at + 2))
    tokens.push_back(rest.substr(0, at));
  tokens.push_back(rest);
  if (tokens.size() == 1) return fmt::format("parse error in ({}): {}", file, text);
  return fmt::format("parse error at ({}): {}", tokens[1], tokens.back());
}

}  // namespace shipit::helm
