#pragma once
// Go's text/template as Helm 4 sets it up: a set of parsed templates, shared and immutable once parsed, and
// an execution of them for one render. Not here: charts, values, which file is rendered with what (render.h).
// A TemplateSet may be used by many threads once parsing is done; an Execution belongs to one.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "helm/object.h"
#include "text/edit.h"
#include "text/value.h"

namespace shipit::helm {

/// The templates of a chart and its subcharts, by name.
class TemplateSet final {
 public:
  TemplateSet();
  ~TemplateSet();
  TemplateSet(TemplateSet&&) noexcept;
  TemplateSet& operator=(TemplateSet&&) noexcept;

  /// Parses a file: its body becomes template `name`, its `define`s further ones. A later definition of the
  /// same name wins unless it is empty. `source` must outlive the set. Errors: Invalid, in Helm's words:
  /// "parse error at (chart/templates/x.yaml:3): unexpected "}" in operand".
  void parse(std::string_view name, std::string_view source);
  /// Nothing is parsed any more: frees what only parsing needs.
  void seal();
  bool has(std::string_view name) const;
  /// Bytes held: nodes, names and what else parsing made of the sources.
  size_t footprint() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Byte ranges of the `{{ … }}` actions in a template source, delimiters included; an unclosed one reaches to
/// the end.
std::vector<text::ByteRange> action_ranges(std::string_view source);

/// Bounds on what an untrusted template may use; past one the execution fails with its position.
struct Limits {
  uint64_t steps = 200'000'000;           ///< nodes evaluated and items handled by functions
  size_t output_bytes = 128 << 20;        ///< largest text a template, include or function makes
  size_t memory_bytes = size_t{1} << 30;  ///< of the arena
  size_t stack_bytes = 6 << 20;           ///< of the calling thread's stack; bounds the depth of nesting
};

struct LookupRequest {
  std::string_view api_version, kind, ns, name;
};

struct RenderOptions {
  bool strict = false;      ///< missingkey=error
  bool lint = false;        ///< `required` and `fail` pass
  bool enable_dns = false;  ///< else getHostByName gives ""
  /// The object or list asked for, in `arena`; {} when there is none. Empty function: always {}.
  std::function<Value(text::Arena& arena, const LookupRequest&)> lookup;
  /// Nanoseconds since 1970, UTC. Empty: the machine's clock.
  std::function<int64_t()> now_ns;
  /// Fills with random bytes. Empty: the system's generator.
  std::function<void(std::span<unsigned char>)> random;
  Limits limits;
};

/// Where an execution failed and what Go would have said.
struct TemplateFailure {
  std::string file;         ///< "" when unknown
  int line = 0;             ///< from 1
  int column = 0;           ///< bytes, from 0, as Go prints it
  std::string expression;   ///< the action's source as Go prints it: ".Values.a.b"
  std::string missing;      ///< for a nil pointer: the value that was missing, ".Values.a"
  std::string source_line;  ///< the line of the template, without its end
  std::string go_text;      ///< text/template's whole message
};

/// One render: counts of includes, limits and the random state live here. `dot`s are changed in place by
/// templates (set, merge, …), as in Go.
class Execution final {
 public:
  Execution(const TemplateSet& templates, text::Arena& arena, RenderOptions options = {});
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// The template's output, `<no value>` removed as Helm does.
  /// Errors: Invalid with Helm's own multi-line text; last_failure() then says where.
  std::string execute(std::string_view name, Value dot);
  const TemplateFailure& last_failure() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace shipit::helm
