#pragma once
// Objects as kubectl prints them: the columns of the common kinds and those that a custom kind defines. Pure.
// *Source:* k8s.io/kubernetes pkg/printers/internalversion/printers.go.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sandbox/crd.h"
#include "sandbox/store.h"
#include "sandbox/target.h"

namespace shipit::sandbox {

struct Column {
  std::string name;
  std::string type = "string";  ///< "string", "integer", "number", "boolean", "date"
  std::string format;           ///< "name" for the first column
  std::string description;
  int priority = 0;  ///< above 0: only in wide output
};

/// How a kind is printed. `cells` gives one JSON value a column.
struct TableLayout {
  std::vector<Column> columns;
  std::function<void(text::Arena&, text::Value object, Time now, text::Value cells)> cells;
  bool null_when_empty = false;  ///< no rows are null and not []
};

enum class IncludeObject { None, Metadata, Object };
struct TableOptions {
  IncludeObject include = IncludeObject::Metadata;
  bool headers = true;  ///< column definitions: only once in a watch
  Time now{};
  std::string api_version, kind;  ///< of whole objects in rows
};

TableLayout table_of(const Target& target, const CustomKind* custom);
/// The Table's JSON.
std::string encode_table(const TableLayout& layout, const std::vector<ObjectRef>& objects,
                         std::string_view list_meta, const TableOptions& options);

}  // namespace shipit::sandbox
