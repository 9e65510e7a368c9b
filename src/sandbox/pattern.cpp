#include "sandbox/pattern.h"

#include <re2/re2.h>

#include <map>
#include <memory>
#include <mutex>

namespace shipit::sandbox {
namespace {

constexpr size_t kCacheSize = 1000;

/// Compiled once and kept; a cache that grew too large starts over.
std::shared_ptr<re2::RE2> compile(std::string_view pattern) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<re2::RE2>, std::less<>> cache;
  std::lock_guard lock(mutex);
  if (auto found = cache.find(pattern); found != cache.end()) return found->second;
  if (cache.size() >= kCacheSize) cache.clear();
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto made = std::make_shared<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  cache.emplace(pattern, made);
  return made;
}

}  // namespace

bool pattern_matches(std::string_view pattern, std::string_view text) {
  auto compiled = compile(pattern);
  return !compiled->ok() || re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled);
}

std::string pattern_error(std::string_view pattern) {
  auto compiled = compile(pattern);
  return compiled->ok() ? "" : compiled->error();
}

}  // namespace shipit::sandbox
