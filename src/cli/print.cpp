#include "cli/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shipit::cli {
namespace {

using text::Value;

struct Look {
  std::string_view state, sign, colour;
};
constexpr Look kLooks[] = {
    {"deployed", "✓", "32"}, {"deploying", "↻", "34"},    {"verifying", "◔", "34"},
    {"pending", "…", "34"},  {"rolling back", "↩", "33"}, {"rolled back", "↩", "33"},
    {"failed", "✗", "31"},   {"held", "‖", "35"},         {"deleting", "⌫", "90"},
};

const Look& look_of(std::string_view state) {
  for (const Look& l : kLooks)
    if (l.state == state) return l;
  return kLooks[3];
}

std::string painted(std::string_view text, std::string_view colour, const Style& style) {
  return style.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
}

std::string state_text(Value release, const Style& style) {
  std::string_view state = release["state"].as_string();
  const Look& look = look_of(state);
  return painted(fmt::format("{} {}", look.sign, state), look.colour, style);
}

std::string short_version(std::string_view version) {
  bool hex = version.size() == 40 && version.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return std::string(hex ? version.substr(0, 7) : version);
}

std::string version_text(Value release) {
  std::string now = short_version(release["version"]["new"].as_string());
  std::string old = short_version(release["version"]["old"].as_string());
  return old.empty() || old == now ? now : old + " → " + now;
}

/// Width on a terminal: code points, escapes not counted.
size_t width(std::string_view text) {
  size_t out = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    out += (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
  }
  return out;
}

void indent(std::string& out, std::string_view text, std::string_view prefix, size_t most) {
  size_t lines = 0;
  while (!text.empty()) {
    size_t end = text.find('\n');
    if (++lines > most) {
      out += fmt::format("{}…\n", prefix);
      return;
    }
    out += fmt::format("{}{}\n", prefix, text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void evidence(std::string& out, Value e) {
  constexpr std::string_view kIndent = "              ";
  std::string_view kind = e["kind"].as_string();
  if (kind == "diff") return indent(out, e["text"].as_string(), kIndent, 30);
  if (kind == "message") return indent(out, e["text"].as_string(), kIndent, 5);
  if (kind == "log") {
    out += fmt::format("{}last words of {}:\n", kIndent, e["pod"].as_string());
    for (Value line : e["lines"].items()) out += fmt::format("{}| {}\n", kIndent, line.as_string());
  }
  if (kind == "pods") {
    out += fmt::format("{}{} of {} pods ready\n", kIndent, e["ready"].as_int(), e["desired"].as_int());
    for (Value pod : e["pods"].items())
      if (!pod["ready"].as_bool())
        out += fmt::format("{}{} {} {}\n", kIndent, pod["name"].as_string(), pod["phase"].as_string(),
                           pod["message"].as_string());
  }
  if (kind == "samples") {
    std::string value =
        e["points"].empty() ? "" : fmt::format(" {:.3g}", e["points"].items().back()[1].as_double());
    out += fmt::format("{}monitor {}: {}{}\n", kIndent, e["monitor"].as_string(), e["state"].as_string("OK"),
                       value);
  }
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string age(Value rfc3339, Time now) {
  auto at = parse_rfc3339(rfc3339.as_string());
  if (!at) return "-";
  Duration since = std::chrono::floor<std::chrono::seconds>(now - *at);
  return since < std::chrono::seconds{1} ? "now" : format_duration(since);
}

std::string fleet(Value releases, const Style& style) {
  std::vector<std::vector<std::string>> rows = {{"NAME", "NAMESPACE", "STATE", "VERSION", "SINCE", "REASON"}};
  for (Value r : releases.items())
    rows.push_back({r["name"].str(), r["namespace"].str(), state_text(r, style), version_text(r),
                    age(r["since"], style.now), r["reason"].str()});
  return table(rows);
}

std::string answer_line(Value release, const Style& style) {
  std::string out = fmt::format("{}  {}  {}", release["name"].as_string(), state_text(release, style),
                                version_text(release));
  std::string since = age(release["since"], style.now);
  out += since == "now" ? "  just now" : fmt::format("  {} ago", since);
  if (!release["reason"].as_string().empty()) out += fmt::format(": {}", release["reason"].as_string());
  return out;
}

std::string detail(Value release, const Style& style) {
  std::string out = answer_line(release, style) + "\n";
  if (release["next"]["what"].is_string())
    out += fmt::format("next: {}\n", release["next"]["what"].as_string());
  if (release["held"].is_map())
    out += fmt::format("held by {}: {}\n", release["held"]["by"].as_string(),
                       release["held"]["reason"].as_string());
  Value life = release["life"];
  if (!life["steps"].empty()) out += fmt::format("\nThe life of revision {}\n", life["revision"].as_int());
  for (Value step : life["steps"].items()) {
    std::string_view state = step["state"].as_string();
    std::string_view sign = state == "done"      ? "✓"
                            : state == "failed"  ? "✗"
                            : state == "active"  ? "↻"
                            : state == "skipped" ? "-"
                                                 : "·";
    std::string took =
        step["duration_ms"].is_number() ? format_duration(Duration{step["duration_ms"].as_int()}) : "";
    out += fmt::format("  {} {:<8} {:>7}  {}\n", sign, step["stage"].as_string(), took,
                       step["summary"].as_string());
    for (Value e : step["evidence"].items()) evidence(out, e);
  }
  if (!release["quarantine"].empty()) out += "\nQuarantine\n";
  for (Value q : release["quarantine"].items())
    out += fmt::format("  {} {}: {}\n", q["image"].as_string(), short_version(q["tag"].as_string("values")),
                       q["reason"].as_string());
  return out;
}

std::string repository_detail(Value repository, const Style& style) {
  std::string_view state = repository["state"].as_string();
  std::string_view colour = state == "ok" ? "32" : state == "error" ? "31" : "35";
  std::string out = painted(state, colour, style);
  if (!repository["reason"].as_string().empty()) out += fmt::format(": {}", repository["reason"].as_string());
  out += fmt::format("\n{} {} {}\n", repository["url"].as_string(), repository["branch"].as_string(),
                     repository["path"].as_string());
  std::vector<std::vector<std::string>> heads;
  for (const char* which : {"seen", "applied"}) {
    Value commit = repository[which];
    if (commit.is_map())
      heads.push_back({which, short_version(commit["id"].as_string()), commit["author"].str(),
                       age(commit["at"], style.now), commit["message"].str()});
  }
  out += table(heads);
  bool wrong = false;
  for (Value m : repository["manifests"].items()) {
    if (m["ok"].as_bool()) continue;
    if (!std::exchange(wrong, true)) out += "\nErrors\n";
    out +=
        fmt::format("  {}{}: {}\n", m["file"].as_string(),
                    m["line"].as_int() ? fmt::format(":{}", m["line"].as_int()) : "", m["error"].as_string());
  }
  if (!repository["owed"].empty())
    out += repository["read_only"].as_bool()
               ? "\nTo be written by a person: the repository is read only here\n"
               : "\nTo be written\n";
  for (Value line : repository["owed"].items()) out += fmt::format("  {}\n", line.as_string());
  if (!repository["quarantine"].empty()) out += "\nQuarantine\n";
  for (Value q : repository["quarantine"].items())
    out += fmt::format("  {} {} {}: {}\n", q["release"].as_string(), q["image"].as_string(),
                       short_version(q["tag"].as_string("values")), q["reason"].as_string());
  if (state == "held" && repository["seen"].is_map())
    out += fmt::format("\nTo apply it as it is: ship-it confirm {}\n",
                       short_version(repository["seen"]["id"].as_string()));
  return out;
}

std::string history(Value release, const Style& style) {
  std::vector<std::vector<std::string>> rows = {
      {"REVISION", "OUTCOME", "VERSION", "CHART", "WHEN", "BY", "REASON"}};
  for (Value h : release["history"].items())
    rows.push_back({fmt::format("{}", h["revision"].as_int()), h["outcome"].str(),
                    short_version(h["version"].as_string()), h["chart"].str(), age(h["at"], style.now),
                    h["actor"].str(), h["reason"].str()});
  return table(rows);
}

}  // namespace shipit::cli
