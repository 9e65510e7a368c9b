#pragma once
// ImageEvents: a source of "an image was pushed" messages with acknowledgement: SQS, a webhook's inbox, a
// poller.
#include <string>
#include <vector>

#include "base/deadline.h"

namespace shipit::ports {

struct ImageMessage {
  std::string handle;  ///< to acknowledge with
  std::string id;      ///< the source's own, stable across deliveries
  std::string body;    ///< as received; domain parses it
  int deliveries = 1;
};

class ImageEvents {
 public:
  virtual ~ImageEvents() = default;
  /// "sqs image-pushes": for the System page and messages.
  virtual std::string name() const = 0;
  /// Waits for messages until some are there or the deadline passes (then empty). A message not acknowledged
  /// comes again. Errors: Denied, Throttled, Unavailable, Timeout.
  virtual std::vector<ImageMessage> receive(Wait wait) = 0;
  /// Only once a restart would still act on them (rule 1). Idempotent. Same errors.
  virtual void acknowledge(const std::vector<std::string>& handles, Wait wait) = 0;
};

}  // namespace shipit::ports
