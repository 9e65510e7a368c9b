#pragma once
// What becomes of a render: documents on standard output, chosen ones (--show-only), files (--output-dir).
#include <string>

#include "cli/template.h"

namespace shipit::cli {

/// Appends the text `helm template` prints for a render; with --output-dir it writes files and says so, also
/// when an error follows. Errors: NotFound, "could not find template X in chart"; Denied and Invalid, for
/// files that can't be written.
void append_output(std::string& out, const TemplateOptions& options, const std::string& release,
                   const helm::RenderResult& result);

/// What of `documents` --show-only wants; all without it. Errors: NotFound.
std::string chosen(const TemplateOptions& options, const std::string& documents);

/// Gives all documents to --post-renderer and puts what it prints in their place. Errors: Invalid, NotFound.
void post_render(const TemplateOptions& options, helm::RenderResult& result);

}  // namespace shipit::cli
