// sprig's regular expressions: RE2 reads Go's syntax; results, replacement templates and errors are Go's.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "helm/functions/function.h"
#include "helm/go_number.h"
#include "helm/go_regex.h"
#include "helm/unicode.h"

namespace shipit::helm {
namespace {

/// Compiling and matching cost by the size of what the pattern stands for: "(x{1,50}){1,20}" is large.
GoRegex compile(Call& call, std::string_view pattern) {
  GoRegex made = go_regex(pattern, kTemplateRegexMemory);
  call.charge(4 * made.size);
  return made;
}

/// `must`: errors as MustCompile panics.
std::shared_ptr<const RE2> compiled(Call& call, std::string_view pattern, bool panics) {
  GoRegex made = compile(call, pattern);
  if (made.regex) return made.regex;
  std::string shown = can_backquote(pattern) ? fmt::format("`{}`", pattern) : quoted(pattern);
  Call::fail(panics ? fmt::format("regexp: Compile({}): {}", shown, made.error) : made.error);
}

using Groups = std::vector<re2::StringPiece>;

/// The start of the first character at or behind `at`, which may be inside of one.
size_t character_from(std::string_view text, size_t at) {
  for (size_t back = 1; back < 4 && back <= at && at < text.size(); ++back) {
    if ((static_cast<unsigned char>(text[at - back + 1]) & 0xC0) != 0x80) break;
    if (auto size = static_cast<size_t>(decode_rune(text.substr(at - back)).size); size > back)
      return at - back + size;
  }
  return at;
}

/// The first match from `at` on. RE2 finds a \B inside of a character, too, which Go does not.
bool search(Call& call, const RE2& regex, std::string_view text, size_t at,
            std::span<re2::StringPiece> found) {
  for (;;) {
    call.charge(4);
    if (!regex.Match({text.data(), text.size()}, at, text.size(), RE2::UNANCHORED, found.data(),
                     static_cast<int>(found.size())))
      return false;
    auto begin = static_cast<size_t>(found[0].data() - text.data());
    at = character_from(text, begin);
    if (at == begin) return true;
  }
}

bool matches(Call& call, const RE2& regex, std::string_view text) {
  if (!text.data()) text = "";
  re2::StringPiece found[1];
  return search(call, regex, text, 0, found);
}

/// Goes over all matches as Go's regexp does: an empty match next to the one before does not count.
template <class Each>
void each_match(Call& call, const RE2& regex, std::string_view text, int groups, int64_t limit, Each each) {
  if (!text.data()) text = "";
  Groups found(static_cast<size_t>(groups));
  size_t at = 0;
  size_t previous_end = std::string_view::npos;
  for (int64_t count = 0; at <= text.size() && (limit < 0 || count < limit);) {
    if (!search(call, regex, text, at, found)) return;
    auto begin = static_cast<size_t>(found[0].data() - text.data());
    size_t end = begin + found[0].size();
    bool accept = true;
    if (end == at) {  // an empty match: not right after the one before
      accept = begin != previous_end;
      auto width = static_cast<size_t>(decode_rune(text.substr(at)).size);
      at = width ? at + width : text.size() + 1;
    } else {
      at = end;
    }
    previous_end = end;
    if (!accept) continue;
    each(begin, end, found);
    ++count;
  }
}

std::string_view str(std::span<Value> args, size_t i) { return args[i].as_string(); }

Value match(Call& call, std::span<Value> args) {
  GoRegex made = compile(call, str(args, 0));
  return made.regex && matches(call, *made.regex, str(args, 1));
}

Value must_match(Call& call, std::span<Value> args) {
  auto regex = compiled(call, str(args, 0), false);
  return matches(call, *regex, str(args, 1));
}

template <bool panics>
Value find(Call& call, std::span<Value> args) {
  auto regex = compiled(call, str(args, 0), panics);
  Value found = "";
  each_match(call, *regex, str(args, 1), 1, 1, [&](size_t begin, size_t end, const Groups&) {
    found = Value::borrowed(str(args, 1).substr(begin, end - begin));
  });
  return found;
}

template <bool panics>
Value find_all(Call& call, std::span<Value> args) {
  auto regex = compiled(call, str(args, 0), panics);
  Value list = Value::list(call.arena());
  each_match(call, *regex, str(args, 1), 1, args[2].as_int(), [&](size_t begin, size_t end, const Groups&) {
    list.push_back(call.arena(), Value::borrowed(str(args, 1).substr(begin, end - begin)));
  });
  return marked(list, list.empty() ? Mark::NilStrings : Mark::Strings);
}

/// regexp.Expand: $1, $name, ${name}, $$.
void expand(std::string& out, std::string_view replacement, const RE2& regex, const Groups& groups) {
  while (!replacement.empty()) {
    size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    bool braces = replacement.starts_with('{');
    std::string_view body = replacement.substr(braces);
    size_t length = 0;
    while (length < body.size()) {
      DecodedRune d = decode_rune(body.substr(length));
      if (!is_letter(d.rune) && !is_digit(d.rune) && d.rune != '_') break;
      length += static_cast<size_t>(d.size);
    }
    if (length == 0 || (braces && !body.substr(length).starts_with('}'))) {
      out += '$';
      continue;
    }
    std::string name(body.substr(0, length));
    replacement = body.substr(length + braces);
    bool number = name.find_first_not_of("0123456789") == std::string::npos && name.size() < 9;
    size_t index = groups.size();
    if (number) {
      index = std::stoul(name);
      if (name[0] == '0' && name.size() > 1) index = groups.size();  // only "0" itself begins with a zero
      if (name[0] == '0' && name.size() > 1) {
        auto at = regex.NamedCapturingGroups().find(name);
        if (at != regex.NamedCapturingGroups().end()) index = static_cast<size_t>(at->second);
      }
    } else if (auto at = regex.NamedCapturingGroups().find(name); at != regex.NamedCapturingGroups().end()) {
      index = static_cast<size_t>(at->second);
    }
    if (index < groups.size() && groups[index].data()) out.append(groups[index].data(), groups[index].size());
  }
}

template <bool panics, bool literal>
Value replace_all(Call& call, std::span<Value> args) {
  auto regex = compiled(call, str(args, 0), panics);
  std::string_view text = str(args, 1), replacement = str(args, 2);
  bool plain = literal || replacement.find('$') == std::string_view::npos;
  std::string out;
  size_t copied = 0;
  int groups = plain ? 1 : 1 + regex->NumberOfCapturingGroups();
  each_match(call, *regex, text, groups, -1, [&](size_t begin, size_t end, const Groups& found) {
    out += text.substr(copied, begin - copied);
    if (plain)
      out += replacement;
    else
      expand(out, replacement, *regex, found);
    copied = end;
    call.check_size(out.size());
  });
  out += text.substr(copied);
  return call.string(out);
}

template <bool panics>
Value split(Call& call, std::span<Value> args) {
  auto regex = compiled(call, str(args, 0), panics);
  std::string_view text = str(args, 1);
  int64_t limit = args[2].as_int();
  Value list = Value::list(call.arena());
  if (limit == 0) return marked(list, Mark::NilStrings);
  auto add = [&](std::string_view part) { list.push_back(call.arena(), Value::borrowed(part)); };
  if (!str(args, 0).empty() && text.empty()) {
    add("");
    return marked(list, Mark::Strings);
  }
  size_t begin = 0, end = 0;
  bool full = false;
  each_match(call, *regex, text, 1, limit, [&](size_t match_begin, size_t match_end, const Groups&) {
    if (full || (limit > 0 && static_cast<int64_t>(list.size()) == limit - 1)) {
      full = true;
      return;
    }
    end = match_begin;
    if (match_end != 0) add(text.substr(begin, end - begin));
    begin = match_end;
  });
  if (end != text.size()) add(text.substr(begin));
  return marked(list, Mark::Strings);
}

Value quote_meta(Call& call, std::span<Value> args) {
  std::string out;
  for (char c : str(args, 0)) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return call.string(out);
}

constexpr FunctionEntry kFunctions[] = {
    {"mustRegexFind", "ss", find<false>},
    {"mustRegexFindAll", "ssi", find_all<false>},
    {"mustRegexMatch", "ss", must_match},
    {"mustRegexReplaceAll", "sss", replace_all<false, false>},
    {"mustRegexReplaceAllLiteral", "sss", replace_all<false, true>},
    {"mustRegexSplit", "ssi", split<false>},
    {"regexFind", "ss", find<true>},
    {"regexFindAll", "ssi", find_all<true>},
    {"regexMatch", "ss", match},
    {"regexQuoteMeta", "s", quote_meta},
    {"regexReplaceAll", "sss", replace_all<true, false>},
    {"regexReplaceAllLiteral", "sss", replace_all<true, true>},
    {"regexSplit", "ssi", split<true>},
};

}  // namespace

std::span<const FunctionEntry> regex_functions() { return kFunctions; }

}  // namespace shipit::helm
