#pragma once
// The small ports in memory: ledger, image events, monitors, notifier, cluster, evidence. One thread.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ports/cluster.h"
#include "ports/image_events.h"
#include "ports/ledger.h"
#include "ports/monitors.h"
#include "ports/notifier.h"
#include "testing/faults.h"

namespace shipit::testing {

class MemoryLedger final : public ports::Ledger {
 public:
  explicit MemoryLedger(Faults& faults) : faults_(faults) {}
  ports::Page read(const std::string& name, Wait wait) override;
  std::map<std::string, ports::Page> read_all(const std::string& prefix, Wait wait) override;
  std::string write(const std::string& name, const ports::Page& page, Wait wait) override;

  /// Another replica writes the page as it is: whoever read it before gets a Conflict.
  void touch(const std::string& name) { ++pages_[name].second; }
  std::string text(const std::string& name) const;

 private:
  Faults& faults_;
  std::map<std::string, std::pair<std::string, int>> pages_;
};

/// A queue whose messages come again at every receive until they are acknowledged.
class MemoryImageEvents final : public ports::ImageEvents {
 public:
  explicit MemoryImageEvents(Faults& faults) : faults_(faults) {}
  std::string name() const override { return "memory queue"; }
  std::vector<ports::ImageMessage> receive(Wait wait) override;
  void acknowledge(const std::vector<std::string>& handles, Wait wait) override;

  /// Adds a message; `id` is the source's own, so the same id twice is a duplicate.
  void send(const std::string& id, const std::string& body);
  size_t waiting() const { return messages_.size(); }

 private:
  Faults& faults_;
  std::vector<ports::ImageMessage> messages_;
  int made_ = 0;
};

class MemoryMonitors final : public ports::Monitors {
 public:
  explicit MemoryMonitors(Faults& faults) : faults_(faults) {}
  std::string name() const override { return "memory monitors"; }
  std::vector<domain::MonitorSample> sample(const std::string& service, Wait wait) override;
  /// The state of the one monitor of a service from now on.
  void set(const std::string& service, const std::string& state);

 private:
  Faults& faults_;
  std::map<std::string, std::vector<domain::MonitorSample>> samples_;
};

class RecordingNotifier final : public ports::Notifier {
 public:
  std::string name() const override { return "recorder"; }
  void notify(const domain::Activity& activity, Wait) override { told.push_back(activity); }
  std::vector<domain::Activity> told;
};

/// Namespaces and nothing else: workloads are the MemoryDeployer's.
class MemoryCluster final : public ports::Cluster {
 public:
  std::optional<text::Document> get(const ports::ObjectRef& ref, Wait wait) override;
  std::vector<text::Document> list(const std::string&, const std::string&, const std::string&,
                                   const std::string&, Wait) override {
    return {};
  }
  text::Document apply(text::Value object, const std::string&, const ports::ApplyOptions&, Wait) override {
    return text::Document::of(object);
  }
  bool remove(const ports::ObjectRef&, Wait) override { return false; }
  bool namespaced(const std::string&, const std::string&, Wait) override { return true; }
  Capabilities capabilities(Wait) override { return {"v1.34.0", {"v1", "apps/v1"}}; }

  std::set<std::string> terminating;  ///< namespaces
};

class MemoryEvidence final : public ports::Evidence {
 public:
  std::string logs(const std::string&, const std::string&, const std::string&, bool, int, Wait) override {
    return last_words;
  }
  void event(const std::string&, const std::string& release, const std::string&, bool,
             const std::string& reason, const std::string&, Wait) override {
    events.push_back(release + " " + reason);
  }
  std::string last_words = "panic: no configuration\n";
  std::vector<std::string> events;
};

}  // namespace shipit::testing
