#pragma once
// One thing that happened, as Activity, Kubernetes Events, notices and the feed carry it.
#include <string>

#include "domain/ids.h"
#include "domain/release.h"

namespace shipit::domain {

struct Activity {
  std::string id;  ///< stable: release, revision and step, so that a repeat is recognised (rule 31)
  Time at{};
  std::string sort;    ///< "pushed", "refused", "committed", "synced", "deploying", "deployed", "failed",
                       ///< "rolled back", "held", …
  ReleaseKey release;  ///< empty name: about the repository or an image
  std::string actor;
  std::string message;  ///< one line of plain words
  bool warning = false;
  CommitId commit;
  friend bool operator==(const Activity&, const Activity&) = default;
};

}  // namespace shipit::domain
