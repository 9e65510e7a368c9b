#include "sandbox/queue.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "text/json.h"

namespace shipit::sandbox {

using text::Arena;
using text::Value;

namespace {

constexpr std::string_view kTarget = "AmazonSQS.";
constexpr size_t kMaxMessage = 1 << 20;  // bytes. *Source:* SQS quotas, message size, since August 2025
constexpr size_t kMaxBatch = 10;

/// A refusal in the shape of the protocol. `query_code` is what clients of the older query protocol know it
/// as.
struct Refusal {
  std::string_view type;
  std::string_view query_code;
  std::string message;
  int status = 400;
};

Refusal no_queue() {
  return {"com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue",
          "The specified queue does not exist."};
}
Refusal missing(std::string_view parameter) {
  return {"com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter",
          fmt::format("The request must contain the parameter {}.", parameter)};
}
Refusal bad_value(std::string_view parameter, std::string_view value, std::string_view why) {
  return {"com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue",
          fmt::format("Value {} for parameter {} is invalid. Reason: {}", value, parameter, why)};
}
Refusal bad_handle(std::string_view handle) {
  return {"com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid",
          fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.", handle)};
}
Refusal unsupported(std::string_view what) {
  return {"com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation",
          fmt::format("The simulated queue does not support {}.", what)};
}

std::string md5_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + size, ""));
}

/// The characters that a message may have. *Source:* SendMessage, "A message can include only XML, JSON …".
bool allowed_characters(std::string_view body) {
  return std::none_of(body.begin(), body.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
  });
}

