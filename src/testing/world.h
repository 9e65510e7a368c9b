#pragma once
// A whole world in memory around one Pipeline: the ports, a manual clock, what people do, and `run`, which
// steps the stages as app's threads would. A Crash drops the pipeline and builds a new one on the same ports.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/pipeline.h"
#include "testing/faults.h"
#include "testing/manual_clock.h"
#include "testing/memory_deployer.h"
#include "testing/memory_ports.h"
#include "testing/memory_releases.h"
#include "testing/memory_repository.h"

namespace shipit::testing {

/// A commit sha made of one letter: tag('a').
std::string tag(char letter);
/// The full name of an image as ECR's events of the original name it.
std::string image(const std::string& repository);

/// A HelmRelease as people write it.
struct Service {
  std::string name;
  std::string image;  ///< repository; the release's name when empty
  std::string tag;
  std::string extra_values = {};  ///< lines "key: value" of spec.values
  bool autodeploy = true;
  std::vector<std::string> depends_on = {};
  std::string more_spec = {};  ///< lines of spec
};
std::string manifest(const Service& service);

class World final {
 public:
  World();
  explicit World(flow::Settings settings);

  /// Builds the pipeline; run() does it when there is none.
  void start();
  /// kill -9.
  void kill() { pipeline_.reset(); }
  /// Steps everything that is due until nothing is for `duration` of the manual clock. A Crash restarts.
  void run(Duration duration);
  /// One round of what is due now. True when a stage did something.
  bool round();

  // What people and registries do.
  void commit(const std::string& author, std::vector<ports::FileChange> changes,
              const std::string& message = "Change");
  void write(const Service& service, const std::string& author = "Alice <alice@example.org>");
  void remove(const std::string& name, const std::string& author = "Alice <alice@example.org>");
  void push(const std::string& repository, const std::string& tag);
  void push(const std::string& repository, const std::string& tag, Time at, const std::string& id);

  flow::Pipeline& pipeline();
  domain::ReleaseKey key(const std::string& name) const { return {"default", name}; }
  ports::HelmName helm(const std::string& name) const { return {"default", name}; }
  std::shared_ptr<const domain::ReleaseView> view(const std::string& name);
  /// "deployed", "rolled back"…; empty when there is no such release.
  std::string state(const std::string& name);
  std::string reason(const std::string& name);
  std::string git_tag(const std::string& name);
  std::vector<domain::Revision> history(const std::string& name);
  void command(const std::string& name, domain::Command::Verb verb, int revision = 0);
  void annotate(const std::string& name, std::string_view annotation, const std::string& value);
  /// Commits of ours, newest first.
  std::vector<ports::CommitInfo> our_commits() const;
  int crashes() const { return crashes_; }

  Faults faults;
  ManualClock clock;
  MemoryRepository repository;
  MemoryReleases releases;
  MemoryDeployer deployer;
  MemoryLedger ledger;
  MemoryCluster cluster;
  MemoryEvidence evidence;
  MemoryImageEvents events;
  MemoryMonitors monitors;
  RecordingNotifier notifier;
  flow::Settings settings;
  /// Called when a pipeline died of a Crash, before the next is built.
  std::function<void(const Crash&)> on_crash;

 private:
  std::unique_ptr<flow::Pipeline> pipeline_;
  Time repository_due_{}, intake_due_{};
  int messages_ = 0, commands_ = 0, crashes_ = 0;
};

}  // namespace shipit::testing
