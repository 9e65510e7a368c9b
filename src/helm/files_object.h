#pragma once
// .Files of a render: the chart's files that are no templates, with Get, GetBytes, Glob, AsConfig, AsSecrets
// and Lines. Pure; the object belongs to one render.
#include <span>
#include <string_view>

#include "helm/chart.h"
#include "helm/object.h"

namespace shipit::helm {

/// `files` must outlive the arena's use.
Value files_object(text::Arena& arena, std::span<const File> files);

/// Patterns of gobwas/glob with the separator '/': * ? ** [abc] [!a-z] {a,b} and \. A pattern that doesn't
/// compile matches all paths, as in Helm. Work is bounded; a pattern that would need more does not match.
bool glob_matches(std::string_view pattern, std::string_view path);
/// Whether the pattern compiles.
bool is_glob(std::string_view pattern);

}  // namespace shipit::helm
