#include "cli/explain_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/error.h"
#include "helm/manifests.h"
#include "text/yaml.h"

namespace shipit::cli {
namespace {

/// Bytes of a line that are to blame.
struct Blamed {
  size_t begin = 0, length = 0;
};

/// The expression around the column that Go gives, which lies somewhere inside of it.
Blamed expression_at(std::string_view line, size_t column, std::string_view expression) {
  column = std::min(column, line.size());
  for (size_t at = line.find(expression); !expression.empty() && at != std::string_view::npos && at <= column;
       at = line.find(expression, at + 1))
    if (at + expression.size() > column) return {at, expression.size()};
  size_t end = line.find_first_of(" \t})|", column);
  return {column, (end == std::string_view::npos ? line.size() : end) - column};
}

/// What a parse error quotes, else the line's first action.
Blamed quoted_token(std::string_view line, std::string_view message) {
  size_t open = message.find_first_of("\"<");
  if (open != std::string_view::npos) {
    size_t close = message.find(message[open] == '<' ? '>' : '"', open + 1);
    std::string_view token =
        message.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
    size_t action = line.find("{{");
    size_t at = token.empty() ? std::string_view::npos
                              : line.find(token, action == std::string_view::npos ? 0 : action + 2);
    if (at != std::string_view::npos) return {at, token.size()};
  }
  size_t begin = std::min(line.find("{{"), line.size());
  if (begin == line.size()) begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {0, 0};
  size_t end = line.find("}}", begin);
  return {begin, (end == std::string_view::npos ? line.size() : end + 2) - begin};
}

/// Columns on a terminal, as far as counting characters goes; tabs stay tabs.
std::string blank_like(std::string_view text) {
  std::string out;
  for (unsigned char c : text)
    if (c == '\t')
      out += '\t';
    else if ((c & 0xC0) != 0x80)
      out += ' ';
  return out;
}

std::string numbered(int line, std::string_view text) { return fmt::format("{:>5} | {}\n", line, text); }

std::string with_caret(int line, std::string_view text, Blamed blamed) {
  std::string out = numbered(line, text);
  std::string marks = blank_like(text.substr(blamed.begin, blamed.length));
  out += "      | " + blank_like(text.substr(0, blamed.begin)) +
         std::string(std::max<size_t>(marks.size(), 1), '^') + "\n";
  return out;
}

std::string template_failure(const helm::TemplateFailure& failure) {
  bool parsed = failure.expression.empty();
  std::string out = fmt::format("\n{}:{}{}\n", failure.file, failure.line,
                                parsed ? "" : fmt::format(":{}", failure.column));
  std::string_view line = failure.source_line;
  out += with_caret(failure.line, line,
                    parsed ? quoted_token(line, failure.go_text.substr(failure.go_text.find("): ") + 1))
                           : expression_at(line, static_cast<size_t>(failure.column), failure.expression));
  constexpr std::string_view kValues = ".Values.";
  if (failure.missing.starts_with(kValues))
    out +=
        fmt::format("{} is missing: no values file, chart or flag sets it (ship-it explain-value {} CHART)\n",
                    failure.missing, failure.missing.substr(kValues.size()));
  else if (!failure.missing.empty())
    out += fmt::format("{} is missing\n", failure.missing);
  return out;
}

/// The number behind "line " in a message; 0 when there is none.
int line_in(std::string_view message) {
  size_t at = message.rfind("line ");
  int line = 0;
  if (at != std::string_view::npos)
    std::from_chars(message.data() + at + 5, message.data() + message.size(), line);
  return line;
}

bool is_yaml(std::string_view document) {
  try {
    text::parse_yaml(document);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// The rendered lines around the one that YAML's reader names, numbered within their document as it does.
std::string rendered_failure(const helm::RenderTrace& trace, std::string_view message) {
  constexpr std::string_view kStart = "YAML parse error on ";
  if (!message.starts_with(kStart)) return "";
  std::string_view path = message.substr(kStart.size(), message.find(": ") - kStart.size());
  auto file = std::ranges::find(trace.files, path, &helm::RenderedFile::path);
  if (file == trace.files.end()) return "";
  for (std::string_view document : helm::split_manifests(file->text)) {
    if (is_yaml(document)) continue;
    std::vector<std::string_view> lines = lines_of(document);
    int wrong = line_in(message);
    std::string out = fmt::format("\n{}, as rendered:\n", path);
    for (int line = std::max(1, wrong - 2); line <= std::max(3, wrong + 1) && line <= std::ssize(lines);
         ++line)
      out += (line == wrong ? ">" : " ") + numbered(line, lines[static_cast<size_t>(line - 1)]).substr(1);
    return out;
  }
  return "";
}

}  // namespace

std::string explain_failure(const helm::RenderTrace& trace, std::string_view message) {
  return trace.failure.file.empty() ? rendered_failure(trace, message) : template_failure(trace.failure);
}

}  // namespace shipit::cli
