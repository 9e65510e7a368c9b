#pragma once
// The live feed: one shared ring of encoded frames, and a cursor into it for each viewer. A passive object:
// `connect` is called by the server's handlers, `step` by one thread of app, which sleeps until the time step
// returned or until the waker rings. Changes of one release within a tick come as one frame. Thread-safe;
// nothing here waits.
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/server.h"
#include "ports/views.h"

namespace shipit::api {

struct FeedOptions {
  Duration tick{100};             ///< at least this long between two rounds of frames
  Duration heartbeat{15'000};     ///< a comment on quiet streams, so that a dead peer is noticed
  size_t ring_bytes = 4 << 20;    ///< frames kept for viewers that fell behind or come back
  size_t slow_bytes = 256 << 10;  ///< a viewer with more waiting gets nothing new until it has read on
  size_t slice = 200;             ///< viewers written to before the lock is let go
};

class Feed final {
 public:
  /// `epoch` names this process in event ids: an id of another epoch is answered by `reset`.
  Feed(const ports::Views& views, std::string epoch, FeedOptions options = {});
  ~Feed();

  /// Turns the answer into a stream that begins after `last` (an event id, or empty: from now on).
  void connect(net::Responder responder, std::string_view last);
  /// Takes over what changed, writes to whoever can take it. Returns when it wants to be called again at the
  /// latest.
  Time step(Time now);
  /// Something changed: rings the waker. Called by the Views' thread.
  void changed();
  /// Called from any thread when `step` should run before the time it asked for.
  void on_wake(std::function<void()> waker);
  /// Tells the viewers to come back in a second, and ends their streams. Idempotent.
  void close();

  /// The newest event id: what a page written now continues from.
  std::string newest_id() const;
  size_t viewers() const;
  /// Frames written to viewers since the start.
  uint64_t frames_sent() const { return sent_; }

 private:
  struct Frame {
    uint64_t sequence;
    std::string bytes;
  };
  struct Viewer {
    std::shared_ptr<net::Stream> stream;
    uint64_t seen;  ///< sequence of the last frame it got
  };

  std::string id(uint64_t sequence) const;
  void take_over();  // with mutex_ held
  void push(uint64_t sequence, std::string_view event, std::string_view data);
  void restart(std::string_view reason);
  bool write(Viewer& viewer);  // with mutex_ held; false when it is gone
  std::string reset_frame(std::string_view reason) const;

  const ports::Views& views_;
  const std::string epoch_;
  const FeedOptions options_;
  mutable std::mutex mutex_;
  std::deque<Frame> ring_;
  size_t ring_bytes_ = 0;
  uint64_t newest_ = 0;   // the Views' sequence that the ring is at
  uint64_t dropped_ = 0;  // the newest sequence that is no longer in the ring
  std::vector<Viewer> viewers_;
  bool closed_ = false;
  Time last_tick_{}, last_beat_{};
  std::atomic<bool> dirty_{false};
  std::atomic<uint64_t> sent_{0};
  std::mutex waker_mutex_;
  std::function<void()> waker_;
};

}  // namespace shipit::api
