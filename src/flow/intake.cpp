#include "flow/intake.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "flow/board.h"
#include "text/json.h"

namespace shipit::flow {
namespace {

constexpr size_t kRefusals = 100;
constexpr Duration kRetry{2000};

std::string refusals_to_json(const std::vector<domain::Activity>& list) {
  text::Arena arena;
  using text::Value;
  Value out = Value::list(arena);
  for (const domain::Activity& a : list)
    out.push_back(arena, Value::map(arena, {{"id", Value::string(arena, a.id)},
                                            {"at", Value::string(arena, format_rfc3339_millis(a.at))},
                                            {"message", Value::string(arena, a.message)},
                                            {"actor", Value::string(arena, a.actor)}}));
  return text::to_json(out);
}

}  // namespace

std::vector<domain::Activity> refusals_from_json(std::string_view json) {
  std::vector<domain::Activity> out;
  if (json.empty()) return out;
  text::Arena arena;
  for (text::Value v : text::parse_json(json, arena).items())
    out.push_back({v["id"].str(),
                   parse_rfc3339(v["at"].as_string()).value_or(Time{}),
                   "refused",
                   {},
                   v["actor"].str(),
                   v["message"].str(),
                   true,
                   {}});
  return out;
}

std::string seen_page(const domain::ImageName& image) {
  uint64_t h = 1469598103934665603ULL;
  for (char c : image.str()) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return fmt::format("seen-{:016x}", h);
}

Time Intake::step(Time now, Duration poll, std::stop_token stop) {
  view_.name = source_.name();
  if (!context_.board.registry()) return now + Duration{100};  // which images are known isn't known yet
  std::vector<ports::ImageMessage> messages;
  try {
    messages = source_.receive({Deadline::in(poll), stop});
    view_.state = "ok";
    view_.message.clear();
    view_.last = now;
  } catch (const Error& e) {
    view_.state = "error";
    view_.message = e.what();
    context_.board.set_source(view_);
    return now + e.retry_after().value_or(kRetry);
  }
  std::vector<std::string> done;
  Time again = now;
  for (const ports::ImageMessage& message : messages) {
    try {
      auto parsed = domain::parse_event(message.body, message.id, context_.settings.region);
      if (auto* refused = std::get_if<domain::Refused>(&parsed)) {
        refuse(message, refused->reason, now, stop);
      } else {
        const auto& event = std::get<domain::ImagePushed>(parsed);
        if (known(event.image))
          remember(event, now, stop);
        else
          refuse(message, fmt::format("no release uses image {}", event.image.str()), now, stop);
      }
      done.push_back(message.handle);
      ++view_.received;
      context_.board.count("events");
    } catch (const Error& e) {
      log_warn("intake", e.what(), {{"source", view_.name}, {"message_id", message.id}});
      again = now + e.retry_after().value_or(kRetry);  // it comes again: not acknowledged
      break;
    }
  }
  if (!done.empty()) {
    context_.wakes.committer();
    try {
      source_.acknowledge(done, context_.wait(stop));
    } catch (const Error& e) {
      log_warn("intake", e.what(), {{"source", view_.name}});  // they come again and change nothing
    }
  }
  context_.board.set_source(view_);
  return again;
}

bool Intake::known(const domain::ImageName& image) const {
  for (const auto& [release, block] : context_.board.registry()->blocks())
    if (block.image == image) return true;
  return false;
}

void Intake::refuse(const ports::ImageMessage& message, const std::string& reason, Time now,
                    std::stop_token stop) {
  domain::Activity activity{"refused/" + message.id, now, "refused", {}, source_.name(), reason, true, {}};
  while (true) {
    ports::Page page = context_.ports.ledger.read(std::string(kRefusalsPage), context_.wait(stop));
    std::vector<domain::Activity> list = refusals_from_json(page.text);
    for (const domain::Activity& a : list)
      if (a.id == activity.id) return;
    // The body is kept for who has to find out where it came from (rule 3).
    activity.message = reason + (message.body.size() <= 500 ? ": " + message.body : "");
    list.insert(list.begin(), activity);
    if (list.size() > kRefusals) list.resize(kRefusals);
    page.text = refusals_to_json(list);
    try {
      context_.ports.ledger.write(std::string(kRefusalsPage), page, context_.wait(stop));
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Conflict) continue;
      throw;
    }
    context_.board.count("refused");
    context_.board.add_activity(activity);
    return;
  }
}

void Intake::remember(const domain::ImagePushed& event, Time now, std::stop_token stop) {
  std::string name = seen_page(event.image);
  while (true) {
    ports::Page page = context_.ports.ledger.read(name, context_.wait(stop));
    domain::SeenImage seen;
    seen.image = event.image;
    if (!page.text.empty()) seen = domain::seen_from_json(page.text);
    if (!domain::add(seen, event.tag)) return;  // a duplicate, or older than all we keep
    page.text = domain::seen_to_json(seen);
    try {
      context_.ports.ledger.write(name, page, context_.wait(stop));
      break;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Conflict) throw;
    }
  }
  domain::Activity activity{
      "pushed/" + event.image.str() + "/" + event.tag.tag.str() + "/" +
          format_rfc3339_millis(event.tag.pushed),
      now,
      "pushed",
      {},
      source_.name(),
      fmt::format("{} {} pushed", domain::short_name(event.image), domain::short_sha(event.tag.tag.str())),
      false,
      {}};
  context_.board.add_activity(std::move(activity));
}

}  // namespace shipit::flow
