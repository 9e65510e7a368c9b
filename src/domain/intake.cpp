#include "domain/intake.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "domain/revision.h"
#include "text/json.h"

namespace shipit::domain {

std::variant<ImagePushed, Refused> parse_event(std::string_view body, std::string_view message_id,
                                               std::string_view region) {
  text::Arena arena;
  text::Value v;
  try {
    v = text::parse_json(body, arena);
  } catch (const Error& e) {
    return Refused{"malformed message: " + e.message()};
  }
  for (const char* field : {"eventTime", "repositoryName", "tag", "registryId"})
    if (!v[field].is_string() || v[field].as_string().empty())
      return Refused{fmt::format("malformed message: `{}` must be a string", field)};
  if (v.has("digest") && !v["digest"].is_string())
    return Refused{"malformed message: `digest` must be a string"};
  std::optional<Time> pushed = parse_rfc3339(v["eventTime"].as_string());
  if (!pushed) return Refused{"malformed message: `eventTime` is not RFC 3339"};
  ImagePushed event;
  event.image = ImageName(fmt::format("{}.dkr.ecr.{}.amazonaws.com/{}", v["registryId"].as_string(), region,
                                      v["repositoryName"].as_string()));
  event.tag = {ImageTag(v["tag"].str()), Digest(v["digest"].str()), *pushed, "sqs", std::string(message_id)};
  if (!is_commit_tag(event.tag.tag))
    return Refused{fmt::format("tag `{}` of {} ignored: policy wants a commit sha (40 hex digits)",
                               event.tag.tag.str(), short_name(event.image))};
  return event;
}

std::string refusal(const BlockFacts& b, const SeenTag& tag, const Quarantine& quarantine) {
  if (b.block.tag == tag.tag) return "already in git";
  if (!b.autodeploy) return "autodeploy is off";
  if (const QuarantineEntry* e = quarantine.blocking(b.release, b.block.image, tag.tag))
    return "quarantined: " + e->reason;
  if (b.hold) return "held: " + b.hold->reason;
  // A person lifted it: it may come again although the block left it, but not past a later edit by hand.
  bool lifted = std::ranges::find(b.order.lifted, tag.tag.str()) != b.order.lifted.end();
  if (lifted) return tag.pushed > b.order.edited ? "" : "older than what was set by hand";
  if (b.failed_in_a_row >= kFailuresThatPause)
    return fmt::format("autodeploy paused: {} tags failed in a row; release the hold to go on",
                       b.failed_in_a_row);
  // Registries tell push times in whole seconds: of two in one second the later to arrive counts as newer.
  if (tag.pushed < b.order.high_water) return "older than what is there";
  if (std::ranges::find(b.order.left, tag.tag.str()) != b.order.left.end())
    return "it was there before and was left";
  return {};
}

const SeenTag* wanted(const BlockFacts& block, const SeenImage& seen, const Quarantine& quarantine) {
  for (const SeenTag& tag : seen.tags) {
    if (tag.tag == block.block.tag) return nullptr;  // the newest acceptable one is there
    if (refusal(block, tag, quarantine).empty()) return &tag;
  }
  return nullptr;
}

}  // namespace shipit::domain
