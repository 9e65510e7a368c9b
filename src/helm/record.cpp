#include "helm/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "helm/archive.h"
#include "helm/encoding.h"
#include "helm/metadata.h"
#include "text/json.h"

namespace shipit::helm {
namespace {

using text::Arena;
using text::Document;
using text::Member;
using text::Value;

constexpr std::string_view kSystemLabels[] = {"name",    "owner",     "status",
                                              "version", "createdAt", "modifiedAt"};
/// Go's zero time, as encoding/json prints it.
constexpr const char kZeroTime[] = "0001-01-01T00:00:00Z";

Value text_of(Arena& arena, std::string_view text) { return Value::string(arena, text); }

void set_time(Value map, Arena& arena, const char* key, Time time) {
  if (time != Time{}) map.set_borrowed(arena, text::Key(key), text_of(arena, format_rfc3339_millis(time)));
}

void set_text(Value map, Arena& arena, const char* key, std::string_view text) {
  if (!text.empty()) map.set_borrowed(arena, text::Key(key), Value::borrowed(text));
}

void set_number(Value map, Arena& arena, const char* key, int number) {
  if (number != 0) map.set_borrowed(arena, text::Key(key), number);
}

void set_texts(Value map, Arena& arena, const char* key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Value list = Value::list(arena, texts.size());
  for (const std::string& text : texts) list.push_back(arena, Value::borrowed(text));
  map.set_borrowed(arena, text::Key(key), list);
}

Value files_json(Arena& arena, const std::vector<File>& files) {
  Value list = Value::list(arena, files.size());
  for (const File& file : files)
    list.push_back(arena, Value::map(arena, {{"data", text_of(arena, encode_base64(file.bytes))},
                                             {"name", text_of(arena, file.path)}}));
  return list;
}

Value hook_json(Arena& arena, const RecordedHook& recorded) {
  const Hook& hook = recorded.hook;
  Value map = Value::map(arena, 9);
  set_texts(map, arena, "delete_policies", hook.delete_policies);
  set_texts(map, arena, "events", hook.events);
  set_text(map, arena, "kind", hook.kind);
  Value last_run = Value::map(arena, 3);
  set_time(last_run, arena, "completed_at", recorded.completed_at);
  last_run.set_borrowed(arena, "phase", Value::borrowed(recorded.phase));
  set_time(last_run, arena, "started_at", recorded.started_at);
  map.set_borrowed(arena, "last_run", last_run);
  set_text(map, arena, "manifest", hook.content);
  set_text(map, arena, "name", hook.name);
  set_texts(map, arena, "output_log_policies", hook.output_log_policies);
  set_text(map, arena, "path", hook.path);
  set_number(map, arena, "weight", hook.weight);
  return map;
}

Value record_json(Arena& arena, const Record& record) {
  Value info = Value::map(arena, 8);
  set_time(info, arena, "deleted", record.deleted);
  set_text(info, arena, "description", record.description);
  set_time(info, arena, "first_deployed", record.first_deployed);
  set_time(info, arena, "last_deployed", record.last_deployed);
  set_text(info, arena, "notes", record.notes);
  set_number(info, arena, "rollback_revision", record.rollback_revision);
  set_text(info, arena, "status", record.status);

  Value map = Value::map(arena, 9);
  set_text(map, arena, "apply_method", record.apply_method);
  if (record.chart.root.is_map()) map.set_borrowed(arena, "chart", record.chart.root);
  if (!record.config.root.empty()) map.set_borrowed(arena, "config", record.config.root);
  if (!record.hooks.empty()) {
    Value hooks = Value::list(arena, record.hooks.size());
    for (const RecordedHook& hook : record.hooks) hooks.push_back(arena, hook_json(arena, hook));
    map.set_borrowed(arena, "hooks", hooks);
  }
  map.set_borrowed(arena, "info", info);
  set_text(map, arena, "manifest", record.manifest);
  set_text(map, arena, "name", record.name);
  set_text(map, arena, "namespace", record.ns);
  set_number(map, arena, "version", record.revision);
  return map;
}

/// "" and Go's zero time are never.
Time time_of(Value value) {
  auto time = parse_rfc3339(value.as_string());
  return time && *time > Time{} ? *time : Time{};
}

std::vector<std::string> texts_of(Value list) {
  std::vector<std::string> out;
  for (Value item : list.items()) out.push_back(item.str());
  return out;
}

RecordedHook hook_of(Value json) {
  RecordedHook recorded;
  recorded.hook = {json["name"].str(),
                   json["kind"].str(),
                   json["path"].str(),
                   json["manifest"].str(),
                   texts_of(json["events"]),
                   static_cast<int>(json["weight"].as_int()),
                   texts_of(json["delete_policies"]),
                   texts_of(json["output_log_policies"])};
  Value last_run = json["last_run"];
  recorded.started_at = time_of(last_run["started_at"]);
  recorded.completed_at = time_of(last_run["completed_at"]);
  recorded.phase = last_run["phase"].str();
  return recorded;
}

Error corrupt(std::string message) { return {ErrorKind::Corrupt, "release record: " + std::move(message)}; }

}  // namespace

bool status::is_pending(std::string_view status) {
  return status == kPendingInstall || status == kPendingUpgrade || status == kPendingRollback;
}

std::string secret_name(std::string_view release, int revision) {
  return fmt::format("sh.helm.release.v1.{}.v{}", release, revision);
}

std::string Record::secret_name() const { return helm::secret_name(name, revision); }
std::string Record::chart_name() const { return text::at_path(chart.root, "metadata.name").str(); }
std::string Record::chart_version() const { return text::at_path(chart.root, "metadata.version").str(); }
std::string Record::app_version() const { return text::at_path(chart.root, "metadata.appVersion").str(); }

Record Record::clone() const {
  Record copy;
  copy.name = name;
  copy.ns = ns;
  copy.revision = revision;
  copy.status = status;
  copy.description = description;
  copy.first_deployed = first_deployed;
  copy.last_deployed = last_deployed;
  copy.deleted = deleted;
  copy.rollback_revision = rollback_revision;
  copy.notes = notes;
  copy.manifest = manifest;
  copy.hooks = hooks;
  copy.config = config.clone();
  copy.chart = chart.clone();
  copy.apply_method = apply_method;
  copy.labels = labels;
  return copy;
}

Document chart_json(const Chart& chart, const Metadata& metadata, Value values) {
  Document document;
  Arena& arena = *document.arena;
  Value lock;
  if (chart.lock) {
    Value dependencies = Value::list(arena);
    for (const Dependency& dependency : chart.lock->dependencies)
      dependencies.push_back(arena, dependency_json(dependency, arena));
    const std::string& generated = chart.lock->generated;
    lock = Value::map(
        arena, {{"dependencies", dependencies},
                {"digest", text_of(arena, chart.lock->digest)},
                {"generated", parse_rfc3339(generated) ? text_of(arena, generated) : Value(kZeroTime)}});
  }
  document.root = Value::map(
      arena, {{"files", files_json(arena, chart.files)},
              {"lock", lock},
              {"metadata", metadata_json(metadata, arena)},
              {"schema", chart.schema.empty() ? Value() : text_of(arena, encode_base64(chart.schema))},
              {"schemamodtime", kZeroTime},
              {"templates", files_json(arena, chart.templates)},
              {"values", text::copy(arena, values)}});
  return document;
}

std::string encode_record(const Record& record) {
  Arena arena;
  return encode_base64(gzip(text::to_json(record_json(arena, record))));
}

Record decode_record(std::string_view encoded, size_t limit) {
  auto bytes = decode_base64(encoded);
  if (!bytes) throw corrupt("not base64");
  Record record;
  Document document;
  try {
    std::string json = bytes->starts_with("\x1f\x8b\x08") ? gunzip(*bytes, limit) : std::move(*bytes);
    document = text::parse_json(json);
  } catch (const Error& error) {
    throw corrupt(error.message());
  }
  Value root = document.root;
  if (!root.is_map()) throw corrupt("not an object");
  record.name = root["name"].str();
  record.ns = root["namespace"].str();
  record.revision = static_cast<int>(root["version"].as_int());
  if (record.name.empty() || record.revision < 1) throw corrupt("no name or no version in it");
  Value info = root["info"];
  record.status = info["status"].str(status::kUnknown);
  record.description = info["description"].str();
  record.first_deployed = time_of(info["first_deployed"]);
  record.last_deployed = time_of(info["last_deployed"]);
  record.deleted = time_of(info["deleted"]);
  record.rollback_revision = static_cast<int>(info["rollback_revision"].as_int());
  record.notes = info["notes"].str();
  record.manifest = root["manifest"].str();
  for (Value hook : root["hooks"].items()) record.hooks.push_back(hook_of(hook));
  record.config = Document::of(root["config"]);
  record.chart = Document::of(root["chart"]);
  record.apply_method = root["apply_method"].str();
  return record;
}

Document record_secret(const Record& record, const SecretExtras& extras) {
  Document secret;
  Arena& arena = *secret.arena;
  Value labels = Value::map(arena);
  for (const auto* some : {&record.labels, &extras.labels})
    for (const auto& [key, value] : *some) labels.set(arena, key, text_of(arena, value));
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(extras.now.time_since_epoch()).count();
  bool create = extras.write == SecretExtras::Write::Create;
  labels.set_borrowed(arena, create ? "createdAt" : "modifiedAt", text_of(arena, std::to_string(seconds)));
  labels.set_borrowed(arena, "name", text_of(arena, record.name));
  labels.set_borrowed(arena, "owner", "helm");
  labels.set_borrowed(arena, "status", text_of(arena, record.status));
  labels.set_borrowed(arena, "version", text_of(arena, std::to_string(record.revision)));

  Value data = Value::map(arena);
  for (const auto& [key, bytes] : extras.data) data.set(arena, key, text_of(arena, encode_base64(bytes)));
  data.set_borrowed(arena, "release", text_of(arena, encode_base64(encode_record(record))));

  Value metadata = Value::map(arena, {{"labels", labels},
                                      {"name", text_of(arena, record.secret_name())},
                                      {"namespace", text_of(arena, record.ns)}});
  secret.root = Value::map(arena, {{"apiVersion", "v1"},
                                   {"data", data},
                                   {"kind", "Secret"},
                                   {"metadata", metadata},
                                   {"type", "helm.sh/release.v1"}});
  return secret;
}

Record decode_secret(Value secret) {
  std::string encoded = secret_data(secret, "release");
  if (encoded.empty())
    throw corrupt(fmt::format("Secret {} holds no release", text::at_path(secret, "metadata.name").str()));
  Record record = decode_record(encoded);
  for (const Member& label : text::at_path(secret, "metadata.labels").members())
    if (std::ranges::find(kSystemLabels, label.key.view()) == std::end(kSystemLabels))
      record.labels[std::string(label.key.view())] = label.value.str();
  return record;
}

std::string secret_data(Value secret, std::string_view key) {
  return decode_base64(secret["data"][key].as_string()).value_or("");
}

}  // namespace shipit::helm
