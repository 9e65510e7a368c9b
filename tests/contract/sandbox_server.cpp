// The embedded cluster on a port, for kubectl, helm and the contract suite. Prints "listening PORT" when it
// is ready. Usage: sandbox_server [PORT] [STATE_DIR]
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "net/server.h"
#include "sandbox/sandbox.h"
#include "sandbox/simulated_world.h"

int main(int argc, char** argv) {
  using namespace shipit;
  sandbox::SandboxOptions options;
  if (argc > 2) options.state_dir = argv[2];
  sandbox::add_simulated_world(options);
  sandbox::Sandbox cluster(std::move(options));

  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;
  cluster.on_activity([&] {
    std::lock_guard lock(mutex);
    woken = true;
    changed.notify_one();
  });
  net::ServerOptions server_options;
  server_options.port = argc > 1 ? std::atoi(argv[1]) : 0;
  net::Server server(server_options, [&](net::Request request, net::Responder responder) {
    cluster.handle(std::move(request), std::move(responder));
  });
  std::printf("listening %d\n", server.port());
  std::fflush(stdout);
  SystemClock clock;
  while (true) {
    Time next = cluster.step(clock.now());
    std::unique_lock lock(mutex);
    Duration wait = std::min<Duration>(next - clock.now(), std::chrono::seconds(1));
    if (!woken && wait > Duration{0}) changed.wait_for(lock, wait, [&] { return woken; });
    woken = false;
  }
}
