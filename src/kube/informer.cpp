#include "kube/informer.h"

#include <condition_variable>

#include "base/log.h"
#include "k8s/object.h"
#include "kube/errors.h"

namespace shipit::kube {
namespace {

constexpr int kPageSize = 500;
constexpr Duration kListPatience{std::chrono::minutes{2}};    // for one page
constexpr Duration kStartPatience{std::chrono::seconds{30}};  // until a watch's headers
constexpr std::chrono::seconds kShortestWatch{
    300};  // asked of the server, to twice this, at random: reflector.go
constexpr std::chrono::seconds kWatchGrace{30};  // past that, a silent watch is dead

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

Follower::Follower(Client& client, Selection selection, std::shared_ptr<const Clock> clock)
    : client_(client), selection_(std::move(selection)), clock_(std::move(clock)) {}

void Follower::run(CollectionSink& sink, std::stop_token stop) {
  while (!stop.stop_requested()) {
    WatchMachine::Next next = machine_.next();
    sleep_until(next.at, *clock_, stop);
    if (stop.stop_requested()) return;
    next.step == WatchMachine::Step::List ? list(sink, stop) : watch(sink, next.resource_version, stop);
  }
}

void Follower::list(CollectionSink& sink, std::stop_token stop) {
  try {
    sink.list_begun();
    std::string token;
    std::string version;
    do {
      ListPage page = client_.list_page(selection_, kPageSize, token, {Deadline::in(kListPatience), stop});
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

void Follower::watch(CollectionSink& sink, const std::string& from, std::stop_token stop) {
  machine_.watch_started(clock_->now());
  try {
    auto lasts = std::chrono::seconds{
        static_cast<int64_t>(static_cast<double>(kShortestWatch.count()) * (1 + random_fraction()))};
    WatchStream stream = client_.watch(selection_, from, lasts, {Deadline::in(kStartPatience), stop});
    healthy_ = true;
    Wait wait{Deadline::in(lasts + kWatchGrace), stop};
    while (auto event = stream.next(wait)) {
      take(sink, *event);
    }
    machine_.watch_ended(clock_->now(), random_fraction());
  } catch (const Error& error) {
    if (stop.stop_requested()) return;
    machine_.watch_failed(error, clock_->now(), random_fraction());
    failed(error);
  }
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
