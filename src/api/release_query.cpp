#include "api/release_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"

namespace shipit::api {
namespace {

using domain::State;

constexpr size_t kMaxLimit = 1000;
constexpr std::array<std::string_view, 4> kSorts = {"attention", "changed", "deployed", "name"};
constexpr State kAttention[] = {State::Failed, State::Held};
constexpr State kMoving[] = {State::Pending, State::Deploying, State::Verifying, State::RollingBack,
                             State::Deleting};

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    size_t end = std::min(text.find(','), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

int parse_number(const net::Request& request, std::string_view name, int fallback) {
  std::string_view text = request.param(name);
  if (text.empty()) return fallback;
  auto value = number(text);
  if (!value || *value < 1 || *value > 1'000'000'000)
    throw invalid(fmt::format("{} must be a whole number from 1, not \"{}\"", name, text.substr(0, 40)));
  return static_cast<int>(*value);
}

bool wants_page(const net::Request& request) {
  return std::ranges::any_of(request.query, [](const auto& parameter) {
    return parameter.first == "limit" || parameter.first == "cursor" || parameter.first == "q" ||
           parameter.first == "state" || parameter.first == "sort";
  });
}

ports::ReleaseQuery parse_release_query(const net::Request& request) {
  ports::ReleaseQuery query;
  query.search = request.param("q");
  if (query.search.size() > 200) throw invalid("q is longer than 200 characters");
  query.limit = std::min(static_cast<size_t>(parse_number(request, "limit", 100)), kMaxLimit);
  if (std::string_view cursor = request.param("cursor"); !cursor.empty()) {
    auto offset = cursor.starts_with('o') ? number(cursor.substr(1)) : std::nullopt;
    if (!offset || *offset < 0)
      throw invalid("cursor is not one that this server gave: take `next` of the page before");
    query.offset = static_cast<size_t>(*offset);
  }
  for (const std::string& word : split_commas(request.param("state"))) {
    if (word == "attention") {
      query.states.insert(query.states.end(), std::begin(kAttention), std::end(kAttention));
    } else if (word == "moving") {
      query.states.insert(query.states.end(), std::begin(kMoving), std::end(kMoving));
    } else if (auto state = domain::parse_state(word)) {
      query.states.push_back(*state);
    } else {
      throw invalid(fmt::format(
          "\"{}\" is no state: pending, deploying, verifying, deployed, rolling back, rolled back, "
          "failed, held, deleting, or attention or moving",
          word));
    }
  }
  if (std::string_view sort = request.param("sort"); !sort.empty()) {
    if (std::ranges::find(kSorts, sort) == kSorts.end())
      throw invalid(
          fmt::format("sort must be attention, changed, deployed or name, not \"{}\"", sort.substr(0, 40)));
    query.sort = sort;
  }
  return query;
}

std::string cursor_after(const ports::ReleaseQuery& query, size_t items) {
  return fmt::format("o{}", query.offset + items);
}

}  // namespace shipit::api
