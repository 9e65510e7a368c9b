#pragma once
#include <string>

namespace shipit::app {
/// "0.1.0"
std::string version();
}  // namespace shipit::app
