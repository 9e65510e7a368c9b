#pragma once
// One row of a Table being filled, and the words that several kinds' cells share; an inside of table_rows.h.
#include <string>
#include <string_view>

#include "k8s/object.h"
#include "sandbox/table_rows.h"
#include "text/value.h"

namespace shipit::sandbox {

struct Row {
  text::Arena& arena;
  text::Value object;
  Time now;
  text::Value cells;

  text::Value spec() const { return object["spec"]; }
  text::Value status() const { return object["status"]; }
  void text(std::string_view value) { cells.push_back(arena, text::Value::string(arena, value)); }
  void number(int64_t value) { cells.push_back(arena, text::Value(value)); }
  void flag(bool value) { cells.push_back(arena, text::Value(value)); }
  void name() { text(k8s::name_of(object)); }
  void age() { text(age_of(k8s::metadata(object)["creationTimestamp"], now)); }
};

/// Names and images of a pod spec's containers: two cells.
void container_cells(Row& row, text::Value pod_spec);

/// The items' `key` (or the items themselves when it is empty) in one line.
std::string joined(text::Value list, std::string_view key, std::string_view separator = ",");
std::string or_none(std::string text, std::string_view none = "<none>");
/// "a=b,c=d", "<none>" for no entries.
std::string map_text(text::Value map);
std::string selector_text(text::Value selector);

// The kinds that run pods.
void pod_row(Row& row);
void pod_template_row(Row& row);
void deployment_row(Row& row);
void replica_set_row(Row& row);
void stateful_set_row(Row& row);
void daemon_set_row(Row& row);
void job_row(Row& row);
void cron_job_row(Row& row);

}  // namespace shipit::sandbox
