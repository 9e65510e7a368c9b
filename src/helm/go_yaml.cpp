#include "helm/go_yaml.h"

#include <string>

#include "base/error.h"
#include "helm/unicode.h"
#include "text/yaml.h"

namespace shipit::helm {

text::Value read_yaml(std::string_view bytes, text::Arena& arena, bool numbers_as_double) {
  text::YamlOptions options;
  options.numbers_as_double = numbers_as_double;
  options.quoted = quoted;
  try {
    return text::parse_yaml(bytes, arena, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Invalid) throw;
    throw invalid("error converting YAML to JSON: " + error.message());
  }
}

}  // namespace shipit::helm
