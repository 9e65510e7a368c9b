#pragma once
// The head of a manifest: what Helm reads of a document to sort it, and nothing else. A whole render reads
// every document it produced, so this is a hot path. Pure; any thread.
#include <map>
#include <string>
#include <string_view>

namespace shipit::helm {

struct Head {
  std::string api_version;
  std::string kind;
  std::string name;
  std::map<std::string, std::string> annotations;
};

/// Reads one YAML document. The whole document is checked, not only its head.
/// Errors: Invalid in Helm's words: "error converting YAML to JSON: yaml: line 8: …" or "error unmarshaling
/// JSON: …".
Head read_head(std::string_view document);

}  // namespace shipit::helm
