#include "text/edit.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "text/utf8.h"
#include "text/yaml_scalar.h"

namespace shipit::text {
namespace {

constexpr size_t kDepth = 512;
/// What a masked piece of a line reads as: part of a plain scalar.
constexpr char kMask = 'x';

/// One event of the stream, as far as an edit must leave it alone.
struct Seen {
  yaml_event_type_t type;
  std::string anchor, tag, value;
  bool plain = false;  // a plain scalar without a tag
  std::optional<ByteRange> bytes;
  friend bool operator==(const Seen& a, const Seen& b) {
    return a.type == b.type && a.anchor == b.anchor && a.tag == b.tag && a.value == b.value &&
           a.plain == b.plain;
  }
};

/// Template actions made into text of the same length that YAML can be read around: blanks on a line that
/// holds nothing else, letters on others. Line breaks stay.
std::string mask(std::string_view bytes, const std::vector<ByteRange>& opaque) {
  std::string masked(bytes);
  std::vector<bool> inside(bytes.size(), false);
  for (const ByteRange& range : opaque)
    for (size_t i = range.begin; i < std::min(range.end, bytes.size()); ++i) inside[i] = true;
  for (size_t start = 0; start < bytes.size();) {
    size_t end = std::min(bytes.find('\n', start), bytes.size());
    bool any = false, only = true;
    for (size_t i = start; i < end; ++i) {
      any = any || inside[i];
      only = only && (inside[i] || bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r');
    }
    for (size_t i = start; any && i < end; ++i) {
      if (only)
        masked[i] = bytes[i] == '\r' ? '\r' : ' ';
      else if (inside[i])
        masked[i] = kMask;
    }
    start = end + 1;
  }
  return masked;
}

/// libyaml's marks count characters after a byte order mark; this turns them into bytes.
class Offsets final {
 public:
  explicit Offsets(std::string_view text) : size_(text.size()) {
    bom_ = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    if (ascii_prefix(text.substr(bom_)) + bom_ == text.size()) return;
    for (size_t i = bom_; i < text.size(); ++i)
      if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) starts_.push_back(i);
  }
  size_t operator()(const yaml_mark_t& mark) const {
    if (starts_.empty()) return std::min(mark.index + bom_, size_);
    return mark.index < starts_.size() ? starts_[mark.index] : size_;
  }

 private:
  size_t size_;
  size_t bom_;
  std::vector<size_t> starts_;  // of each character; empty when all are one byte
};

struct ParserDeleter {
  void operator()(yaml_parser_t* parser) const {
    yaml_parser_delete(parser);
    delete parser;
  }
};

/// Reads a masked stream: all of its events, and where its scalar values are.
class Reader final {
 public:
  Reader(std::string_view bytes, const std::vector<ByteRange>& opaque)
      : bytes_(bytes), opaque_(opaque), masked_(mask(bytes, opaque)), offset_(masked_) {
    if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
      throw invalid("yaml: the text is not UTF-8");
    auto parser = std::make_unique<yaml_parser_t>();
    if (!yaml_parser_initialize(parser.get())) throw Error(ErrorKind::Internal, "yaml: no memory");
    std::unique_ptr<yaml_parser_t, ParserDeleter> owner(parser.release());
    yaml_parser_set_input_string(owner.get(), reinterpret_cast<const unsigned char*>(masked_.data()),
                                 masked_.size());
    for (bool more = true; more;) {
      yaml_event_t event;
      if (!yaml_parser_parse(owner.get(), &event)) fail(*owner);
      std::unique_ptr<yaml_event_t, void (*)(yaml_event_t*)> freed(&event, &yaml_event_delete);
      take(event);
      more = event.type != YAML_STREAM_END_EVENT;
    }
  }

  std::vector<Seen>& events() { return events_; }
  std::vector<ScalarAt>& scalars() { return scalars_; }

 private:
  /// A mapping or sequence that is open.
  struct Level {
    bool mapping;
    bool key_next;  // of a mapping: the next node is a key
    bool in_key;    // it is, or is inside of, a key
    size_t index;   // of a sequence: the next item's
  };

  [[noreturn]] static void fail(const yaml_parser_t& parser) {
    throw invalid(fmt::format("yaml: line {}: {}", parser.problem_mark.line + 1,
                              parser.problem ? parser.problem : "unknown problem parsing YAML content"));
  }
  static std::string text(const unsigned char* text) {
    return text ? reinterpret_cast<const char*>(text) : std::string();
  }

  void take(const yaml_event_t& event) {
    Seen& seen = events_.emplace_back();
    seen.type = event.type;
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        document_ = documents_++;
        break;
      case YAML_ALIAS_EVENT:
        seen.anchor = text(event.data.alias.anchor);
        begin_node("*" + seen.anchor);
        end_node();
        break;
      case YAML_SCALAR_EVENT:
        scalar(event, seen);
        break;
      case YAML_SEQUENCE_START_EVENT:
        seen.anchor = text(event.data.sequence_start.anchor);
        seen.tag = text(event.data.sequence_start.tag);
        open(false, event);
        break;
      case YAML_MAPPING_START_EVENT:
        seen.anchor = text(event.data.mapping_start.anchor);
        seen.tag = text(event.data.mapping_start.tag);
        open(true, event);
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        levels_.pop_back();
        end_node();
        break;
      default:
        break;
    }
  }

