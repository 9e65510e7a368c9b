#pragma once
// The inbound ports over the pipeline: what the API and the page read (Views) and what people may ask for
// (Commands). Thread-safe.
#include <string>

#include "flow/deploy/native.h"
#include "flow/pipeline.h"
#include "ports/commands.h"
#include "ports/views.h"

namespace shipit::flow {

class Service final : public ports::Commands, public ports::Views {
 public:
  Service(Pipeline& pipeline, NativeDeployer& deployer) : pipeline_(pipeline), deployer_(deployer) {}

  std::string rollback(const domain::ReleaseKey& release, int revision, const ports::Actor& actor,
                       Wait wait) override;
  std::string hold(const domain::ReleaseKey& release, const std::string& reason, const ports::Actor& actor,
                   Wait wait) override;
  std::string release(const domain::ReleaseKey& release, const ports::Actor& actor, Wait wait) override;
  std::string retry(const domain::ReleaseKey& release, const ports::Actor& actor, Wait wait) override;
  std::string lift(const domain::ReleaseKey& release, const std::string& image, const std::string& tag,
                   const ports::Actor& actor, Wait wait) override;
  std::string confirm(const domain::CommitId& commit, const ports::Actor& actor, Wait wait) override;
  std::string resume(const ports::Actor& actor, Wait wait) override;

  ports::ReleasePage releases(const ports::ReleaseQuery& query) const override;
  std::shared_ptr<const domain::ReleaseView> release(const domain::ReleaseKey& key) const override;
  std::vector<domain::ReleaseKey> named(const std::string& name) const override;
  std::vector<domain::Activity> activity(size_t limit, const std::string& search) const override;
  domain::RepositoryView repository() const override;
  ports::SystemView system() const override;
  std::vector<domain::ResourceView> resources(const domain::ReleaseKey& key, Wait wait) const override;
  std::string diff(const domain::ReleaseKey& key, int from, int to, Wait wait) const override;
  uint64_t sequence() const override { return board().sequence(); }
  std::optional<std::vector<ports::FeedEntry>> changes(uint64_t since) const override {
    return board().changes(since);
  }
  void on_change(std::function<void()> callback) override { board().on_change(std::move(callback)); }

 private:
  Board& board() const { return pipeline_.board(); }
  std::shared_ptr<const domain::ReleaseView> need(const domain::ReleaseKey& key) const;
  std::string write_command(const domain::ReleaseKey& key, domain::Command command, const ports::Actor& actor,
                            Wait wait);

  Pipeline& pipeline_;
  NativeDeployer& deployer_;
};

}  // namespace shipit::flow
