// The C++ side of the template differential: reads cases as JSON lines ({"t": template, "v": values}) and
// answers each with {"o": output} or {"e": error}. main.go drives it and compares with Helm.
#include <iostream>
#include <string>

#include "base/error.h"
#include "helm/template.h"
#include "text/json.h"

using namespace shipit;

namespace {

constexpr std::string_view kName = "c/templates/t.yaml";

std::string evaluate(text::Value test, text::Arena& arena) {
  helm::TemplateSet set;
  std::string source = test["t"].str();
  set.parse(kName, source);
  text::Value release = text::Value::map(arena, {{"Name", "rel"}, {"Namespace", "ns"}, {"Service", "Helm"}});
  release.set(arena, "Revision", helm::go_int(1));
  release.set(arena, "IsInstall", true);
  text::Value files = text::Value::map(arena);
  text::Value dot = text::Value::map(arena, {{"Release", release}});
  dot.set(arena, "Values", helm::marked(test["v"], helm::Mark::Values));
  dot.set(arena, "Template",
          helm::marked(text::Value::map(arena, {{"Name", "c/templates/t.yaml"}, {"BasePath", "c/templates"}}),
                       helm::Mark::Values));
  helm::Execution execution(set, arena);
  return execution.execute(kName, dot);
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    text::Arena arena;
    std::string answer = "{\"";
    try {
      text::Value test = text::parse_json(line, arena, {.numbers_as_double = true});
      std::string out = evaluate(test, arena);
      answer += "o\":";
      text::append_json_string(answer, out);
    } catch (const std::exception& e) {
      const auto* error = dynamic_cast<const Error*>(&e);
      answer += "e\":";
      text::append_json_string(answer, error ? error->message() : e.what());
    }
    answer += "}\n";
    std::cout << answer << std::flush;
  }
}
