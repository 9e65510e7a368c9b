// A watch's bytes into events: one JSON object a line.
#include "base/error.h"
#include "k8s/object.h"
#include "kube/client.h"
#include "text/json.h"

namespace shipit::kube {
namespace {

constexpr size_t kLongestLine = 64 << 20;  // bytes; etcd holds objects of 1.5 MiB

struct SortName {
  std::string_view name;
  WatchEvent::Sort sort;
};
constexpr SortName kSorts[] = {
    {"ADDED", WatchEvent::Sort::Added},     {"MODIFIED", WatchEvent::Sort::Modified},
    {"DELETED", WatchEvent::Sort::Deleted}, {"BOOKMARK", WatchEvent::Sort::Bookmark},
    {"ERROR", WatchEvent::Sort::Error},
};

WatchEvent parse_event(std::string_view line) {
  text::Document document;
  try {
    document = text::parse_json(line);
  } catch (const Error& error) {
    throw Error(ErrorKind::Corrupt, "a watch event is not JSON: " + error.message());
  }
  for (const SortName& known : kSorts) {
    if (known.name != document["type"].as_string()) continue;
    WatchEvent event;
    event.sort = known.sort;
    event.object = std::move(document);
    event.object.root = event.object.root["object"];
    if (!event.object.root.is_map()) break;
    return event;
  }
  throw Error(ErrorKind::Corrupt, "a watch event of no known type");
}

}  // namespace

bool ends_initial_events(const WatchEvent& event) {
  return event.sort == WatchEvent::Sort::Bookmark &&
         k8s::annotation(event.object.root, "k8s.io/initial-events-end") == "true";
}

std::optional<WatchEvent> WatchStream::next(Wait wait) {
  size_t searched = used_;
  while (true) {
    size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      std::string_view line = std::string_view(buffer_).substr(used_, end - used_);
      used_ = end + 1;
      searched = used_;
      if (line.find_first_not_of(" \r\t") == line.npos) continue;
      return parse_event(line);
    }
    buffer_.erase(0, used_);
    used_ = 0;
    searched = buffer_.size();
    if (buffer_.size() > kLongestLine) throw Error(ErrorKind::Corrupt, "a watch event without an end");
    std::string more = bytes_->read(wait);
    if (more.empty()) {
      if (buffer_.empty()) return std::nullopt;
      throw unavailable("the watch ended within an event");
    }
    buffer_ += more;
  }
}

}  // namespace shipit::kube
