#pragma once
// What a template of the tables of cases sees, here and in tests/conformance/helmlang, which has Helm render
// the same: release, files, capabilities and values. Not thread-safe.
#include <span>
#include <string>

#include "base/error.h"
#include "helm/capabilities.h"
#include "helm/chart.h"
#include "helm/files_object.h"
#include "helm/template.h"
#include "text/json.h"

namespace shipit::helm {

/// A template and what Helm made of it.
struct TemplateCase {
  std::string_view source;
  bool fails;
  std::string_view said;  ///< output, or Helm's message
};

struct CaseAnswer {
  bool fails = false;
  std::string said;
};

/// .Values of each case, as JSON.
inline constexpr std::string_view kCaseValues =
#include "helm/functions/cases/values.inc"
    ;

inline CaseAnswer run_case(std::string_view source, Value values, text::Arena& arena) {
  constexpr std::string_view kName = "c/templates/t.yaml";
  static const std::vector<File> kFiles = {
      {"config/a.txt", "alpha\nbeta\n"}, {"config/b.yaml", "k: v\n"}, {"data.bin", "\x01\xFFz"}};
  try {
    TemplateSet set;
    set.parse(kName, source);
    Value release = Value::map(arena, {{"Name", "rel"}, {"Namespace", "ns"}, {"Service", "Helm"}});
    release.set(arena, "Revision", go_int(1));
    release.set(arena, "IsInstall", true);
    Value about = Value::map(arena, {{"Name", Value::borrowed(kName)}, {"BasePath", "c/templates"}});
    Value none = Value::list(arena);
    Value chart = Value::map(arena, {{"APIVersion", "v2"},
                                     {"Annotations", marked(Value::map(arena), Mark::NilStringMap)},
                                     {"AppVersion", ""},
                                     {"Condition", ""},
                                     {"Dependencies", none},
                                     {"Deprecated", false},
                                     {"Description", ""},
                                     {"Home", ""},
                                     {"Icon", ""},
                                     {"IsRoot", true},
                                     {"Keywords", none},
                                     {"KubeVersion", ""},
                                     {"Maintainers", none},
                                     {"Name", "c"},
                                     {"Sources", none},
                                     {"Tags", ""},
                                     {"Type", ""},
                                     {"Version", "1.0.0"}});
    Value dot = Value::map(arena, {{"Release", release},
                                   {"Chart", chart},
                                   {"Subcharts", Value::map(arena)},
                                   {"Capabilities", capabilities_object(arena, Capabilities::offline())},
                                   {"Files", files_object(arena, kFiles)},
                                   {"Values", marked(values, Mark::Values)},
                                   {"Template", marked(about, Mark::Values)}});
    Execution execution(set, arena);
    return {false, execution.execute(kName, marked(dot, Mark::Values))};
  } catch (const Error& error) {
    return {true, error.message()};
  }
}

}  // namespace shipit::helm
