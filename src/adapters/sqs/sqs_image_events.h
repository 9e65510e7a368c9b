#pragma once
// ImageEvents on an Amazon SQS queue (or anything that speaks its JSON protocol: ElasticMQ, moto, the
// sandbox). Thread-safe as its HttpClient is: it keeps no state of its own. *Source:* Amazon SQS API
// Reference 2012-11-05, AWS JSON 1.0 protocol.
#include <functional>
#include <string>
#include <vector>

#include "adapters/sqs/sigv4.h"
#include "base/clock.h"
#include "net/client.h"
#include "ports/image_events.h"
#include "text/value.h"

namespace shipit::adapters::sqs {

struct SqsOptions {
  std::string queue_url;  ///< "https://sqs.us-east-1.amazonaws.com/123456789012/image-pushes"
  std::string region = "us-east-1";
  /// Asked for each request, so that rotated credentials are seen. May throw Denied.
  std::function<AwsCredentials()> credentials;
  Duration long_poll{20'000};   ///< of one request, at most 20 s
  Duration visibility{60'000};  ///< how long a message stays hidden; longer than its handling takes
};

class SqsImageEvents final : public ports::ImageEvents {
 public:
  /// Errors: Invalid when the queue URL is none.
  SqsImageEvents(net::HttpClient& http, const Clock& clock, SqsOptions options);

  std::string name() const override;
  std::vector<ports::ImageMessage> receive(Wait wait) override;
  /// A handle of a message that is gone already counts as done.
  void acknowledge(const std::vector<std::string>& handles, Wait wait) override;
  /// Hides the messages for `by` from now on. One that is not in flight any more is left alone.
  void extend(const std::vector<std::string>& handles, Duration by, Wait wait);

 private:
  text::Document call(const char* action, const text::Document& input, Wait wait);
  void batch(const char* action, const std::vector<std::string>& handles, const Duration* visibility,
             Wait wait);

  net::HttpClient& http_;
  const Clock& clock_;
  SqsOptions options_;
  std::string endpoint_;  // scheme and authority
  std::string host_;
};

}  // namespace shipit::adapters::sqs
