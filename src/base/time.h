#pragma once
// Points in time and durations: UTC, whole milliseconds. Text forms are RFC 3339.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shipit {

using Duration = std::chrono::milliseconds;
/// UTC wall-clock time. The default-constructed Time (the epoch) stands for "never".
using Time = std::chrono::sys_time<Duration>;

/// "2026-11-24T16:25:07Z": whole seconds, as Kubernetes writes metav1.Time.
std::string format_rfc3339(Time time);
/// "2026-11-24T16:25:07.042Z": with milliseconds, as metav1.MicroTime readers accept it.
std::string format_rfc3339_millis(Time time);
/// Accepts any fraction and any numeric zone; nullopt when the text is not RFC 3339.
std::optional<Time> parse_rfc3339(std::string_view text);

/// Go's duration syntax: "1h2m3.5s", "300ms"; a bare "0" too. nullopt when it is not one. *Source:*
/// time.ParseDuration.
std::optional<Duration> parse_duration(std::string_view text);
/// "2m30s", "40s", "350ms", "3h": the largest two units that are not zero, for people.
std::string format_duration(Duration duration);

}  // namespace shipit
