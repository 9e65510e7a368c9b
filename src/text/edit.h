#pragma once
// Byte-preserving scalar edits of YAML: only the scalar's own bytes change, and that is proved by reading the
// result again. Works in files with template actions when the caller says where they are. Pure; any thread.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/value.h"

namespace shipit::text {

/// Half-open byte range [begin, end).
struct ByteRange {
  size_t begin;
  size_t end;
};

/// One step of a path: a map key, or an index into a list when `index` is set.
struct PathStep {
  std::string key;
  std::optional<size_t> index;
  friend bool operator==(const PathStep&, const PathStep&) = default;
};
using Path = std::vector<PathStep>;

/// "spec.values.image.tag", "spec.values.sidecars[0].image.tag"; a key with a dot is quoted: `a."b.c"`.
std::string to_string(const Path& path);

/// A scalar found in a text.
struct ScalarAt {
  Path path;
  size_t document;    ///< which document of the stream, from 0
  ByteRange bytes;    ///< of the scalar itself, quotes included; anchors and tags not
  int line;           ///< from 1
  std::string value;  ///< as a YAML reader sees it
};

/// Every scalar value (not keys) of every document, actions in `opaque` masked. A scalar that touches an
/// opaque range is not listed. The same path may occur twice (branches of an if). Errors: Invalid with line
/// when the masked text is not YAML.
std::vector<ScalarAt> scalars(std::string_view bytes, const std::vector<ByteRange>& opaque = {});

struct Replacement {
  ScalarAt at;        ///< as `scalars` returned it for these very bytes
  std::string value;  ///< the new text; quoted if it would not read back as this string
};

/// The text with the scalars replaced. Guarantees: every byte outside of the scalars is the same, and a
/// re-parse sees the same events but for those values. Errors: Invalid when that can't be proved; nothing is
/// changed then.
std::string edit(std::string_view bytes, const std::vector<Replacement>& replacements,
                 const std::vector<ByteRange>& opaque = {});

}  // namespace shipit::text
