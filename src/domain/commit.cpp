#include "domain/commit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "text/json.h"
#include "text/utf8.h"

namespace shipit::domain {
namespace {

constexpr std::string_view kTagTrailer = "Ship-it-Tag: ";
constexpr std::string_view kRevertTrailer = "Ship-it-Revert: ";
constexpr std::string_view kEntryTrailer = "Ship-it-Quarantine: ";  ///< marks a commit without edits as ours
constexpr size_t kReasonLength = 200;

/// One line, bounded: messages carry reasons, never log lines (rule 27).
std::string one_line(std::string reason) {
  std::ranges::replace(reason, '\n', ' ');
  if (reason.size() > kReasonLength) reason = std::string(text::beginning(reason, kReasonLength)) + "…";
  return reason;
}

const ImageBlock* at(const std::vector<ImageBlock>& blocks, const std::string& path) {
  auto it = std::ranges::find(blocks, path, &ImageBlock::path);
  return it == blocks.end() ? nullptr : &*it;
}

std::string trailer(const TagEdit& e) {
  if (e.pushed == Time{})
    return fmt::format("{}{} {} {} from={}\n", kRevertTrailer, e.release.str(), e.path, e.to.str(),
                       e.from.str());
  return fmt::format("{}{} {} {} pushed={}\n", kTagTrailer, e.release.str(), e.path, e.to.str(),
                     format_rfc3339_millis(e.pushed));
}

void pay(const CommitFacts& f, const Debt& debt, CommitPlan& plan) {
  auto enter = [&](QuarantineEntry entry) {
    bool alone = std::ranges::none_of(f.blocks, [&](const BlockFacts& b) {
      return b.release.name == debt.release.name && b.release.ns != debt.release.ns;
    });
    entry.release = alone ? debt.release.name : debt.release.str();
    entry.reason = one_line(debt.reason);
    entry.revision = debt.revision;
    entry.since = debt.since;
    auto stands = [&](const QuarantineEntry& e) {
      return e.image == entry.image && e.tag == entry.tag && e.inputs == entry.inputs &&
             (e.release == debt.release.name || e.release == debt.release.str());
    };
    if (!f.quarantine_readable || std::ranges::any_of(f.quarantine.entries(), stands) ||
        std::ranges::any_of(plan.enter, stands))
      return;
    plan.enter.push_back(std::move(entry));
  };
  if (f.quarantine_readable) plan.settles.emplace_back(debt.release, debt.revision);
  if (debt.bad.empty()) {
    QuarantineEntry entry;
    entry.inputs = debt.inputs;
    return enter(std::move(entry));
  }
  std::set<std::string> entered;
  for (const ImageBlock& bad : debt.bad) {
    QuarantineEntry entry;
    entry.image = bad.image;
    entry.tag = bad.tag;
    if (debt.bad.size() > 1)
      entry.suspect = fmt::format("{} of {}", &bad - debt.bad.data() + 1, debt.bad.size());
    if (entered.insert(bad.image.str() + ":" + bad.tag.str()).second) enter(std::move(entry));
    const ImageBlock* good = at(debt.good, bad.path);
    if (!good || !debt.by_shipit) continue;
    for (const BlockFacts& b : f.blocks)  // dropped when a newer value is there
      if (b.release == debt.release && b.block.path == bad.path && b.block.image == bad.image &&
          b.block.tag == bad.tag)
        plan.edits.push_back({b.release, b.block.path, bad.image, bad.tag, good->tag, {}, {}, {}});
  }
}

std::string debts_message(const CommitFacts& f, const CommitPlan& plan) {
  std::string out;
  // Only what this commit changes: a debt that stands in git already is not told again.
  auto told = [&](const Debt& d) {
    return std::ranges::any_of(plan.edits, [&](const TagEdit& e) { return e.release == d.release; }) ||
           std::ranges::any_of(plan.enter, [&](const QuarantineEntry& e) {
             return (e.release == d.release.name || e.release == d.release.str()) && e.revision == d.revision;
           });
  };
  std::set<ReleaseKey> releases;
  for (const Debt& d : f.debts)
    if (told(d)) releases.insert(d.release);
  auto found = std::ranges::find_if(f.debts, told);
  const Debt& first = found == f.debts.end() ? f.debts.front() : *found;
  if (releases.size() == 1)
    out = plan.edits.empty()
              ? fmt::format("Quarantine what failed in {}", first.release.name)
              : fmt::format("Roll back {} to {} {}", first.release.name, short_name(plan.edits.front().image),
                            short_sha(plan.edits.front().to.str()));
  else
    out = fmt::format("Roll back {} releases", releases.size());
  out += "\n\n";
  for (const Debt& d : f.debts) {
    if (!told(d)) continue;
    out += fmt::format("{} revision {}: {}\n", d.release.str(), d.revision, one_line(d.reason));
    if (!f.link.empty()) out += fmt::format("{}/releases/{}\n", f.link, d.release.str());
  }
  out += "\n";
  for (const TagEdit& e : plan.edits) out += trailer(e);
  for (const QuarantineEntry& e : plan.enter)
    out += fmt::format("{}{} {}\n", kEntryTrailer, e.release,
                       e.tag.empty() ? e.inputs.str() : short_name(e.image) + ":" + e.tag.str());
  return out;
}

std::string tags_message(const CommitPlan& plan) {
  std::map<std::string, std::set<std::string>> by_image;
  for (const TagEdit& e : plan.edits) by_image[e.image.str()].insert(e.release.name);
  std::set<std::string> names;
  for (const auto& [image, releases] : by_image) names.insert(releases.begin(), releases.end());
  std::string out =
      fmt::format("Updated {} helm charts using image {}", names.size(), by_image.begin()->first);
  if (by_image.size() > 1)
    out = fmt::format("Updated {} helm charts using {} images", names.size(), by_image.size());
  out += "\n\n";
  for (const std::string& name : names) out += name + "\n";
  out += "\n";
  for (const TagEdit& e : plan.edits) out += trailer(e);
  return out;
}

}  // namespace

std::optional<Debt> debt_of(const ReleaseKey& release, const std::vector<Revision>& history) {
  for (size_t i = 0; i < history.size(); ++i) {
    const Revision& r = history[i];
    if (!r.ours() || !is_attempt(r) || r.verdict() != Verdict::Failed || r.note->fault == Fault::World ||
        r.note->paid || (r.note->inputs.empty() && r.note->images.empty()))
      continue;
    Debt debt{release,
              r.revision,
              r.note->inputs,
              {},
              {},
              r.note->by_shipit,
              r.note->fault == Fault::Person,
              r.note->reason,
              r.note->judged.value_or(r.modified)};
    const Revision* good = nullptr;
    // What a person chose to go back to is what git is brought back to.
    for (size_t j = i + 1; j < history.size() && !good; ++j)
      if (r.note->return_to ? history[j].revision == r.note->return_to && history[j].ours()
                            : history[j].verdict() == Verdict::Good)
        good = &history[j];
    for (const ImageBlock& b : r.note->images) {
      const ImageBlock* before = good ? at(good->note->images, b.path) : nullptr;
      if (good && before && *before == b) continue;
      debt.bad.push_back(b);
      if (before && before->image == b.image) debt.good.push_back(*before);
    }
    return debt;
  }
  return std::nullopt;
}

std::vector<std::string> describe(const CommitPlan& plan) {
  std::vector<std::string> lines;
  for (const TagEdit& e : plan.edits)
    lines.push_back(fmt::format("{}: {} {} → {}", e.release.name, short_name(e.image),
                                short_sha(e.from.str()), short_sha(e.to.str())));
  for (const QuarantineEntry& e : plan.enter)
    lines.push_back(fmt::format(
        "{}: quarantine of {}: {}", e.release,
        e.image.empty() ? "its values" : fmt::format("{} {}", short_name(e.image), short_sha(e.tag.str())),
        e.reason));
  return lines;
}

CommitPlan plan_commit(const CommitFacts& f) {
  CommitPlan plan;
  for (const Debt& debt : f.debts) pay(f, debt, plan);
  if (!plan.empty()) {
    plan.message = debts_message(f, plan);
    return plan;
  }
  for (const BlockFacts& b : f.blocks) {
    auto seen = f.seen.find(b.block.image.str());
    if (seen == f.seen.end()) continue;
    if (const SeenTag* tag = wanted(b, seen->second, f.quarantine))
      plan.edits.push_back({b.release, b.block.path, b.block.image, b.block.tag, tag->tag, tag->digest,
                            tag->pushed, tag->event});
  }
  if (!plan.edits.empty()) plan.message = tags_message(plan);
  return plan;
}

std::vector<TagTrailer> trailers_of(const std::string& message) {
  std::vector<TagTrailer> out;
  std::string_view rest = message;
  while (!rest.empty()) {
    size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    bool revert = line.starts_with(kRevertTrailer);
    if (!revert && !line.starts_with(kTagTrailer)) continue;
    line.remove_prefix(revert ? kRevertTrailer.size() : kTagTrailer.size());
    std::vector<std::string> words;
    for (size_t at = 0; at < line.size();) {
      size_t space = std::min(line.find(' ', at), line.size());
      words.emplace_back(line.substr(at, space - at));
      at = space + 1;
    }
    size_t slash = words.size() == 4 ? words[0].find('/') : std::string::npos;
    if (slash == std::string::npos) continue;
    TagTrailer t{
        {words[0].substr(0, slash), words[0].substr(slash + 1)}, words[1], ImageTag(words[2]), {}, revert};
    if (words[3].starts_with("pushed=")) t.pushed = parse_rfc3339(words[3].substr(7)).value_or(Time{});
    out.push_back(std::move(t));
  }
  return out;
}

bool is_ours(const std::string& message) { return message.find("\nShip-it-") != std::string::npos; }

std::string order_key(const ReleaseKey& release, const std::string& path) {
  return release.str() + " " + path;
}

void fold_order(OrderBook& book, const std::vector<CommitSeen>& commits,
                const std::vector<std::pair<ReleaseKey, ImageBlock>>& before,
                const std::vector<std::pair<ReleaseKey, ImageBlock>>& after,
                const Quarantine& quarantine_before, const Quarantine& quarantine_after) {
  std::map<std::string, ImageTag> was;
  for (const auto& [release, block] : before) was[order_key(release, block.path)] = block.tag;
  const CommitSeen* person = nullptr;
  for (const CommitSeen& c : commits)
    if (!is_ours(c.message)) person = &c;
  if (!person && !commits.empty()) person = &commits.back();
  std::vector<std::pair<const CommitSeen*, TagTrailer>> written;
  for (const CommitSeen& c : commits)
    for (TagTrailer& t : trailers_of(c.message)) written.emplace_back(&c, std::move(t));
  std::set<std::string> present;
  for (const auto& [release, block] : after) {
    std::string key = order_key(release, block.path);
    present.insert(key);
    BlockOrder& order = book[key];
    auto old = was.find(key);
    auto leave = [&](const std::string& tag) {
      std::erase(order.left, tag);
      order.left.push_back(tag);
      if (order.left.size() > kSeenTags) order.left.erase(order.left.begin());
    };
    // Tags of ours that came and went within this range were there too: a person may have undone one before
    // anybody looked.
    const CommitSeen* explained = nullptr;
    bool touched = false;
    for (const auto& [commit, t] : written)
      if (t.release == release && t.path == block.path) {
        order.high_water = std::max(order.high_water, t.pushed);
        touched = true;
        explained = t.tag == block.tag ? commit : nullptr;
        if (t.tag != block.tag) leave(t.tag.str());
      }
    bool same = old != was.end() && old->second == block.tag;
    if (same && (!touched || explained)) continue;
    const CommitSeen* by = explained ? explained : person;
    order.by_shipit = explained != nullptr;
    if (by) {
      order.author = by->author;
      order.commit = by->id;
      if (!explained) {
        order.edited = std::max(order.edited, by->committed);
        order.high_water = std::max(order.high_water, by->committed);
      }
    }
    if (!same && old != was.end() && !old->second.empty()) leave(old->second.str());
    std::erase(order.lifted, block.tag.str());
  }
  std::erase_if(book, [&](const auto& entry) { return !present.contains(entry.first); });
  for (const auto& [release, block] : after)
    for (const QuarantineEntry& e : quarantine_before.entries()) {
      if (e.tag.empty() || e.image != block.image || !quarantine_before.blocking(release, e.image, e.tag) ||
          quarantine_after.blocking(release, e.image, e.tag))
        continue;
      std::vector<std::string>& lifted = book[order_key(release, block.path)].lifted;
      if (block.tag != e.tag && std::ranges::find(lifted, e.tag.str()) == lifted.end())
        lifted.push_back(e.tag.str());
    }
}

std::string order_to_json(const OrderBook& book, const CommitId& head) {
  text::Arena arena;
  using text::Value;
  auto strings = [&](const std::vector<std::string>& list) {
    Value out = Value::list(arena, list.size());
    for (const std::string& s : list) out.push_back(arena, Value::string(arena, s));
    return out;
  };
  Value blocks = Value::map(arena);
  for (const auto& [key, o] : book)
    blocks.set(arena, key,
               Value::map(arena, {{"highWater", Value::string(arena, format_rfc3339_millis(o.high_water))},
                                  {"edited", Value::string(arena, format_rfc3339_millis(o.edited))},
                                  {"byShipit", o.by_shipit},
                                  {"author", Value::string(arena, o.author)},
                                  {"commit", Value::string(arena, o.commit.str())},
                                  {"left", strings(o.left)},
                                  {"lifted", strings(o.lifted)}}));
  return text::to_json(Value::map(arena, {{"head", Value::string(arena, head.str())}, {"blocks", blocks}}));
}

std::pair<OrderBook, CommitId> order_from_json(std::string_view json) {
  if (json.empty()) return {};
  text::Arena arena;
  text::Value v;
  try {
    v = text::parse_json(json, arena);
  } catch (const Error& e) {
    throw Error(ErrorKind::Corrupt, e.message()).in("order of image blocks");
  }
  OrderBook book;
  for (const text::Member& m : v["blocks"].members()) {
    BlockOrder& o = book[std::string(m.key.view())];
    o.high_water = parse_rfc3339(m.value["highWater"].as_string()).value_or(Time{});
    o.edited = parse_rfc3339(m.value["edited"].as_string()).value_or(Time{});
    o.by_shipit = m.value["byShipit"].as_bool();
    o.author = m.value["author"].str();
    o.commit = CommitId(m.value["commit"].str());
    for (text::Value s : m.value["left"].items()) o.left.push_back(s.str());
    for (text::Value s : m.value["lifted"].items()) o.lifted.push_back(s.str());
  }
  return {std::move(book), CommitId(v["head"].str())};
}

}  // namespace shipit::domain
