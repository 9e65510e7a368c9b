// The C++ side of the template differential: reads cases as JSON lines ({"t": template, "v": values}) and
// answers each with {"o": output} or {"e": error}; {"functions": true} with the table of functions. main.go
// drives it and compares with Helm.
#include <iostream>
#include <string>

#include "helm/functions/case_fixture.h"
#include "helm/functions/function.h"

using namespace shipit;

namespace {

helm::CaseAnswer answer(text::Value request, text::Arena& arena) {
  if (!request.has("functions")) return helm::run_case(request["t"].as_string(), request["v"], arena);
  std::string table;
  for (const helm::FunctionEntry* f : helm::all_functions())
    table.append(f->name).append(" ").append(f->params) += '\n';
  return {false, table};
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    text::Arena arena;
    helm::CaseAnswer said;
    try {
      said = answer(text::parse_json(line, arena, {.numbers_as_double = true}), arena);
    } catch (const std::exception& e) {
      said = {true, std::string("not a case: ") + e.what()};
    }
    std::string out = said.fails ? "{\"e\":" : "{\"o\":";
    text::append_json_string(out, said.said);
    out += "}\n";
    std::cout << out;
    if (std::cin.rdbuf()->in_avail() <= 0) std::cout << std::flush;
  }
}
