#pragma once
// Intake: what an event says, and whether a block of a release takes a seen tag. rules.md 1-4.
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "domain/quarantine.h"
#include "domain/release.h"
#include "domain/seen.h"

namespace shipit::domain {

struct ImagePushed {
  ImageName image;
  SeenTag tag;
};
/// A message that will never be acted on; the caller records it and acknowledges (rule 3).
struct Refused {
  std::string reason;
};

/// The original's queue message: {"eventTime","repositoryName","tag","registryId"}.
std::variant<ImagePushed, Refused> parse_event(std::string_view body, std::string_view message_id,
                                               std::string_view region = "us-east-1");

/// The order of an image block (rules.md, Words).
struct BlockOrder {
  Time high_water{};
  Time edited{};           ///< when a person last edited it
  bool by_shipit = false;  ///< who wrote the present value
  std::string author;      ///< of that commit
  CommitId commit;
  std::vector<std::string> left;    ///< tags that the block held and left
  std::vector<std::string> lifted;  ///< tags whose quarantine a person removed: they may come again
  friend bool operator==(const BlockOrder&, const BlockOrder&) = default;
};

/// A block of a release in git at the head.
struct BlockFacts {
  ReleaseKey release;
  bool autodeploy = false;
  std::optional<Hold> hold;
  ImageBlock block;
  BlockOrder order;
  int failed_in_a_row = 0;  ///< tags (rule 21)
};

/// Empty: the block takes the tag. Else why not, for people.
std::string refusal(const BlockFacts& block, const SeenTag& tag, const Quarantine& quarantine);
/// The tag that the block should move to: the newest seen one that it takes.
const SeenTag* wanted(const BlockFacts& block, const SeenImage& seen, const Quarantine& quarantine);

}  // namespace shipit::domain
