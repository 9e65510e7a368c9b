#include "sandbox/controllers/kubelet.h"

#include <fmt/format.h>

#include <algorithm>

#include "k8s/object.h"
#include "k8s/quantity.h"
#include "sandbox/controllers/node_fit.h"
#include "sandbox/status.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kHostIp = "192.168.49.2";

/// What the node offers. Pods that ask for more than all of it stay pending.
constexpr std::pair<const char*, const char*> kCapacity[] = {
    {"cpu", "64"}, {"ephemeral-storage", "500Gi"}, {"memory", "256Gi"}, {"pods", "10000"}};

bool finished(Value pod) {
  std::string_view phase = pod_phase(pod);
  return phase == "Succeeded" || phase == "Failed";
}

bool of_daemon_set(const Object& pod) {
  auto owner = k8s::controller_of(pod.root());
  return owner && owner->kind == "DaemonSet";
}

std::string names_of(const std::vector<std::string>& names) {
  return fmt::format("[{}]", fmt::join(names, " "));
}

}  // namespace

Kubelet::Kubelet(Context& context)
    : Controller(context, "", "Pod"),
      nodes_(context.store.builtin("", "Node")),
      claims_(context.store.builtin("", "PersistentVolumeClaim")) {}

void Kubelet::observe(const Change& change) {
  const Stored& object = *change.object;
  if (is_own(change)) touch(object);
  // What pending pods may wait for.
  if (object.kind == &nodes_ || object.kind == &claims_)
    for (const Key& key : pending_)
      if (object.ns.empty() || object.ns == key.first) touch(key);
}

