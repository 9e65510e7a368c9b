#pragma once
// Records on Secrets of type helm.sh/release.v1, and the Ledger on ConfigMaps. Thread-safe.
#include <string>

#include "kube/client.h"
#include "ports/ledger.h"
#include "ports/records.h"

namespace shipit::adapters {

class KubeRecords final : public ports::Records {
 public:
  explicit KubeRecords(kube::Client& client) : client_(client) {}
  std::vector<ports::RecordVersion> versions(const std::string& ns, const std::string& release,
                                             Wait wait) override;
  std::vector<ports::Record> list(const std::string& ns, const std::string& release, Wait wait) override;
  ports::Record create(const std::string& ns, const std::string& release, const ports::Record& record,
                       Wait wait) override;
  ports::Record update(const std::string& ns, const std::string& release, const ports::Record& record,
                       Wait wait) override;
  void remove(const std::string& ns, const std::string& release, int revision, Wait wait) override;

 private:
  kube::Client& client_;
};

/// One ConfigMap a page, named "ship-it-<page>", in Ship-it's own namespace.
class KubeLedger final : public ports::Ledger {
 public:
  KubeLedger(kube::Client& client, std::string ns) : client_(client), ns_(std::move(ns)) {}
  ports::Page read(const std::string& name, Wait wait) override;
  std::map<std::string, ports::Page> read_all(const std::string& prefix, Wait wait) override;
  std::string write(const std::string& name, const ports::Page& page, Wait wait) override;

 private:
  kube::Client& client_;
  std::string ns_;
};

}  // namespace shipit::adapters
