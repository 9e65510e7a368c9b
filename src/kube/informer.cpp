#include "kube/informer.h"

#include <condition_variable>

#include "base/log.h"
#include "k8s/object.h"
#include "kube/errors.h"

namespace shipit::kube {
namespace {

constexpr int kPageSize = 500;

/// Until `at`, or a stop.
void sleep_until(Time at, const Clock& clock, const std::stop_token& stop) {
  Duration left = at - clock.now();
  if (left <= Duration{0}) return;
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::min(left, 2 * WatchMachine::kBackoff.most), [] { return false; });
}

}  // namespace

Follower::Follower(Client& client, Selection selection, FollowOptions options,
                   std::shared_ptr<const Clock> clock)
    : client_(client),
      selection_(std::move(selection)),
      options_(options),
      clock_(std::move(clock)),
      machine_(options.streaming_list, options.backoff) {}

void Follower::run(CollectionSink& sink, std::stop_token stop) {
  while (!stop.stop_requested()) {
    WatchMachine::Next next = machine_.next();
    sleep_until(next.at, *clock_, stop);
    if (stop.stop_requested()) return;
    switch (next.step) {
      case WatchMachine::Step::List:
        list(sink, stop);
        break;
      case WatchMachine::Step::StreamList:
        stream_list(sink, stop);
        break;
      case WatchMachine::Step::Watch:
        watch(sink, next.resource_version, stop);
        break;
    }
  }
}

void Follower::list(CollectionSink& sink, std::stop_token stop) {
  try {
    sink.list_begun();
    std::string token;
    std::string version;
    do {
      ListPage page =
          client_.list_page(selection_, kPageSize, token, {Deadline::in(options_.list_patience), stop});
      for (text::Value item : page.list["items"].items()) sink.put(item);
      token = page.continue_token;
      version = page.resource_version;
    } while (!token.empty() && !stop.stop_requested());
    if (stop.stop_requested()) return;
    sink.list_ended();
    machine_.listed(version, clock_->now());
    healthy_ = true;
  } catch (const Error& error) {
    if (stop.stop_requested()) return;
    machine_.list_failed(error, clock_->now(), random_fraction());
    failed(error);
  }
}

void Follower::stream_list(CollectionSink& sink, std::stop_token stop) {
  bool begun = false, complete = false;
  machine_.watch_started(clock_->now());
  try {
    sink.list_begun();
    std::chrono::seconds lasts = some_time();
    Deadline end = Deadline::in(lasts + options_.watch_grace);
    WatchStream stream =
        client_.list_and_watch(selection_, lasts, {Deadline::in(options_.start_patience), stop});
    if (!take_initial(sink, stream, begun, stop)) return machine_.streaming_refused(clock_->now());
    complete = true;
    read_on(sink, stream, {end, stop});
  } catch (const Error& error) {
    if (stop.stop_requested()) return;
    if (complete) {
      machine_.watch_failed(error, clock_->now(), random_fraction());
    } else if (error.kind() == ErrorKind::Invalid) {
      return machine_.streaming_refused(clock_->now());
    } else if (begun) {
      machine_.streaming_broke(clock_->now(), random_fraction());
    } else {
      machine_.list_failed(error, clock_->now(), random_fraction());
    }
    failed(error);
  }
}

/// Until the list is complete. False: this server ignores the question, and sends what it would have sent
/// without.
bool Follower::take_initial(CollectionSink& sink, WatchStream& stream, bool& begun, std::stop_token stop) {
  while (auto event = stream.next({Deadline::in(options_.list_patience), stop})) {
    begun = true;
    if (event->sort != WatchEvent::Sort::Bookmark) {
      take(sink, *event);
      continue;
    }
    if (!ends_initial_events(*event)) return false;
    sink.list_ended();
    machine_.listed(std::string(k8s::resource_version_of(event->object.root)), clock_->now());
    healthy_ = true;
    return true;
  }
  throw unavailable("the server ended a streaming list before it was complete").in("list " + selection_.kind);
}

void Follower::watch(CollectionSink& sink, const std::string& from, std::stop_token stop) {
  machine_.watch_started(clock_->now());
  try {
    std::chrono::seconds lasts = some_time();
    Deadline end = Deadline::in(lasts + options_.watch_grace);
    WatchStream stream =
        client_.watch(selection_, from, lasts, {Deadline::in(options_.start_patience), stop});
    healthy_ = true;
    read_on(sink, stream, {end, stop});
  } catch (const Error& error) {
    if (stop.stop_requested()) return;
    machine_.watch_failed(error, clock_->now(), random_fraction());
    failed(error);
  }
}

/// To the watch's end in good order.
void Follower::read_on(CollectionSink& sink, WatchStream& stream, Wait wait) {
  while (auto event = stream.next(wait)) take(sink, *event);
  machine_.watch_ended(clock_->now(), random_fraction());
}

std::chrono::seconds Follower::some_time() const {
  auto shortest = static_cast<double>(options_.shortest_watch.count());
  return std::chrono::seconds{static_cast<int64_t>(shortest * (1 + random_fraction()))};
}

void Follower::take(CollectionSink& sink, const WatchEvent& event) {
  text::Value object = event.object.root;
  switch (event.sort) {
    case WatchEvent::Sort::Added:
    case WatchEvent::Sort::Modified:
      sink.put(object);
      break;
    case WatchEvent::Sort::Deleted:
      sink.removed(object);
      break;
    case WatchEvent::Sort::Bookmark:
      break;
    case WatchEvent::Sort::Error:
      throw status_error(object, 500);
  }
  machine_.moved_to(std::string(k8s::resource_version_of(object)), clock_->now());
}

void Follower::failed(const Error& error) {
  if (error.kind() == ErrorKind::Expired) return;  // part of the protocol
  healthy_ = false;
  log_warn("kube", error.what(),
           {{"follows", selection_.kind}, {"failures", std::to_string(machine_.failures())}});
}

}  // namespace shipit::kube
