#pragma once
// quarantine.yaml: what may not run, written beside the registry chart in git. Removing an entry is the lift
// (rule 25).
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "domain/image.h"

namespace shipit::domain {

/// One entry: an image tag, or inputs as a whole, that a release may not run.
struct QuarantineEntry {
  std::string release;  ///< "hello" or "namespace/hello"
  ImageName image;      ///< with `tag`; empty for an inputs entry
  ImageTag tag;
  Digest digest;      ///< when the event had one: for people; the tag is what is blocked
  InputsHash inputs;  ///< a values or chart change that failed
  std::string reason;
  std::string suspect;  ///< "1 of 2" when several images changed at once (rule 24)
  int revision = 0;     ///< that failed
  Time since{};
  friend bool operator==(const QuarantineEntry&, const QuarantineEntry&) = default;
};

class Quarantine final {
 public:
  Quarantine() = default;
  explicit Quarantine(std::vector<QuarantineEntry> entries) : entries_(std::move(entries)) {}

  const std::vector<QuarantineEntry>& entries() const { return entries_; }
  /// The entry that keeps this image tag from that release, or nullptr.
  const QuarantineEntry* blocking(const ReleaseKey& release, const ImageName& image,
                                  const ImageTag& tag) const;
  const QuarantineEntry* blocking(const ReleaseKey& release, const InputsHash& inputs) const;
  /// Adds unless an entry for the same thing is there. True when it was added.
  bool add(QuarantineEntry entry);
  friend bool operator==(const Quarantine&, const Quarantine&) = default;

 private:
  std::vector<QuarantineEntry> entries_;
};

/// Reads quarantine.yaml. Empty text gives no entries.
/// Errors: Invalid with file and line; the caller keeps the last readable content in force (fails closed).
Quarantine parse_quarantine(std::string_view yaml);
/// The file with `add` appended and everything else byte for byte as it was; a header comment when it was
/// empty.
std::string append_entries(std::string_view yaml, const std::vector<QuarantineEntry>& add);
/// The file without the entries that equal one of `lift` (same release, image, tag, inputs); comments stay.
std::string remove_entries(std::string_view yaml, const std::vector<QuarantineEntry>& lift);

}  // namespace shipit::domain
