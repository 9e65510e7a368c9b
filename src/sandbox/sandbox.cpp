#include "sandbox/sandbox.h"

#include <fmt/format.h>

#include "base/log.h"
#include "k8s/object.h"
#include "sandbox/api.h"
#include "sandbox/persistent_log.h"

namespace shipit::sandbox {

namespace {

/// What a fresh cluster has before anyone writes to it.
void create_basics(Store& store) {
  text::Arena arena;
  const k8s::KindInfo& namespaces = store.builtin("", "Namespace");
  for (auto name : {"default", "kube-node-lease", "kube-public", "kube-system"}) {
    if (store.get(namespaces, "", name)) continue;
    text::Value object = k8s::new_object(arena, "v1", "Namespace", "", name);
    k8s::set_label(arena, object, "kubernetes.io/metadata.name", name);
    object.ensure_map(arena, "spec").ensure_list(arena, "finalizers").push_back(arena, "kubernetes");
    object.ensure_map(arena, "status").set(arena, "phase", "Active");
    store.create(namespaces, object, {.manager = "kube-apiserver"});
  }
}

bool writes(const net::Request& request) { return request.method != "GET" && request.method != "HEAD"; }

}  // namespace

Sandbox::Sandbox(SandboxOptions options) : clock_(options.clock ? options.clock : &system_clock_) {
  store_ = std::make_unique<Store>(*clock_);
  if (!options.state_dir.empty()) log_ = std::make_unique<PersistentLog>(*store_, options.state_dir);
  create_basics(*store_);
  store_->forget_history();
  api_ = std::make_unique<Api>(*store_, options.max_body);
  if (options.controllers) {
    controllers_ = options.controllers(*store_, *clock_);
    api_->set_controllers(controllers_.get());
  }
  for (auto& make : options.parts) parts_.push_back(make(*store_, *clock_));
}

Sandbox::~Sandbox() = default;

void Sandbox::handle(net::Request request, net::Responder responder) {
  bool wakes = writes(request);
  {
    std::lock_guard lock(mutex_);
    try {
      Part* part = nullptr;
      for (auto& candidate : parts_)
        if (!part && candidate->claims(request)) part = candidate.get();
      if (part)
        part->handle(std::move(request), std::move(responder));
      else
        api_->handle(request, std::move(responder));
    } catch (const std::exception& error) {  // a dropped responder answers 500 by itself
      log_error("sandbox", "a request failed", {{"error", error.what()}});
    }
  }
  if (wakes && wake_) wake_();
}

Time Sandbox::step(Time now) {
  std::lock_guard lock(mutex_);
  Time next = Time::max();
  if (controllers_) next = std::min(next, controllers_->step(now));
  for (auto& part : parts_) next = std::min(next, part->step(now));
  return std::min(next, api_->step(now));
}

void Sandbox::on_activity(std::function<void()> wake) { wake_ = std::move(wake); }

}  // namespace shipit::sandbox
