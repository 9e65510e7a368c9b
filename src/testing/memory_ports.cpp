#include "testing/memory_ports.h"

#include <algorithm>

namespace shipit::testing {

ports::Page MemoryLedger::read(const std::string& name, Wait) {
  faults_.pass("ledger.read", When::Before);
  auto it = pages_.find(name);
  if (it == pages_.end()) return {};
  return {it->second.first, std::to_string(it->second.second)};
}

std::map<std::string, ports::Page> MemoryLedger::read_all(const std::string& prefix, Wait) {
  faults_.pass("ledger.read", When::Before);
  std::map<std::string, ports::Page> out;
  for (auto it = pages_.lower_bound(prefix); it != pages_.end() && it->first.starts_with(prefix); ++it)
    out[it->first] = {it->second.first, std::to_string(it->second.second)};
  return out;
}

std::string MemoryLedger::write(const std::string& name, const ports::Page& page, Wait) {
  faults_.pass("ledger.write", When::Before);
  auto it = pages_.find(name);
  std::string version = it == pages_.end() ? "" : std::to_string(it->second.second);
  if (version != page.version) throw conflict("ledger page " + name + " moved");
  auto& slot = pages_[name];
  slot.first = page.text;
  std::string made = std::to_string(++slot.second);
  faults_.wrote("ledger.write " + name);
  faults_.pass("ledger.write", When::After);
  return made;
}

std::string MemoryLedger::text(const std::string& name) const {
  auto it = pages_.find(name);
  return it == pages_.end() ? "" : it->second.first;
}

std::vector<ports::ImageMessage> MemoryImageEvents::receive(Wait) {
  faults_.pass("events.receive", When::Before);
  std::vector<ports::ImageMessage> out;
  for (ports::ImageMessage& m : messages_) {
    if (out.size() == 10) break;
    out.push_back(m);
    ++m.deliveries;
  }
  return out;
}

void MemoryImageEvents::acknowledge(const std::vector<std::string>& handles, Wait) {
  faults_.pass("events.acknowledge", When::Before);
  std::erase_if(messages_,
                [&](const ports::ImageMessage& m) { return std::ranges::count(handles, m.handle) != 0; });
  faults_.pass("events.acknowledge", When::After);
}

void MemoryImageEvents::send(const std::string& id, const std::string& body) {
  messages_.push_back({"handle-" + std::to_string(++made_), id, body, 1});
}

std::vector<domain::MonitorSample> MemoryMonitors::sample(const std::string& service, Wait) {
  faults_.pass("monitors.sample", When::Before);
  auto it = samples_.find(service);
  return it == samples_.end() ? std::vector<domain::MonitorSample>{} : it->second;
}

void MemoryMonitors::set(const std::string& service, const std::string& state) {
  samples_[service] = {{"1", service + " errors", "*", state, {}, {}, {}}};
}

std::optional<text::Document> MemoryCluster::get(const ports::ObjectRef& ref, Wait) {
  if (ref.kind != "Namespace") return std::nullopt;
  text::Document out;
  text::Value meta = text::Value::map(*out.arena);
  if (terminating.contains(ref.name)) meta.set(*out.arena, "deletionTimestamp", "2026-01-01T00:00:00Z");
  out.root = text::Value::map(*out.arena, {{"metadata", meta}});
  return out;
}

}  // namespace shipit::testing
