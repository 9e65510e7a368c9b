#include "app/operator.h"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "adapters/charts/ops_charts.h"
#include "adapters/charts/schema_documents.h"
#include "adapters/git/remote_url.h"
#include "adapters/kube/cluster.h"
#include "adapters/kube/records.h"
#include "adapters/kube/releases.h"
#include "app/address.h"
#include "app/runtime.h"
#include "base/error.h"
#include "flow/deploy/native.h"
#include "flow/pipeline.h"
#include "flow/service.h"

namespace shipit::app {
namespace {

constexpr Duration kServerStop{2000};

/// For a second reader: the clone of a remote is one repository's to fetch into and to make again, and a
/// folder for others.
adapters::git::GitOptions readable(adapters::git::GitOptions options) {
  bool remote = adapters::git::parse_remote_url(options.url).scheme != adapters::git::Scheme::Local;
  if (remote) options.url = std::filesystem::absolute(options.clone_folder);
  return options;
}

}  // namespace

/// What exists once the HelmReleases were read. Destroyed in reverse: the threads first.
struct Operator::Running {
  Running(flow::Ports ports, const flow::Settings& settings, const Clock& clock,
          flow::NativeDeployer& deployer)
      : pipeline(std::move(ports), settings, clock), service(pipeline, deployer) {}

  flow::Pipeline pipeline;
  flow::Service service;
  std::unique_ptr<api::Api> api;
  Alarm feed_alarm;
  std::jthread feed;
  std::unique_ptr<Runtime> runtime;
};

struct Operator::Parts {
  Parts(kube::Client& client, net::HttpClient& http, const Clock& given_clock, OperatorOptions given)
      : options(std::move(given)),
        clock(given_clock),
        cluster(client, clock),
        records(client),
        ledger(client, options.ledger_namespace),
        releases(client),
        repository(options.git, http),
        chart_repository(readable(options.git), http),
        charts(chart_repository),
        deployer(cluster, records, {&charts}, clock, adapters::schema_documents(http)) {
    if (options.queue) events.emplace(http, clock, *options.queue);
    if (options.datadog) monitors.emplace(http, clock, *options.datadog);
    net::ServerOptions web;
    web.host = options.host;
    web.port = options.port;
    server = std::make_unique<net::Server>(web, [this](net::Request request, net::Responder responder) {
      answer(std::move(request), std::move(responder));
    });
    page = fmt::format("http://{}:{}", options.host, server->port());
    if (options.settings.page_url.empty()) options.settings.page_url = page;
  }

  void answer(net::Request request, net::Responder responder) {
    if (api::Api* api = ready) return api->handle(std::move(request), std::move(responder));
    std::lock_guard lock(mutex);
    bool well = !waiting_for.empty() && request.path == "/health";
    responder.send(net::Response{
        well ? 200 : 503,
        {},
        waiting_for.empty() ? "starting\n" : fmt::format("standing by: {} leads\n", waiting_for)});
  }

  OperatorOptions options;
  const Clock& clock;
  adapters::KubeCluster cluster;
  adapters::KubeRecords records;
  adapters::KubeLedger ledger;
  adapters::KubeReleases releases;
  adapters::git::GitOpsRepo repository;
  adapters::git::GitOpsRepo chart_repository;  // its own: an OpsRepo is for one thread
  adapters::OpsCharts charts;
  std::optional<adapters::sqs::SqsImageEvents> events;
  std::optional<adapters::datadog::DatadogMonitors> monitors;
  flow::NativeDeployer deployer;
  std::string page;
  std::mutex mutex;
  std::string waiting_for;  // who leads; empty: nobody is waited for
  std::atomic<api::Api*> ready{nullptr};
  std::unique_ptr<Running> running;
  std::unique_ptr<net::Server> server;  // last: its handlers use all of the above
};

Operator::Operator(kube::Client& client, net::HttpClient& http, const Clock& clock, OperatorOptions options)
    : parts_(std::make_unique<Parts>(client, http, clock, std::move(options))) {}

Operator::~Operator() { stop(); }

const std::string& Operator::page() const { return parts_->page; }

void Operator::stand_by(const std::string& leader) {
  std::lock_guard lock(parts_->mutex);
  parts_->waiting_for = leader;
}

void Operator::start(Wait wait) {
  Parts& p = *parts_;
  try {
    p.releases.load(std::move(wait));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
    throw not_found("the cluster has no HelmReleases yet: ship-it crd | kubectl apply -f -");
  }
  flow::Ports ports{p.repository, p.releases, p.deployer, p.ledger, p.cluster, p.cluster, {}, {}, {}};
  if (p.events) ports.sources.push_back(&*p.events);
  if (p.monitors) ports.monitors.push_back(&*p.monitors);
  p.running = std::make_unique<Running>(std::move(ports), p.options.settings, p.clock, p.deployer);
  Running& r = *p.running;
  r.pipeline.board().set_system(p.options.system);

  api::ApiOptions api;
  api.version = p.options.system.version;
  api.simulated = p.options.system.simulated;
  if (p.options.push)
    api.push = [&p, &r](const api::Push& push) { return p.options.push(push, r.pipeline.board()); };
  api.epoch = fmt::format("{:x}", p.options.system.started.time_since_epoch().count());
  api.loopback = is_loopback(p.options.host);
  r.api = std::make_unique<api::Api>(r.service, r.service, api);
  r.api->feed().on_wake([&r] { r.feed_alarm.ring(); });
  r.feed = std::jthread([&p, &r](std::stop_token stop) {
    while (!stop.stop_requested()) {
      uint64_t seen = r.feed_alarm.rings();
      r.feed_alarm.wait(r.api->feed().step(p.clock.now()), seen, stop);
    }
  });
  r.runtime = std::make_unique<Runtime>(r.pipeline, RuntimeOptions{p.options.workers, Duration{10'000}},
                                        std::vector<std::function<void(std::stop_token)>>{
                                            [&p](std::stop_token stop) { p.releases.run_releases(stop); },
                                            [&p](std::stop_token stop) { p.releases.run_records(stop); }});
  p.ready = r.api.get();
}

void Operator::stop() {
  Parts& p = *parts_;
  if (p.running) {  // as far as start came
    if (p.running->runtime) p.running->runtime->stop();
    p.running->feed.request_stop();
    if (p.running->feed.joinable()) p.running->feed.join();
    if (p.running->api) p.running->api->feed().close();
  }
  p.server->stop(Deadline::in(kServerStop));
}

}  // namespace shipit::app