bool valid_queue_name(std::string_view name) {
  return !name.empty() && name.size() <= 80 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

int64_t number_of(Value value, int64_t fallback) {
  if (value.is_number()) return value.as_int();
  std::string_view text = value.as_string();
  int64_t number = fallback;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// A bounded number of the request, or `fallback` when it is not there.
int64_t parameter(Value input, const char* name, int64_t low, int64_t high, int64_t fallback) {
  Value value = input[name];
  if (value.is_null()) return fallback;
  int64_t number = number_of(value, low - 1);
  if (number < low || number > high)
    throw bad_value(name, value.is_string() ? value.str() : text::to_json(value),
                    fmt::format("Must be between {} and {}, if provided.", low, high));
  return number;
}

/// Attributes that a person may set, with their defaults and bounds.
struct Attribute {
  const char* name;
  int64_t fallback, low, high;
};
constexpr Attribute kAttributes[] = {{"DelaySeconds", 0, 0, 900},
                                     {"MaximumMessageSize", kMaxMessage, 1024, kMaxMessage},
                                     {"MessageRetentionPeriod", 345'600, 60, 1'209'600},
                                     {"ReceiveMessageWaitTimeSeconds", 0, 0, 20},
                                     {"VisibilityTimeout", 30, 0, 43'200}};

std::string epoch_millis(Time time) { return std::to_string(time.time_since_epoch().count()); }
std::string epoch_seconds(Time time) { return std::to_string(time.time_since_epoch().count() / 1000); }

net::Response answer(std::string body, std::string_view request_id, int status = 200) {
  return {status,
          {{"Content-Type", "application/x-amz-json-1.0"}, {"x-amzn-RequestId", std::string(request_id)}},
          std::move(body)};
}

net::Response answer(const Refusal& refusal, std::string_view request_id) {
  std::string body = "{\"__type\":";
  text::append_json_string(body, refusal.type);
  body += ",\"message\":";
  text::append_json_string(body, refusal.message);
  net::Response response = answer(body + "}", request_id, refusal.status);
  response.headers.add("x-amzn-query-error", fmt::format("{};Sender", refusal.query_code));
  return response;
}

}  // namespace

/// One call of the protocol while it is answered.
struct Queues::Call {
  Value input;
  Arena& arena;
  Time now;
  net::Responder* responder;
  std::string request_id;
};

/// The calls by name. Each returns its output; null when the Responder was taken to be answered later.
struct Queues::Operations {
  using Function = Value (*)(Queues&, Call&);

  static Value create_queue(Queues& queues, Call& call) {
    std::string name = call.input["QueueName"].str();
    if (call.input["QueueName"].is_null()) throw missing("QueueName");
    if (name.ends_with(".fifo")) throw unsupported("FIFO queues");
    if (!valid_queue_name(name))
      throw bad_value(
          "QueueName", name,
          "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.");
    std::map<std::string, int64_t> wanted = attributes_of(call.input["Attributes"]);
    if (auto it = queues.queues_.find(name); it != queues.queues_.end()) {
      for (const auto& [attribute, value] : wanted)
        if (it->second.attributes[attribute] != value)
          throw Refusal{
              "com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists",
              fmt::format("A queue already exists with the same name and a different value for attribute {}",
                          attribute)};
    } else {
      queues.ensure(name);
      Queue& queue = queues.queues_.find(name)->second;
      for (const auto& [attribute, value] : wanted) queue.attributes[attribute] = value;
      queues.store(queue);
    }
    return url_output(queues, call, name);
  }

  static Value get_queue_url(Queues& queues, Call& call) {
    std::string name = call.input["QueueName"].str();
    if (!queues.queues_.contains(name)) throw no_queue();
    return url_output(queues, call, name);
  }

  static Value list_queues(Queues& queues, Call& call) {
    Value output = Value::map(call.arena);
    std::string_view prefix = call.input["QueueNamePrefix"].as_string();
    for (const auto& [name, queue] : queues.queues_)
      if (name.starts_with(prefix))
        output.ensure_list(call.arena, "QueueUrls")
            .push_back(call.arena, Value::string(call.arena, queues.url(name)));
    return output;
  }

  static Value delete_queue(Queues& queues, Call& call) {
    Queue& queue = queues.queue_of(call.input);
    for (const Message& message : queue.messages) queues.forget(queue, message);
    queues.keep_.remove("queue/" + queue.name);
    queues.queues_.erase(std::string(queue.name));
    return Value::map(call.arena);
  }

  static Value purge_queue(Queues& queues, Call& call) {
    Queue& queue = queues.queue_of(call.input);
    for (const Message& message : queue.messages) queues.forget(queue, message);
    queue.messages.clear();
    return Value::map(call.arena);
  }

  static Value get_queue_attributes(Queues& queues, Call& call) {
    Queue& queue = queues.queue_of(call.input);
    std::map<std::string, std::string> all;
    for (const auto& [name, value] : queue.attributes) all[name] = std::to_string(value);
    int64_t visible = 0, in_flight = 0, delayed = 0;
    for (const Message& message : queue.messages)
      ++(message.visible_at <= call.now ? visible : message.receives > 0 ? in_flight : delayed);
    all["ApproximateNumberOfMessages"] = std::to_string(visible);
    all["ApproximateNumberOfMessagesNotVisible"] = std::to_string(in_flight);
    all["ApproximateNumberOfMessagesDelayed"] = std::to_string(delayed);
    all["CreatedTimestamp"] = epoch_seconds(queue.created);
    all["LastModifiedTimestamp"] = epoch_seconds(queue.modified);
    all["QueueArn"] =
        fmt::format("arn:aws:sqs:{}:{}:{}", queues.options_.region, queues.options_.account, queue.name);
    all["SqsManagedSseEnabled"] = "true";
    Value output = Value::map(call.arena);
    for (Value wanted : call.input["AttributeNames"].items()) {
      std::string name = wanted.str();
      if (name != "All" && !all.contains(name)) {
        if (name == "Policy" || name == "RedrivePolicy" || name == "RedriveAllowPolicy" ||
            name == "KmsMasterKeyId")
          continue;  // known, and not set
        throw Refusal{"com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName",
                      fmt::format("Unknown Attribute {}.", name)};
      }
      for (const auto& [key, value] : all)
        if (name == "All" || key == name)
          output.ensure_map(call.arena, "Attributes").set(call.arena, key, Value::string(call.arena, value));
    }
    return output;
  }

  static Value set_queue_attributes(Queues& queues, Call& call) {
    Queue& queue = queues.queue_of(call.input);
    for (const auto& [name, value] : attributes_of(call.input["Attributes"])) queue.attributes[name] = value;
    queue.modified = call.now;
    queues.store(queue);
    return Value::map(call.arena);
  }

  static Value send_message(Queues& queues, Call& call) {
    return send_one(queues, queues.queue_of(call.input), call.input, call);
  }

  static Value send_message_batch(Queues& queues, Call& call) {
    Queue& queue = queues.queue_of(call.input);
    return batch(call, [&](Value entry) { return send_one(queues, queue, entry, call); });
  }

  static Value receive_message(Queues& queues, Call& call) {
    Queue& queue = queues.queue_of(call.input);
    Receive receive;
    receive.queue = queue.name;
    receive.max = static_cast<size_t>(parameter(call.input, "MaxNumberOfMessages", 1, 10, 1));
    receive.visibility = std::chrono::seconds{
        parameter(call.input, "VisibilityTimeout", 0, 43'200, queue.attributes["VisibilityTimeout"])};
    int64_t wait =
        parameter(call.input, "WaitTimeSeconds", 0, 20, queue.attributes["ReceiveMessageWaitTimeSeconds"]);
    for (const char* field : {"AttributeNames", "MessageSystemAttributeNames"})
      for (Value name : call.input[field].items()) receive.attributes.push_back(name.str());
    if (auto response = queues.take(receive, call.now)) {
      call.responder->send(std::move(*response));
    } else if (wait == 0) {
      return Value::map(call.arena);
    } else {
      queues.waiters_.push_back(
          {std::move(receive), call.now + std::chrono::seconds{wait}, std::move(*call.responder)});
    }
    return {};
  }

  static Value delete_message(Queues& queues, Call& call) {
    delete_one(queues, queues.queue_of(call.input), call.input);
    return Value::map(call.arena);
  }

  static Value delete_message_batch(Queues& queues, Call& call) {
    Queue& queue = queues.queue_of(call.input);
    return batch(call, [&](Value entry) {
      delete_one(queues, queue, entry);
      return Value::map(call.arena);
    });
  }

  static Value change_visibility(Queues& queues, Call& call) {
    change_one(queues, queues.queue_of(call.input), call.input, call);
    return Value::map(call.arena);
  }

  static Value change_visibility_batch(Queues& queues, Call& call) {
    Queue& queue = queues.queue_of(call.input);
    return batch(call, [&](Value entry) {
      change_one(queues, queue, entry, call);
      return Value::map(call.arena);
    });
  }

  static constexpr std::pair<std::string_view, Function> kTable[] = {
      {"ChangeMessageVisibility", change_visibility},
      {"ChangeMessageVisibilityBatch", change_visibility_batch},
      {"CreateQueue", create_queue},
      {"DeleteMessage", delete_message},
      {"DeleteMessageBatch", delete_message_batch},
      {"DeleteQueue", delete_queue},
      {"GetQueueAttributes", get_queue_attributes},
      {"GetQueueUrl", get_queue_url},
      {"ListQueues", list_queues},
      {"PurgeQueue", purge_queue},
      {"ReceiveMessage", receive_message},
      {"SendMessage", send_message},
      {"SendMessageBatch", send_message_batch},
      {"SetQueueAttributes", set_queue_attributes}};

 private:
  static Value url_output(Queues& queues, Call& call, std::string_view name) {
    Value output = Value::map(call.arena);
    output.set(call.arena, "QueueUrl", Value::string(call.arena, queues.url(name)));
    return output;
  }

  static std::map<std::string, int64_t> attributes_of(Value attributes) {
    std::map<std::string, int64_t> wanted;
    for (const text::Member& member : attributes.members()) {
      std::string name(member.key.view());
      const Attribute* known =
          std::find_if(std::begin(kAttributes), std::end(kAttributes),
                       [&](const Attribute& attribute) { return attribute.name == name; });
      if (known == std::end(kAttributes)) throw unsupported("the attribute " + name);
      int64_t value = number_of(member.value, -1);
      if (value < known->low || value > known->high)
        throw Refusal{"com.amazonaws.sqs#InvalidAttributeValue", "InvalidAttributeValue",
                      fmt::format("Invalid value for the parameter {}.", name)};
      wanted[name] = value;
    }
    return wanted;
  }

  /// Runs `one` for each entry; a refused entry does not stop the others.
  template <class One>
  static Value batch(Call& call, One one) {
    Value entries = call.input["Entries"];
    if (entries.empty())
      throw Refusal{"com.amazonaws.sqs#EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest",
                    "There should be at least one entry in the request."};
    if (entries.size() > kMaxBatch)
      throw Refusal{"com.amazonaws.sqs#TooManyEntriesInBatchRequest",
                    "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
                    fmt::format("Maximum number of entries per request are {}. You have sent {}.", kMaxBatch,
                                entries.size())};
    for (size_t i = 0; i < entries.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (entries[i]["Id"].as_string() == entries[j]["Id"].as_string())
          throw Refusal{"com.amazonaws.sqs#BatchEntryIdsNotDistinct",
                        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
                        fmt::format("Id {} repeated.", entries[i]["Id"].as_string())};
    Value output = Value::map(call.arena);
    output.ensure_list(call.arena, "Successful");
    for (Value entry : entries.items()) {
      try {
        Value result = one(entry);
        result.set(call.arena, "Id", entry["Id"]);
        output["Successful"].push_back(call.arena, result);
      } catch (const Refusal& refusal) {
        Value failed = Value::map(call.arena);
        failed.set(call.arena, "Id", entry["Id"]);
        failed.set(call.arena, "SenderFault", true);
        failed.set(call.arena, "Code", Value::string(call.arena, refusal.query_code));
        failed.set(call.arena, "Message", Value::string(call.arena, refusal.message));
        output.ensure_list(call.arena, "Failed").push_back(call.arena, failed);
      }
    }
    return output;
  }

  static Value send_one(Queues& queues, Queue& queue, Value entry, Call& call) {
    if (!entry["MessageBody"].is_string()) throw missing("MessageBody");
    std::string_view body = entry["MessageBody"].as_string();
    if (!entry["MessageAttributes"].empty()) throw unsupported("message attributes");
    if (body.empty()) throw missing("MessageBody");
    if (body.size() > static_cast<size_t>(queue.attributes["MaximumMessageSize"]))
      throw Refusal{
          "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue",
          fmt::format("One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
                      queue.attributes["MaximumMessageSize"])};
    if (!allowed_characters(body))
      throw Refusal{"com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents",
                    "The message contains characters outside the allowed set."};
    int64_t delay = parameter(entry, "DelaySeconds", 0, 900, queue.attributes["DelaySeconds"]);
    Value output = Value::map(call.arena);
    output.set(call.arena, "MD5OfMessageBody", Value::string(call.arena, md5_hex(body)));
    std::string id = queues.add(queue, body, std::chrono::seconds{delay}, call.now);
    output.set(call.arena, "MessageId", Value::string(call.arena, id));
    return output;
  }

  /// The message that a handle names, and whether the handle is of its latest receive.
  static std::pair<std::deque<Message>::iterator, bool> find(Queue& queue, Value entry) {
    if (!entry["ReceiptHandle"].is_string()) throw missing("ReceiptHandle");
    std::string_view handle = entry["ReceiptHandle"].as_string();
    size_t dot = handle.rfind('.');
    if (!handle.starts_with("AQEB") || dot == std::string_view::npos) throw bad_handle(handle);
    std::string_view id = handle.substr(4, dot - 4), count = handle.substr(dot + 1);
    int receives = 0;
    auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), receives);
    if (error != std::errc{} || end != count.data() + count.size() || id.size() != 36)
      throw bad_handle(handle);
    auto it = std::find_if(queue.messages.begin(), queue.messages.end(),
                           [&](const Message& message) { return message.id == id; });
    return {it, it != queue.messages.end() && it->receives == receives};
  }

  /// A handle of an earlier receive succeeds and deletes nothing, as the reference warns.
  static void delete_one(Queues& queues, Queue& queue, Value entry) {
    auto [it, latest] = find(queue, entry);
    if (!latest) return;
    queues.forget(queue, *it);
    queue.messages.erase(it);
  }

  static void change_one(Queues&, Queue& queue, Value entry, Call& call) {
    if (entry["VisibilityTimeout"].is_null()) throw missing("VisibilityTimeout");
    int64_t timeout = parameter(entry, "VisibilityTimeout", 0, 43'200, 0);
    auto [it, latest] = find(queue, entry);
    if (!latest || it->visible_at <= call.now)
      throw Refusal{"com.amazonaws.sqs#MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight",
                    "The specified message isn't in flight."};
    it->visible_at = call.now + std::chrono::seconds{timeout};
  }
};

Queues::Queues(const Clock& clock, Keep& keep, QueueOptions options)
    : clock_(clock), keep_(keep), options_(std::move(options)) {
  // New ids must differ from those of messages kept by an earlier process.
  random_.seed(options_.seed ^ static_cast<uint64_t>(clock.now().time_since_epoch().count()));
  for (const auto& [key, json] : keep_.all("queue/")) {
    text::Document document = text::parse_json(json);
    Queue& queue = queues_[document["name"].str()];
    queue.name = document["name"].str();
    queue.created = queue.modified = Time{Duration{document["created"].as_int()}};
    for (const text::Member& member : document["attributes"].members())
      queue.attributes[std::string(member.key.view())] = member.value.as_int();
  }
  for (const auto& [key, json] : keep_.all("message/")) {
    text::Document document = text::parse_json(json);
    auto it = queues_.find(document["queue"].as_string());
    if (it == queues_.end()) continue;
    Message message{document["id"].str(), document["body"].str(), Time{Duration{document["sent"].as_int()}}};
    message.receives = static_cast<int>(document["receives"].as_int());
    message.first_received = Time{Duration{document["firstReceived"].as_int()}};
    it->second.messages.push_back(std::move(message));
  }
  for (auto& [name, queue] : queues_)
    std::stable_sort(queue.messages.begin(), queue.messages.end(),
                     [](const Message& a, const Message& b) { return a.sent < b.sent; });
}

bool Queues::claims(const net::Request& request) const {
  return request.method == "POST" && request.headers.get_or("X-Amz-Target", "").starts_with(kTarget);
}

void Queues::handle(net::Request request, net::Responder responder) {
  std::string request_id = new_id();
  try {
    if (auto host = request.headers.get("Host"); host && !host->empty())
      options_.base_url = fmt::format("http://{}", *host);
    std::string_view name = request.headers.get_or("X-Amz-Target", "");
    name.remove_prefix(std::min(kTarget.size(), name.size()));
    const auto* operation = std::find_if(std::begin(Operations::kTable), std::end(Operations::kTable),
                                         [&](const auto& entry) { return entry.first == name; });
    if (operation == std::end(Operations::kTable))
      throw Refusal{"com.amazon.coral.service#UnknownOperationException", "InvalidAction",
                    fmt::format("The action {} is not valid for this endpoint.", name)};
    Arena arena;
    Value input = Value::map(arena);
    try {
      if (!request.body.empty()) input = text::parse_json(request.body, arena);
    } catch (const Error&) {
      input = {};
    }
    if (!input.is_map())
      throw Refusal{"com.amazon.coral.service#SerializationException", "MalformedInput",
                    "The request body is not a JSON object."};
    Call call{input, arena, clock_.now(), &responder, request_id};
    Value output = operation->second(*this, call);
    if (!output.is_null()) responder.send(answer(text::to_json(output), request_id));
  } catch (const Refusal& refusal) {
    responder.send(answer(refusal, request_id));
    return;
  }
  std::vector<Answer> answers;
  serve_waiters(clock_.now(), answers);
  for (auto& [waiting, response] : answers) waiting.send(std::move(response));
}

void Queues::ensure(std::string_view name) {
  auto [it, added] = queues_.try_emplace(std::string(name));
  if (!added) return;
  Queue& queue = it->second;
  queue.name = name;
  queue.created = queue.modified = clock_.now();
  for (const Attribute& attribute : kAttributes) queue.attributes[attribute.name] = attribute.fallback;
  store(queue);
}

std::string Queues::send(std::string_view name, std::string_view body) {
  auto it = queues_.find(name);
  if (it == queues_.end()) throw not_found(fmt::format("queue {} does not exist", name));
  std::string id =
      add(it->second, body, std::chrono::seconds{it->second.attributes["DelaySeconds"]}, clock_.now());
  std::vector<Answer> answers;
  serve_waiters(clock_.now(), answers);
  for (auto& [waiting, response] : answers) waiting.send(std::move(response));
  return id;
}

size_t Queues::size(std::string_view name) const {
  auto it = queues_.find(name);
  return it == queues_.end() ? 0 : it->second.messages.size();
}

std::string Queues::url(std::string_view name) const {
  return fmt::format("{}/{}/{}", options_.base_url, options_.account, name);
}

Time Queues::step(Time now) {
  std::vector<Answer> answers;
  Time next = Time::max();
  for (auto& [name, queue] : queues_) {
    Duration retention = std::chrono::seconds{queue.attributes["MessageRetentionPeriod"]};
    while (!queue.messages.empty() && queue.messages.front().sent + retention <= now) {
      forget(queue, queue.messages.front());
      queue.messages.pop_front();
    }
    if (!queue.messages.empty()) next = std::min(next, queue.messages.front().sent + retention);
  }
  serve_waiters(now, answers);
  for (Waiter& waiter : waiters_)
    if (waiter.until <= now) answers.emplace_back(std::move(waiter.responder), answer("{}", new_id()));
  std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.until <= now; });
  for (auto& [responder, response] : answers) responder.send(std::move(response));
  for (const Waiter& waiter : waiters_) {
    next = std::min(next, waiter.until);
    if (auto it = queues_.find(waiter.receive.queue); it != queues_.end())
      for (const Message& message : it->second.messages)
        if (message.visible_at > now) next = std::min(next, message.visible_at);
  }
  return next;
}

Queues::Queue& Queues::queue_of(Value input) {
  if (!input["QueueUrl"].is_string()) throw missing("QueueUrl");
  std::string_view url = input["QueueUrl"].as_string();
  auto it = queues_.find(url.substr(url.rfind('/') + 1));
  if (it == queues_.end()) throw no_queue();
  return it->second;
}

std::string Queues::handle_of(const Message& message) const {
  return fmt::format("AQEB{}.{}", message.id, message.receives);
}

std::optional<net::Response> Queues::take(const Receive& receive, Time now) {
  auto it = queues_.find(receive.queue);
  if (it == queues_.end()) return std::nullopt;
  Arena arena;
  Value messages = Value::list(arena);
  for (Message& message : it->second.messages) {
    if (messages.size() == receive.max) break;
    if (message.visible_at > now) continue;
    ++message.receives;
    if (message.first_received == Time{}) message.first_received = now;
    message.visible_at = now + receive.visibility;
    store(it->second, message);
    Value output = Value::map(arena);
    auto put = [&](const char* key, std::string_view text) {
      output.set(arena, key, Value::string(arena, text));
    };
    put("MessageId", message.id);
    put("ReceiptHandle", handle_of(message));
    put("Body", message.body);
    put("MD5OfBody", md5_hex(message.body));
    std::pair<std::string_view, std::string> attributes[] = {
        {"ApproximateFirstReceiveTimestamp", epoch_millis(message.first_received)},
        {"ApproximateReceiveCount", std::to_string(message.receives)},
        {"SenderId", options_.account},
        {"SentTimestamp", epoch_millis(message.sent)}};
    for (const auto& [name, value] : attributes)
      for (const std::string& wanted : receive.attributes)
        if (wanted == "All" || wanted == name)
          output.ensure_map(arena, "Attributes").set(arena, name, Value::string(arena, value));
    messages.push_back(arena, output);
  }
  if (messages.empty()) return std::nullopt;
  Value output = Value::map(arena);
  output.set(arena, "Messages", messages);
  return answer(text::to_json(output), new_id());
}

/// Longest waiting first.
void Queues::serve_waiters(Time now, std::vector<Answer>& answers) {
  std::erase_if(waiters_, [&](Waiter& waiter) {
    auto response = take(waiter.receive, now);
    if (!response) return false;
    answers.emplace_back(std::move(waiter.responder), std::move(*response));
    return true;
  });
}

std::string Queues::add(Queue& queue, std::string_view body, Duration delay, Time now) {
  Message message{new_id(), std::string(body), now, now + delay};
  store(queue, message);
  queue.messages.push_back(message);
  return message.id;
}

void Queues::store(const Queue& queue, const Message& message) {
  Arena arena;
  Value document = Value::map(arena);
  document.set(arena, "queue", Value::borrowed(queue.name));
  document.set(arena, "id", Value::borrowed(message.id));
  document.set(arena, "body", Value::borrowed(message.body));
  document.set(arena, "sent", static_cast<int64_t>(message.sent.time_since_epoch().count()));
  document.set(arena, "receives", message.receives);
  document.set(arena, "firstReceived",
               static_cast<int64_t>(message.first_received.time_since_epoch().count()));
  keep_.put("message/" + message.id, text::to_json(document));
}

void Queues::store(const Queue& queue) {
  Arena arena;
  Value document = Value::map(arena);
  document.set(arena, "name", Value::borrowed(queue.name));
  document.set(arena, "created", static_cast<int64_t>(queue.created.time_since_epoch().count()));
  Value attributes = document.ensure_map(arena, "attributes");
  for (const auto& [name, value] : queue.attributes) attributes.set(arena, name, value);
  keep_.put("queue/" + queue.name, text::to_json(document));
}

void Queues::forget(const Queue&, const Message& message) { keep_.remove("message/" + message.id); }

std::string Queues::new_id() {
  uint64_t high = random_(), low = random_();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff,
                     0x8000 | ((low >> 48) & 0x3fff), low & 0xffffffffffff);
}

EcrEvent ecr_event_of(std::string_view image, std::string_view default_registry) {
  size_t slash = image.find('/');
  std::string_view host = image.substr(0, slash == std::string_view::npos ? 0 : slash);
  size_t ecr = host.find(".dkr.ecr.");
  if (ecr == 12 && host.ends_with(".amazonaws.com"))
    return {std::string(host.substr(0, ecr)), std::string(image.substr(slash + 1))};
  if (host == "localhost" || host.find_first_of(".:") != std::string_view::npos)
    throw invalid(
        fmt::format("image: {} is not a repository of Amazon ECR, whose event the queue carries", image));
  return {std::string(default_registry), std::string(image)};
}

std::string ecr_event_json(const EcrEvent& event, std::string_view tag, Time pushed) {
  Arena arena;
  Value document = Value::map(arena);
  document.set(arena, "eventTime", Value::string(arena, format_rfc3339(pushed)));
  document.set(arena, "repositoryName", Value::borrowed(event.repository));
  document.set(arena, "tag", Value::borrowed(tag));
  document.set(arena, "registryId", Value::borrowed(event.registry_id));
  return text::to_json(document);
}

}  // namespace shipit::sandbox
