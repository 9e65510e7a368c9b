#pragma once
// Charts: where charts come from. Bytes and provenance only; parsing and caching by digest belong to flow.
// Thread-safe.
#include <string>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "domain/release.h"

namespace shipit::ports {

struct ChartBytes {
  std::string digest;      ///< "sha256:…" of the archive, or of the sorted file list
  std::string provenance;  ///< "charts/microservice at 1a2b3c4", "s3://…/microservice-0.2.2.tgz"
  std::string archive;     ///< .tgz bytes, or
  std::vector<std::pair<std::string, std::string>> files;  ///< path within the chart, bytes
};

class Charts {
 public:
  virtual ~Charts() = default;
  /// Whether this is one that fetches such a repository ("file://…", "s3://…", "oci://…").
  virtual bool serves(const std::string& repository) const = 0;
  /// `commit`: the ops commit that the release was synced from; charts kept in the ops repository are read at
  /// it. *Errors:* NotFound (no such chart or version), Invalid, Denied, Throttled, Unavailable, Timeout.
  virtual ChartBytes fetch(const domain::ChartRef& chart, const domain::CommitId& commit, Wait wait) = 0;
};

}  // namespace shipit::ports
