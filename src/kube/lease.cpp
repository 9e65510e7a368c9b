#include "kube/lease.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "k8s/object.h"
#include "kube/backoff.h"

namespace shipit::kube {
namespace {

LeaseRecord parse_lease(text::Value object) {
  text::Value spec = object["spec"];
  LeaseRecord record;
  record.holder = spec["holderIdentity"].str();
  record.duration = std::chrono::seconds{spec["leaseDurationSeconds"].as_int()};
  record.acquired = parse_rfc3339(spec["acquireTime"].as_string()).value_or(Time{});
  record.renewed = parse_rfc3339(spec["renewTime"].as_string()).value_or(Time{});
  record.transitions = static_cast<int>(spec["leaseTransitions"].as_int());
  record.resource_version = std::string(k8s::resource_version_of(object));
  return record;
}

/// metav1.MicroTime is parsed with exactly six digits.
std::string micro_time(Time time) {
  std::string text = format_rfc3339_millis(time);
  text.insert(text.size() - 1, "000");
  return text;
}

text::Document make_lease(const LeaseSettings& settings, const LeaseRecord& record) {
  text::Document lease;
  text::Arena& arena = *lease.arena;
  lease.root = k8s::new_object(arena, "coordination.k8s.io/v1", "Lease", settings.ns, settings.name);
  if (!record.resource_version.empty()) {
    lease.root["metadata"].set(arena, "resourceVersion", text::Value::string(arena, record.resource_version));
  }
  text::Value spec = lease.root.ensure_map(arena, "spec");
  spec.set(arena, "holderIdentity", text::Value::string(arena, record.holder));
  spec.set(arena, "leaseDurationSeconds", static_cast<int64_t>(record.duration.count()));
  spec.set(arena, "acquireTime", text::Value::string(arena, micro_time(record.acquired)));
  spec.set(arena, "renewTime", text::Value::string(arena, micro_time(record.renewed)));
  spec.set(arena, "leaseTransitions", record.transitions);
  return lease;
}

const std::string kNobody;

}  // namespace

LeaseMachine::LeaseMachine(LeaseSettings settings) : settings_(std::move(settings)) {
  if (settings_.identity.empty()) throw invalid("a lease needs an identity");
  if (kJitter * settings_.retry_period >= settings_.renew_deadline ||
      settings_.renew_deadline >= settings_.duration) {
    throw invalid(
        "of a lease the retry period and its jitter must be below the renew deadline, and that below the "
        "duration");
  }
}

const std::string& LeaseMachine::holder() const { return seen_ ? seen_->holder : kNobody; }

void LeaseMachine::observe(const std::optional<LeaseRecord>& record, Time now) {
  if (record == seen_ && seen_at_ != Time{}) return;
  seen_ = record;
  seen_at_ = now;
  // Somebody else's name on a lease that we held: it is theirs, whatever our clock says.
  bool others = !holder().empty() && holder() != settings_.identity;
  if (state_ == State::Leading && others) state_ = State::Lost;
}

void LeaseMachine::check(Time now) {
  if (state_ == State::Leading && now >= renewed_ + settings_.renew_deadline) state_ = State::Lost;
}

LeaseMachine::Decision LeaseMachine::decide(Time now, Time wall) const {
  if (state_ == State::Lost || state_ == State::Released) return {};
  LeaseRecord record;
  record.holder = settings_.identity;
  record.duration = settings_.duration;
  record.acquired = wall;
  record.renewed = wall;
  if (!seen_) return {Write::Create, record};
  bool ours = seen_->holder == settings_.identity;
  bool free = seen_->holder.empty() || now >= seen_at_ + seen_->duration;
  if (!ours && !free) return {};
  record.resource_version = seen_->resource_version;
  record.transitions = seen_->transitions + (ours ? 0 : 1);
  if (ours) record.acquired = seen_->acquired;
  return {Write::Update, record};
}

void LeaseMachine::wrote(const LeaseRecord& record, Time began) {
  seen_ = record;
  seen_at_ = began;
  renewed_ = began;
  if (state_ == State::Waiting) state_ = State::Leading;
}

std::optional<LeaseRecord> LeaseMachine::release(Time wall) {
  bool ours = state_ == State::Leading && holder() == settings_.identity;
  state_ = state_ == State::Lost ? State::Lost : State::Released;
  if (!ours) return std::nullopt;
  LeaseRecord record = *seen_;
  record.holder.clear();
  record.duration = std::chrono::seconds{1};
  record.renewed = wall;
  record.acquired = wall;
  return record;
}

Time LeaseMachine::next(Time began, Time ended, double random) const {
  if (state_ == State::Leading) return began + settings_.retry_period;
  auto period = std::chrono::duration_cast<Duration>(settings_.retry_period * (1 + kJitter * random));
  return ended + period;
}

Elector::Elector(Client& client, LeaseSettings settings, std::shared_ptr<const Clock> monotonic,
                 std::shared_ptr<const Clock> wall)
    : client_(client),
      machine_(std::move(settings)),
      monotonic_(std::move(monotonic)),
      wall_(std::move(wall)) {}

std::optional<LeaseRecord> Elector::read(Wait wait) {
  const LeaseSettings& settings = machine_.settings();
  try {
    return parse_lease(
        client_.get({"coordination.k8s.io/v1", "Lease", settings.ns, settings.name}, wait).root);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) return std::nullopt;
    throw;
  }
}

