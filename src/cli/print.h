#pragma once
// What the verbs print: tables, the answer line, the life of a deploy. Pure: JSON of the API in, text out.
#include <string>
#include <vector>

#include "base/time.h"
#include "text/value.h"

namespace shipit::cli {

struct Style {
  bool colour = false;  ///< only on a terminal without NO_COLOR
  Time now{};
};

/// Columns padded by width of what is shown, two spaces between; trailing spaces cut.
std::string table(const std::vector<std::vector<std::string>>& rows);
/// "3m", "2h5m"; "-" for no time.
std::string age(text::Value rfc3339, Time now);
/// The Fleet: NAME NAMESPACE STATE VERSION SINCE REASON.
std::string fleet(text::Value releases, const Style& style);
/// "hello  deployed  for 2m: …"
std::string answer_line(text::Value release, const Style& style);
/// The answer line, the life of the deploy with evidence, quarantine.
std::string detail(text::Value release, const Style& style);
std::string history(text::Value release, const Style& style);
/// State and reason, the head seen and applied, errors by file and line, what is to be written, quarantine.
std::string repository_detail(text::Value repository, const Style& style);

}  // namespace shipit::cli
