#include "base/log.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <mutex>

#include "base/clock.h"
#include "base/error.h"

namespace shipit {
namespace {

std::atomic<LogLevel> threshold{LogLevel::Info};
std::mutex output_mutex;
std::FILE* output = stderr;

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};

}  // namespace

void set_log_level(LogLevel level) { threshold = level; }

void set_log_file(const std::string& path) {
  std::lock_guard lock(output_mutex);
  std::FILE* next = path.empty() ? stderr : std::fopen(path.c_str(), "ae");
  if (!next) throw Error(ErrorKind::Invalid, fmt::format("cannot write the log file {}", path));
  if (output != stderr) std::fclose(output);
  output = next;
}

void log(LogLevel level, std::string_view where, std::string_view message,
         std::initializer_list<LogField> fields) {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","where":)", format_rfc3339_millis(SystemClock{}.now()),
                  kLevels[static_cast<int>(level)]);
  append_quoted(line, where);
  line += ",\"message\":";
  append_quoted(line, message);
  for (const LogField& field : fields) {
    line += ',';
    append_quoted(line, field.name);
    line += ':';
    append_quoted(line, field.value);
  }
  line += "}\n";
  std::lock_guard lock(output_mutex);
  std::fwrite(line.data(), 1, line.size(), output);
  std::fflush(output);
}

}  // namespace shipit
