#pragma once
// A list's query parameters as the Views' query. Pure; any thread.
#include <string>

#include "net/server.h"
#include "ports/views.h"

namespace shipit::api {

/// True when the request wants a page object; the original's array otherwise.
bool wants_page(const net::Request& request);
/// *Errors:* Invalid, naming the parameter and what it may be.
ports::ReleaseQuery parse_release_query(const net::Request& request);
/// `next` of a page: what `cursor` continues from.
std::string cursor_after(const ports::ReleaseQuery& query, size_t items);
/// A positive whole number of a parameter, or `fallback` when it is not there. *Errors:* Invalid.
int parse_number(const net::Request& request, std::string_view name, int fallback);
/// "a,b" into its parts.
std::vector<std::string> split_commas(std::string_view text);

}  // namespace shipit::api
