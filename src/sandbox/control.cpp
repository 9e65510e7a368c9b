#include "sandbox/control.h"

#include "base/error.h"
#include "text/json.h"

namespace shipit::sandbox {

Control::Control(const Clock& clock, Behaviours& behaviours, Queues& queues, ControlOptions options)
    : clock_(clock), behaviours_(behaviours), queues_(queues), options_(std::move(options)) {
  queues_.ensure(options_.queue);
}

bool Control::claims(const net::Request& request) const { return request.path.starts_with("/sandbox/"); }

void Control::handle(net::Request request, net::Responder responder) {
  if (request.path == "/sandbox/images")
    responder.send(behaviours_.handle(request.method, request.body));
  else if (request.path == "/sandbox/push" && request.method == "POST")
    responder.send(push(request.body));
  else if (request.path == "/sandbox/push")
    responder.send(control_error(405, "use POST"));
  else
    responder.send(control_error(404, "there are /sandbox/images and /sandbox/push"));
}

net::Response Control::push(std::string_view body) {
  try {
    ImageCommand command = parse_image_command(body);
    EcrEvent event = ecr_event_of(command.repository, options_.registry_id);
    // A push without `behaves` of a tag that was registered before lets it be: the image is the same.
    if (command.behaves || behaviours_.of(command.repository + ":" + command.tag) == Behaviour::Ok)
      behaviours_.set(command.repository, command.tag, command.behaves.value_or(Behaviour::Ok));
    std::string id = queues_.send(options_.queue, ecr_event_json(event, command.tag, clock_.now()));
    text::Document document;
    text::Arena& arena = *document.arena;
    document.root = text::Value::map(arena);
    document.root.set(arena, "messageId", text::Value::string(arena, id));
    document.root.set(arena, "queueUrl", text::Value::string(arena, queues_.url(options_.queue)));
    return control_answer(text::to_json(document.root));
  } catch (const Error& error) {
    return control_error(400, error.what());
  }
}

}  // namespace shipit::sandbox
