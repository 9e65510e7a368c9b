// The binary ship-it: one HTTP client, the verbs, and the one verb that app runs itself.
#include "app/sandbox_app.h"
#include "app/version.h"
#include "cli/cli.h"
#include "net/curl_client.h"

int main(int argc, char** argv) {
  shipit::net::CurlClient http;
  shipit::cli::AppVerbs verbs{shipit::app::version(), [&](const shipit::cli::SandboxArgs& args) {
                                return shipit::app::run_sandbox(args, http);
                              }};
  return shipit::cli::run(argc, argv, verbs, http);
}