  void open(bool mapping, const yaml_event_t& event) {
    if (levels_.size() >= kDepth)
      throw invalid(
          fmt::format("yaml: line {}: exceeded max depth of {}", event.start_mark.line + 1, kDepth));
    bool in_key = begin_node("");
    levels_.push_back({mapping, true, in_key, 0});
  }

  /// Puts the node's step on the path; true when the node is part of a key, whose text is `key` then.
  bool begin_node(std::string key) {
    if (levels_.empty()) return false;
    Level& level = levels_.back();
    if (level.mapping && level.key_next) {
      key_ = std::move(key);
      path_.push_back({});  // taken off again at the key's end
      return true;
    }
    if (level.mapping)
      path_.push_back({std::move(keys_.back()), std::nullopt});
    else
      path_.push_back({"", level.index});
    return level.in_key;
  }
  void end_node() {
    if (levels_.empty()) return;
    Level& level = levels_.back();
    path_.pop_back();
    if (!level.mapping) {
      ++level.index;
    } else if (level.key_next) {
      keys_.push_back(std::move(key_));
      key_.clear();
      level.key_next = false;
    } else {
      keys_.pop_back();
      level.key_next = true;
    }
  }

  void scalar(const yaml_event_t& event, Seen& seen) {
    const auto& s = event.data.scalar;
    seen.anchor = text(s.anchor);
    seen.tag = text(s.tag);
    seen.value.assign(reinterpret_cast<const char*>(s.value), s.length);
    seen.plain = s.plain_implicit != 0 && s.style == YAML_PLAIN_SCALAR_STYLE;
    ByteRange bytes = range(event);
    bool masked = touches_opaque(bytes);
    std::string name = masked ? std::string(bytes_.substr(bytes.begin, bytes.end - bytes.begin)) : seen.value;
    if (!begin_node(std::move(name)) && !masked && bytes.begin < bytes.end) {
      int line = 1 + newlines_until(bytes.begin);
      scalars_.push_back({path_, document_, bytes, line, seen.value});
      seen.bytes = bytes;
    }
    end_node();
  }

  /// Lines before a place; places only grow.
  int newlines_until(size_t at) {
    for (; counted_ < at; ++counted_) lines_ += masked_[counted_] == '\n';
    return lines_;
  }

  /// Where the scalar itself is: after its anchor and tag, before the line breaks that end a block.
  ByteRange range(const yaml_event_t& event) const {
    size_t begin = offset_(event.start_mark), end = std::max(begin, offset_(event.end_mark));
    auto blank = [&](size_t i) {
      return masked_[i] == ' ' || masked_[i] == '\t' || masked_[i] == '\r' || masked_[i] == '\n';
    };
    while (begin < end && (masked_[begin] == '&' || masked_[begin] == '!')) {
      while (begin < end && !blank(begin)) ++begin;
      while (begin < end && (blank(begin) || masked_[begin] == '#')) {
        if (masked_[begin] == '#')
          while (begin < end && masked_[begin] != '\n') ++begin;
        else
          ++begin;
      }
    }
    while (end > begin && blank(end - 1)) --end;
    return {begin, end};
  }

  bool touches_opaque(const ByteRange& bytes) const {
    return std::ranges::any_of(
        opaque_, [&](const ByteRange& o) { return bytes.begin <= o.end && o.begin <= bytes.end; });
  }

  std::string_view bytes_;
  const std::vector<ByteRange>& opaque_;
  std::string masked_;
  Offsets offset_;
  std::vector<Seen> events_;
  std::vector<ScalarAt> scalars_;
  std::vector<Level> levels_;
  Path path_;
  std::vector<std::string> keys_;  // of the mappings whose value is being read
  std::string key_;
  size_t document_ = 0, documents_ = 0;
  size_t counted_ = 0;
  int lines_ = 0;
};

/// Text that is the same plain, in a block and in a flow collection.
bool safe_plain(std::string_view value) {
  auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (value.empty() || !(alphanumeric(value[0]) || value[0] == '/') || value.back() == ':') return false;
  constexpr std::string_view kInside = "._/@:+-~=";
  bool safe = std::ranges::all_of(
      value, [&](char c) { return alphanumeric(c) || kInside.find(c) != std::string_view::npos; });
  return safe && !needs_quotes(value);
}

std::string double_quoted(std::string_view value) {
  std::string out = "\"";
  for (std::string_view rest = value; !rest.empty();) {
    Rune rune = decode_rune(rest);
    if (!rune.valid) throw invalid("the new value is not UTF-8");
    bool printable = (rune.value >= 0x20 && rune.value < 0x7F) ||
                     (rune.value >= 0xA0 && rune.value != 0x2028 && rune.value != 0x2029 &&
                      rune.value != 0xFEFF && rune.value != 0xFFFE && rune.value != 0xFFFF);
    if (rune.value == '"' || rune.value == '\\')
      out += {'\\', static_cast<char>(rune.value)};
    else if (rune.value == '\n')
      out += "\\n";
    else if (printable)
      append_rune(out, rune.value);
    else
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(rune.value));
    rest.remove_prefix(rune.size);
  }
  return out + "\"";
}