LeaseRecord Elector::write(const LeaseMachine::Decision& decision, Wait wait) {
  text::Document lease = make_lease(machine_.settings(), decision.record);
  bool create = decision.write == LeaseMachine::Write::Create;
  return parse_lease(create ? client_.create(lease.root, wait).root : client_.update(lease.root, wait).root);
}

void Elector::publish() {
  bool leading = machine_.state() == LeaseMachine::State::Leading;
  write_until_ = leading ? machine_.held_until().time_since_epoch().count() : 0;
  epoch_ = machine_.epoch();
  if (leads_.exchange(leading) == leading) return;
  log_info("lease", leading ? "leading" : "no longer leading", {{"identity", machine_.settings().identity}});
}

Duration Elector::step(Wait wait) {
  const LeaseSettings& settings = machine_.settings();
  Time began = monotonic_->now();
  machine_.check(began);
  // A request must not outlast what is left of the leadership that it renews.
  wait.deadline = wait.deadline.sooner(Deadline::in(settings.renew_deadline - settings.retry_period));
  try {
    // A leader renews by the record it wrote; only when that fails does it look.
    if (machine_.state() == LeaseMachine::State::Waiting) machine_.observe(read(wait), monotonic_->now());
    LeaseMachine::Decision decision = machine_.decide(monotonic_->now(), wall_->now());
    if (decision.write != LeaseMachine::Write::Nothing) {
      began = monotonic_->now();
      machine_.wrote(write(decision, wait), began);
    }
  } catch (const Error& error) {
    if (machine_.state() == LeaseMachine::State::Leading) {
      log_warn("lease", error.what(), {{"identity", settings.identity}});
      try {
        machine_.observe(read(wait), monotonic_->now());
      } catch (const Error&) {
        // nothing was learnt; check() counts the time
      }
    }
  }
  Time ended = monotonic_->now();
  machine_.check(ended);
  publish();
  return std::max(Duration{0}, machine_.next(began, ended, random_fraction()) - ended);
}

void Elector::release(Wait wait) noexcept {
  try {
    auto record = machine_.release(wall_->now());
    publish();
    if (record) write({LeaseMachine::Write::Update, *record}, wait);
  } catch (const std::exception& error) {
    log_warn("lease", error.what(), {{"identity", machine_.settings().identity}});  // it expires by itself
  }
}

}  // namespace shipit::kube
