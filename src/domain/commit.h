#pragma once
// Commit: what changes in the ops repository, computed from the head, the seen tags and the verdicts; never
// queued. One commit for a burst; a debt (revert and quarantine entry) goes before any new tag. rules.md 2,
// 8, 22-27.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/intake.h"
#include "domain/revision.h"

namespace shipit::domain {

/// A failed verdict whose entry isn't in git yet.
struct Debt {
  ReleaseKey release;
  int revision = 0;
  InputsHash inputs;
  std::vector<ImageBlock> bad;   ///< images that changed since last good, as they failed
  std::vector<ImageBlock> good;  ///< the same blocks as last good had them; empty when nothing good is there
  bool by_shipit = false;        ///< our commit brought them: it is reverted (rule 23)
  bool person = false;           ///< a person pressed roll back
  std::string reason;
  Time since{};
};
/// The newest unpaid failure of a history, or nullopt. A world's fault owes nothing (rule 20).
std::optional<Debt> debt_of(const ReleaseKey& release, const std::vector<Revision>& history);

/// One scalar to change: the tag of a block.
struct TagEdit {
  ReleaseKey release;
  std::string path;  ///< of the block within the values
  ImageName image;
  ImageTag from, to;
  Digest digest;
  Time pushed{};  ///< of `to`; the epoch for a revert
  std::string event;
  friend bool operator==(const TagEdit&, const TagEdit&) = default;
};

struct CommitPlan {
  std::vector<TagEdit> edits;
  std::vector<QuarantineEntry> enter;
  std::vector<std::pair<ReleaseKey, int>>
      settles;  ///< (release, revision): notes to mark `paid` once it is at the head
  std::string message;
  bool empty() const { return edits.empty() && enter.empty(); }
};

struct CommitFacts {
  std::vector<BlockFacts> blocks;         ///< of every release in git at the head
  std::map<std::string, SeenImage> seen;  ///< by image name
  Quarantine quarantine;                  ///< at the head
  bool quarantine_readable = true;        ///< else nothing can be entered: debts stay owed (rule 25)
  std::vector<Debt> debts;
  std::string link;  ///< base URL of the page, for messages; may be empty
};
CommitPlan plan_commit(const CommitFacts& facts);
/// One line for each change of a plan, as the Repository page lists what is to be written.
std::vector<std::string> describe(const CommitPlan& plan);

/// Trailers by which a later look knows our commits; see `fold_order`.
struct TagTrailer {
  ReleaseKey release;
  std::string path;
  ImageTag tag;
  Time pushed{};
  bool revert = false;
};
std::vector<TagTrailer> trailers_of(const std::string& message);
bool is_ours(const std::string& message);

/// Order of every block, by "namespace/release path".
using OrderBook = std::map<std::string, BlockOrder>;
std::string order_key(const ReleaseKey& release, const std::string& path);

struct CommitSeen {
  CommitId id;
  std::string author;
  Time committed{};
  std::string message;
};
/// Brings the book from one head to the next: blocks whose tag changed take the trailer that explains it, or
/// count as a person's edit at the newest commit that isn't ours. `commits` is oldest first.
void fold_order(OrderBook& book, const std::vector<CommitSeen>& commits,
                const std::vector<std::pair<ReleaseKey, ImageBlock>>& before,
                const std::vector<std::pair<ReleaseKey, ImageBlock>>& after,
                const Quarantine& quarantine_before, const Quarantine& quarantine_after);
std::string order_to_json(const OrderBook& book, const CommitId& head);
std::pair<OrderBook, CommitId> order_from_json(std::string_view json);

}  // namespace shipit::domain
