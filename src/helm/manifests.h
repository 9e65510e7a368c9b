#pragma once
// What becomes of rendered files: they are split into documents, hooks are told from plain manifests by their
// annotations, and both are put in the order of their kinds, all exactly as Helm 4.3 does. Used by render
// (install), by the deploy stage (uninstall order, the documents of a stored record) and by the CLI. Pure;
// any thread.
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shipit::helm {

/// One document of a rendered template.
struct Manifest {
  std::string path;     ///< the template it comes from: "app/charts/db/templates/service.yaml"
  std::string content;  ///< the document as rendered, without its separator
  std::string api_version;
  std::string kind;
  std::string name;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// A document that Helm runs at a moment of the release's life instead of applying it with the rest.
struct Hook {
  std::string name;
  std::string kind;
  std::string path;
  std::string content;
  std::vector<std::string> events;  ///< "pre-install", "post-upgrade", "test", …
  int weight = 0;                   ///< lower runs first
  std::vector<std::string>
      delete_policies;  ///< as written: "before-hook-creation", "hook-succeeded", "hook-failed"
  std::vector<std::string> output_log_policies;  ///< "hook-succeeded", "hook-failed"
  friend bool operator==(const Hook&, const Hook&) = default;

  bool runs_at(std::string_view event) const;
  bool has_delete_policy(std::string_view policy) const;
};

/// A rendered template: its path and its text.
struct RenderedFile {
  std::string path;
  std::string text;
};

struct SortedManifests {
  std::vector<Manifest> manifests;
  std::vector<Hook> hooks;
  std::vector<std::string> warnings;  ///< hooks left out because of an unknown event
};

/// Orders of kinds; a kind that is in neither comes last, by name. *Source:* Helm 4.3
/// pkg/release/v1/util/kind_sorter.go.
enum class KindOrder { Install, Uninstall };

/// Splits the files (in path order, whatever order they come in; names that begin with "_" and blank files
/// left out) and sorts by kind, keeping the order of equals. Errors: Invalid, "YAML parse error on PATH: …",
/// for a document that isn't YAML or whose head has the wrong types.
SortedManifests sort_manifests(std::vector<RenderedFile> files, KindOrder order = KindOrder::Install);

/// The documents of a text, split at every line that begins with "---" (whatever follows it), as Helm splits:
/// leading white space is cut, blank documents are dropped. Views into `text`.
std::vector<std::string_view> split_manifests(std::string_view text);

/// Documents of a stored record's manifest, with their template's path from the "# Source:" line, in their
/// order there. Errors: Invalid like sort_manifests.
std::vector<Manifest> parse_manifest(std::string_view stored);

/// Sorts in place, stable.
void sort_by_kind(std::vector<Manifest>& manifests, KindOrder order);
/// Sorts the hooks of one event as Helm runs them: by weight, then name. Stable.
std::vector<Hook> hooks_of(std::span<const Hook> hooks, std::string_view event);

/// Appends "---\n# Source: PATH\nCONTENT\n", the form in which `helm template` prints and a record stores a
/// document.
void append_source(std::string& out, std::string_view path, std::string_view content);

/// strings.TrimLeftFunc(unicode.IsSpace) of Go.
std::string_view trim_space_left(std::string_view text);

}  // namespace shipit::helm
