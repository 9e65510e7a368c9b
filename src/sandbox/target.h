#pragma once
// What a request to the API server is about: its URL and query, understood. Pure but for the kinds it looks
// up.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/server.h"
#include "sandbox/crd.h"
#include "sandbox/faces.h"
#include "sandbox/store.h"

namespace shipit::sandbox {

/// How the client wants objects back, from the Accept header.
enum class View { Object, Table, Metadata };

struct Target {
  const k8s::KindInfo* kind = nullptr;  ///< where it is stored
  std::string version;                  ///< in the URL
  std::string api_version;              ///< group and version as the client sees it
  std::string shown_kind;
  std::string ns, name, subresource;
  View view = View::Object;
  bool metadata_list = false;  ///< View::Metadata was asked for as a list
  bool yaml = false;
  const Face* face = nullptr;  ///< when it is not shown as it is stored
};

/// The server's own Go type of a kind, which a few messages say: "core.Secret".
std::string internal_type(const k8s::KindInfo& kind);

/// The path's segments, decoded.
std::vector<std::string> path_segments(std::string_view path);

/// Understands a resource path under /api or /apis; nullopt when no such resource is served.
/// Errors: StatusError 400 for a path that can't be one.
std::optional<Target> find_target(const Store& store, const CustomKinds& custom,
                                  const std::vector<std::string>& segments);

/// Reads Accept into the target. Errors: StatusError 406 when nothing acceptable can be made.
void read_accept(const net::Request& request, Target& target);

/// "true", "1", "" (present) are true, as Go's ParseBool over query values.
bool query_flag(const net::Request& request, std::string_view name);
std::optional<int64_t> query_number(const net::Request& request, std::string_view name);

}  // namespace shipit::sandbox
