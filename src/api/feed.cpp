#include "api/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "api/json_writer.h"
#include "api/other_json.h"
#include "api/release_json.h"

namespace shipit::api {
namespace {

std::string frame(std::string_view id, std::string_view event, std::string_view data) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, event, data);  // JSON text has no line break
}

/// The sequence in an event id of this epoch.
std::optional<uint64_t> sequence_of(std::string_view id, std::string_view epoch) {
  if (!id.starts_with(epoch) || id.size() <= epoch.size() || id[epoch.size()] != '.') return std::nullopt;
  id.remove_prefix(epoch.size() + 1);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value);
  if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  return value;
}

}  // namespace

Feed::Feed(const ports::Views& views, std::string epoch, FeedOptions options)
    : views_(views),
      epoch_(std::move(epoch)),
      options_(options),
      newest_(views.sequence()),
      dropped_(newest_) {}

Feed::~Feed() { close(); }

std::string Feed::id(uint64_t sequence) const { return fmt::format("{}.{}", epoch_, sequence); }

std::string Feed::newest_id() const {
  std::lock_guard lock(mutex_);
  return id(newest_);
}

size_t Feed::viewers() const {
  std::lock_guard lock(mutex_);
  return viewers_.size();
}

std::string Feed::reset_frame(std::string_view reason) const {
  std::string data;
  JsonWriter(data).begin_object().field("reason", reason).end_object();
  return frame(id(newest_), "reset", data);
}

void Feed::connect(net::Responder responder, std::string_view last) {
  auto stream = responder.stream(
      200,
      {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
  std::lock_guard lock(mutex_);
  if (closed_) {
    stream->close();
    return;
  }
  Viewer viewer{stream, newest_};
  std::string begin = "retry: 1000\n";
  begin += frame(id(newest_), "hello", "{}");
  auto sequence = sequence_of(last, epoch_);
  if (sequence && *sequence >= dropped_ && *sequence <= newest_) {
    // The hello must not carry the newest id to somebody who still has frames to get.
    begin = fmt::format("retry: 1000\n{}", frame(id(*sequence), "hello", "{}"));
    viewer.seen = *sequence;
  } else if (!last.empty()) {
    begin += reset_frame(sequence ? "too much has changed since then" : "this server was started since then");
  }
  if (stream->try_write(begin) && write(viewer)) viewers_.push_back(std::move(viewer));
}

bool Feed::write(Viewer& viewer) {
  if (viewer.stream->closed()) return false;
  if (viewer.seen >= newest_ || viewer.stream->pending() > options_.slow_bytes) return true;
  if (viewer.seen < dropped_) {
    viewer.seen = newest_;
    ++sent_;
    return viewer.stream->try_write(reset_frame("this viewer fell behind"));
  }
  auto next = std::ranges::upper_bound(ring_, viewer.seen, {}, &Frame::sequence);
  for (; next != ring_.end(); ++next) {
    if (!viewer.stream->try_write(next->bytes)) return false;
    viewer.seen = next->sequence;
    ++sent_;
  }
  viewer.seen = newest_;
  return true;
}

void Feed::push(uint64_t sequence, std::string_view event, std::string_view data) {
  ring_.push_back({sequence, frame(id(sequence), event, data)});
  ring_bytes_ += ring_.back().bytes.size();
  while (ring_bytes_ > options_.ring_bytes && ring_.size() > 1) {
    dropped_ = ring_.front().sequence;
    ring_bytes_ -= ring_.front().bytes.size();
    ring_.pop_front();
  }
}

void Feed::restart(std::string_view) {
  ring_.clear();
  ring_bytes_ = 0;
  newest_ = views_.sequence();
  dropped_ = newest_;  // whoever is before it gets `reset`
}

void Feed::take_over() {
  auto changes = views_.changes(newest_);
  if (!changes) return restart("");
  if (changes->empty()) return;
  // The last word on each release, and of the repository, in the order of those last words.
  using Sort = ports::FeedEntry::Sort;
  std::map<domain::ReleaseKey, uint64_t> last;
  uint64_t repository = 0;
  for (const ports::FeedEntry& e : *changes) {
    if (e.sort == Sort::Release || e.sort == Sort::Removed) last[e.release] = e.sequence;
    if (e.sort == Sort::Repository) repository = e.sequence;
  }
  for (const ports::FeedEntry& e : *changes) {
    std::string data;
    switch (e.sort) {
      case Sort::Release:
      case Sort::Removed: {
        if (last[e.release] != e.sequence) break;
        if (auto view = views_.release(e.release))
          append_release(data, *view);
        else
          JsonWriter(data)
              .begin_object()
              .field("namespace", e.release.ns)
              .field("name", e.release.name)
              .field("deleted", true)
              .end_object();
        push(e.sequence, "release", data);
        break;
      }
      case Sort::Activity:
        append_activity(data, e.activity);
        push(e.sequence, "activity", data);
        break;
      case Sort::Repository:
        if (e.sequence != repository) break;
        append_repository_state(data, views_.repository());
        push(e.sequence, "repository", data);
        break;
    }
    newest_ = e.sequence;
  }
}

Time Feed::step(Time now) {
  bool beat = false;
  {
    std::lock_guard lock(mutex_);
    if (dirty_ && now - last_tick_ < options_.tick) return last_tick_ + options_.tick;
    if (dirty_.exchange(false)) {
      last_tick_ = now;
      take_over();
    }
    if (now - last_beat_ >= options_.heartbeat) {
      last_beat_ = now;
      beat = true;
    }
  }
  // In slices, so that a viewer that connects does not wait for all the others.
  for (size_t at = 0;;) {
    std::lock_guard lock(mutex_);
    size_t end = std::min(at + options_.slice, viewers_.size());
    for (; at < end; ++at) {
      Viewer& viewer = viewers_[at];
      if (!write(viewer) || (beat && viewer.stream->pending() == 0 && !viewer.stream->try_write(": \n\n"))) {
        viewer.stream->close();
        viewer.stream = nullptr;
      }
    }
    if (at >= viewers_.size()) {
      std::erase_if(viewers_, [](const Viewer& v) { return v.stream == nullptr; });
      break;
    }
  }
  std::lock_guard lock(mutex_);
  return dirty_ ? last_tick_ + options_.tick : last_beat_ + options_.heartbeat;
}

void Feed::changed() {
  dirty_ = true;
  std::lock_guard lock(waker_mutex_);
  if (waker_) waker_();
}

void Feed::on_wake(std::function<void()> waker) {
  std::lock_guard lock(waker_mutex_);
  waker_ = std::move(waker);
}

void Feed::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (Viewer& viewer : viewers_) {
    if (!viewer.stream) continue;
    viewer.stream->try_write("retry: 1000\n\n");
    viewer.stream->close();
  }
  viewers_.clear();
}

}  // namespace shipit::api
