#pragma once
// JSON-lines log on stderr: {"time","level","where","message", fields…}. One line a call, written at once.
// Thread-safe. Secrets never enter a line: callers pass ids, counts and reasons, not bodies.
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace shipit {

enum class LogLevel { Debug, Info, Warn, Error };

struct LogField {
  std::string_view name;
  std::string value;
};

/// Writes one line when `level` is at or above the threshold.
void log(LogLevel level, std::string_view where, std::string_view message,
         std::initializer_list<LogField> fields = {});

inline void log_info(std::string_view where, std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Info, where, message, fields);
}
inline void log_warn(std::string_view where, std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Warn, where, message, fields);
}
inline void log_error(std::string_view where, std::string_view message,
                      std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Error, where, message, fields);
}

/// Lowest level written; Info at start. Called once by app.
void set_log_level(LogLevel level);
/// `path` empty: stderr. Called once by app (the sandbox logs into its state folder).
void set_log_file(const std::string& path);

}  // namespace shipit
