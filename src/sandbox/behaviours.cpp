#include "sandbox/behaviours.h"

#include <array>

#include "base/error.h"
#include "text/json.h"

namespace shipit::sandbox {
namespace {

struct Word {
  Behaviour behaviour;
  std::string_view text;
};
constexpr std::array kWords{Word{Behaviour::Ok, "ok"}, Word{Behaviour::Crash, "crash"},
                            Word{Behaviour::BadImage, "bad-image"}, Word{Behaviour::Slow, "slow"},
                            Word{Behaviour::Alert, "alert"}};
constexpr std::string_view kPrefix = "images/";

bool all_of(std::string_view text, std::string_view extra) {
  if (text.empty()) return false;
  for (char c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && extra.find(c) == std::string_view::npos) return false;
  return true;
}

/// The part before the first slash is a host when it has a dot or a port, or is localhost (as Docker reads
/// it).
std::string_view without_host(std::string_view repository) {
  size_t slash = repository.find('/');
  if (slash == std::string_view::npos) return repository;
  std::string_view first = repository.substr(0, slash);
  bool host = first == "localhost" || first.find_first_of(".:") != std::string_view::npos;
  return host ? repository.substr(slash + 1) : repository;
}

std::string key_of(std::string_view repository, std::string_view tag) {
  return std::string(repository) + ":" + std::string(tag);
}

}  // namespace

std::string_view to_string(Behaviour behaviour) {
  for (const Word& word : kWords)
    if (word.behaviour == behaviour) return word.text;
  return "ok";
}

std::optional<Behaviour> parse_behaviour(std::string_view text) {
  for (const Word& word : kWords)
    if (word.text == text) return word.behaviour;
  return std::nullopt;
}

ImageReference parse_image(std::string_view image) {
  ImageReference reference{image, {}, {}};
  if (size_t at = image.find('@'); at != std::string_view::npos) {
    reference.digest = image.substr(at + 1);
    reference.repository = image.substr(0, at);
  }
  size_t slash = reference.repository.rfind('/');
  size_t colon = reference.repository.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    reference.tag = reference.repository.substr(colon + 1);
    reference.repository = reference.repository.substr(0, colon);
  } else if (reference.digest.empty()) {
    reference.tag = "latest";
  }
  return reference;
}

Behaviours::Behaviours(Keep& keep) : keep_(keep) {
  for (const auto& [key, json] : keep_.all(kPrefix)) {
    text::Document document = text::parse_json(json);
    if (auto behaviour = parse_behaviour(document["behaves"].as_string()))
      registered_[key_of(document["repository"].as_string(), document["tag"].as_string())] = *behaviour;
  }
}

void Behaviours::set(std::string_view repository, std::string_view tag, Behaviour behaviour) {
  if (!all_of(repository, "._-/:")) throw invalid("image: not a repository name");
  if (!all_of(tag, "._-") || tag.size() > 128) throw invalid("tag: not an image tag");
  std::string key = key_of(repository, tag);
  text::Document document;
  document.root = text::Value::map(*document.arena);
  document.root.set(*document.arena, "repository", text::Value::borrowed(repository));
  document.root.set(*document.arena, "tag", text::Value::borrowed(tag));
  document.root.set(*document.arena, "behaves", text::Value::borrowed(to_string(behaviour)));
  keep_.put(std::string(kPrefix) + key, text::to_json(document.root));
  registered_[key] = behaviour;
  ++version_;
}

Behaviour Behaviours::of(std::string_view image) const {
  ImageReference reference = parse_image(image);
  for (std::string_view repository : {reference.repository, without_host(reference.repository)})
    if (auto it = registered_.find(key_of(repository, reference.tag)); it != registered_.end())
      return it->second;
  for (const Word& word : kWords)
    if (reference.tag.size() > word.text.size() && reference.tag.ends_with(word.text) &&
        reference.tag[reference.tag.size() - word.text.size() - 1] == '-')
      return word.behaviour;
  return Behaviour::Ok;
}

net::Response Behaviours::handle(std::string_view method, std::string_view body) {
  if (method == "GET") {
    text::Document document;
    text::Arena& arena = *document.arena;
    document.root = text::Value::list(arena);
    for (const auto& [key, behaviour] : registered_) {
      size_t colon = key.rfind(':');
      text::Value item = text::Value::map(arena);
      item.set(arena, "image", text::Value::string(arena, std::string_view(key).substr(0, colon)));
      item.set(arena, "tag", text::Value::string(arena, std::string_view(key).substr(colon + 1)));
      item.set(arena, "behaves", text::Value::borrowed(to_string(behaviour)));
      document.root.push_back(arena, item);
    }
    return control_answer(text::to_json(document.root));
  }
  if (method != "POST") return control_error(405, "use GET or POST");
  try {
    ImageCommand command = parse_image_command(body);
    set(command.repository, command.tag, command.behaves.value_or(Behaviour::Ok));
    return control_answer("{}");
  } catch (const Error& error) {
    return control_error(400, error.what());
  }
}

ImageCommand parse_image_command(std::string_view json) {
  text::Document document = text::parse_json(json);
  if (!document.root.is_map()) throw invalid("the body must be a JSON object {image, tag, behaves}");
  for (const char* field : {"image", "tag", "behaves"})
    if (document.root.has(field) && !document.root[field].is_string())
      throw invalid(std::string(field) + ": must be a string");
  std::string_view image = document["image"].as_string();
  if (image.empty()) throw invalid("image: is missing");
  ImageReference reference = parse_image(image);
  ImageCommand command;
  command.repository = reference.repository;
  command.tag = document["tag"].str(reference.tag);
  if (document.root.has("behaves")) {
    command.behaves = parse_behaviour(document["behaves"].as_string());
    if (!command.behaves) throw invalid("behaves: must be one of ok, crash, bad-image, slow, alert");
  }
  return command;
}

net::Response control_answer(std::string json, int status) {
  return {status, {{"Content-Type", "application/json"}}, std::move(json) + "\n"};
}

net::Response control_error(int status, std::string_view message) {
  std::string json = "{\"error\":";
  text::append_json_string(json, message);
  return control_answer(json + "}", status);
}

}  // namespace shipit::sandbox
