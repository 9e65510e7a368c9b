#include "cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "base/error.h"
#include "cli/chart_verbs.h"
#include "cli/verbs.h"

namespace shipit::cli {
namespace {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::NotFound:
      return kNotFound;
    case ErrorKind::Unavailable:
    case ErrorKind::Timeout:
      return kUnreachable;
    case ErrorKind::Invalid:
    case ErrorKind::Denied:
    case ErrorKind::Conflict:
    case ErrorKind::Throttled:
      return kRefused;
    default:
      return kFailed;
  }
}

constexpr const char* kAbout =
    "Ship-it: push an image, and it ships.\n\n"
    "Example:\n"
    "  ship-it sandbox &                       a cluster, a queue and an ops repository on this machine\n"
    "  ship-it push hello:$(git rev-parse HEAD)   and follow it until it is deployed or rolled back\n"
    "  ship-it get hello                       where it is, and why\n";
constexpr const char* kFooter =
    "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 no answer from the server, 5 refused,\n"
    "6 not deployed (rolled back or failed), 7 no verdict in time.\n"
    "The server: --server or SHIPIT_SERVER, http://127.0.0.1:8080 when neither is set.";

/// Arguments that CLI11 takes and we don't: wrong usage, not a refusal.
struct Misused {
  std::string message;
};

Duration duration_of(const std::string& flag, const std::string& text) {
  auto parsed = parse_duration(text);
  if (!parsed || *parsed < Duration{0})
    throw Misused{fmt::format("{} {}: must be a duration like 90s or 2m", flag, text)};
  return *parsed;
}

/// "hello:1a2b" or "registry:5000/hello:1a2b" into image and tag.
void split_reference(const std::string& reference, PushArgs& args) {
  size_t colon = reference.rfind(':');
  size_t slash = reference.rfind('/');
  if (colon == std::string::npos || (slash != std::string::npos && colon < slash) ||
      colon + 1 == reference.size() || colon == 0)
    throw Misused{fmt::format("{} is no IMAGE:TAG; try hello:<40 hex digits>", reference)};
  args.image = reference.substr(0, colon);
  args.tag = reference.substr(colon + 1);
}

}  // namespace

