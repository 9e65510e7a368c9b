#include "domain/quarantine.h"

#include <algorithm>

#include "base/error.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::domain {
namespace {

using text::Value;

constexpr std::string_view kHeader =
    "# What may not run. Ship-it adds an entry when it rolls a version back; removing an entry lifts it.\n"
    "quarantine:\n";

bool names_release(const QuarantineEntry& entry, const ReleaseKey& key) {
  return entry.release == key.name || entry.release == key.str();
}

/// A YAML scalar in double quotes: JSON's escapes are a subset of YAML's.
std::string quoted(const std::string& text) {
  std::string out;
  text::append_json_string(out, text);
  return out;
}

std::string entry_text(const QuarantineEntry& e) {
  std::string out = "  - release: " + quoted(e.release) + "\n";
  auto line = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) out += "    " + std::string(key) + ": " + quoted(value) + "\n";
  };
  line("image", e.image.str());
  line("tag", e.tag.str());
  line("digest", e.digest.str());
  line("inputs", e.inputs.str());
  line("reason", e.reason);
  line("suspect", e.suspect);
  if (e.revision) out += "    revision: " + std::to_string(e.revision) + "\n";
  if (e.since != Time{}) line("since", format_rfc3339_millis(e.since));
  return out;
}

QuarantineEntry entry_of(Value v) {
  QuarantineEntry e;
  e.release = v["release"].str();
  e.image = ImageName(v["image"].str());
  e.tag = ImageTag(v["tag"].is_string() ? v["tag"].str() : v["tag"].is_null() ? "" : text::to_json(v["tag"]));
  e.digest = Digest(v["digest"].str());
  e.inputs = InputsHash(v["inputs"].str());
  e.reason = v["reason"].str();
  e.suspect = v["suspect"].str();
  e.revision = static_cast<int>(v["revision"].as_int());
  e.since = parse_rfc3339(v["since"].as_string()).value_or(Time{});
  return e;
}

bool same_thing(const QuarantineEntry& a, const QuarantineEntry& b) {
  return a.release == b.release && a.image == b.image && a.tag == b.tag && a.digest == b.digest &&
         a.inputs == b.inputs;
}

/// Lines [begin, end) of each list item below `quarantine:`; comments between items belong to none.
struct ItemLines {
  size_t begin, end;
};

std::vector<std::string_view> lines_of(std::string_view textual) {
  std::vector<std::string_view> out;
  while (!textual.empty()) {
    size_t end = textual.find('\n');
    size_t size = end == std::string_view::npos ? textual.size() : end + 1;
    out.push_back(textual.substr(0, size));
    textual.remove_prefix(size);
  }
  return out;
}

bool starts_item(std::string_view line) {
  size_t at = line.find_first_not_of(' ');
  return at != std::string_view::npos && line.substr(at, 2) == "- ";
}

std::vector<ItemLines> items_of(const std::vector<std::string_view>& lines) {
  std::vector<ItemLines> out;
  size_t at = 0;
  while (at < lines.size() && !lines[at].starts_with("quarantine:")) ++at;
  size_t indent = std::string_view::npos;
  for (++at; at < lines.size(); ++at) {
    size_t column = lines[at].find_first_not_of(' ');
    bool blank = column == std::string_view::npos || lines[at][column] == '\n' || lines[at][column] == '\r' ||
                 lines[at][column] == '#';
    if (blank) continue;
    if (column == 0 && !starts_item(lines[at])) break;
    if (starts_item(lines[at]) && (indent == std::string_view::npos || column == indent)) {
      indent = column;
      out.push_back({at, at + 1});
    } else if (!out.empty()) {
      out.back().end = at + 1;
    }
  }
  return out;
}

}  // namespace

const QuarantineEntry* Quarantine::blocking(const ReleaseKey& release, const ImageName& image,
                                            const ImageTag& tag) const {
  for (const QuarantineEntry& e : entries_)
    if (names_release(e, release) && !e.tag.empty() && e.image == image && e.tag == tag) return &e;
  return nullptr;
}

const QuarantineEntry* Quarantine::blocking(const ReleaseKey& release, const InputsHash& inputs) const {
  for (const QuarantineEntry& e : entries_)
    if (names_release(e, release) && !e.inputs.empty() && e.inputs == inputs) return &e;
  return nullptr;
}

