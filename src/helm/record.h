#pragma once
// Helm's release records: what Helm 3 and 4 store in a Secret for each revision, read and written so that
// `helm list`, `history`, `get` and `rollback` work on Ship-it's releases and Ship-it on theirs. Used by the
// deploy stage and the Records port's implementations. Pure; any thread. *Source:* Helm 4.3 pkg/release/v1,
// pkg/storage/driver.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "helm/chart.h"
#include "helm/manifests.h"
#include "text/value.h"

namespace shipit::helm {

/// Words of info.status.
namespace status {
inline constexpr std::string_view kUnknown = "unknown";
inline constexpr std::string_view kDeployed = "deployed";
inline constexpr std::string_view kUninstalled = "uninstalled";
inline constexpr std::string_view kSuperseded = "superseded";
inline constexpr std::string_view kFailed = "failed";
inline constexpr std::string_view kUninstalling = "uninstalling";
inline constexpr std::string_view kPendingInstall = "pending-install";
inline constexpr std::string_view kPendingUpgrade = "pending-upgrade";
inline constexpr std::string_view kPendingRollback = "pending-rollback";
/// An operation is under way, or died.
bool is_pending(std::string_view status);
}  // namespace status

/// A hook with how it last ran.
struct RecordedHook {
  Hook hook;
  Time started_at;    ///< epoch: never
  Time completed_at;  ///< epoch: never
  std::string phase;  ///< "", "Unknown", "Running", "Succeeded", "Failed"
};

/// One revision of a release.
struct Record {
  std::string name;
  std::string ns;
  int revision = 1;
  std::string status{status::kUnknown};
  std::string description;  ///< "Install complete"
  Time first_deployed;
  Time last_deployed;
  Time deleted;               ///< epoch: not deleted
  int rollback_revision = 0;  ///< the revision that was rolled back to; 0: this was no rollback
  std::string notes;
  std::string manifest;  ///< documents with "# Source:" lines, in install order; hooks not in it
  std::vector<RecordedHook> hooks;
  text::Document config;                      ///< the user's values, a map or null
  text::Document chart;                       ///< Helm's JSON of the chart; chart_json makes it
  std::string apply_method = "ssa";           ///< "ssa", "csa", or "" in records of Helm 3
  std::map<std::string, std::string> labels;  ///< custom labels; Helm copies them to later revisions

  /// "sh.helm.release.v1.NAME.vREVISION"
  std::string secret_name() const;
  /// Of the chart, "" when unknown.
  std::string chart_name() const;
  std::string chart_version() const;
  std::string app_version() const;
  /// "hello-1.2.3"
  std::string chart_label() const { return chart_name() + "-" + chart_version(); }
  Record clone() const;
};

std::string secret_name(std::string_view release, int revision);

/// The chart as a record stores it: metadata, lock, templates, values, schema and files; subcharts are not
/// stored. `values` and `dependencies` are the chart's after dependencies were processed (RenderResult has
/// this done).
text::Document chart_json(const Chart& chart, const Metadata& metadata, text::Value values);

/// base64(gzip(JSON)): what the Secret's data key `release` holds, before the Secret's own base64.
std::string encode_record(const Record& record);
/// Also takes what isn't compressed, as Helm does. `labels` stay empty: they are in the Secret.
/// Errors: Corrupt, when it isn't a record; also when it unpacks to more than `limit` bytes.
Record decode_record(std::string_view encoded, size_t limit = 64 << 20);

/// What is stored with a record beside it.
struct SecretExtras {
  std::map<std::string, std::string> data;    ///< further data keys, plain bytes: "ship-it"
  std::map<std::string, std::string> labels;  ///< further labels, over the record's
  enum class Write {
    Create,
    Update
  } write = Write::Create;  ///< Helm stamps createdAt or modifiedAt accordingly
  Time now;
};

/// The Secret: type helm.sh/release.v1, labels name, owner, status, version and createdAt or modifiedAt.
text::Document record_secret(const Record& record, const SecretExtras& extras);
/// Reads a Secret as the API server returns it; labels that aren't Helm's own become `labels`.
/// Errors: Corrupt.
Record decode_secret(text::Value secret);
/// The bytes of a Secret's data key; "" when there is none or it isn't base64.
std::string secret_data(text::Value secret, std::string_view key);

}  // namespace shipit::helm