int run(int argc, char** argv, const AppVerbs& app, net::HttpClient& http) {
  // The verbs on charts have Helm's flags, which CLI11 can't read as Helm does.
  ChartServices services{&http, app.connect, app.context_namespace, app.schemas};
  std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
  if (argc > 1 && std::string_view(argv[1]) == "template")
    return template_verb(arguments, services, std::cout, std::cerr);
  if (argc > 1 && std::string_view(argv[1]) == "explain-value")
    return explain_value_verb(arguments, services, std::cout, std::cerr);
  if (argc > 1 && std::string_view(argv[1]) == "diff" && names_chart(arguments))
    return chart_diff_verb(arguments, services, std::cout, std::cerr);

  CLI::App cli(kAbout, "ship-it");
  cli.footer(kFooter);
  cli.require_subcommand(1);
  cli.set_help_flag("-h,--help", "Print this");

  std::string server = "http://127.0.0.1:8080", format;
  auto remote = [&](CLI::App* verb, bool formats = true) {
    verb->add_option("--server", server, "Ship-it's URL")->envname("SHIPIT_SERVER");
    if (formats)
      verb->add_option("-o,--output", format, "json, yaml or name")
          ->check(CLI::IsMember({"json", "yaml", "name", "wide"}));
    return verb;
  };

  SandboxArgs sandbox;
  std::string soak, deadline;
  CLI::App* verb_sandbox = cli.add_subcommand(
      "sandbox",
      "Run everything on this machine: cluster, queue, monitors, ops repository, page (simulated)");
  verb_sandbox->add_option("--port", sandbox.port, "Of the page and the API; 0: any free one")
      ->check(CLI::Range(0, 65535));
  verb_sandbox
      ->add_option("--cluster-port", sandbox.cluster_port, "Of the simulated cluster; 0: any free one")
      ->check(CLI::Range(0, 65535));
  verb_sandbox->add_option("--listen", sandbox.listen,
                           "HOST:PORT where others reach the cluster too; off loopback only with --tls and "
                           "--token; STATE/kubeconfig-listen says how");
  verb_sandbox->add_flag("--tls", sandbox.tls, "On --listen, with a certificate of the state folder's own");
  verb_sandbox->add_flag("--token", sandbox.token, "Asked for at --listen; made on first use");
  verb_sandbox->add_option("--state", sandbox.state, "Folder that survives: start again with it to go on");
  verb_sandbox->add_option(
      "--ops-repo", sandbox.ops_repo,
      "Your own ops repository instead of the samples; cloned, never written without --write");
  verb_sandbox->add_flag("--write", sandbox.write, "Push to --ops-repo");
  verb_sandbox->add_option("--registry-path", sandbox.registry_path,
                           "Folder of the registry chart in the ops repository");
  verb_sandbox->add_option("--branch", sandbox.branch, "Branch of the ops repository");
  verb_sandbox->add_option("--soak", soak, "How long monitors are watched after a rollout, 1.5s");
  verb_sandbox->add_option("--deadline", deadline, "How long a rollout may take, 20s");
  verb_sandbox->add_flag(
      "--cluster-only", sandbox.cluster_only,
      "Only the cluster, the queue and the monitors, without Ship-it: for kubectl, helm and serve");
  verb_sandbox->add_flag("--quiet", sandbox.quiet, "Print only what goes wrong");

  ServeArgs serve;
  CLI::App* verb_serve =
      cli.add_subcommand("serve", "Run Ship-it on a real cluster, ops repository and queue");
  auto serving = [&](const char* flag, std::string& into, const char* variable, const char* about) {
    CLI::Option* option = verb_serve->add_option(flag, into, about);
    if (variable) option->envname(variable);
  };
  serving("--listen", serve.listen, nullptr, "HOST:PORT of the page and the API, 127.0.0.1:8080");
  serving("--kubeconfig", serve.kubeconfig, nullptr,
          "Left out: $KUBECONFIG, the pod's account, ~/.kube/config");
  serving("--context", serve.context, nullptr, "Of the kubeconfig");
  serving("-n,--namespace", serve.ns, "POD_NAMESPACE",
          "Of Ship-it's records, and of releases that name none");
  serving("--ops-repo", serve.ops_repo, "OPERATIONS_REPOSITORY", "https, ssh or a folder");
  serving("--branch", serve.branch, "RELEASE_BRANCH", "Of the ops repository, master");
  serving("--registry-path", serve.registry_path, "REGISTRY_CHART_PATH",
          "Folder of the registry chart in it");
  verb_serve->add_flag("--read-only", serve.read_only, "Deploy what is in git, but commit nothing");
  serving("--ssh-identity", serve.ssh_identity, "SSH_IDENTITY", "File of the key for an ssh ops repository");
  serving("--ssh-known-hosts", serve.ssh_known_hosts, "SSH_KNOWN_HOSTS", "File; left out: ssh's own");
  serving("--queue", serve.queue, "ECR_QUEUE", "URL of the SQS queue with image events");
  serving("--region", serve.region, "AWS_REGION", "us-east-1");
  serving("--datadog-url", serve.datadog_url, "DATADOG_URL",
          "Of the site; DD_API_KEY and DD_APP_KEY have the keys");
  serving("--author-name", serve.author_name, "GIT_AUTHOR_NAME", "Of commits");
  serving("--author-email", serve.author_email, "GIT_AUTHOR_EMAIL", "Of commits");
  serving("--page-url", serve.page_url, "PAGE_URL", "Where people reach the page, for links in commits");
  serving("--cache", serve.cache, nullptr, "Folder of the clone; may be deleted at any time");
  verb_serve->add_option("--soak", soak, "How long monitors are watched after a rollout");
  verb_serve->add_option("--deadline", deadline, "How long a rollout may take");
  CLI::App* verb_crd =
      cli.add_subcommand("crd", "Print the HelmRelease definition: ship-it crd | kubectl apply -f -");

  PushArgs push_args;
  std::string reference, timeout;
  bool no_wait = false;
  CLI::App* verb_push = remote(
      cli.add_subcommand("push", "Push an image into the sandbox's registry and follow it to its verdict"));
  verb_push->add_option("IMAGE:TAG", reference, "hello:<40 hex digits>")->required();
  verb_push
      ->add_option("--behaves", push_args.behaves,
                   "How the new version behaves: ok, crash, bad-image, slow, alert")
      ->check(CLI::IsMember({"ok", "crash", "bad-image", "slow", "alert"}));
  verb_push->add_flag("--no-wait", no_wait, "Return at once");
  verb_push->add_option("--timeout", timeout, "Give up following after this, 5m");

  GetArgs get_args;
  CLI::App* verb_get = remote(
      cli.add_subcommand("get", "The fleet, or one release: its state, why, and the life of its deploy"));
  verb_get->add_option("NAME", get_args.name);
  verb_get->add_option("-n,--namespace", get_args.ns);
  verb_get->add_option("-q,--search", get_args.search, "In name, squad, image, tag, commit");
  verb_get->add_option("--state", get_args.state, "deployed, failed, held, …");
  CLI::App* verb_history = remote(cli.add_subcommand("history", "The revisions of a release, newest first"));
  verb_history->add_option("NAME", get_args.name)->required();
  verb_history->add_option("-n,--namespace", get_args.ns);

  WatchArgs watch_args;
  CLI::App* verb_watch =
      remote(cli.add_subcommand("watch", "Follow a release live; one line a change in a pipe"));
  verb_watch->add_option("NAME", watch_args.name)->required();
  verb_watch->add_option("-n,--namespace", watch_args.ns);
  verb_watch->add_flag("--until-settled", watch_args.once_settled,
                       "End when the state doesn't move by itself any more");

  CommandArgs command;
  auto commanding = [&](const char* name, const char* about) {
    CLI::App* verb = remote(cli.add_subcommand(name, about));
    verb->add_option("NAME", command.name)->required();
    verb->add_option("-n,--namespace", command.ns);
    return verb;
  };
  CLI::App* verb_rollback =
      commanding("rollback", "Back to a revision, in the cluster at once and then in git");
  verb_rollback->add_option("REVISION", command.revision, "Left out: the last good one")
      ->check(CLI::PositiveNumber);
  CLI::App* verb_hold = commanding("hold", "Start no new revision until released");
  verb_hold->add_option("-m,--reason", command.reason, "Why; shown to everybody");
  CLI::App* verb_release = commanding("release", "End a hold");
  CLI::App* verb_retry = commanding("retry", "Try what failed once more");
  CLI::App* verb_lift = commanding("lift", "Remove a quarantine entry, by a commit");
  verb_lift->add_option("IMAGE:TAG", reference)->required();

  CLI::App* verb_repository = remote(cli.add_subcommand(
      "repository", "The ops repository: what was seen and applied, what is wrong, what is to be written"));
  std::string commit;
  CLI::App* verb_confirm =
      remote(cli.add_subcommand("confirm", "Apply a commit of the ops repository that is held, as it is"));
  verb_confirm->add_option("COMMIT", commit, "The head that `ship-it repository` shows")->required();
  CLI::App* verb_resume = remote(cli.add_subcommand("resume", "Go on after many releases failed together"));

  DiffArgs diff_args;
  CLI::App* verb_diff = remote(cli.add_subcommand(
      "diff",
      "What differs between two revisions (NAME FROM TO), or what an upgrade would change (NAME CHART)"));
  verb_diff->add_option("NAME", diff_args.name)->required();
  verb_diff->add_option("FROM", diff_args.from)->required();
  verb_diff->add_option("TO", diff_args.to)->required();
  verb_diff->add_option("-n,--namespace", diff_args.ns);

  cli.add_subcommand("explain-value", "Which file, subchart or flag sets a value: PATH CHART");
  cli.add_subcommand("template", "Render a chart offline, byte for byte as helm template does");

  CLI::App* verb_version = cli.add_subcommand("version", "Print the version");

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return cli.exit(e);
    std::cerr << "ship-it: " << e.what() << "\nTry ship-it --help\n";
    return kUsage;
  }

  bool terminal = ::isatty(STDOUT_FILENO) != 0;
  Output output{std::cout,
                std::cerr,
                {terminal && !std::getenv("NO_COLOR"), SystemClock{}.now()},
                format == "wide" ? "" : format,
                terminal};
  try {
    if (*verb_version) {
      std::cout << app.version << "\n";
      return kOk;
    }
    if (*verb_sandbox) {
      if (!soak.empty()) sandbox.soak = duration_of("--soak", soak);
      if (!deadline.empty()) sandbox.deadline = duration_of("--deadline", deadline);
      return app.sandbox(sandbox);
    }
    if (*verb_serve) {
      if (!soak.empty()) serve.soak = duration_of("--soak", soak);
      if (!deadline.empty()) serve.deadline = duration_of("--deadline", deadline);
      return app.serve(serve);
    }
    if (*verb_crd) {
      std::cout << app.crd();
      return kOk;
    }
    Rest rest(http, server);
    if (*verb_push) {
      split_reference(reference, push_args);
      push_args.wait = !no_wait;
      if (!timeout.empty()) push_args.timeout = duration_of("--timeout", timeout);
      return push(rest, push_args, output);
    }
    if (*verb_get) return get(rest, get_args, output);
    if (*verb_history) return history(rest, get_args, output);
    if (*verb_watch) return watch(rest, watch_args, output);
    if (*verb_rollback) return rollback(rest, command, output);
    if (*verb_hold) return hold(rest, command, output);
    if (*verb_release) return release(rest, command, output);
    if (*verb_retry) return retry(rest, command, output);
    if (*verb_repository) return repository(rest, output);
    if (*verb_confirm) return confirm(rest, commit, output);
    if (*verb_resume) return resume(rest, output);
    if (*verb_diff) return diff(rest, diff_args, output);
    if (*verb_lift) {
      PushArgs split;
      split_reference(reference, split);
      command.image = split.image;
      command.tag = split.tag;
      return lift(rest, command, output);
    }
  } catch (const Misused& e) {
    std::cerr << "ship-it: " << e.message << "\n";
    return kUsage;
  } catch (const Error& e) {
    std::cerr << "ship-it: " << e.what() << "\n";
    return exit_code(e.kind());
  }
  return kUsage;
}

}  // namespace shipit::cli