bool Quarantine::add(QuarantineEntry entry) {
  if (std::ranges::any_of(entries_, [&](const QuarantineEntry& e) { return same_thing(e, entry); }))
    return false;
  entries_.push_back(std::move(entry));
  return true;
}

Quarantine parse_quarantine(std::string_view yaml) {
  text::YamlOptions options;
  options.file = "quarantine.yaml";
  options.duplicates_error = true;
  text::Document document = text::parse_yaml(yaml, options);
  if (document.root.is_null()) return {};
  if (!document.root.is_map()) throw invalid("quarantine.yaml: must be a map with a list `quarantine`");
  Value list = document.root["quarantine"];
  if (!list.is_list() && !list.is_null()) throw invalid("quarantine.yaml: `quarantine` must be a list");
  std::vector<QuarantineEntry> entries;
  size_t index = 0;
  for (Value item : list.items()) {
    QuarantineEntry entry = entry_of(item);
    bool image = !entry.image.empty() && !entry.tag.empty();
    if (entry.release.empty() || image == !entry.inputs.empty())
      throw invalid("quarantine.yaml: quarantine[" + std::to_string(index) +
                    "] needs `release`, and either `image` with `tag` or `inputs`");
    entries.push_back(std::move(entry));
    ++index;
  }
  return Quarantine(std::move(entries));
}

namespace {

/// Entries of a file that we changed: the proof that only what was meant changed. npos when it can't be read.
size_t count_of(std::string_view yaml) {
  try {
    return parse_quarantine(yaml).entries().size();
  } catch (const Error&) {
    return std::string_view::npos;
  }
}

}  // namespace

std::string append_entries(std::string_view yaml, const std::vector<QuarantineEntry>& add) {
  std::string added;
  for (const QuarantineEntry& e : add) added += entry_text(e);
  if (add.empty()) return std::string(yaml);
  Quarantine present = parse_quarantine(yaml);
  if (present.entries().empty()) {
    // Keep what a person wrote above; only a bare or empty `quarantine:` line is replaced.
    std::string out;
    for (std::string_view line : lines_of(yaml))
      if (!line.starts_with("quarantine:")) out += line;
    if (!out.empty() && out.back() != '\n') out += '\n';
    out += std::string(out.empty() ? kHeader : kHeader.substr(kHeader.find("quarantine:"))) + added;
    if (count_of(out) != add.size())
      throw invalid("quarantine.yaml: write `quarantine` as a block list, one `- release:` a line");
    return out;
  }
  std::vector<std::string_view> lines = lines_of(yaml);
  std::vector<ItemLines> items = items_of(lines);
  if (items.empty())
    throw invalid("quarantine.yaml: write `quarantine` as a block list, one `- release:` a line");
  size_t indent = lines[items.back().begin].find('-');
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    out += lines[i];
    if (i + 1 == items.back().end) {
      if (out.back() != '\n') out += '\n';
      for (std::string_view line : lines_of(added))
        out += std::string(indent, ' ') + std::string(line.substr(2));
    }
  }
  if (count_of(out) != present.entries().size() + add.size())
    throw invalid(
        "quarantine.yaml: cannot add an entry without changing others; write it as a plain block list");
  return out;
}

std::string remove_entries(std::string_view yaml, const std::vector<QuarantineEntry>& lift) {
  Quarantine present = parse_quarantine(yaml);
  std::vector<std::string_view> lines = lines_of(yaml);
  std::vector<ItemLines> items = items_of(lines);
  if (items.size() != present.entries().size())
    throw invalid("quarantine.yaml: write `quarantine` as a block list, one `- release:` a line");
  std::vector<bool> drop(lines.size());
  size_t left = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    bool lifted = std::ranges::any_of(
        lift, [&](const QuarantineEntry& e) { return same_thing(e, present.entries()[i]); });
    if (!lifted) {
      ++left;
      continue;
    }
    std::fill(drop.begin() + static_cast<long>(items[i].begin),
              drop.begin() + static_cast<long>(items[i].end), true);
  }
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (drop[i]) continue;
    if (left == 0 && lines[i].starts_with("quarantine:")) {
      out += "quarantine: []\n";
      continue;
    }
    out += lines[i];
  }
  if (count_of(out) != left)
    throw invalid("quarantine.yaml: cannot remove an entry without changing others; remove it by hand");
  return out;
}

}  // namespace shipit::domain
