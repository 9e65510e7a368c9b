#pragma once
// Records: Helm's release records (Secrets of type helm.sh/release.v1) with what Ship-it keeps beside them.
// Thread-safe.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "domain/revision.h"

namespace shipit::ports {

/// A record as stored; `payload` is Helm's base64 text (without the Secret's own), which helm:: decodes.
struct Record {
  int revision = 0;
  domain::RecordStatus status = domain::RecordStatus::Unknown;
  std::string payload;
  std::string note_json;                      ///< data key `ship-it`; empty when there is none
  std::map<std::string, std::string> labels;  ///< all of them
  std::string resource_version;
  Time created{};
};

/// A record as it stands now, for who keeps what it held.
struct RecordVersion {
  int revision = 0;
  std::string resource_version;
  friend bool operator==(const RecordVersion&, const RecordVersion&) = default;
};

class Records {
 public:
  virtual ~Records() = default;
  /// Newest first, a fraction of the bytes of `list`. *Errors:* as `list`.
  virtual std::vector<RecordVersion> versions(const std::string& ns, const std::string& release,
                                              Wait wait) = 0;
  /// Newest first. *Errors:* Denied, Throttled, Unavailable, Timeout.
  virtual std::vector<Record> list(const std::string& ns, const std::string& release, Wait wait) = 0;
  /// Creates a record; Conflict when that revision exists (somebody else was quicker).
  virtual Record create(const std::string& ns, const std::string& release, const Record& record,
                        Wait wait) = 0;
  /// Replaces a record under its resource_version; Conflict when it moved (rule 16).
  virtual Record update(const std::string& ns, const std::string& release, const Record& record,
                        Wait wait) = 0;
  virtual void remove(const std::string& ns, const std::string& release, int revision, Wait wait) = 0;
};

}  // namespace shipit::ports
