#include "sandbox/controllers/template_hash.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <vector>

#include "sandbox/controllers/controller.h"
#include "sandbox/generated_structs.h"

namespace shipit::sandbox {

using text::Value;

namespace {

struct LayoutField {
  std::string_view name, kind, type, json;
};
using Layout = GeneratedStruct<LayoutField>;

const std::vector<Layout>& layouts() {
  static const auto* all = new auto(read_generated_structs<LayoutField, 4>(kTemplateLayoutText));
  return *all;
}

/// What resource.ParseQuantity keeps of a canonical text.
struct ParsedQuantity {
  int64_t value = 0;
  int scale = 0;
  std::string_view format = "DecimalSI", text;
};

ParsedQuantity parse_quantity(std::string_view text) {
  static constexpr std::pair<std::string_view, int> kDecimal[] = {{"n", -9}, {"u", -6}, {"m", -3}, {"", 0},
                                                                  {"k", 3},  {"M", 6},  {"G", 9},  {"T", 12},
                                                                  {"P", 15}, {"E", 18}};
  static constexpr std::pair<std::string_view, int> kBinary[] = {{"Ki", 10}, {"Mi", 20}, {"Gi", 30},
                                                                 {"Ti", 40}, {"Pi", 50}, {"Ei", 60}};
  ParsedQuantity out;
  if (text == "0") {
    out.text = text;
    return out;
  }
  size_t end = text.find_first_not_of("+-0123456789");
  std::string_view digits = text.substr(0, end), suffix = end == text.npos ? "" : text.substr(end);
  std::from_chars(digits.data(), digits.data() + digits.size(), out.value);
  if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E')) {
    out.format = "DecimalExponent";
    std::from_chars(suffix.data() + 1, suffix.data() + suffix.size(), out.scale);
  }
  for (auto [name, scale] : kDecimal)
    if (suffix == name) out.scale = scale;
  for (auto [name, shift] : kBinary) {
    if (suffix != name) continue;
    out.format = "BinarySI";
    if (out.value & 7) out.text = text;
    out.value <<= shift;
    return out;
  }
  if (out.scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0')) out.text = text;
  return out;
}

class Dump {
 public:
  std::string out;

  void structure(const Layout& layout, Value value) {
    out += '{';
    bool first = true;
    for (const LayoutField& field : layout.fields) {
      if (!first) out += ' ';
      first = false;
      out += field.name;
      out += ':';
      bool embedded = field.json == ".";
      print(field.kind, field.type, embedded ? value : value.is_map() ? value[field.json] : Value());
    }
    out += '}';
  }

 private:
  static std::string_view number_of(std::string_view kind) { return kind.substr(1); }
  static const Layout& layout_of(std::string_view kind) {
    size_t index = 0;
    std::from_chars(kind.data() + 1, kind.data() + kind.size(), index);
    return layouts().at(index);
  }

  /// With its type before it.
  void print(std::string_view kind, std::string_view type, Value value) {
    out += '(';
    out += type;
    out += ')';
    if (kind.front() == '*') {
      if (value.is_null())
        out += "<nil>";
      else
        bare(kind.substr(1), value);
    } else {
      bare(kind, value);
    }
  }

  void bare(std::string_view kind, Value value) {
    switch (kind.front()) {
      case '@':
        return structure(layout_of(kind), value);
      case '[': {
        if (value.empty()) return nil();
        out += '[';
        for (size_t i = 0; i < value.size(); ++i) {
          if (i) out += ' ';
          bare(kind.substr(1), value[i]);
        }
        out += ']';
        return;
      }
      case '{': {
        if (value.empty()) return nil();
        out += "map[";
        bool first = true;
        for (const auto& [key, member] : value.members()) {
          if (!first) out += ' ';
          first = false;
          out += key.view();
          out += ':';
          bare(kind.substr(1), member);
        }
        out += ']';
        return;
      }
      case 's':
        out += value.as_string();
        return;
      case 'b':
        out += value.as_bool() ? "true" : "false";
        return;
      case 'i':
        out += std::to_string(value.as_int());
        return;
      case 'x':
        out +=
            fmt::format("{{Type:(intstr.Type){} IntVal:(int32){} StrVal:(string){}}}",
                        value.is_string() ? 1 : 0, value.is_string() ? 0 : value.as_int(), value.as_string());
        return;
      case 'q':
        return quantity(value);
      case 't':
        out += "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}";
        return;
      default:
        return nil();
    }
  }

  void quantity(Value value) {
    ParsedQuantity parsed;
    if (value.is_null())
      parsed.format = "";
    else
      parsed = parse_quantity(value.as_string());
    out += fmt::format(
        "{{i:(resource.int64Amount){{value:(int64){} scale:(resource.Scale){}}} "
        "d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){} Format:(resource.Format){}}}",
        parsed.value, parsed.scale, parsed.text, parsed.format);
  }
  void nil() { out += "<nil>"; }
};

}  // namespace

std::string go_dump(Value pod_template) {
  Dump dump;
  dump.out = "(v1.PodTemplateSpec)";
  dump.structure(layouts()[0], pod_template);
  return std::move(dump.out);
}

std::string template_hash(Value pod_template, int64_t collisions) {
  uint32_t hash = 2166136261u;  // FNV-1a, 32 bits
  auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 16777619u; };
  for (char c : go_dump(pod_template)) add(static_cast<unsigned char>(c));
  if (collisions > 0)
    for (int i = 0; i < 8; ++i) add(i < 4 ? static_cast<unsigned char>(collisions >> (8 * i)) : 0);
  return safe_characters(hash);
}

std::string safe_characters(uint32_t hash) {
  std::string out = std::to_string(hash);
  for (char& c : out) c = kSafeCharacters[static_cast<unsigned char>(c) % kSafeCharacters.size()];
  return out;
}

}  // namespace shipit::sandbox
