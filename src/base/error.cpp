#include "base/error.h"

namespace shipit {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
      return "invalid";
    case ErrorKind::NotFound:
      return "not_found";
    case ErrorKind::Conflict:
      return "conflict";
    case ErrorKind::Expired:
      return "expired";
    case ErrorKind::Denied:
      return "denied";
    case ErrorKind::Throttled:
      return "throttled";
    case ErrorKind::Timeout:
      return "timeout";
    case ErrorKind::Unavailable:
      return "unavailable";
    case ErrorKind::Corrupt:
      return "corrupt";
    case ErrorKind::Internal:
      return "internal";
  }
  return "internal";
}

Error Error::in(std::string_view where) const {
  Error outer = *this;
  outer.context_ = context_.empty() ? std::string(where) : std::string(where) + ": " + context_;
  outer.what_ = outer.context_ + ": " + message_;
  return outer;
}

Error Error::after(Duration retry_after) const {
  Error later = *this;
  later.retry_after_ = retry_after;
  return later;
}

bool Error::transient() const {
  return kind_ == ErrorKind::Throttled || kind_ == ErrorKind::Timeout || kind_ == ErrorKind::Unavailable;
}

}  // namespace shipit
