#include "app/version.h"

namespace shipit::app {
std::string version() { return "0.1.0"; }
}  // namespace shipit::app
