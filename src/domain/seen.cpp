#include "domain/seen.h"

#include <algorithm>

#include "base/error.h"
#include "text/json.h"

namespace shipit::domain {

bool add(SeenImage& seen, SeenTag tag) {
  auto same = std::ranges::find_if(seen.tags, [&](const SeenTag& t) {
    return t.tag == tag.tag && (t.digest == tag.digest || tag.digest.empty());
  });
  if (same != seen.tags.end()) {
    // Registries tell whole seconds: another message in the same one is another push, and gets its answer.
    if (same->pushed > tag.pushed || (same->pushed == tag.pushed && same->event == tag.event)) return false;
    seen.tags.erase(same);
  }
  auto at = std::ranges::find_if(seen.tags, [&](const SeenTag& t) { return t.pushed <= tag.pushed; });
  if (at == seen.tags.end() && seen.tags.size() >= kSeenTags) return false;
  seen.tags.insert(at, std::move(tag));
  if (seen.tags.size() > kSeenTags) seen.tags.resize(kSeenTags);
  return true;
}

std::string seen_to_json(const SeenImage& seen) {
  text::Arena arena;
  using text::Value;
  Value tags = Value::list(arena, seen.tags.size());
  for (const SeenTag& t : seen.tags) {
    Value tag = Value::map(arena, {{"tag", Value::string(arena, t.tag.str())},
                                   {"pushed", Value::string(arena, format_rfc3339_millis(t.pushed))},
                                   {"source", Value::string(arena, t.source)}});
    if (!t.digest.empty()) tag.set(arena, "digest", Value::string(arena, t.digest.str()));
    if (!t.event.empty()) tag.set(arena, "event", Value::string(arena, t.event));
    tags.push_back(arena, tag);
  }
  return text::to_json(
      Value::map(arena, {{"image", Value::string(arena, seen.image.str())}, {"tags", tags}}));
}

SeenImage seen_from_json(std::string_view json) {
  text::Arena arena;
  text::Value v;
  try {
    v = text::parse_json(json, arena);
  } catch (const Error& e) {
    throw Error(ErrorKind::Corrupt, e.message()).in("seen record");
  }
  SeenImage seen;
  seen.image = ImageName(v["image"].str());
  for (text::Value t : v["tags"].items())
    seen.tags.push_back({ImageTag(t["tag"].str()), Digest(t["digest"].str()),
                         parse_rfc3339(t["pushed"].as_string()).value_or(Time{}), t["source"].str(),
                         t["event"].str()});
  if (seen.image.empty()) throw Error(ErrorKind::Corrupt, "seen record without an image");
  return seen;
}

}  // namespace shipit::domain
