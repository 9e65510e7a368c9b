#pragma once
// The quick way to a manifest's head: checks a document line by line and picks the head out, without making a
// tree. It knows the part of YAML that charts write (block maps and lists, scalars on one line, block
// scalars, simple flow collections) and gives up on all else, so that whatever it accepts is valid and read
// as the full reader reads it.
#include <optional>
#include <string_view>

#include "helm/head.h"

namespace shipit::helm {

/// nullopt: not known; ask the full reader.
std::optional<Head> scan_head(std::string_view document);
/// The full reader, as read_head uses it when scan_head gives up. Errors: as read_head.
Head read_head_fully(std::string_view document);

}  // namespace shipit::helm
