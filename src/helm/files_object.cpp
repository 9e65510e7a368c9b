#include "helm/files_object.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>

#include "helm/encoding.h"
#include "helm/unicode.h"
#include "text/utf8.h"
#include "text/yaml.h"

namespace shipit::helm {
namespace {

using text::Arena;

constexpr int kGlobSteps = 200'000;

/// Reads a pattern while it matches: alternatives in braces are tried by continuing after them.
class Glob final {
 public:
  explicit Glob(std::string_view pattern) : pattern_(pattern) { pattern_.append(unclosed(), '}'); }

  bool valid() const { return readable() && valid_part(0, 0) == pattern_.size(); }
  bool matches(std::string_view path) { return at(0, path, 0); }

 private:
  static constexpr size_t kBad = std::string_view::npos;

  /// gobwas takes the replacement character, too, for bytes that are no UTF-8.
  bool readable() const {
    for (std::string_view rest = pattern_; !rest.empty();) {
      DecodedRune d = decode_rune(rest);
      if (d.rune == 0xFFFD) return false;
      rest.remove_prefix(static_cast<size_t>(d.size));
    }
    return true;
  }

  /// Groups that are open at the end, where they close by themselves.
  size_t unclosed() const {
    size_t open = 0;
    for (size_t i = 0; i < pattern_.size(); ++i) {
      char c = pattern_[i];
      if (c == '\\')
        ++i;
      else if (c == '[')
        i = std::min(class_end(i), pattern_.size()) - 1;
      else if (c == '{')
        ++open;
      else if (c == '}' && open > 0)
        --open;
    }
    return open;
  }

  /// End of the pattern part from `i` on, inside of `depth` braces; kBad when it is broken.
  size_t valid_part(size_t i, int depth) const {
    if (depth > 32) return kBad;
    while (i < pattern_.size()) {
      char c = pattern_[i];
      if (c == '\\') {
        i += 2;
        if (i > pattern_.size()) return kBad;
      } else if (c == '[') {
        i = class_end(i);
        if (i == kBad) return kBad;
      } else if (c == '{') {
        do {
          i = valid_part(i + 1, depth + 1);
          if (i == kBad || i >= pattern_.size()) return kBad;
        } while (pattern_[i] == ',');
        ++i;
      } else if (depth > 0 && (c == ',' || c == '}')) {
        return i;
      } else {
        ++i;
      }
    }
    return depth > 0 ? kBad : i;
  }

  size_t class_end(size_t i) const {
    size_t close = pattern_.find(']', i + 1);
    return close == kBad || close == i + 1 ? kBad : close + 1;
  }

  /// Position behind the alternative that starts at `i`, and behind its whole group.
  size_t alternative_end(size_t i) const { return valid_part(i, 1); }
  size_t group_end(size_t i) const {
    while (pattern_[i = alternative_end(i)] == ',') ++i;
    return i + 1;
  }

  bool in_class(std::string_view body, char32_t c) const {
    bool negated = body.starts_with('!');
    if (negated) body.remove_prefix(1);
    bool found = false;
    while (!body.empty()) {
      text::Rune low = text::decode_rune(body);
      body.remove_prefix(low.size);
      char32_t high = low.value;
      if (body.size() > 1 && body[0] == '-') {
        body.remove_prefix(1);
        text::Rune rune = text::decode_rune(body);
        high = rune.value;
        body.remove_prefix(rune.size);
      }
      found |= low.value <= c && c <= high;
    }
    return found != negated;
  }

  bool at(size_t i, std::string_view path, int depth) {
    if (++steps_ > kGlobSteps || depth > 256) return false;
    while (i < pattern_.size()) {
      char c = pattern_[i];
      if (c == ',' && !after_.empty()) {  // the alternative is through: go on behind its group
        i = after_.back();
        after_.pop_back();
        bool matched = at(i, path, depth + 1);
        after_.push_back(i);
        return matched;
      }
      if (c == '}' && !after_.empty()) {
        size_t behind = after_.back();
        after_.pop_back();
        bool matched = at(behind, path, depth + 1);
        after_.push_back(behind);
        return matched;
      }
      if (c == '*') {
        bool any = i + 1 < pattern_.size() && pattern_[i + 1] == '*';
        size_t next = i;
        while (next < pattern_.size() && pattern_[next] == '*') ++next;
        for (size_t taken = 0;; ++taken) {
          if (at(next, path.substr(taken), depth + 1)) return true;
          if (taken == path.size() || (!any && path[taken] == '/')) return false;
        }
      }
      if (c == '{') {
        size_t behind = group_end(i + 1);
        for (size_t begin = i + 1;; ++begin) {
          after_.push_back(behind);
          bool matched = at(begin, path, depth + 1);
          after_.pop_back();
          if (matched) return true;
          begin = alternative_end(begin);
          if (pattern_[begin] == '}') return false;
        }
      }
      if (path.empty()) return false;
      text::Rune rune = text::decode_rune(path);
      if (c == '?') {
        if (rune.value == '/') return false;
        path.remove_prefix(rune.size);
        ++i;
      } else if (c == '[') {
        size_t end = class_end(i);
        if (!in_class(std::string_view(pattern_).substr(i + 1, end - i - 2), rune.value)) return false;
        path.remove_prefix(rune.size);
        i = end;
      } else {
        if (c == '\\') c = pattern_[++i];
        if (path[0] != c) return false;
        path.remove_prefix(1);
        ++i;
      }
    }
    return path.empty();
  }

