#include "cli/template_flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <ostream>

#include "base/error.h"
#include "helm/go_number.h"
#include "helm/unicode.h"

namespace shipit::cli {
namespace {

using helm::quoted;

constexpr std::string_view kAbout =
    "Render a chart and print what helm template prints, byte for byte; offline, unless asked for the\n"
    "cluster's view with --dry-run=server. A template that fails is shown with its line and what was "
    "missing.\n\n"
    "Usage:\n  ship-it template [NAME] CHART [flags]      CHART is a folder or a .tgz\n\n"
    "Examples:\n"
    "  ship-it template web charts/microservice -f values.yaml --set image.tag=1a2b3c\n"
    "  ship-it template web charts/microservice -f values.yaml --watch\n\n"
    "Flags:\n";

/// Flags of `helm template` that have nothing to do with what it prints: checked, and without effect.
void add_idle_flags(FlagSet& flags) {
  auto idle = [&](const char* name, const char* type, const char* bare,
                  std::function<void(const std::string&)> check) {
    flags.add({name, 0, type, "", bare, "", std::move(check)});
  };
  auto toggle = [&](const char* name) { idle(name, "", "true", parse_bool); };
  for (const char* name : {"create-namespace", "force-replace", "force-conflicts", "server-side", "replace",
                           "wait-for-jobs", "devel", "disable-openapi-validation", "rollback-on-failure",
                           "skip-crds", "insecure-skip-tls-verify", "plain-http", "pass-credentials"})
    toggle(name);
  for (const char* name :
       {"description", "version", "keyring", "username", "password", "cert-file", "key-file", "ca-file",
        "registry-config", "repository-config", "repository-cache", "content-cache"})
    idle(name, "string", "", [](const std::string&) {});
  auto number = [&](const char* name, const char* go, auto parse) {
    idle(name, "number", "", [go, parse](const std::string& value) {
      if (auto error = parse(value).error; error != helm::NumberError::None)
        throw invalid(
            fmt::format("strconv.{}: parsing {}: {}", go, quoted(value),
                        error == helm::NumberError::Range ? "value out of range" : "invalid syntax"));
    });
  };
  number("burst-limit", "ParseInt", [](const std::string& value) { return helm::parse_int(value, 0); });
  number("qps", "ParseFloat", [](const std::string& value) { return helm::parse_float(value); });
  toggle("force");
  flags.deprecate("use --force-replace instead");
  toggle("atomic");
  flags.deprecate("use --rollback-on-failure instead");
  for (const char* name : {"hide-notes", "render-subchart-notes"}) {
    toggle(name);
    flags.deprecate("this flag has no effect for 'helm template' and will be removed in Helm 5");
  }
  flags.duration("timeout", "");
  flags.exclusive({"force", "force-conflicts"});
  flags.exclusive({"force-replace", "force-conflicts"});
  idle("wait", "WaitStrategy", "watcher", [](const std::string& value) {
    for (const char* known : {"watcher", "legacy", "hookOnly", "true", "false"})
      if (value == known) return;
    throw invalid(
        fmt::format("invalid wait input {}. Valid inputs are watcher, hookOnly, and legacy", quoted(value)));
  });
  for (const char* name : {"color", "colour"})
    idle(name, "string", "", [](const std::string& value) {
      if (value != "never" && value != "auto" && value != "always")
        throw invalid(
            fmt::format("invalid color mode {}: must be one of: never, auto, always", quoted(value)));
    });
}

void add_output_flags(FlagSet& flags, TemplateOptions& o) {
  flags.list("show-only", o.show_only, "only the manifests of these templates (templates/x.yaml, globs)",
             's');
  flags.text("output-dir", o.output_dir, "write files there instead of printing");
  flags.toggle("release-name", o.release_name_in_path, "put the release's name into the output-dir path");
  flags.toggle("include-crds", o.include_crds, "print CRDs too");
  flags.toggle("skip-tests", o.skip_tests, "leave test hooks out");
  flags.toggle("no-hooks", o.no_hooks, "leave all hooks out");
  flags.add({"post-renderer", 0, "program", "a program that reads all manifests and prints them changed", "",
             "", [&o](const std::string& value) {
               if (value.empty()) return;
               if (!o.post_renderer.empty())
                 throw invalid("cannot specify --post-renderer flag more than once");
               o.post_renderer = value;
             }});
  flags.list("post-renderer-args", o.post_renderer_args, "an argument for the post-renderer");
  flags.toggle("debug", o.debug, "print what was rendered even when it is no YAML");
}

/// --dry-run's words. *Source:* Helm 4.3 pkg/cmd/helpers.go. `notices` get what Helm warns of.
bool asks_server(const std::string& word, std::vector<std::string>& notices) {
  auto refuse = [&](std::string_view wanted) {
    throw invalid(fmt::format("invalid dry-run value ({}). Must be {}", quoted(word), wanted));
  };
  if (word == "unset")
    notices.emplace_back("--dry-run is deprecated and should be replaced with '--dry-run=client'");
  if (word == "client" || word == "unset") return false;
  if (word == "server") return true;
  bool on = false;
  if (word != "none") {
    try {
      on = parse_bool(word);
    } catch (const Error&) {
      refuse("\"none\", \"server\", or \"client\"");
    }
  }
  if (!on) refuse("\"server\" or \"client\"");
  notices.push_back(fmt::format(
      "boolean '--dry-run={}' flag is deprecated and must be replaced with '--dry-run=client'", word));
  return false;
}

}  // namespace

void add_render_flags(FlagSet& flags, TemplateOptions& o) {
  flags.toggle("generate-name", o.generate_name, "accepted, as Helm does; the name is release-name", 'g');
  flags.text("name-template", o.name_template, "a template for the release's name");
  flags.text("kube-version", o.kube_version, "Kubernetes version of .Capabilities.KubeVersion");
  flags.comma_list("api-versions", o.api_versions, "further API versions of .Capabilities.APIVersions", 'a');
  flags.toggle("is-upgrade", o.is_upgrade, "set .Release.IsUpgrade instead of .Release.IsInstall");
  flags.toggle("skip-schema-validation", o.skip_schema_validation, "don't check values.schema.json");
  flags.toggle("enable-dns", o.enable_dns, "let getHostByName ask the network");
  flags.toggle("dependency-update", o.dependency_update,
               "refused when needed: run helm dependency update first");
  flags.pairs("labels", o.labels, "labels for the release's record; only checked", 'l');
}

void add_value_flags(FlagSet& flags, TemplateOptions& o) {
  flags.comma_list("values", o.values, "values from a YAML file, a URL, or - for standard input", 'f');
  flags.list("set", o.set, "values: key1=val1,key2=val2");
  flags.list("set-string", o.set_string, "the same, always as texts");
  flags.list("set-json", o.set_json, "values as JSON: key={\"a\":1}, or one whole object");
  flags.list("set-literal", o.set_literal, "key=text, of which no character is special");
  flags.list("set-file", o.set_file, "values that are the contents of files: key1=path1,key2=path2");
}

void add_cluster_flags(FlagSet& flags, TemplateOptions& o) {
  ClusterFlags& c = o.cluster;
  auto text = [&](const char* name, const char* variable, std::string& into, const char* about) {
    if (const char* set = std::getenv(variable)) into = set;
    flags.text(name, into, about);
  };
  flags.text("kubeconfig", c.kubeconfig, "path to the kubeconfig file");
  text("kube-context", "HELM_KUBECONTEXT", c.context, "context of the kubeconfig");
  text("kube-apiserver", "HELM_KUBEAPISERVER", c.server, "URL of the Kubernetes API server");
  text("kube-token", "HELM_KUBETOKEN", c.token, "bearer token");
  text("kube-ca-file", "HELM_KUBECAFILE", c.ca_file, "certificate authority of the API server");
  text("kube-tls-server-name", "HELM_KUBETLS_SERVER_NAME", c.tls_server_name,
       "name that the API server's certificate must have");
  text("kube-as-user", "HELM_KUBEASUSER", c.as_user, "user to impersonate");
  flags.list("kube-as-group", c.as_groups, "group to impersonate");
  flags.toggle("kube-insecure-skip-tls-verify", c.insecure, "don't check the API server's certificate");
  flags.text("namespace", o.ns, "namespace of the release", 'n');
}

bool read_template_arguments(std::span<const std::string> args, TemplateOptions& options, bool& watch,
                             std::ostream& out, std::ostream& err) {
  bool validate = false, verify = false;
  std::string dry_run = "client", repo;
  FlagSet flags;
  add_value_flags(flags, options);
  add_render_flags(flags, options);
  add_output_flags(flags, options);
  add_cluster_flags(flags, options);
  add_idle_flags(flags);
  flags.toggle("validate", validate, "");
  flags.deprecate("use '--dry-run=server' instead");
  flags.add({"dry-run", 0, "string",
             "client, or server: render with the cluster's view and check the objects", "unset", "",
             [&](const std::string& value) { dry_run = value; }});
  flags.exclusive({"validate", "dry-run"});
  flags.toggle("take-ownership", options.take_ownership,
               "with --dry-run=server: objects of others are no conflict");
  flags.toggle("verify", verify, "");
  flags.text("repo", repo, "");
  flags.toggle("watch", watch,
               "render again whenever the chart or a values file is saved, and print the diff");

  FlagSet::Parsed parsed = flags.parse(args);
  for (const std::string& notice : parsed.notices) err << notice << '\n';
  if (parsed.help) {
    out << kAbout << flags.help()
        << "\nHelm's other flags are accepted and have no effect. Exit codes: 0 done, 1 failed.\n";
    return false;
  }
  const std::vector<std::string>& named = parsed.arguments;
  if (named.empty())
    throw invalid(
        "\"ship-it template\" requires at least 1 argument\n\nUsage:  ship-it template [NAME] CHART [flags]");
  flags.check_exclusive(parsed);
  if (!options.kube_version.empty()) helm::KubeVersion::parse(options.kube_version);
  std::vector<std::string> warnings;
  options.server = asks_server(dry_run, warnings) || validate;
  for (const std::string& warning : warnings) err << "warning: " << warning << '\n';
  if (named.size() > 2)
    throw invalid(fmt::format("expected at most two arguments, unexpected arguments: {}",
                              fmt::join(named.begin() + 2, named.end(), ", ")));
  if (!repo.empty())
    throw invalid("--repo: nothing is fetched here: run 'helm pull' first and give its .tgz");
  if (verify) throw invalid("--verify: signatures are not checked here: run 'helm verify' first");
  options.chart = named.back();
  if (named.size() == 2) options.name = named.front();
  return true;
}

}  // namespace shipit::cli
