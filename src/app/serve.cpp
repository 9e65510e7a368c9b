#include "app/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "app/address.h"
#include "app/operator.h"
#include "app/signals.h"
#include "app/version.h"
#include "base/error.h"
#include "base/log.h"
#include "kube/config.h"
#include "kube/lease.h"

namespace shipit::app {
namespace {

constexpr Duration kStart{60'000}, kLeaseCall{5'000};
constexpr const char* kLease = "ship-it";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// The pod's name, or the machine's with the process: unique among those that may lead.
std::string identity() {
  if (std::string pod = environment("POD_NAME"); !pod.empty()) return pod;
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  return fmt::format("{}-{}", host, ::getpid());
}

adapters::sqs::SqsOptions queue(const cli::ServeArgs& args) {
  if (!args.queue.starts_with("https://") && !args.queue.starts_with("http://"))
    throw invalid(
        fmt::format("--queue {}: must be the queue's URL, as in "
                    "https://sqs.us-east-1.amazonaws.com/123456789012/image-pushes",
                    args.queue));
  adapters::sqs::SqsOptions options;
  options.queue_url = args.queue;
  options.region = args.region;
  options.credentials = [] {
    adapters::sqs::AwsCredentials keys{environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
                                       environment("AWS_SESSION_TOKEN")};
    if (keys.access_key_id.empty() || keys.secret_access_key.empty())
      throw Error(ErrorKind::Denied, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
    return keys;
  };
  return options;
}

adapters::git::GitOptions repository(const cli::ServeArgs& args) {
  if (args.ops_repo.empty())
    throw invalid("which ops repository? --ops-repo URL, or OPERATIONS_REPOSITORY in the environment");
  adapters::git::GitOptions options;
  options.url = args.ops_repo;
  options.branch = args.branch;
  options.clone_folder = args.cache + "/clone.git";
  options.ssh_identity = args.ssh_identity;
  options.ssh_known_hosts = args.ssh_known_hosts;
  if (!environment("OPERATIONS_REPOSITORY_TOKEN").empty())
    options.credentials = [] {  // GitHub's name for whoever has a token; GitLab takes any
      std::string user = environment("OPERATIONS_REPOSITORY_USER");
      return adapters::git::Credentials{user.empty() ? "x-access-token" : user,
                                        environment("OPERATIONS_REPOSITORY_TOKEN")};
    };
  return options;
}

OperatorOptions options_of(const cli::ServeArgs& args, const kube::Config& config, Time started) {
  OperatorOptions options;
  std::tie(options.host, options.port) = parse_address(args.listen);
  options.ledger_namespace = args.ns.empty() ? config.default_namespace : args.ns;
  options.git = repository(args);
  if (!args.queue.empty()) options.queue = queue(args);
  if (!args.datadog_url.empty() && !environment("DD_API_KEY").empty()) {
    options.datadog.emplace();
    options.datadog->base_url = args.datadog_url;
    options.datadog->keys = [] {
      return adapters::datadog::Keys{environment("DD_API_KEY"), environment("DD_APP_KEY")};
    };
  }
  flow::Settings& settings = options.settings;
  settings.registry_path = args.registry_path;
  settings.ns = options.ledger_namespace;
  settings.branch = args.branch;
  settings.author_name = args.author_name;
  settings.author_email = args.author_email;
  settings.region = args.region;
  settings.page_url = args.page_url;
  settings.read_only_repository = args.read_only;
  if (args.deadline) settings.gate.deadline = *args.deadline;
  if (args.soak) settings.gate.soak = *args.soak;
  options.system.version = version();
  options.system.cluster = config.server;
  options.system.leader = identity();
  options.system.started = started;
  return options;
}

/// On the monotonic clock: a renewal does not wait for the wall clock to catch up. Ends at once on stop.
void sleep_for(Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace

int run_serve(const cli::ServeArgs& args, net::HttpClient& http) {
  sigset_t signals = block_signals();
  SystemClock clock;
  kube::Config config = kube::find_config(args.kubeconfig, args.context);
  OperatorOptions options = options_of(args, config, clock.now());
  options.settings.repository_url = adapters::git::GitOpsRepo(options.git, http).address();
  std::error_code error;
  std::filesystem::create_directories(args.cache, error);
  if (error) throw Error(ErrorKind::Denied, fmt::format("--cache {}: {}", args.cache, error.message()));
  kube::LeaseSettings lease;
  lease.ns = options.ledger_namespace;
  lease.name = kLease;
  lease.identity = options.system.leader;
  kube::Client client(http, config);
  Operator ship_it(client, http, clock, std::move(options));
  log_info("serve", "the page", {{"url", ship_it.page()}, {"cluster", config.server}});

  // Who leads works. Who lost the lead ends at once, in the middle of what it does: another may have it by
  // now, and every step may be cut (rule 16).
  kube::Elector elector(client, lease);
  std::atomic<bool> failed{false};
  std::jthread lead([&](std::stop_token stop) {
    bool started = false;
    while (!stop.stop_requested()) {
      Duration pause = elector.step({Deadline::in(kLeaseCall), stop});
      if (elector.lost()) {
        log_error("serve", "the lead was lost; another process goes on", {{"holder", elector.holder()}});
        std::_Exit(1);
      }
      if (elector.leads() && !started) {
        started = true;
        try {
          ship_it.start({Deadline::in(kStart), stop});
          log_info("serve", "this process leads", {{"identity", lease.identity}});
        } catch (const Error& e) {
          if (stop.stop_requested()) break;
          log_error("serve", e.what());
          failed = true;
          ::kill(::getpid(), SIGTERM);
          break;
        }
      } else if (!started) {
        ship_it.stand_by(elector.holder().empty() ? "nobody" : elector.holder());
      }
      sleep_for(pause, stop);
    }
  });
  int received = 0;
  sigwait(&signals, &received);
  lead.request_stop();
  lead.join();
  ship_it.stop();
  elector.release({Deadline::in(kLeaseCall), {}});
  return failed ? 1 : 0;
}

}  // namespace shipit::app
