#pragma once
// The sample ops repository that a fresh sandbox starts with, embedded in the binary.
#include <string>
#include <utility>
#include <vector>

namespace shipit::app {

/// Path from the repository's root, and bytes: charts/samples/ops and charts/microservice of this project.
std::vector<std::pair<std::string, std::string>> sample_files();

/// Makes a bare repository with an empty history whose branch is `branch`; false when there is one already.
/// Errors: Denied when the folder can't be written.
bool init_bare_repository(const std::string& folder, const std::string& branch);

}  // namespace shipit::app
