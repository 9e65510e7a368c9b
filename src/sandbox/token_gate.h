#pragma once
// A bearer token before the cluster, for a sandbox that others can reach. Who has it may do anything.
// Thread-safe.
#include <string>

#include "net/server.h"

namespace shipit::sandbox {

/// 32 random bytes, in hex.
std::string make_token();
/// Lets a request through to `handler` when it carries "Authorization: Bearer `token`"; else answers 401 as
/// the API server does. Health checks need none.
net::Handler ask_for_token(std::string token, net::Handler handler);

}  // namespace shipit::sandbox
