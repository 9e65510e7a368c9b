#pragma once
// AWS Signature Version 4 for requests whose path is encoded as they are sent (every service but S3, which
// does not encode the path a second time). Pure; any thread. curl's own signer gets some of these wrong.
// *Source:* AWS General Reference, "Signature Version 4 signing process".
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/http.h"

namespace shipit::adapters::sqs {

/// Secrets: never in an Error or a log line.
struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< of temporary credentials; empty for lasting ones
};

struct SigningScope {
  std::string region;
  std::string service;
};

/// What is signed. `headers` must have Host and what else is to be signed; X-Amz-Date is added by `sign`.
struct UnsignedRequest {
  std::string method;
  std::string path = "/";  ///< as sent, percent-encoded
  std::string query;       ///< as sent, without the question mark
  net::Headers headers;
  std::string body;
};

/// The headers to add: X-Amz-Date, X-Amz-Security-Token when there is one, Authorization.
net::Headers sign(const UnsignedRequest& request, const AwsCredentials& credentials,
                  const SigningScope& scope, Time now);

}  // namespace shipit::adapters::sqs
