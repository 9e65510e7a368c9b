#pragma once
// Image blocks: every `image: {repository, tag}` at any depth of a release's values.
#include <string>
#include <vector>

#include "domain/ids.h"
#include "text/value.h"

namespace shipit::domain {

/// One image block of a release's values.
struct ImageBlock {
  std::string path;  ///< within the values: "image", "sidecars[0].image"
  ImageName image;
  ImageTag tag;
  friend bool operator==(const ImageBlock&, const ImageBlock&) = default;
};

/// All blocks, in document order of the sorted keys. A digest pinned in the tag ("abc@sha256:…") stays part
/// of it.
std::vector<ImageBlock> image_blocks(text::Value values);

/// Whether a release takes tags like this by itself. *Source:* the original: `^[0-9a-f]{40}$`.
bool is_commit_tag(const ImageTag& tag);

}  // namespace shipit::domain
