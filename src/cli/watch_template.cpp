#include "cli/watch_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <ostream>
#include <sstream>

#include "text/diff.h"

namespace shipit::cli {
namespace {

using Clock = std::chrono::steady_clock;

std::string summary(const std::string& text, Clock::duration took) {
  auto documents = std::ranges::count_if(text::diff_lines("", text),
                                         [](const text::DiffLine& line) { return line.text == "---"; });
  return fmt::format("rendered {} documents in {:.1f} ms", documents,
                     std::chrono::duration<double, std::milli>(took).count());
}

}  // namespace

std::vector<std::string> watched_paths(const TemplateOptions& options) {
  std::vector<std::string> paths{options.chart};
  for (const std::string& file : options.values)
    if (file != "-" && file.find("://") == std::string::npos) paths.push_back(file);
  for (const std::string& pair : options.set_file)
    if (size_t equals = pair.find('='); equals != std::string::npos) paths.push_back(pair.substr(equals + 1));
  return paths;
}

int watch_template(const TemplateOptions& options, const ChartServices& services, Changes& changes,
                   std::ostream& out, std::ostream& err) {
  std::optional<std::string> last;
  int code = 0;
  do {
    std::ostringstream text;
    auto start = Clock::now();
    code = run_template(options, services, text, err);
    auto took = Clock::now() - start;
    if (code != 0) {
      err << "still watching\n" << std::flush;
      continue;
    }
    std::string now = text.str();
    if (last) {
      std::string diff = text::unified_diff(*last, now, "before", "now");
      out << diff << std::flush;
      err << (diff.empty() ? "nothing changed, " : "") << summary(now, took) << '\n' << std::flush;
    } else {
      err << summary(now, took) << "; a save shows what it changes\n" << std::flush;
    }
    last = std::move(now);
  } while (changes.wait());
  return code;
}

}  // namespace shipit::cli
