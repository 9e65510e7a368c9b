#include "adapters/sqs/sqs_image_events.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/error.h"
#include "text/json.h"
#include "text/utf8.h"

namespace shipit::adapters::sqs {

using text::Value;

namespace {

constexpr size_t kMaxBatch = 10;  // *Source:* quotas: entries of a batch, messages of a receive
constexpr Duration kMaxLongPoll{20'000};
constexpr Duration kNetwork{10'000};  // what a long poll may take beyond its own waiting

std::string md5_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr);
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

/// What a refusal of the service means to the caller, by the end of its __type.
struct Meaning {
  std::string_view type;
  ErrorKind kind;
};
constexpr Meaning kMeanings[] = {
    {"QueueDoesNotExist", ErrorKind::NotFound},
    {"NonExistentQueue", ErrorKind::NotFound},
    {"AccessDenied", ErrorKind::Denied},
    {"AccessDeniedException", ErrorKind::Denied},
    {"ExpiredTokenException", ErrorKind::Denied},
    {"ExpiredToken", ErrorKind::Denied},
    {"IncompleteSignature", ErrorKind::Denied},
    {"InvalidClientTokenId", ErrorKind::Denied},
    {"InvalidSecurity", ErrorKind::Denied},
    {"InvalidSignatureException", ErrorKind::Denied},
    {"KmsAccessDenied", ErrorKind::Denied},
    {"MissingAuthenticationTokenException", ErrorKind::Denied},
    {"SignatureDoesNotMatch", ErrorKind::Denied},
    {"UnrecognizedClientException", ErrorKind::Denied},
    {"OverLimit", ErrorKind::Throttled},
    {"KmsThrottled", ErrorKind::Throttled},
    {"RequestThrottled", ErrorKind::Throttled},
    {"Throttling", ErrorKind::Throttled},
    {"ThrottlingException", ErrorKind::Throttled},
    {"InternalError", ErrorKind::Unavailable},
    {"ServiceUnavailable", ErrorKind::Unavailable},
};

Error refusal_of(const net::Response& response) {
  std::string type, message;
  try {
    text::Document body = text::parse_json(response.body);
    type = body["__type"].str();
    message = body["message"].str(body["Message"].as_string());
  } catch (const Error&) {
    // Not of the service itself: a proxy, a load balancer.
  }
  type = type.substr(type.find_last_of("#.") + 1);
  std::string text =
      fmt::format("{} {}{}{}", response.status, type.empty() ? net::reason_phrase(response.status) : type,
                  message.empty() ? "" : ": ", text::beginning(message, 300));
  for (const Meaning& meaning : kMeanings)
    if (meaning.type == type) return {meaning.kind, text};
  if (response.status == 429) return {ErrorKind::Throttled, text};
  if (response.status >= 500) return {ErrorKind::Unavailable, text};
  if (response.status == 401 || response.status == 403) return {ErrorKind::Denied, text};
  return {ErrorKind::Invalid, text};
}

}  // namespace

SqsImageEvents::SqsImageEvents(net::HttpClient& http, const Clock& clock, SqsOptions options)
    : http_(http), clock_(clock), options_(std::move(options)) {
  const std::string& url = options_.queue_url;
  size_t scheme = url.find("://");
  size_t path = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  if (path == std::string::npos || url.ends_with('/') || !url.starts_with("http"))
    throw invalid(fmt::format("\"{}\" is not the URL of an SQS queue (https://HOST/ACCOUNT/NAME)", url));
  endpoint_ = url.substr(0, path);
  host_ = url.substr(scheme + 3, path - scheme - 3);
  options_.long_poll = std::clamp(options_.long_poll, Duration{0}, kMaxLongPoll);
}

std::string SqsImageEvents::name() const {
  return "sqs " + options_.queue_url.substr(options_.queue_url.rfind('/') + 1);
}

std::vector<ports::ImageMessage> SqsImageEvents::receive(Wait wait) {
  while (true) {
    Duration poll = std::min(options_.long_poll, wait.deadline.remaining());
    int64_t seconds = std::chrono::floor<std::chrono::seconds>(poll).count();
    text::Document input;
    input.root = Value::map(*input.arena);
    input.root.set(*input.arena, "MaxNumberOfMessages", static_cast<int64_t>(kMaxBatch));
    input.root.set(*input.arena, "WaitTimeSeconds", seconds);
    input.root.set(
        *input.arena, "VisibilityTimeout",
        static_cast<int64_t>(std::chrono::ceil<std::chrono::seconds>(options_.visibility).count()));
    for (const char* field : {"AttributeNames", "MessageSystemAttributeNames"})
      input.root.ensure_list(*input.arena, field).push_back(*input.arena, "ApproximateReceiveCount");
    // The answer may come a moment after the poll's own time; a shorter deadline would lose it until it is
    // visible again.
    text::Document output =
        call("ReceiveMessage", input, {Deadline::in(std::chrono::seconds{seconds} + kNetwork), wait.stop});
    std::vector<ports::ImageMessage> messages;
    for (Value entry : output["Messages"].items()) {
      ports::ImageMessage message;
      message.handle = entry["ReceiptHandle"].str();
      message.id = entry["MessageId"].str();
      message.body = entry["Body"].str();
      std::string count = entry["Attributes"]["ApproximateReceiveCount"].str("1");
      message.deliveries = std::max(1, std::atoi(count.c_str()));
      if (std::string_view sum = entry["MD5OfBody"].as_string(); !sum.empty() && sum != md5_hex(message.body))
        throw Error(ErrorKind::Unavailable, "message " + message.id + " arrived damaged").in(name());
      messages.push_back(std::move(message));
    }
    if (!messages.empty() || seconds == 0 || wait.deadline.passed()) return messages;
  }
}

void SqsImageEvents::acknowledge(const std::vector<std::string>& handles, Wait wait) {
  batch("DeleteMessageBatch", handles, nullptr, wait);
}

void SqsImageEvents::extend(const std::vector<std::string>& handles, Duration by, Wait wait) {
  batch("ChangeMessageVisibilityBatch", handles, &by, wait);
}

void SqsImageEvents::batch(const char* action, const std::vector<std::string>& handles,
                           const Duration* visibility, Wait wait) {
  for (size_t first = 0; first < handles.size(); first += kMaxBatch) {
    text::Document input;
    text::Arena& arena = *input.arena;
    input.root = Value::map(arena);
    for (size_t i = first; i < std::min(handles.size(), first + kMaxBatch); ++i) {
      Value entry = Value::map(arena);
      entry.set(arena, "Id", Value::string(arena, std::to_string(i)));
      entry.set(arena, "ReceiptHandle", Value::borrowed(handles[i]));
      if (visibility)
        entry.set(arena, "VisibilityTimeout",
                  static_cast<int64_t>(std::chrono::ceil<std::chrono::seconds>(*visibility).count()));
      input.root.ensure_list(arena, "Entries").push_back(arena, entry);
    }
    text::Document output = call(action, input, wait);
    for (Value failed : output["Failed"].items()) {
      // The sender's fault is a handle whose message is gone or visible again: nothing is left to do about
      // it.
      if (failed["SenderFault"].as_bool()) continue;
      throw unavailable(fmt::format("{}: {}", failed["Code"].as_string(), failed["Message"].as_string()))
          .in(name());
    }
  }
}

text::Document SqsImageEvents::call(const char* action, const text::Document& input, Wait wait) {
  text::Document complete = input.clone();
  complete.root.set(*complete.arena, "QueueUrl", Value::borrowed(options_.queue_url));
  UnsignedRequest unsigned_request{"POST",
                                   "/",
                                   "",
                                   {{"Host", host_},
                                    {"Content-Type", "application/x-amz-json-1.0"},
                                    {"X-Amz-Target", std::string("AmazonSQS.") + action}},
                                   text::to_json(complete.root)};
  net::ClientRequest request;
  request.method = "POST";
  request.url = endpoint_ + "/";
  request.headers = unsigned_request.headers;
  request.body = unsigned_request.body;
  try {
    AwsCredentials credentials = options_.credentials ? options_.credentials() : AwsCredentials{};
    if (!credentials.access_key_id.empty()) {
      net::Headers added = sign(unsigned_request, credentials, {options_.region, "sqs"}, clock_.now());
      for (const auto& [header, value] : added.all()) request.headers.add(header, value);
    }
    net::Response response = http_.send(request, wait);
    if (response.status != 200) throw refusal_of(response);
    return text::parse_json(response.body);
  } catch (const Error& error) {
    throw error.in(fmt::format("{} {}", name(), action));
  }
}

}  // namespace shipit::adapters::sqs
