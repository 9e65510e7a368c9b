#pragma once
// How the containers of an image behave when the sandbox runs them. Registered through POST /sandbox/images
// and POST /sandbox/push; an image that nobody registered runs fine. Read by the kubelet simulation and the
// monitors. Thread-safe.
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"
#include "sandbox/keep.h"

namespace shipit::sandbox {

enum class Behaviour : uint8_t {
  Ok,        ///< becomes ready and stays so
  Crash,     ///< exits with 1 soon after each start
  BadImage,  ///< can't be pulled
  Slow,      ///< runs, but its readiness probe never passes
  Alert,     ///< runs fine, and the monitors of its service fire
};

/// "ok", "crash", "bad-image", "slow", "alert".
std::string_view to_string(Behaviour behaviour);
std::optional<Behaviour> parse_behaviour(std::string_view text);

/// A container's image field taken apart: "host/path/name:tag@digest".
struct ImageReference {
  std::string_view repository;  ///< registry host included, when there is one
  std::string_view tag;         ///< "latest" when there is neither tag nor digest
  std::string_view digest;
};
ImageReference parse_image(std::string_view image);

class Behaviours final {
 public:
  /// Loads what was registered before.
  explicit Behaviours(Keep& keep);

  /// Registers `repository:tag`. A repository without a host ("hello") stands for that name in any registry.
  /// Errors: Invalid when either is empty or malformed.
  void set(std::string_view repository, std::string_view tag, Behaviour behaviour);
  /// What was registered for the image; else what the tag's ending says ("v2-crash", as test images on a real
  /// node are named); else Ok.
  Behaviour of(std::string_view image) const;
  /// Grows with each registration.
  int version() const { return version_; }

  /// Answers POST /sandbox/images {image, tag, behaves} and GET /sandbox/images.
  net::Response handle(std::string_view method, std::string_view body);

 private:
  Keep& keep_;
  int version_ = 0;
  std::map<std::string, Behaviour, std::less<>> registered_;  // by "repository:tag"
};

/// What a caller of the control endpoint sent: {image, tag, behaves}; the tag may be part of `image`.
struct ImageCommand {
  std::string repository;
  std::string tag;
  std::optional<Behaviour> behaves;
};
/// Errors: Invalid, naming the field.
ImageCommand parse_image_command(std::string_view json);

/// {"error": message} with `status`: the shape of the control endpoint's refusals.
net::Response control_error(int status, std::string_view message);
net::Response control_answer(std::string json, int status = 200);

}  // namespace shipit::sandbox
