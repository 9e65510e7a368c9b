#include "app/sandbox_app.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <set>
#include <thread>

#include "adapters/git/git_ops_repo.h"
#include "app/alarm.h"
#include "app/cluster_door.h"
#include "app/operator.h"
#include "app/samples.h"
#include "app/signals.h"
#include "app/state_folder.h"
#include "app/version.h"
#include "base/error.h"
#include "base/log.h"
#include "crd/helm_release.h"
#include "flow/board.h"
#include "helm/functions/go_time.h"
#include "sandbox/sandbox.h"
#include "sandbox/simulated_world.h"
#include "text/json.h"

namespace shipit::app {
namespace {

constexpr Duration kStart{30'000};
constexpr std::string_view kQueue = "image-pushes";
constexpr std::string_view kNamespace = "ship-it";
constexpr const char* kExampleTag = "8f3b2c6d1e0a9f7b5c4d3e2f1a0b9c8d7e6f5a4b";

std::string queue_url(const std::string& cluster_url) {
  return fmt::format("{}/000000000000/{}", cluster_url, kQueue);
}
std::string datadog_url(const std::string& cluster_url) { return cluster_url + "/datadog"; }

Wait patient() { return {Deadline::in(kStart), {}}; }

std::string kubeconfig(const std::string& server) {
  return fmt::format(
      "# The simulated cluster of `ship-it sandbox`.\n"
      "apiVersion: v1\nkind: Config\ncurrent-context: sandbox\n"
      "clusters:\n- name: sandbox\n  cluster:\n    server: {}\n"
      "contexts:\n- name: sandbox\n  context:\n    cluster: sandbox\n    user: sandbox\n    namespace: "
      "default\n"
      "users:\n- name: sandbox\n  user: {{}}\n",
      server);
}

/// From the system's zone files, for CronJobs.
std::optional<std::chrono::seconds> zone_offset(std::string_view name, Time at) {
  const helm::Zone* zone = name.empty() ? helm::utc_zone() : helm::find_zone(name);
  if (!zone) return std::nullopt;
  int64_t seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
  return std::chrono::seconds{helm::zone_at(zone, seconds).offset_seconds};
}

/// The cluster with its own clockwork: a thread that steps it whenever something is due.
class Cluster final {
 public:
  Cluster(const cli::SandboxArgs& args, const std::string& folder) : sandbox_(options(folder)) {
    sandbox_.on_activity([this] { alarm_.ring(); });
    net::ServerOptions server;
    server.host = args.host;
    server.port = args.cluster_port;
    server.handler_threads = 4;
    server_ = std::make_unique<net::Server>(server, handler());
    clockwork_ = std::jthread([this](std::stop_token stop) {
      while (!stop.stop_requested()) {
        uint64_t seen = alarm_.rings();
        Time next = sandbox_.step(SystemClock{}.now());
        alarm_.wait(next, seen, stop);
      }
    });
  }
  ~Cluster() {
    clockwork_.request_stop();
    clockwork_.join();
    server_->stop(Deadline::in(Duration{2000}));
  }
  net::Handler handler() {
    return [this](net::Request request, net::Responder responder) {
      sandbox_.handle(std::move(request), std::move(responder));
    };
  }
  std::string url(const std::string& host) const {
    return fmt::format("http://{}:{}", host, server_->port());
  }

 private:
  static sandbox::SandboxOptions options(const std::string& folder) {
    sandbox::SandboxOptions out;
    out.state_dir = folder;
    sandbox::WorldOptions world;
    world.control.queue = kQueue;
    world.controllers.zone_offset = zone_offset;
    sandbox::add_simulated_world(out, world);
    return out;
  }

  sandbox::Sandbox sandbox_;
  Alarm alarm_;
  std::unique_ptr<net::Server> server_;
  std::jthread clockwork_;
};

/// The folder that the ops repository is in, made and filled with the samples on the first start.
std::string prepare_repository(const cli::SandboxArgs& args, const StateFolder& state, net::HttpClient& http,
                               Time now) {
  if (!args.ops_repo.empty()) return args.ops_repo;
  std::string folder = state / "ops.git";
  bool fresh = init_bare_repository(folder, args.branch);
  adapters::git::GitOptions options;
  options.url = folder;
  options.branch = args.branch;
  adapters::git::GitOpsRepo repository(options, http);
  if (!fresh && !repository.fetch(patient()).empty()) return folder;
  ports::NewCommit commit{{}, "Start with three sample services\n", "Ship-it", "ship-it@localhost", now, {}};
  for (auto& [path, bytes] : sample_files()) commit.changes.push_back({path, std::move(bytes)});
  repository.push(commit, patient());
  return folder;
}

void prepare_cluster(kube::Client& client) {
  text::Document definition = crd::definition();
  client.apply(definition.root, patient(), {"ship-it", {}, true, false});
  text::Document ns = text::parse_json(
      fmt::format(R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}"}}}})", kNamespace));
  client.apply(ns.root, patient(), {"ship-it", {}, true, false});
}

/// The image's whole name for what a person typed: a sample's short name, or any name as it is.
std::string whole_image(const std::string& typed, const flow::Board& board) {
  auto registry = board.registry();
  if (!registry) throw unavailable("the ops repository has not been read yet; try again in a moment");
  std::set<std::string> known;
  for (const auto& [release, block] : registry->blocks()) {
    if (block.image.str() == typed || domain::short_name(block.image) == typed) return block.image.str();
    known.insert(domain::short_name(block.image));
  }
  throw not_found(fmt::format("no release uses image {}; known are {}", typed, fmt::join(known, ", ")));
}

/// Plays the registry: registers how the image behaves and puts the event into the queue; the event's id.
std::string pretend_push(const api::Push& push, const flow::Board& board, const std::string& cluster_url,
                         net::HttpClient& http) {
  if (!domain::is_commit_tag(domain::ImageTag(push.tag)))
    throw invalid(
        fmt::format("tag {} is not a commit sha: 40 hex digits are wanted, as in {}", push.tag, kExampleTag));
  text::Arena arena;
  auto text = [&](const std::string& t) { return text::Value::string(arena, t); };
  text::Value body =
      text::Value::map(arena, {{"image", text(whole_image(push.image, board))}, {"tag", text(push.tag)}});
  if (!push.behaves.empty()) body.set(arena, "behaves", text(push.behaves));
  net::ClientRequest request;
  request.method = "POST";
  request.url = cluster_url + "/sandbox/push";
  request.headers.set("Content-Type", "application/json");
  request.body = text::to_json(body);
  net::Response response = http.send(request, patient());
  text::Document answer = text::parse_json(response.body);
  if (response.status >= 400)
    throw invalid(
        answer.root["error"]["message"].str(answer.root["message"].str("the sandbox refused the push")));
  return answer.root["id"].str(answer.root["messageId"].str());
}

void greet(const cli::SandboxArgs& args, const StateFolder& state, const std::string& page,
           const std::string& repository) {
  if (args.quiet) return;
  fmt::print(
      "Ship-it sandbox (everything here is simulated)\n\n"
      "  page            {0}\n"
      "  ops repository  {1}\n"
      "  kubeconfig      {2}\n\n"
      "Try next, in a second terminal:\n\n"
      "  export SHIPIT_SERVER={0}\n"
      "  ship-it push hello:{3}                    ships\n"
      "  ship-it push hello:{4} --behaves crash    is rolled back, in the cluster and in git\n"
      "  ship-it get hello\n"
      "  git -C {1} log -p\n"
      "  kubectl --kubeconfig {2} get helmreleases,deployments,pods\n\n"
      "Ctrl-C ends it.{5}\n",
      page, repository, state / "kubeconfig", kExampleTag, "bad0bad0bad0bad0bad0bad0bad0bad0bad0bad0",
      args.state.empty() ? " Nothing is kept: use --state FOLDER to go on later." : "");
  std::fflush(stdout);
}

void greet_cluster(const cli::SandboxArgs& args, const StateFolder& state, const std::string& cluster_url) {
  if (args.quiet) return;
  fmt::print(
      "A simulated cluster, without Ship-it\n\n"
      "  kubeconfig  {0}\n"
      "  queue       {1}\n"
      "  monitors    {2}\n\n"
      "Try next, in a second terminal:\n\n"
      "  export KUBECONFIG={0}\n"
      "  kubectl get namespaces\n\n"
      "Ctrl-C ends it.\n",
      state / "kubeconfig", queue_url(cluster_url), datadog_url(cluster_url));
  std::fflush(stdout);
}

}  // namespace

int run_sandbox(const cli::SandboxArgs& args, net::HttpClient& http) {
  sigset_t signals = block_signals();
  StateFolder state(args.state);
  set_log_file(state / "ship-it.log");
  SystemClock clock;
  Time started = clock.now();

  // The world: a cluster, a repository.
  DoorOptions door{args.listen, args.tls, args.token};
  if (!door.listen.empty()) check_door(door);
  Cluster world(args, state / "cluster");
  std::unique_ptr<ClusterDoor> second_door;
  if (!door.listen.empty()) second_door = std::make_unique<ClusterDoor>(door, state, world.handler());
  std::string cluster_url = world.url(args.host);
  state.write("kubeconfig", kubeconfig(cluster_url), 0600);
  int received = 0;
  if (args.cluster_only) {
    state.write("server.json",
                fmt::format("{{\"cluster\":\"{}\",\"queue\":\"{}\",\"datadog\":\"{}\",\"pid\":{}}}\n",
                            cluster_url, queue_url(cluster_url), datadog_url(cluster_url), ::getpid()));
    greet_cluster(args, state, cluster_url);
    sigwait(&signals, &received);
    return 0;
  }
  std::string repository_url = prepare_repository(args, state, http, started);

  // Ship-it on it.
  kube::Config config;
  config.server = cluster_url;
  kube::Client client(http, config);
  prepare_cluster(client);
  OperatorOptions options;
  options.host = args.host;
  options.port = args.port;
  options.workers = 4;
  options.ledger_namespace = kNamespace;
  options.git.url = repository_url;
  options.git.branch = args.branch;
  options.git.clone_folder = state / "clone.git";
  options.queue.emplace();
  options.queue->queue_url = queue_url(cluster_url);
  options.queue->credentials = [] { return adapters::sqs::AwsCredentials{"sandbox", "sandbox", ""}; };
  options.datadog.emplace();
  options.datadog->base_url = datadog_url(cluster_url);
  options.datadog->keys = [] { return adapters::datadog::Keys{"sandbox", "sandbox"}; };
  flow::Settings& settings = options.settings;
  settings.registry_path = args.registry_path;
  settings.branch = args.branch;
  settings.repository_url = repository_url;
  settings.batch_window = args.batch_window;
  settings.repository_poll = Duration{500};
  settings.gate.deadline = args.deadline;
  settings.gate.soak = args.soak;
  settings.gate.crash_restarts = 1;
  settings.read_only_repository = !args.ops_repo.empty() && !args.write;
  options.system.version = version();
  options.system.cluster = cluster_url + " (simulated)";
  options.system.leader = "sandbox";
  options.system.simulated = true;
  options.system.started = started;
  options.push = [&](const api::Push& push, const flow::Board& board) {
    return pretend_push(push, board, cluster_url, http);
  };
  Operator ship_it(client, http, clock, std::move(options));
  state.write(
      "server.json",
      fmt::format("{{\"page\":\"{}\",\"cluster\":\"{}\",\"queue\":\"{}\",\"ops\":\"{}\",\"pid\":{}}}\n",
                  ship_it.page(), cluster_url, queue_url(cluster_url), repository_url, ::getpid()));
  ship_it.start(patient());
  greet(args, state, ship_it.page(), repository_url);
  sigwait(&signals, &received);
  ship_it.stop();
  return 0;
}

}  // namespace shipit::app
