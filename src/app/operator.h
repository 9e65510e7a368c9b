#pragma once
// Ship-it itself on a cluster and an ops repository: the real adapters, the pipeline, the page, and the
// threads around them. `sandbox` and `serve` differ only in what they point it at.
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/datadog/datadog_monitors.h"
#include "adapters/git/git_ops_repo.h"
#include "adapters/sqs/sqs_image_events.h"
#include "api/api.h"
#include "flow/context.h"
#include "kube/client.h"

namespace shipit::flow {
class Board;
}

namespace shipit::app {

struct OperatorOptions {
  flow::Settings settings;  ///< `page_url` empty: the address that the page is bound to
  std::string ledger_namespace;
  adapters::git::GitOptions git;
  std::optional<adapters::sqs::SqsOptions> queue;  ///< without: tags move only by commits
  std::optional<adapters::datadog::DatadogOptions>
      datadog;  ///< without: rollouts are judged, monitors are not
  std::string host = "127.0.0.1";
  int port = 8080;  ///< 0: any free one
  int workers = 8;
  ports::SystemView system;  ///< as the System page shows it
  /// Pretends a push; only the sandbox does.
  std::function<std::string(const api::Push&, const flow::Board&)> push;
};

class Operator final {
 public:
  /// Binds the page, which answers 503 until `start`. Everything given must outlive the Operator.
  /// Errors: Invalid (the port is in use, an address that can't be).
  Operator(kube::Client& client, net::HttpClient& http, const Clock& clock, OperatorOptions options);
  ~Operator();
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  /// The page's own address.
  const std::string& page() const;
  /// Another process leads: /health is well, everything else says who does.
  void stand_by(const std::string& leader);
  /// Reads the HelmReleases, then starts the threads. *Errors:* as kube::Client; NotFound when the cluster
  /// does not know HelmReleases.
  void start(Wait wait);
  /// In the order of ARCHITECTURE. What was begun is in the records and goes on at the next start.
  /// Idempotent.
  void stop();

 private:
  struct Parts;
  struct Running;
  std::unique_ptr<Parts> parts_;
};

}  // namespace shipit::app
