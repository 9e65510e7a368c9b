#include "domain/revision.h"

#include <array>

#include "base/error.h"
#include "text/json.h"

namespace shipit::domain {
namespace {

using text::Arena;
using text::Value;

constexpr std::array<std::string_view, 9> kStatuses = {
    "unknown",      "deployed",        "uninstalled",     "superseded",      "failed",
    "uninstalling", "pending-install", "pending-upgrade", "pending-rollback"};
constexpr std::array<std::string_view, 5> kVerdicts = {"open", "good", "failed", "unproven", "superseded"};
constexpr std::array<std::string_view, 4> kFaults = {"", "version", "world", "person"};

template <class Enum, size_t N>
std::optional<Enum> parse_word(const std::array<std::string_view, N>& words, std::string_view word) {
  for (size_t i = 0; i < N; ++i)
    if (words[i] == word) return static_cast<Enum>(i);
  return std::nullopt;
}

/// Writes members only when they say something, so that notes stay small.
class MapWriter {
 public:
  explicit MapWriter(Arena& arena) : arena_(arena), map_(Value::map(arena)) {}
  void text(std::string_view key, const std::string& value) {
    if (!value.empty()) map_.set(arena_, key, Value::string(arena_, value));
  }
  void number(std::string_view key, int64_t value) {
    if (value) map_.set(arena_, key, value);
  }
  void time(std::string_view key, const std::optional<Time>& value) {
    if (value && *value != Time{})
      map_.set(arena_, key, Value::string(arena_, format_rfc3339_millis(*value)));
  }
  void real(std::string_view key, const std::optional<double>& value) {
    if (value) map_.set(arena_, key, *value);
  }
  void any(std::string_view key, Value value) {
    if (!value.empty()) map_.set(arena_, key, value);
  }
  Value value() const { return map_; }