void Kubelet::register_node() {
  const k8s::KindInfo& nodes = context_.store.builtin("", "Node");
  const std::string& name = context_.options.node;
  if (context_.store.get(nodes, "", name)) return;
  Arena arena;
  Value node = k8s::new_object(arena, "v1", "Node", "", name);
  for (auto [key, value] : {std::pair{"kubernetes.io/hostname", name.c_str()},
                            std::pair{"kubernetes.io/os", "linux"}, std::pair{"kubernetes.io/arch", "amd64"}})
    k8s::set_label(arena, node, key, value);
  node.set(arena, "spec", Value::map(arena));
  Value status = node.ensure_map(arena, "status");
  for (const char* field : {"capacity", "allocatable"})
    for (const auto& [resource, amount] : kCapacity)
      status.ensure_map(arena, field).set(arena, resource, Value::borrowed(amount));
  struct Row {
    const char *type, *status, *reason, *message;
  };
  for (const Row& row :
       {Row{"MemoryPressure", "False", "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available"},
        Row{"DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
        Row{"PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"},
        Row{"Ready", "True", "KubeletReady", "kubelet is posting ready status"}}) {
    set_condition(arena, status, {row.type, row.status, row.reason, row.message}, context_.now);
    find_condition(status, row.type).set(arena, "lastHeartbeatTime", time_value(arena, context_.now));
  }
  Value addresses = status.ensure_list(arena, "addresses");
  for (auto [type, address] :
       {std::pair{"InternalIP", kHostIp}, std::pair{"Hostname", std::string_view(name)}}) {
    Value entry = Value::map(arena);
    entry.set(arena, "type", Value::borrowed(type));
    entry.set(arena, "address", Value::borrowed(address));
    addresses.push_back(arena, entry);
  }
  Value info = status.ensure_map(arena, "nodeInfo");
  for (auto [field, value] :
       {std::pair{"kubeletVersion", "v1.37.0"}, std::pair{"containerRuntimeVersion", "simulated://1"},
        std::pair{"operatingSystem", "linux"}, std::pair{"architecture", "amd64"},
        std::pair{"osImage", "simulated"}, std::pair{"kernelVersion", "simulated"},
        std::pair{"kubeProxyVersion", ""}, std::pair{"machineID", "sandbox"},
        std::pair{"systemUUID", "sandbox"}, std::pair{"bootID", "sandbox"}})
    info.set(arena, field, Value::borrowed(value));
  context_.store.create(nodes, node, {.manager = "kubelet"});
}

Kubelet::PodRun& Kubelet::run_of(const Object& pod) {
  PodRun& run = runs_[{pod.ns(), pod.name()}];
  if (run.uid == pod.stored->uid) return run;
  run = {};
  run.uid = pod.stored->uid;
  run.bind_at = context_.now + context_.options.schedule_after;
  Value spec = pod["spec"];
  ContainerRun::Facts facts{fmt::format("{}_{}({})", pod.name(), pod.ns(), run.uid),
                            spec["restartPolicy"].str("Always"), ContainerRun::Role::Main};
  auto add = [&](const char* field, const char* statuses, std::vector<ContainerRun>& runs, bool init) {
    for (Value container : spec[field].items()) {
      facts.role = !init                                                ? ContainerRun::Role::Main
                   : container["restartPolicy"].as_string() == "Always" ? ContainerRun::Role::Sidecar
                                                                        : ContainerRun::Role::Init;
      ContainerRun& added = runs.emplace_back(container, facts, context_.options, context_.behaviours);
      for (Value status : pod["status"][statuses].items())
        if (status["name"].as_string() == added.name()) {
          added.restore(status, context_.now);
          if (!status["imageID"].as_string().empty()) pulled_.insert(container["image"].str());
        }
    }
  };
  add("initContainers", "initContainerStatuses", run.init, true);
  add("containers", "containerStatuses", run.main, false);
  run.ip = pod["status"]["podIP"].str();
  if (!run.ip.empty()) ips_.insert(run.ip);
  return run;
}

Time Kubelet::reconcile(const Key& key) {
  Object pod = read(context_, kind_, key);
  if (!pod.stored) {
    pending_.erase(key);
    if (auto it = runs_.find(key); it != runs_.end()) {
      ips_.erase(it->second.ip);
      runs_.erase(it);
    }
    return Time::max();
  }
  PodRun& run = run_of(pod);
  if (pod.stored->terminating) return terminate(pod, run);
  if (finished(pod.root())) return Time::max();
  if (pod["spec"]["nodeName"].as_string().empty()) {
    if (context_.now < run.bind_at) return run.bind_at;
    // The binding comes back as a change.
    if (schedule(pod))
      pending_.erase(key);
    else
      pending_.insert(key);
    return Time::max();
  }
  Time again = advance(pod, run);
  write_status(context_, pod, status_of(pod, run), "kubelet");
  return again;
}

Time Kubelet::terminate(const Object& pod, PodRun& run) {
  if (run.removed) return Time::max();  // held by finalizers
  bool running = !pod["spec"]["nodeName"].as_string().empty() && !finished(pod.root());
  if (running && run.stop_at == Time{}) {
    run.stop_at = context_.now + context_.options.stop_after;
    for (const std::vector<ContainerRun>* runs : {&run.main, &run.init})
      for (const ContainerRun& container : *runs)
        if (container.state() == ContainerRun::State::Running)
          context_.events.normal({"kubelet", context_.options.node}, *pod.stored, "Killing",
                                 "Stopping container " + container.name(),
                                 fmt::format("spec.containers{{{}}}", container.name()));
  }
  if (running && context_.now < run.stop_at) return run.stop_at;
  run.removed = true;
  context_.store.remove(kind_, pod.ns(), pod.name(),
                        {.grace_period_seconds = 0, .uid_precondition = pod.stored->uid});
  return Time::max();
}

/// Why the pod can't be bound, in the scheduler's words; empty when it can.
std::string Kubelet::unschedulable(const Object& pod) {
  Value spec = pod["spec"];
  Object node = read(context_, nodes_, {"", context_.options.node});
  if (node["spec"]["unschedulable"].as_bool() && !of_daemon_set(pod))
    return "0/1 nodes are available: 1 node(s) were unschedulable.";
  if (!fits_node(spec, node))
    return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
  for (Value volume : spec["volumes"].items()) {
    Value name = volume["persistentVolumeClaim"]["claimName"];
    if (!name.is_string()) continue;
    Object claim = read(context_, claims_, {pod.ns(), name.str()});
    if (!claim.stored)
      return fmt::format("0/1 nodes are available: persistentvolumeclaim \"{}\" not found.",
                         name.as_string());
    if (claim["status"]["phase"].as_string() != "Bound")
      return "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.";
  }
  for (const auto& [resource, amount] : kCapacity) {
    k8s::Quantity total;
    for (Value container : spec["containers"].items())
      if (auto wanted = k8s::Quantity::parse(container["resources"]["requests"][resource].as_string("0")))
        total = total + *wanted;
    if (total > *k8s::Quantity::parse(amount))
      return fmt::format(
          "0/1 nodes are available: 1 Insufficient {}. preemption: 0/1 nodes are available: 1 No "
          "preemption victims found for incoming pod.",
          resource);
  }
  return {};
}

bool Kubelet::schedule(const Object& pod) {
  EventSource source{"default-scheduler"};
  std::string why = unschedulable(pod);
  Arena& arena = pod.arena();
  Value status = text::copy(arena, pod["status"]);
  if (!status.is_map()) status = Value::map(arena);
  if (!why.empty()) {
    if (set_condition(arena, status, {"PodScheduled", "False", "Unschedulable", why}, context_.now)) {
      find_condition(status, "PodScheduled").set(arena, "lastProbeTime", nullptr);
      context_.events.warning(source, *pod.stored, "FailedScheduling", why);
    }
    status.set(arena, "phase", "Pending");
    write_status(context_, pod, status, "kube-scheduler");
    return false;
  }
  context_.store.modify(kind_, pod.ns(), pod.name(),
                        [&](Value object, Arena& a) {
                          object["spec"].set(a, "nodeName", Value::string(a, context_.options.node));
                        },
                        {.manager = "kube-scheduler"});
  context_.events.normal(
      source, *pod.stored, "Scheduled",
      fmt::format("Successfully assigned {}/{} to {}", pod.ns(), pod.name(), context_.options.node));
  return true;
}

void Kubelet::report(const Object& pod, const ContainerRun& container, std::vector<ContainerEvent>& events) {
  EventSource source{"kubelet", context_.options.node};
  std::string path = fmt::format(
      "spec.{}{{{}}}", container.role() == ContainerRun::Role::Main ? "containers" : "initContainers",
      container.name());
  for (const ContainerEvent& event : events) {
    if (event.warning)
      context_.events.warning(source, *pod.stored, event.reason, event.message, path);
    else
      context_.events.normal(source, *pod.stored, event.reason, event.message, path);
  }
  events.clear();
}

Time Kubelet::advance(const Object& pod, PodRun& run) {
  if (run.ip.empty() && !pod["spec"]["hostNetwork"].as_bool()) run.ip = new_ip(run.uid);
  Time again = Time::max();
  std::vector<ContainerEvent> events;
  bool initialized = true;
  for (ContainerRun& container : run.init) {
    container.advance(context_.now, pulled_, events);
    report(pod, container, events);
    again = std::min(again, container.due());
    bool passed = container.role() == ContainerRun::Role::Sidecar ? container.ran() : container.succeeded();
    if (passed) continue;
    initialized = false;
    break;
  }
  if (!initialized) return again;
  bool over = true;
  for (ContainerRun& container : run.main) {
    container.advance(context_.now, pulled_, events);
    report(pod, container, events);
    again = std::min(again, container.due());
    over = over && container.state() == ContainerRun::State::Done;
  }
  if (!over) return again;
  for (ContainerRun& container : run.init) container.stop(context_.now);
  return Time::max();
}

Value Kubelet::status_of(const Object& pod, const PodRun& run) {
  using State = ContainerRun::State;
  Arena& arena = pod.arena();
  Value status = Value::map(arena);
  std::vector<std::string> not_initialized, unready;
  bool init_failed = false;
  for (const ContainerRun& container : run.init) {
    bool passed = container.role() == ContainerRun::Role::Sidecar ? container.ran() : container.succeeded();
    if (!passed) not_initialized.push_back(container.name());
    init_failed = init_failed || container.failed();
    if (container.role() == ContainerRun::Role::Sidecar && !container.ready())
      unready.push_back(container.name());
  }
  bool any_ran = false, all_done = true, any_failed = false;
  for (const ContainerRun& container : run.main) {
    if (!container.ready()) unready.push_back(container.name());
    any_ran = any_ran || container.ran();
    all_done = all_done && container.state() == State::Done;
    any_failed = any_failed || container.failed();
  }
  std::string_view phase = init_failed                ? "Failed"
                           : !not_initialized.empty() ? "Pending"
                           : all_done                 ? (any_failed ? "Failed" : "Succeeded")
                           : any_ran                  ? "Running"
                                                      : "Pending";
  Value before = pod["status"]["conditions"];
  if (before.is_list()) status.set(arena, "conditions", Value::list(arena));
  // In the kubelet's order, each keeping its time.
  auto condition = [&](std::string_view type, bool is_true, std::string_view reason,
                       const std::string& message = {}) {
    Value carried = find_condition(pod["status"], type);
    if (carried.is_map())
      status.ensure_list(arena, "conditions").push_back(arena, text::copy(arena, carried));
    set_condition(arena, status, {type, is_true ? "True" : "False", reason, message}, context_.now);
    Value set = find_condition(status, type);
    set.set(arena, "lastProbeTime", nullptr);
    set.set(arena, "observedGeneration", std::max<int64_t>(1, pod.stored->generation));
  };
  std::string incomplete = "containers with incomplete status: " + names_of(not_initialized);
  std::string not_ready = "containers with unready status: " + names_of(unready);
  bool completed = phase == "Succeeded", failed = phase == "Failed";
  condition("PodReadyToStartContainers", !completed && !failed, "");
  if (not_initialized.empty())
    condition("Initialized", true, completed ? "PodCompleted" : "");
  else
    condition("Initialized", false, "ContainersNotInitialized", incomplete);
  for (const char* type : {"Ready", "ContainersReady"}) {
    if (completed || failed)
      condition(type, false, completed ? "PodCompleted" : "PodFailed");
    else if (unready.empty() && not_initialized.empty())
      condition(type, true, "");
    else
      condition(type, false, "ContainersNotReady", not_ready);
  }
  condition("PodScheduled", true, "");

  status.set(arena, "phase", Value::borrowed(phase));
  status.set(arena, "observedGeneration", std::max<int64_t>(1, pod.stored->generation));
  status.set(arena, "qosClass", Value::string(arena, pod["status"]["qosClass"].as_string("BestEffort")));
  status.set(arena, "hostIP", Value::borrowed(kHostIp));
  auto ips = [&](const char* field, std::string_view ip) {
    Value entry = Value::map(arena);
    entry.set(arena, "ip", Value::borrowed(ip));
    status.ensure_list(arena, field).push_back(arena, entry);
  };
  ips("hostIPs", kHostIp);
  std::string_view ip = run.ip.empty() ? kHostIp : std::string_view(run.ip);
  status.set(arena, "podIP", Value::string(arena, ip));
  ips("podIPs", status["podIP"].as_string());
  Value started = pod["status"]["startTime"];
  status.set(arena, "startTime", started.is_string() ? started : time_value(arena, context_.now));
  std::string_view waiting =
      run.init.empty() || not_initialized.empty() ? "ContainerCreating" : "PodInitializing";
  for (const ContainerRun& container : run.init)
    status.ensure_list(arena, "initContainerStatuses")
        .push_back(arena, container.status(arena, container.state() == State::Waiting ? "PodInitializing"
                                                                                      : "ContainerCreating"));
  for (const ContainerRun& container : run.main)
    status.ensure_list(arena, "containerStatuses").push_back(arena, container.status(arena, waiting));
  return status;
}

std::string Kubelet::new_ip(std::string_view uid) {
  uint32_t hash = text::Key::hash_of(uid);
  while (true) {
    std::string ip = fmt::format("10.244.{}.{}", (hash >> 8) % 254, 2 + hash % 252);
    if (ips_.insert(ip).second) return ip;
    ++hash;
    if (hash % 252 == 0) hash += 256;
  }
}

std::string Kubelet::log(std::string_view ns, std::string_view name, const Controllers::LogQuery& query) {
  Object pod = read(context_, kind_, {std::string(ns), std::string(name)});
  if (!pod.stored) throw not_found_status(kind_, name);
  PodRun& run = run_of(pod);
  std::vector<const ContainerRun*> all;
  for (const std::vector<ContainerRun>* runs : {&run.init, &run.main})
    for (const ContainerRun& container : *runs) all.push_back(&container);
  const ContainerRun* wanted = nullptr;
  if (query.container.empty()) {
    if (run.main.size() > 1) {
      std::vector<std::string> names;
      for (const ContainerRun& container : run.main) names.push_back(container.name());
      throw StatusError(400, "BadRequest",
                        fmt::format("a container name must be specified for pod {}, choose one of: {}", name,
                                    names_of(names)));
    }
    if (!run.main.empty()) wanted = &run.main.front();
  } else {
    for (const ContainerRun* container : all)
      if (container->name() == query.container) wanted = container;
    if (!wanted)
      throw StatusError(400, "BadRequest",
                        fmt::format("container {} is not valid for pod {}", query.container, name));
  }
  if (!wanted) return {};
  auto lines = wanted->log(context_.now, query.previous);
  if (!lines) {
    if (query.previous)
      throw StatusError(
          400, "BadRequest",
          fmt::format("previous terminated container \"{}\" in pod \"{}\" not found", wanted->name(), name));
    using State = ContainerRun::State;
    bool image = wanted->state() == State::PullFailed || wanted->state() == State::PullBackedOff;
    throw StatusError(400, "BadRequest",
                      fmt::format("container \"{}\" in pod \"{}\" is waiting to start: {}", wanted->name(),
                                  name, image ? "trying and failing to pull image" : "ContainerCreating"));
  }
  size_t first = 0;
  if (query.tail_lines)
    first = lines->size() - std::min<size_t>(lines->size(), std::max<int64_t>(0, *query.tail_lines));
  std::string out;
  for (size_t i = first; i < lines->size(); ++i) {
    const ContainerRun::LogLine& line = (*lines)[i];
    if (query.since_seconds && line.at < context_.now - std::chrono::seconds{*query.since_seconds}) continue;
    if (query.timestamps) out += format_rfc3339_millis(line.at) + " ";
    out += line.text + "\n";
  }
  if (query.limit_bytes && out.size() > static_cast<size_t>(*query.limit_bytes))
    out.resize(*query.limit_bytes);
  return out;
}

}  // namespace shipit::sandbox
