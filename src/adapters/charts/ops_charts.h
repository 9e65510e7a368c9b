#pragma once
// Charts kept in the ops repository: `repository: file://charts`, read at the commit that the release was
// synced from.
#include <map>
#include <mutex>
#include <string>

#include "ports/charts.h"
#include "ports/ops_repo.h"

namespace shipit::adapters {

/// `repository` must outlive it, and is for it alone: its calls are serialised, since an OpsRepo is for one
/// thread. What is not found in it is fetched for once.
class OpsCharts final : public ports::Charts {
 public:
  explicit OpsCharts(ports::OpsRepo& repository) : repository_(repository) {}
  bool serves(const std::string& repository) const override;
  ports::ChartBytes fetch(const domain::ChartRef& chart, const domain::CommitId& commit, Wait wait) override;

 private:
  std::map<std::string, std::string> read(const domain::CommitId& commit, const std::string& folder,
                                          Wait wait);

  ports::OpsRepo& repository_;
  std::mutex mutex_;
};

}  // namespace shipit::adapters
