#pragma once
// Activity, repository and system in JSON, in the shape of contracts/openapi.yaml. Pure; any thread.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "domain/activity.h"
#include "domain/view.h"
#include "ports/views.h"

namespace shipit::api {

void append_activity(std::string& out, const domain::Activity& activity);

/// What to keep of the activity.
struct ActivityFilter {
  std::vector<std::string> kinds;  ///< of the interface; "refused" and "failed" name outcomes; empty: all
  std::string release;             ///< "name" or "namespace/name"; empty: all
  std::string after;               ///< the id of the last one of the page before
  size_t limit = 100;
};
/// An ActivityPage of `all`, newest first.
std::string activity_page(const std::vector<domain::Activity>& all, const ActivityFilter& filter);
/// The interface's kind of a domain::Activity's sort: "pushed" → "event".
std::string_view activity_kind(std::string_view sort);

std::string repository_json(const domain::RepositoryView& view);
/// Without the lists: for the feed and the page.
void append_repository_state(std::string& out, const domain::RepositoryView& view);
std::string system_json(const ports::SystemView& view, size_t viewers, size_t releases);

}  // namespace shipit::api
