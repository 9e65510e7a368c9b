#pragma once
// What Ship-it says behind Helm's own words when a render fails: the line of the template with a caret, the
// value that was missing, or the rendered lines that are no YAML. Pure; any thread.
#include <string>
#include <string_view>

#include "helm/render.h"

namespace shipit::cli {

/// Lines to print after `message`, beginning with an empty one; "" when there is nothing to add.
std::string explain_failure(const helm::RenderTrace& trace, std::string_view message);

}  // namespace shipit::cli
