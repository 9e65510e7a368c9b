#include "helm/functions/function.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "helm/evaluator.h"
#include "helm/go_format.h"

namespace shipit::helm {

std::string_view param_type_name(char letter) {
  switch (letter) {
    case 'a':
      return "interface {}";
    case 's':
      return "string";
    case 'i':
      return "int";
    case 'f':
      return "float64";
    case 'b':
      return "bool";
    case 'u':
      return "uint32";
    case 'v':
      return "reflect.Value";
    case 'm':
      return "map[string]interface {}";
    case 'l':
      return "[]interface {}";
    case 't':
      return "time.Time";
    case 'c':
      return "sprig.certificate";
    default:
      return "?";
  }
}

Value Call::strings(std::span<const std::string> items) {
  Value list = Value::list(arena_, items.size());
  for (const std::string& item : items) list.push_back(arena_, string(item));
  return marked(list, Mark::Strings);
}

int64_t Call::now_ns() const {
  if (options_.now_ns) return options_.now_ns();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void Call::random(std::span<unsigned char> bytes) const {
  if (options_.random) return options_.random(bytes);
  // Not OpenSSL's generator: setting that up takes longer than most renders.
  for (size_t filled = 0; filled < bytes.size();) {
    ssize_t got = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got < 0 && errno != EINTR) fail("crypto/rand: no random bytes");
    if (got > 0) filled += static_cast<size_t>(got);
  }
}

void Call::charge(uint64_t steps) { evaluator_.charge(steps); }

void Call::set(Value map, std::string_view key, Value value) { set_borrowed(map, arena_.copy(key), value); }

void Call::set_borrowed(Value map, const text::Key& key, Value value) {
  size_t before = map.size();
  map.set_borrowed(arena_, key, value);
  if (map.size() > before) charge_move(map, key.view());
}

void Call::erase(Value map, std::string_view key) {
  if (map.erase(key)) charge_move(map, key);
}

void Call::charge_move(Value map, std::string_view from) {
  constexpr size_t kMembersPerStep = 16;
  if (map.size() < kMembersPerStep) return;
  std::span<text::Member> members = map.members();
  auto first =
      std::ranges::lower_bound(members, from, {}, [](const text::Member& m) { return m.key.view(); });
  charge(static_cast<uint64_t>(members.end() - first) / kMembersPerStep);
}

std::string_view Call::strval(Value value) {
  if (value.is_string()) return value.as_string();
  std::string_view text = helm::strval(value, arena_);
  charge(1 + text.size() / kPrintedBytesPerStep);
  return text;
}

void Call::size_exceeded() const {
  evaluator_.stop(fmt::format("output is over the limit of {} bytes", options_.limits.output_bytes));
}

namespace {

/// All functions, and their places by a hash of their names.
class FunctionTable final {
 public:
  FunctionTable() {
    // A later family replaces an earlier one's function, as sprig's slice does Go's and Helm's fail does
    // sprig's.
    for (auto family : {builtin_functions(), string_functions(), list_functions(), dict_functions(),
                        math_functions(), date_functions(), duration_functions(), regex_functions(),
                        semver_functions(), encoding_functions(), crypto_functions(), certificate_functions(),
                        url_functions(), default_functions(), helm_functions()})
      for (const FunctionEntry& entry : family) {
        uint32_t index = find(entry.name);
        if (index != kNoFunction)
          functions_[index] = &entry;
        else
          add(entry);
      }
  }

  uint32_t find(std::string_view name) const {
    text::Key key(name);
    for (uint32_t at = key.hash % kPlaces; places_[at].index != kNoFunction; at = (at + 1) % kPlaces)
      if (places_[at].name == key) return places_[at].index;
    return kNoFunction;
  }
  std::span<const FunctionEntry* const> functions() const { return functions_; }

 private:
  struct Place {
    text::Key name;
    uint32_t index = kNoFunction;
  };
  static constexpr uint32_t kPlaces = 1024;  // some 260 are taken

  void add(const FunctionEntry& entry) {
    text::Key key(entry.name);
    uint32_t at = key.hash % kPlaces;
    while (places_[at].index != kNoFunction) at = (at + 1) % kPlaces;
    places_[at] = {key, static_cast<uint32_t>(functions_.size())};
    functions_.push_back(&entry);
  }

  std::array<Place, kPlaces> places_;
  std::vector<const FunctionEntry*> functions_;
};

const FunctionTable& function_table() {
  static const FunctionTable kTable;
  return kTable;
}

}  // namespace

uint32_t find_function(std::string_view name) { return function_table().find(name); }
const FunctionEntry& function_at(uint32_t index) { return *function_table().functions()[index]; }

std::vector<const FunctionEntry*> all_functions() {
  std::span<const FunctionEntry* const> functions = function_table().functions();
  std::vector<const FunctionEntry*> all(functions.begin(), functions.end());
  std::ranges::sort(all, {}, &FunctionEntry::name);
  return all;
}

}  // namespace shipit::helm
