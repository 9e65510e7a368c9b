#pragma once
// The addresses and node ports that Services have, from 10.96.0.0/16 and 30000-32767: each is given once.
// Follows the store's Services. Not thread-safe: under the sandbox's lock. *Source:* k8s.io/kubernetes
// pkg/registry/core/service/storage.
#include <map>
#include <string>
#include <vector>

#include "sandbox/store.h"

namespace shipit::sandbox {

class Addresses final {
 public:
  explicit Addresses(Store& store);
  /// Fills in the addresses and ports that a Service lacks; an update keeps what was given out. What is wrong
  /// with those it asks for; empty when nothing is. `old` is null on create.
  std::vector<Cause> allocate(text::Arena& arena, text::Value service, text::Value old);

 private:
  void load();
  void count(const Stored& service, int by);
  std::string next_address();
  int64_t next_port();
  void fill_families(text::Arena& arena, text::Value spec, text::Value old);
  void fill_port(text::Arena& arena, text::Value port, text::Value old_ports);

  Store& store_;
  const k8s::KindInfo& services_;
  bool loaded_ = false;
  std::map<std::string, int> addresses_;  // in use
  std::map<int64_t, int> ports_;
  uint32_t last_address_ = 9;
  int64_t last_port_ = 29999;
};

}  // namespace shipit::sandbox
