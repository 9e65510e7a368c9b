#include "flow/board.h"

#include <fmt/format.h>

#include <algorithm>

namespace shipit::flow {
namespace {

constexpr size_t kActivity = 2000, kFeed = 4096, kSynced = 2000;
constexpr Duration kBreakerWindow{600'000};

bool contains(const std::string& text, const std::string& search) {
  auto lower = [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
  };
  auto it = std::search(text.begin(), text.end(), search.begin(), search.end(), [&](char a, char b) {
    return lower(static_cast<unsigned char>(a)) == lower(static_cast<unsigned char>(b));
  });
  return it != text.end();
}

bool same_view(const domain::ReleaseView& a, const domain::ReleaseView& b) {
  return a.state == b.state && a.reason == b.reason && a.next == b.next && a.images == b.images &&
         a.running == b.running && a.conditions == b.conditions && a.quarantine == b.quarantine &&
         a.release.resource_version == b.release.resource_version && a.life == b.life &&
         a.history == b.history;
}

}  // namespace

void Board::set_registry(std::shared_ptr<const Registry> registry) {
  std::lock_guard lock(mutex_);
  registry_ = std::move(registry);
}
std::shared_ptr<const Registry> Board::registry() const {
  std::lock_guard lock(mutex_);
  return registry_;
}
void Board::set_quarantine(domain::Quarantine quarantine) {
  std::lock_guard lock(mutex_);
  quarantine_ = std::move(quarantine);
}
domain::Quarantine Board::quarantine() const {
  std::lock_guard lock(mutex_);
  return quarantine_;
}

void Board::set_repository(domain::RepositoryView view) {
  {
    std::lock_guard lock(mutex_);
    bool same = repository_.state == view.state && repository_.reason == view.reason &&
                repository_.head == view.head && repository_.applied == view.applied &&
                repository_.errors == view.errors && repository_.quarantine == view.quarantine;
    if (repository_.state == view.state && repository_.since != Time{}) view.since = repository_.since;
    repository_ = std::move(view);
    if (same) return;
    push_feed({ports::FeedEntry::Sort::Repository, 0, {}, {}});
  }
  notify();
}
domain::RepositoryView Board::repository() const {
  std::lock_guard lock(mutex_);
  domain::RepositoryView view = repository_;
  view.owed = owed_;
  return view;
}
void Board::set_owed(std::vector<std::string> lines) {
  {
    std::lock_guard lock(mutex_);
    if (owed_ == lines) return;
    owed_ = std::move(lines);
    push_feed({ports::FeedEntry::Sort::Repository, 0, {}, {}});
  }
  notify();
}

void Board::set_order(domain::OrderBook book) {
  std::lock_guard lock(mutex_);
  order_ = std::move(book);
}
domain::BlockOrder Board::order(const domain::ReleaseKey& release, const std::string& path) const {
  std::lock_guard lock(mutex_);
  auto it = order_.find(domain::order_key(release, path));
  return it == order_.end() ? domain::BlockOrder{} : it->second;
}

void Board::set_synced(const domain::CommitId& commit, Time at, std::string subject, std::string author,
                       Time committed, std::string diff) {
  std::lock_guard lock(mutex_);
  if (synced_.size() >= kSynced) synced_.erase(synced_.begin());
  synced_.try_emplace(commit, Synced{at, committed, std::move(subject), std::move(author), std::move(diff)});
}
std::optional<Board::Synced> Board::synced(const domain::CommitId& commit) const {
  std::lock_guard lock(mutex_);
  auto it = synced_.find(commit);
  return it == synced_.end() ? std::nullopt : std::optional(it->second);
}

void Board::put(domain::ReleaseView view) {
  {
    std::lock_guard lock(mutex_);
    auto& slot = views_[view.release.key];
    if (slot && same_view(*slot, view)) return;
    view.version = sequence_ + 1;
    ports::FeedEntry entry{ports::FeedEntry::Sort::Release, 0, view.release.key, {}};
    slot = std::make_shared<const domain::ReleaseView>(std::move(view));
    push_feed(std::move(entry));
  }
  notify();
}
void Board::remove(const domain::ReleaseKey& key) {
  {
    std::lock_guard lock(mutex_);
    debts_.erase(key);
    if (!views_.erase(key)) return;
    push_feed({ports::FeedEntry::Sort::Removed, 0, key, {}});
  }
  notify();
}
std::shared_ptr<const domain::ReleaseView> Board::view(const domain::ReleaseKey& key) const {
  std::lock_guard lock(mutex_);
  auto it = views_.find(key);
  return it == views_.end() ? nullptr : it->second;
}
std::vector<std::shared_ptr<const domain::ReleaseView>> Board::views() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const domain::ReleaseView>> out;
  out.reserve(views_.size());
  for (const auto& [key, view] : views_) out.push_back(view);
  return out;
}

bool Board::set_debt(const domain::ReleaseKey& key, std::optional<domain::Debt> debt, int failed_in_a_row,
                     bool held) {
  std::lock_guard lock(mutex_);
  auto [it, fresh] = debts_.try_emplace(key);
  Owed& owed = it->second;
  int before = owed.debt ? owed.debt->revision : 0, now = debt ? debt->revision : 0;
  bool changed = before != now || (!fresh && (owed.failed_in_a_row != failed_in_a_row || owed.held != held));
  owed = {std::move(debt), failed_in_a_row, held};
  return changed;
}
std::vector<domain::Debt> Board::debts() const {
  std::lock_guard lock(mutex_);
  std::vector<domain::Debt> out;
  for (const auto& [key, entry] : debts_)
    if (entry.debt) out.push_back(*entry.debt);
  return out;
}
bool Board::looked_at(const domain::ReleaseKey& key) const {
  std::lock_guard lock(mutex_);
  return debts_.contains(key);
}
int Board::failed_in_a_row(const domain::ReleaseKey& key) const {
  std::lock_guard lock(mutex_);
  auto it = debts_.find(key);
  return it == debts_.end() ? 0 : it->second.failed_in_a_row;
}

void Board::note_start(const domain::ReleaseKey& key, Time at) {
  std::lock_guard lock(mutex_);
  starts_[key] = at;
}
void Board::note_failure(const domain::ReleaseKey& key, Time at) {
  std::lock_guard lock(mutex_);
  Time& last = failures_[key];
  last = std::max(last, at);
}
std::optional<std::string> Board::breaker(Time now) const {
  std::lock_guard lock(mutex_);
  auto recent = [&](const std::map<domain::ReleaseKey, Time>& times) {
    return std::ranges::count_if(times, [&](const auto& t) {
      return now - t.second < kBreakerWindow && t.second > breaker_confirmed_;
    });
  };
  auto failed = recent(failures_);
  if (failed <= 3) return std::nullopt;  // as nearly always: the starts need no count
  if (failed * 5 <= std::max(recent(starts_), failed)) return std::nullopt;
  return fmt::format("{} releases failed together", failed);
}
void Board::confirm_breaker(Time now) {
  std::lock_guard lock(mutex_);
  breaker_confirmed_ = now;
}

bool Board::add_activity(domain::Activity activity) {
  {
    std::lock_guard lock(mutex_);
    for (const domain::Activity& a : activity_)
      if (a.id == activity.id) return false;
    // Stages tell of what they did when they are through, so the earlier may come later.
    auto older =
        std::ranges::find_if(activity_, [&](const domain::Activity& a) { return a.at <= activity.at; });
    activity_.insert(older, activity);
    if (activity_.size() > kActivity) activity_.pop_back();
    push_feed({ports::FeedEntry::Sort::Activity, 0, activity.release, activity});
  }
  notify();
  return true;
}
std::vector<domain::Activity> Board::activity(size_t limit, const std::string& search) const {
  std::lock_guard lock(mutex_);
  std::vector<domain::Activity> out;
  for (const domain::Activity& a : activity_) {
    if (out.size() >= limit) break;
    if (search.empty() || contains(a.message, search) || contains(a.id, search) ||
        contains(a.release.name, search) || contains(a.sort, search) || contains(a.actor, search))
      out.push_back(a);
  }
  return out;
}

void Board::count(const std::string& counter, int64_t by) {
  std::lock_guard lock(mutex_);
  counters_[counter] += by;
}
void Board::set_source(ports::SourceView source) {
  std::lock_guard lock(mutex_);
  sources_[source.name] = std::move(source);
}
ports::SystemView Board::system() const {
  std::lock_guard lock(mutex_);
  ports::SystemView out = system_;
  for (const auto& [name, source] : sources_) out.sources.push_back(source);
  out.counters = counters_;
  return out;
}
void Board::set_system(ports::SystemView base) {
  std::lock_guard lock(mutex_);
  system_ = std::move(base);
}

uint64_t Board::sequence() const {
  std::lock_guard lock(mutex_);
  return sequence_;
}
std::optional<std::vector<ports::FeedEntry>> Board::changes(uint64_t since) const {
  std::lock_guard lock(mutex_);
  if (since > sequence_) return std::nullopt;
  if (!feed_.empty() && since + 1 < feed_.front().sequence) return std::nullopt;
  std::vector<ports::FeedEntry> out;
  for (const ports::FeedEntry& e : feed_)
    if (e.sequence > since) out.push_back(e);
  return out;
}
void Board::on_change(std::function<void()> callback) {
  std::lock_guard lock(mutex_);
  callbacks_.push_back(std::move(callback));
}
void Board::push_feed(ports::FeedEntry entry) {
  entry.sequence = ++sequence_;
  feed_.push_back(std::move(entry));
  if (feed_.size() > kFeed) feed_.pop_front();
}
void Board::notify() {
  std::vector<std::function<void()>> callbacks;
  {
    std::lock_guard lock(mutex_);
    callbacks = callbacks_;
  }
  for (const auto& callback : callbacks) callback();
}

}  // namespace shipit::flow
