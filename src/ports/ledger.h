#pragma once
// Ledger: small named documents of Ship-it's own with compare-and-swap (ConfigMaps in its namespace): the
// `seen` records, sync's inventory, refusals. Thread-safe.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"

namespace shipit::ports {

struct Page {
  std::string text;     ///< at most 900 KiB
  std::string version;  ///< opaque; empty: does not exist yet
};

class Ledger {
 public:
  virtual ~Ledger() = default;
  /// An empty page when there is none. *Errors:* Denied, Throttled, Unavailable, Timeout.
  virtual Page read(const std::string& name, Wait wait) = 0;
  /// Every page whose name starts with `prefix`, by name.
  virtual std::map<std::string, Page> read_all(const std::string& prefix, Wait wait) = 0;
  /// Writes if the page still has that version; the new version. *Errors:* Conflict when it moved, and the
  /// above.
  virtual std::string write(const std::string& name, const Page& page, Wait wait) = 0;
};

}  // namespace shipit::ports