 private:
  Arena& arena_;
  Value map_;
};

std::optional<Time> time_of(Value value) { return parse_rfc3339(value.as_string()); }
std::optional<double> real_of(Value value) {
  return value.is_number() ? std::optional(value.as_double()) : std::nullopt;
}

Value samples_value(Arena& arena, const std::vector<MonitorSample>& samples) {
  Value list = Value::list(arena, samples.size());
  for (const MonitorSample& s : samples) {
    MapWriter out(arena);
    out.text("monitor", s.monitor);
    out.text("name", s.name);
    out.text("group", s.group);
    out.text("state", s.state);
    out.real("value", s.value);
    out.real("threshold", s.threshold);
    out.time("at", s.at);
    list.push_back(arena, out.value());
  }
  return list;
}

std::vector<MonitorSample> samples_of(Value list) {
  std::vector<MonitorSample> out;
  for (Value v : list.items())
    out.push_back({v["monitor"].str(), v["name"].str(), v["group"].str(), v["state"].str(),
                   real_of(v["value"]), real_of(v["threshold"]), time_of(v["at"]).value_or(Time{})});
  return out;
}

}  // namespace

std::string_view to_string(RecordStatus status) { return kStatuses[static_cast<size_t>(status)]; }
RecordStatus parse_record_status(std::string_view word) {
  return parse_word<RecordStatus>(kStatuses, word).value_or(RecordStatus::Unknown);
}
std::string_view to_string(Verdict verdict) { return kVerdicts[static_cast<size_t>(verdict)]; }
std::optional<Verdict> parse_verdict(std::string_view word) { return parse_word<Verdict>(kVerdicts, word); }

std::string note_to_json(const RevisionNote& n) {
  Arena arena;
  MapWriter out(arena);
  out.number("v", 1);
  out.number("revision", n.revision);
  out.text("inputs", n.inputs.str());
  Value images = Value::list(arena);
  for (const ImageBlock& b : n.images) {
    MapWriter block(arena);
    block.text("path", b.path);
    block.text("image", b.image.str());
    block.text("tag", b.tag.str());
    images.push_back(arena, block.value());
  }
  out.any("images", images);
  out.text("commit", n.commit.str());
  out.text("author", n.commit_author);
  out.number("byShipit", n.by_shipit);
  out.text("actor", n.actor);
  out.text("event", n.event);
  out.time("pushed", n.pushed);
  out.time("committed", n.committed);
  out.time("synced", n.synced);
  out.time("started", n.started);
  out.time("applied", n.applied);
  out.time("ready", n.ready);
  out.time("judged", n.judged);
  out.any("baseline", samples_value(arena, n.baseline));
  out.any("samples", samples_value(arena, n.samples));
  out.text("step", n.step);
  out.number("epoch", n.epoch);
  out.number("rollbackTo", n.rollback_to);
  out.number("rollsBack", n.rolls_back);
  out.number("returnTo", n.return_to);
  out.number("paid", n.paid);
  out.number("resumed", n.resumed);
  out.text("verdict", std::string(to_string(n.verdict)));
  out.text("fault", std::string(kFaults[static_cast<size_t>(n.fault)]));
  out.text("reason", n.reason);
  Value evidence = Value::list(arena);
  for (const Evidence& e : n.evidence) {
    MapWriter item(arena);
    item.text("sort", e.sort);
    item.text("subject", e.subject);
    item.text("message", e.message);
    item.text("detail", e.detail);
    item.time("at", e.at);
    evidence.push_back(arena, item.value());
  }
  out.any("evidence", evidence);
  return text::to_json(out.value());
}

std::optional<RevisionNote> note_from_json(std::string_view json) {
  Arena arena;
  Value v;
  try {
    v = text::parse_json(json, arena);
  } catch (const Error&) {
    return std::nullopt;
  }
  if (v["v"].as_int() != 1) return std::nullopt;
  RevisionNote n;
  n.revision = static_cast<int>(v["revision"].as_int());
  n.inputs = InputsHash(v["inputs"].str());
  for (Value b : v["images"].items())
    n.images.push_back({b["path"].str(), ImageName(b["image"].str()), ImageTag(b["tag"].str())});
  n.commit = CommitId(v["commit"].str());
  n.commit_author = v["author"].str();
  n.by_shipit = v["byShipit"].as_int() != 0;
  n.actor = v["actor"].str();
  n.event = v["event"].str();
  n.pushed = time_of(v["pushed"]);
  n.committed = time_of(v["committed"]);
  n.synced = time_of(v["synced"]);
  n.started = time_of(v["started"]);
  n.applied = time_of(v["applied"]);
  n.ready = time_of(v["ready"]);
  n.judged = time_of(v["judged"]);
  n.baseline = samples_of(v["baseline"]);
  n.samples = samples_of(v["samples"]);
  n.step = v["step"].str();
  n.epoch = v["epoch"].as_int();
  n.rollback_to = static_cast<int>(v["rollbackTo"].as_int());
  n.rolls_back = static_cast<int>(v["rollsBack"].as_int());
  n.return_to = static_cast<int>(v["returnTo"].as_int());
  n.paid = v["paid"].as_int() != 0;
  n.resumed = v["resumed"].as_int() != 0;
  n.verdict = parse_verdict(v["verdict"].as_string()).value_or(Verdict::Open);
  n.fault = parse_word<Fault>(kFaults, v["fault"].as_string()).value_or(Fault::None);
  n.reason = v["reason"].str();
  for (Value e : v["evidence"].items())
    n.evidence.push_back({e["sort"].str(), e["subject"].str(), e["message"].str(), e["detail"].str(),
                          time_of(e["at"]).value_or(Time{})});
  return n;
}

const Revision* last_good(const std::vector<Revision>& history) {
  for (const Revision& r : history)
    if (r.verdict() == Verdict::Good) return &r;
  return nullptr;
}

bool is_attempt(const Revision& r) {
  return !r.ours() || r.note->rollback_to == 0 ||
         (r.verdict() == Verdict::Failed && r.note->fault == Fault::Person);
}

int failed_in_a_row(const std::vector<Revision>& history) {
  int count = 0;
  for (const Revision& r : history) {
    if (!r.ours() || !is_attempt(r)) continue;
    if (r.verdict() == Verdict::Good || r.note->resumed) break;
    if (r.verdict() == Verdict::Failed && r.note->fault != Fault::World) ++count;
  }
  return count;
}

}  // namespace shipit::domain
