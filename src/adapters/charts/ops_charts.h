#pragma once
// Charts kept in the ops repository: `repository: file://charts`, read at the commit that the release was
// synced from.
#include <mutex>

#include "ports/charts.h"
#include "ports/ops_repo.h"

namespace shipit::adapters {

/// `repository` must outlive it; calls to it are serialised with `repository_mutex`, since an OpsRepo is for
/// one thread.
class OpsCharts final : public ports::Charts {
 public:
  explicit OpsCharts(ports::OpsRepo& repository) : repository_(repository) {}
  bool serves(const std::string& repository) const override;
  ports::ChartBytes fetch(const domain::ChartRef& chart, const domain::CommitId& commit, Wait wait) override;

 private:
  ports::OpsRepo& repository_;
  std::mutex mutex_;
};

}  // namespace shipit::adapters
