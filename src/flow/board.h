#pragma once
// The board: what the stages know at this moment, shared between them and with the read side. Everything on
// it can be rebuilt from git and the cluster. Thread-safe; nothing here waits.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "domain/commit.h"
#include "domain/view.h"
#include "flow/registry.h"
#include "ports/views.h"

namespace shipit::flow {

class Board final {
 public:
  // Git as last read.
  void set_registry(std::shared_ptr<const Registry> registry);
  std::shared_ptr<const Registry> registry() const;
  /// The quarantine in force: of the applied head, the last readable one (rule 25).
  void set_quarantine(domain::Quarantine quarantine);
  domain::Quarantine quarantine() const;
  void set_repository(domain::RepositoryView view);
  domain::RepositoryView repository() const;
  /// What is still to be committed.
  void set_owed(std::vector<std::string> lines);
  void set_order(domain::OrderBook book);
  domain::BlockOrder order(const domain::ReleaseKey& release, const std::string& path) const;
  /// When sync applied a commit, for the life of a deploy.
  void set_synced(const domain::CommitId& commit, Time at, std::string subject, std::string author,
                  Time committed, std::string diff);
  struct Synced {
    Time at{}, committed{};
    std::string subject, author, diff;
  };
  std::optional<Synced> synced(const domain::CommitId& commit) const;

  // Releases.
  void put(domain::ReleaseView view);
  void remove(const domain::ReleaseKey& key);
  std::shared_ptr<const domain::ReleaseView> view(const domain::ReleaseKey& key) const;
  std::vector<std::shared_ptr<const domain::ReleaseView>> views() const;
  /// What a release owes and what keeps autodeploy from it. True when that changed since it was told before,
  /// or something is owed and was not: commit should look.
  bool set_debt(const domain::ReleaseKey& key, std::optional<domain::Debt> debt, int failed_in_a_row,
                bool held);
  std::vector<domain::Debt> debts() const;
  int failed_in_a_row(const domain::ReleaseKey& key) const;
  /// Whether this process has looked at the release: what it owes is known.
  bool looked_at(const domain::ReleaseKey& key) const;

  // Rule 20's breaker.
  void note_start(const domain::ReleaseKey& key, Time at);
  void note_failure(const domain::ReleaseKey& key, Time at);
  std::optional<std::string> breaker(Time now) const;
  void confirm_breaker(Time now);

  // What happened.
  /// False when that id is known already.
  bool add_activity(domain::Activity activity);
  std::vector<domain::Activity> activity(size_t limit, const std::string& search) const;
  void count(const std::string& counter, int64_t by = 1);
  void set_source(ports::SourceView source);
  ports::SystemView system() const;
  void set_system(ports::SystemView base);

  // The feed.
  uint64_t sequence() const;
  std::optional<std::vector<ports::FeedEntry>> changes(uint64_t since) const;
  void on_change(std::function<void()> callback);

 private:
  void push_feed(ports::FeedEntry entry);  // with mutex_ held
  void notify();

  mutable std::mutex mutex_;
  std::shared_ptr<const Registry> registry_;
  domain::Quarantine quarantine_;
  domain::RepositoryView repository_;
  std::vector<std::string> owed_;
  domain::OrderBook order_;
  std::map<domain::CommitId, Synced> synced_;
  std::map<domain::ReleaseKey, std::shared_ptr<const domain::ReleaseView>> views_;
  struct Owed {
    std::optional<domain::Debt> debt;
    int failed_in_a_row = 0;
    bool held = false;
  };
  std::map<domain::ReleaseKey, Owed> debts_;
  std::map<domain::ReleaseKey, Time> starts_, failures_;
  Time breaker_confirmed_{};
  std::deque<domain::Activity> activity_;  // newest first by its time, of one time the last to come
  std::map<std::string, int64_t> counters_;
  std::map<std::string, ports::SourceView> sources_;
  ports::SystemView system_;
  std::deque<ports::FeedEntry> feed_;
  uint64_t sequence_ = 0;
  std::vector<std::function<void()>> callbacks_;
};

}  // namespace shipit::flow