  std::string pattern_;
  std::vector<size_t> after_;  // where to go on behind each open group
  int steps_ = 0;
};

class FilesObject final : public Object {
 public:
  FilesObject(Arena& arena, std::span<const File* const> files) : arena_(arena), files_(files) {}

  std::string_view type_name() const override { return "engine.files"; }
  GoKind kind() const override { return GoKind::Map; }
  std::vector<Field> fields(Arena&) const override {
    std::vector<Field> out;
    for (const File* file : files_) out.push_back({file->path, bytes(file->bytes)});
    return out;
  }
  std::optional<Value> field(std::string_view name, Arena&) const override {
    const File* file = find(name);
    return file ? std::optional(bytes(file->bytes)) : std::nullopt;
  }
  std::span<const Method> methods() const override;

 private:
  using Args = std::span<const Value>;

  static const FilesObject& files(const Object& self) { return static_cast<const FilesObject&>(self); }
  static Value bytes(std::string_view text) { return marked(Value::borrowed(text), Mark::Bytes); }

  const File* find(std::string_view path) const {
    auto at = std::ranges::lower_bound(files_, path, {},
                                       [](const File* file) { return std::string_view(file->path); });
    return at != files_.end() && (*at)->path == path ? *at : nullptr;
  }
  std::string_view content(std::string_view path) const {
    const File* file = find(path);
    return file ? std::string_view(file->bytes) : std::string_view();
  }

  Value glob(std::string_view pattern) const {
    bool all = !is_glob(pattern);
    auto** chosen = arena_.allocate_array<const File*>(files_.size());
    size_t count = 0;
    for (const File* file : files_)
      if (all || glob_matches(pattern, file->path)) chosen[count++] = file;
    void* room = arena_.allocate(sizeof(FilesObject), alignof(FilesObject));
    return value_of(*new (room) FilesObject(arena_, std::span<const File* const>(chosen, count)));
  }

  /// {file name: text}, as YAML without its last newline.
  template <class Text>
  Value as_yaml(Text text) const {
    Value map = Value::map(arena_, files_.size());
    for (const File* file : files_)
      map.set(arena_, file->path.substr(file->path.rfind('/') + 1), text(*file));
    std::string yaml = text::to_yaml(map);
    if (yaml.ends_with('\n')) yaml.pop_back();
    return Value::string(arena_, yaml);
  }

  Value lines(std::string_view path) const {
    std::string_view text = content(path);
    Value list = Value::list(arena_);
    if (text.ends_with('\n'))
      text.remove_suffix(1);
    else if (text.empty())
      return marked(list, Mark::Strings);
    for (;;) {
      size_t end = std::min(text.find('\n'), text.size());
      list.push_back(arena_, Value::borrowed(text.substr(0, end)));
      if (end == text.size()) return marked(list, Mark::Strings);
      text.remove_prefix(end + 1);
    }
  }

  Arena& arena_;
  std::span<const File* const> files_;  // by path
};

std::span<const Method> FilesObject::methods() const {
  static constexpr std::array<Method, 6> kMethods{
      {{"Get", "s",
        [](Call&, const Object& self, Args args) {
          return Value::borrowed(files(self).content(args[0].as_string()));
        }},
       {"GetBytes", "s",
        [](Call&, const Object& self, Args args) { return bytes(files(self).content(args[0].as_string())); }},
       {"Glob", "s",
        [](Call&, const Object& self, Args args) { return files(self).glob(args[0].as_string()); }},
       {"AsConfig", "",
        [](Call&, const Object& self, Args) {
          return files(self).as_yaml([](const File& file) { return Value::borrowed(file.bytes); });
        }},
       {"AsSecrets", "",
        [](Call&, const Object& self, Args) {
          Arena& arena = files(self).arena_;
          return files(self).as_yaml(
              [&](const File& file) { return Value::string(arena, encode_base64(file.bytes)); });
        }},
       {"Lines", "s",
        [](Call&, const Object& self, Args args) { return files(self).lines(args[0].as_string()); }}}};
  return kMethods;
}

}  // namespace

Value files_object(Arena& arena, std::span<const File> files) {
  auto** sorted = arena.allocate_array<const File*>(files.size());
  size_t count = 0;
  for (const File& file : files) {  // they come by path; of equal paths the last one counts
    if (count > 0 && sorted[count - 1]->path == file.path) --count;
    sorted[count++] = &file;
  }
  void* room = arena.allocate(sizeof(FilesObject), alignof(FilesObject));
  return Object::value_of(*new (room) FilesObject(arena, std::span<const File* const>(sorted, count)));
}

bool is_glob(std::string_view pattern) { return Glob(pattern).valid(); }

bool glob_matches(std::string_view pattern, std::string_view path) {
  Glob glob(pattern);
  return !glob.valid() || glob.matches(path);
}

}  // namespace shipit::helm
