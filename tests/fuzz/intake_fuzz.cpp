// What a registry sends through the queue. An even first byte: the rest is a message's body, which gives an
// event that keeps its promises, or a refusal in words. An odd one: the rest is the queue's answer to a
// receive, whose messages go the same way, or an Error.
#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "adapters/sqs/sqs_image_events.h"
#include "base/check.h"
#include "base/error.h"
#include "domain/image.h"
#include "domain/intake.h"

namespace {

using namespace shipit;

void parse(std::string_view body, std::string_view id) {
  auto parsed = domain::parse_event(body, id);
  if (auto* refused = std::get_if<domain::Refused>(&parsed)) {
    SHIPIT_CHECK(!refused->reason.empty(), "a refusal without a reason");
    return;
  }
  const auto& event = std::get<domain::ImagePushed>(parsed);
  SHIPIT_CHECK(domain::is_commit_tag(event.tag.tag), event.tag.tag.str());
  domain::SeenImage seen{event.image, {}};
  SHIPIT_CHECK(domain::add(seen, event.tag), "a first tag is news");
  domain::SeenImage back = domain::seen_from_json(domain::seen_to_json(seen));
  SHIPIT_CHECK(back.image == seen.image && back.tags.size() == 1, "the record did not come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    parse(input, "id");
    return 0;
  }
  net::FunctionClient http([&](net::Request, net::Responder responder) {
    net::Response response;
    response.status = data[0] % 4 == 1 ? 200 : 400;
    response.body = input;
    responder.send(std::move(response));
  });
  SystemClock clock;
  adapters::sqs::SqsOptions options;
  options.queue_url = "http://queue.test/1/images";
  options.long_poll = Duration{0};
  try {
    adapters::sqs::SqsImageEvents events(http, clock, options);
    for (const ports::ImageMessage& message : events.receive({})) parse(message.body, message.id);
    events.acknowledge({"handle"}, {});
  } catch (const Error&) {
  }
  return 0;
}
