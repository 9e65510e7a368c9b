#include "sandbox/addresses.h"

#include <fmt/format.h>

#include "sandbox/causes.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr int64_t kFirstPort = 30000, kLastPort = 32767;

bool has_port(Value ports, int64_t node_port) {
  for (Value port : ports.items())
    if (port["nodePort"].as_int() == node_port) return true;
  return false;
}

}  // namespace

Addresses::Addresses(Store& store) : store_(store), services_(store.builtin("", "Service")) {
  store.on_change([this](const Change& change) {
    if (!loaded_ || change.object->kind != &services_) return;
    if (change.previous) count(*change.previous, -1);
    if (change.type != ChangeType::Deleted) count(*change.object, 1);
  });
}

void Addresses::load() {
  if (loaded_) return;
  loaded_ = true;
  for (const ObjectRef& service : store_.list(services_)) count(*service, 1);
}

void Addresses::count(const Stored& service, int by) {
  text::Document document = service.parse();
  Value spec = document["spec"];
  auto note = [&](auto& table, auto key) {
    if ((table[key] += by) <= 0) table.erase(key);
  };
  if (std::string ip = spec["clusterIP"].str(); !ip.empty() && ip != "None") note(addresses_, ip);
  for (Value port : spec["ports"].items())
    if (int64_t number = port["nodePort"].as_int()) note(ports_, number);
}

std::string Addresses::next_address() {
  for (int tries = 0; tries < 0x10000; ++tries) {
    last_address_ = last_address_ >= 0xfffe ? 1 : last_address_ + 1;
    std::string ip = fmt::format("10.96.{}.{}", last_address_ >> 8, last_address_ & 255);
    if (!addresses_.contains(ip)) return ip;
  }
  throw StatusError(500, "InternalError", "failed to allocate a serviceIP: range is full");
}

int64_t Addresses::next_port() {
  for (int64_t tries = kFirstPort; tries <= kLastPort; ++tries) {
    last_port_ = last_port_ >= kLastPort ? kFirstPort : last_port_ + 1;
    if (!ports_.contains(last_port_)) return last_port_;
  }
  throw StatusError(500, "InternalError", "failed to allocate a nodePort: range is full");
}

void Addresses::fill_families(Arena& arena, Value spec, Value old) {
  // Who changes the one and not the other means both.
  bool renamed = !old.is_null() && !text::equal(spec["clusterIP"], old["clusterIP"]) &&
                 text::equal(spec["clusterIPs"], old["clusterIPs"]);
  if (spec["clusterIPs"].empty() || renamed)
    spec.set(arena, "clusterIPs", Value::list(arena, {spec["clusterIP"]}));
  // Who names no pods may name addresses of both families.
  bool both = spec["clusterIP"].as_string() == "None" && spec["selector"].empty();
  if (spec["ipFamilies"].empty())
    spec.set(arena, "ipFamilies",
             both ? Value::list(arena, {Value("IPv4"), Value("IPv6")}) : Value::list(arena, {Value("IPv4")}));
  if (spec["ipFamilyPolicy"].as_string().empty())
    spec.set(arena, "ipFamilyPolicy", Value::borrowed(both ? "RequireDualStack" : "SingleStack"));
}

void Addresses::fill_port(Arena& arena, Value port, Value old_ports) {
  for (Value before : old_ports.items())
    if (before["port"].as_int() == port["port"].as_int() && before["nodePort"].as_int())
      port.set(arena, "nodePort", before["nodePort"]);
  if (port["nodePort"].as_int() == 0) port.set(arena, "nodePort", Value(next_port()));
}

std::vector<Cause> Addresses::allocate(Arena& arena, Value service, Value old) {
  load();
  Causes causes;
  Value spec = service.ensure_map(arena, "spec"), before = old["spec"];
  std::string_view type = spec["type"].as_string("ClusterIP");
  if (type == "ExternalName") {
    for (auto key : {"clusterIP", "clusterIPs"}) spec.erase(key);
    return {};
  }
  Value kept = before["clusterIP"];
  if (spec["clusterIP"].as_string().empty())
    spec.set(arena, "clusterIP",
             kept.as_string().empty() ? Value::string(arena, next_address()) : text::copy(arena, kept));
  std::string ip = spec["clusterIP"].str();
  fill_families(arena, spec, before);
  if (old.is_null() && addresses_.contains(ip))
    causes.invalid("spec.clusterIPs", text::to_json(spec["clusterIPs"]),
                   fmt::format("failed to allocate IP {}: provided IP is already allocated", ip));
  bool opens = type == "NodePort" || type == "LoadBalancer";
  Value ports = spec["ports"];
  for (size_t i = 0; i < ports.size(); ++i) {
    int64_t asked = ports[i]["nodePort"].as_int();
    bool own = has_port(before["ports"], asked);
    if (!opens) {
      if (own) ports[i].erase("nodePort");  // what the type before had; any other is refused
    } else if (asked == 0) {
      fill_port(arena, ports[i], before["ports"]);
    } else if (asked < kFirstPort || asked > kLastPort) {
      causes.invalid(fmt::format("spec.ports[{}].nodePort", i), std::to_string(asked),
                     "provided port is not in the valid range. The range of valid ports is 30000-32767");
    } else if (ports_.contains(asked) && !own) {
      causes.invalid(fmt::format("spec.ports[{}].nodePort", i), std::to_string(asked),
                     "provided port is already allocated");
    }
  }
  return std::move(causes.list);
}

}  // namespace shipit::sandbox
