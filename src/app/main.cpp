// The binary ship-it: one HTTP client, the verbs, and those that app runs itself.
#include "adapters/charts/schema_documents.h"
#include "app/live_cluster.h"
#include "app/sandbox_app.h"
#include "app/serve.h"
#include "app/version.h"
#include "cli/cli.h"
#include "crd/helm_release.h"
#include "net/curl_client.h"
#include "text/yaml.h"

int main(int argc, char** argv) {
  shipit::net::CurlClient http;
  shipit::cli::AppVerbs verbs;
  verbs.version = shipit::app::version();
  verbs.sandbox = [&](const shipit::cli::SandboxArgs& args) { return shipit::app::run_sandbox(args, http); };
  verbs.connect = [&](const shipit::cli::ClusterFlags& flags) {
    return shipit::app::connect_cluster(flags, http);
  };
  verbs.context_namespace = shipit::app::context_namespace;
  verbs.schemas = shipit::adapters::schema_documents(http);
  verbs.serve = [&](const shipit::cli::ServeArgs& args) { return shipit::app::run_serve(args, http); };
  verbs.crd = [] { return shipit::text::to_yaml(shipit::crd::definition().root); };
  return shipit::cli::run(argc, argv, verbs, http);
}
