#pragma once
// One request on its way through the Api; an inside of it.
#include "sandbox/api.h"

namespace shipit::sandbox {

struct Api::Call {
  const net::Request& request;
  net::Responder responder;
  std::vector<std::string> segments;
  Target target;
  const CustomKind* custom = nullptr;
  text::Arena arena;
  std::vector<std::string> warnings;

  bool dry_run() const;
  /// Who writes: the fieldManager parameter, else the program in User-Agent.
  std::string manager() const;
  WriteOptions write_options() const;
  TableOptions table_options(Time now) const;
  void send(int status, std::string body, std::string_view content_type = "application/json");
  /// A JSON body, turned into YAML when that is what was asked for.
  void send_json(int status, std::string body);
};

/// A body in the types of its kind.
struct Api::Decoded {
  text::Value object;
  std::vector<std::string> unknown;  ///< paths of fields that fell out
};

struct Api::FollowedLog {
  std::shared_ptr<net::Stream> stream;
  std::string ns, pod;
  Controllers::LogQuery query;
  size_t sent = 0;
};

}  // namespace shipit::sandbox