/// The new text of a scalar, in the style of the old one when that can hold it.
std::string render(std::string_view old, std::string_view value, bool plain_allowed) {
  bool simple = std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7F; });
  if (old.starts_with('\'') && simple) {
    std::string out = "'";
    for (char c : value) out.append(c == '\'' ? 2 : 1, c);
    return out + "'";
  }
  if (!old.starts_with('"') && !old.starts_with('\'') && plain_allowed && safe_plain(value))
    return std::string(value);
  return double_quoted(value);
}

struct Change {
  const Replacement* replacement;
  size_t event;  // which of the events it is
};

/// The text with the changes made, and the opaque ranges where they are then.
std::string apply(std::string_view bytes, const std::vector<Change>& changes, bool plain_allowed,
                  std::vector<ByteRange>& opaque) {
  std::string out;
  size_t copied = 0;
  std::vector<std::pair<size_t, ptrdiff_t>> shifts;  // from that old place on, by so much in all
  for (const Change& change : changes) {
    const ByteRange& range = change.replacement->at.bytes;
    std::string_view old = bytes.substr(range.begin, range.end - range.begin);
    out += bytes.substr(copied, range.begin - copied);
    out += render(old, change.replacement->value, plain_allowed);
    copied = range.end;
    shifts.emplace_back(copied, static_cast<ptrdiff_t>(out.size()) - static_cast<ptrdiff_t>(copied));
  }
  out += bytes.substr(copied);
  for (ByteRange& range : opaque) {
    auto after = std::ranges::upper_bound(shifts, range.begin, {}, &std::pair<size_t, ptrdiff_t>::first);
    if (after == shifts.begin()) continue;
    auto by =
        static_cast<size_t>(std::prev(after)->second);  // wraps around when it is negative, as does the sum
    range.begin += by;
    range.end += by;
  }
  return out;
}

/// Why the new text is not the old one with just those values changed; empty when it is.
std::string objection(const std::vector<Seen>& before, std::vector<Seen>& after,
                      const std::vector<Change>& changes) {
  if (before.size() != after.size()) return "the structure of the document would change";
  auto change = changes.begin();
  for (size_t i = 0; i < before.size(); ++i) {
    if (change != changes.end() && change->event == i) {
      const std::string& value = change->replacement->value;
      const Seen& seen = after[i];
      bool string = !seen.plain || !resolve_plain(seen.value);
      if (seen.type != before[i].type || seen.anchor != before[i].anchor || seen.tag != before[i].tag ||
          seen.value != value || !string)
        return fmt::format("{} would not read back as \"{}\"", to_string(change->replacement->at.path),
                           value);
      ++change;
    } else if (!(before[i] == after[i])) {
      return "another value would change";
    }
  }
  return {};
}

}  // namespace

std::string to_string(const Path& path) {
  std::string out;
  for (const PathStep& step : path) {
    if (step.index) {
      out += fmt::format("[{}]", *step.index);
      continue;
    }
    if (!out.empty()) out += '.';
    if (step.key.empty() || step.key.find_first_of(".[]\" \t\n") != std::string::npos) {
      out += '"';
      for (char c : step.key) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      out += '"';
    } else {
      out += step.key;
    }
  }
  return out;
}

std::vector<ScalarAt> scalars(std::string_view bytes, const std::vector<ByteRange>& opaque) {
  return std::move(Reader(bytes, opaque).scalars());
}

std::string edit(std::string_view bytes, const std::vector<Replacement>& replacements,
                 const std::vector<ByteRange>& opaque) {
  Reader before(bytes, opaque);
  std::vector<Change> changes;
  for (const Replacement& replacement : replacements) {
    const ByteRange& range = replacement.at.bytes;
    auto found = std::ranges::find_if(before.events(), [&](const Seen& seen) {
      return seen.bytes && seen.bytes->begin == range.begin && seen.bytes->end == range.end;
    });
    if (found == before.events().end())
      throw invalid(fmt::format("line {}: {} is not a scalar of this text", replacement.at.line,
                                to_string(replacement.at.path)));
    changes.push_back({&replacement, static_cast<size_t>(found - before.events().begin())});
  }
  std::ranges::sort(changes, {}, &Change::event);
  if (std::ranges::adjacent_find(changes, {}, &Change::event) != changes.end())
    throw invalid("the same scalar is replaced twice");

  // Quotes are the second try: what is safe in them may not be safe plain.
  std::string reason;
  for (bool plain_allowed : {true, false}) {
    std::vector<ByteRange> moved = opaque;
    std::string out = apply(bytes, changes, plain_allowed, moved);
    try {
      Reader after(out, moved);
      reason = objection(before.events(), after.events(), changes);
    } catch (const Error& error) {
      reason = error.what();
    }
    if (reason.empty()) return out;
  }
  throw invalid(fmt::format("the edit can't be proved: {}", reason));
}

}  // namespace shipit::text
