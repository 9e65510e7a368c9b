#pragma once
// The columns and cells of the built-in kinds; an inside of table.h.
#include <string>
#include <string_view>

#include "sandbox/table.h"

namespace shipit::sandbox {

/// "5m", "3h12m", "2y34d". *Source:* apimachinery duration.HumanDuration.
std::string human_duration(Duration duration);
/// How long ago an RFC 3339 time was; "<unknown>" when there is none.
std::string age_of(text::Value timestamp, Time now);

/// Of a kind without columns of its own: its name and when it was made.
const TableLayout& default_layout();
const TableLayout& builtin_layout(const k8s::KindInfo& kind);

}  // namespace shipit::sandbox
