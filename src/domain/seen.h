#pragma once
// The durable `seen` record: the newest tags of each known image. Intake is level-triggered from it (rule 1).
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"

namespace shipit::domain {

struct SeenTag {
  ImageTag tag;
  Digest digest;
  Time pushed{};       ///< the registry's push time, not ours
  std::string source;  ///< "sqs", "webhook", "poll", "person"
  std::string event;   ///< the message's id
  friend bool operator==(const SeenTag&, const SeenTag&) = default;
};

struct SeenImage {
  ImageName image;
  std::vector<SeenTag> tags;  ///< newest push first, at most kSeenTags
};
inline constexpr size_t kSeenTags = 20;

/// Adds a tag at its place by push time. False when nothing changed: a duplicate, or older than all that are
/// kept. A tag pushed again moves to its later push time; of two
/// messages of one push time the later to arrive is kept.
bool add(SeenImage& seen, SeenTag tag);

std::string seen_to_json(const SeenImage& seen);
/// Errors: Corrupt.
SeenImage seen_from_json(std::string_view json);

}  // namespace shipit::domain
