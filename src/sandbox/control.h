#pragma once
// The sandbox's own endpoint, with which a person or a test plays the registry:
//   POST /sandbox/images {image, tag, behaves}   how the containers of an image behave
//   GET  /sandbox/images                         what was registered
//   POST /sandbox/push   {image, tag, behaves}   registers it, and tells the queue that the image was pushed
// Used under the sandbox's lock.
#include <string>

#include "sandbox/behaviours.h"
#include "sandbox/parts.h"
#include "sandbox/queue.h"

namespace shipit::sandbox {

struct ControlOptions {
  std::string queue = "image-pushes";        ///< the queue that push events go to
  std::string registry_id = "000000000000";  ///< of images that are named without a registry
};

class Control : public Part {
 public:
  Control(const Clock& clock, Behaviours& behaviours, Queues& queues, ControlOptions options = {});
  bool claims(const net::Request& request) const override;
  void handle(net::Request request, net::Responder responder) override;
  Time step(Time) override { return Time::max(); }

 private:
  net::Response push(std::string_view body);

  const Clock& clock_;
  Behaviours& behaviours_;
  Queues& queues_;
  ControlOptions options_;
};

}  // namespace shipit::sandbox
