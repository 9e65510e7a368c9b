#pragma once
// What every stage is given: the ports, the settings, the board of what is known, and whom to wake. Stages
// are passive objects: step(now) does what is due and says when to come again. Threads live in app.
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "domain/gate.h"
#include "ports/cluster.h"
#include "ports/deployer.h"
#include "ports/image_events.h"
#include "ports/ledger.h"
#include "ports/monitors.h"
#include "ports/notifier.h"
#include "ports/ops_repo.h"
#include "ports/releases.h"

namespace shipit::flow {

struct Settings {
  std::string registry_path = "registry";  ///< of the registry chart in the ops repository
  std::string ns = "default";              ///< of HelmReleases that name none
  std::string branch = "master", repository_url;
  std::string author_name = "Ship-it", author_email = "ship-it@localhost";
  std::string region = "us-east-1";
  std::string page_url;            ///< for links in commit messages; may be empty
  Duration batch_window{100};      ///< of a burst of events, from its first (rule 3)
  Duration repository_poll{2000};  ///< between looks at the branch head
  Duration resync{30'000};         ///< between looks at a release that nothing woke
  domain::GatePolicy gate;
  Duration call_timeout{30'000};      ///< of one call to a port
  bool read_only_repository = false;  ///< `--ops-repo` without `--write`: nothing is pushed (rule 30)
};

/// All that the stages talk to. References outlive the pipeline.
struct Ports {
  ports::OpsRepo& repository;
  ports::Releases& releases;
  ports::Deployer& deployer;
  ports::Ledger& ledger;
  ports::Cluster& cluster;
  ports::Evidence& evidence;
  std::vector<ports::ImageEvents*> sources;
  std::vector<ports::Monitors*> monitors;
  std::vector<ports::Notifier*> notifiers;
};

/// Wake-ups carry keys, not payloads: a lost or doubled one costs one extra look.
struct Wakes {
  std::function<void()> committer;
  std::function<void()> syncer;
  std::function<void(const domain::ReleaseKey&)> release;
};

/// What a step answers when there is nothing to come again for.
inline constexpr Time kNever = Time::max();

class Board;

struct Context {
  Ports& ports;
  const Settings& settings;
  Board& board;
  Wakes& wakes;

  Wait wait(std::stop_token stop) const { return {Deadline::in(settings.call_timeout), std::move(stop)}; }
};

}  // namespace shipit::flow
