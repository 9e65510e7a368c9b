#pragma once
// The registry chart at one commit, rendered: the HelmReleases that git wants, and what is wrong with the
// rest.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "domain/commit.h"
#include "domain/view.h"
#include "ports/ops_repo.h"

namespace shipit::flow {

struct RegistryEntry {
  domain::ReleaseKey key;
  std::string file;           ///< path from the repository's root
  std::string manifest_json;  ///< the HelmRelease with its namespace filled in
  domain::Release release;    ///< the same, parsed
  std::vector<domain::ImageBlock> blocks;
};

struct Registry {
  domain::CommitId commit;
  std::map<std::string, std::string> files;  ///< below the registry path
  std::vector<RegistryEntry> entries;
  std::vector<domain::ManifestError> errors;
  domain::Quarantine quarantine;
  bool quarantine_readable = true;

  const RegistryEntry* find(const domain::ReleaseKey& key) const;
  std::vector<std::pair<domain::ReleaseKey, domain::ImageBlock>> blocks() const;
};

/// Renders the registry chart of `files` (paths from the repository's root, below `path`). One bad manifest
/// costs only itself: what fails is in `errors` with file and line. A folder without Chart.yaml is taken as
/// plain manifests. Templates render twice; a difference is an error naming the template (rule 7).
Registry render_registry(std::map<std::string, std::string> files, const std::string& path,
                         const std::string& default_ns, const domain::CommitId& commit);

}  // namespace shipit::flow
