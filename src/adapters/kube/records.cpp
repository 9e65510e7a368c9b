#include "adapters/kube/records.h"

#include <algorithm>

#include "base/error.h"
#include "helm/encoding.h"
#include "helm/record.h"
#include "k8s/object.h"

namespace shipit::adapters {
namespace {

using text::Value;

constexpr std::string_view kNoteKey = "ship-it";
constexpr std::string_view kPagePrefix = "ship-it-";
constexpr std::string_view kPageKey = "page";
constexpr std::string_view kPageLabel = "shipit.wattpad.com/ledger";

kube::Selection records_of(const std::string& ns, const std::string& release, bool metadata_only) {
  return {"v1", "Secret", ns, "owner=helm,name=" + release, {}, metadata_only};
}

int revision_of(Value secret) { return std::atoi(k8s::labels_of(secret)["version"].str().c_str()); }

ports::Record record_of(Value secret) {
  ports::Record out;
  for (const text::Member& m : k8s::labels_of(secret).members())
    out.labels.emplace(m.key.view(), m.value.str());
  out.revision = revision_of(secret);
  out.status = domain::parse_record_status(k8s::labels_of(secret)["status"].str());
  out.payload = helm::secret_data(secret, "release");
  out.note_json = helm::secret_data(secret, kNoteKey);
  out.resource_version = std::string(k8s::resource_version_of(secret));
  out.created = k8s::creation_time(secret).value_or(Time{});
  return out;
}

text::Document secret_of(const std::string& ns, const std::string& release, const ports::Record& record) {
  text::Document out;
  text::Arena& a = *out.arena;
  auto text = [&](std::string_view t) { return Value::string(a, t); };
  Value labels = Value::map(a);
  for (const auto& [name, value] : record.labels) labels.set(a, name, text(value));
  Value meta = Value::map(a, {{"name", text(helm::secret_name(release, record.revision))},
                              {"namespace", text(ns)},
                              {"labels", labels}});
  if (!record.resource_version.empty()) meta.set(a, "resourceVersion", text(record.resource_version));
  Value data = Value::map(a, {{"release", text(helm::encode_base64(record.payload))}});
  if (!record.note_json.empty()) data.set(a, kNoteKey, text(helm::encode_base64(record.note_json)));
  out.root = Value::map(a, {{"apiVersion", "v1"},
                            {"kind", "Secret"},
                            {"type", "helm.sh/release.v1"},
                            {"metadata", meta},
                            {"data", data}});
  return out;
}

ports::Page page_of(Value map) {
  return {map["data"][kPageKey].str(), std::string(k8s::resource_version_of(map))};
}

}  // namespace

std::vector<ports::RecordVersion> KubeRecords::versions(const std::string& ns, const std::string& release,
                                                        Wait wait) {
  std::vector<ports::RecordVersion> out;
  client_.list(records_of(ns, release, true), wait, [&](Value secret) {
    out.push_back({revision_of(secret), std::string(k8s::resource_version_of(secret))});
  });
  std::ranges::sort(out, std::greater<>{}, &ports::RecordVersion::revision);
  return out;
}

std::vector<ports::Record> KubeRecords::list(const std::string& ns, const std::string& release, Wait wait) {
  std::vector<ports::Record> out;
  client_.list(records_of(ns, release, false), wait, [&](Value secret) { out.push_back(record_of(secret)); });
  std::ranges::sort(out, std::greater<>{}, &ports::Record::revision);
  return out;
}

ports::Record KubeRecords::create(const std::string& ns, const std::string& release,
                                  const ports::Record& record, Wait wait) {
  ports::Record fresh = record;
  fresh.resource_version.clear();
  text::Document made = client_.create(secret_of(ns, release, fresh).root, wait, {"helm", {}, false});
  return record_of(made.root);
}

ports::Record KubeRecords::update(const std::string& ns, const std::string& release,
                                  const ports::Record& record, Wait wait) {
  text::Document written = client_.update(secret_of(ns, release, record).root, wait, {"helm", {}, false});
  return record_of(written.root);
}

void KubeRecords::remove(const std::string& ns, const std::string& release, int revision, Wait wait) {
  client_.remove({"v1", "Secret", ns, helm::secret_name(release, revision)}, wait);
}

ports::Page KubeLedger::read(const std::string& name, Wait wait) {
  try {
    return page_of(client_.get({"v1", "ConfigMap", ns_, std::string(kPagePrefix) + name}, wait).root);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) return {};
    throw;
  }
}

std::map<std::string, ports::Page> KubeLedger::read_all(const std::string& prefix, Wait wait) {
  std::map<std::string, ports::Page> out;
  client_.list({"v1", "ConfigMap", ns_, std::string(kPageLabel), {}, false}, wait, [&](Value map) {
    std::string name(k8s::name_of(map).substr(std::min(kPagePrefix.size(), k8s::name_of(map).size())));
    if (name.starts_with(prefix)) out.emplace(name, page_of(map));
  });
  return out;
}

std::string KubeLedger::write(const std::string& name, const ports::Page& page, Wait wait) {
  text::Document object;
  text::Arena& a = *object.arena;
  auto text = [&](std::string_view t) { return Value::string(a, t); };
  Value meta = Value::map(a, {{"name", text(std::string(kPagePrefix) + name)}, {"namespace", text(ns_)}});
  meta.set(a, "labels", Value::map(a, {{text::Key(kPageLabel), "true"}}));
  if (!page.version.empty()) meta.set(a, "resourceVersion", text(page.version));
  object.root = Value::map(a, {{"apiVersion", "v1"},
                               {"kind", "ConfigMap"},
                               {"metadata", meta},
                               {"data", Value::map(a, {{text::Key(kPageKey), text(page.text)}})}});
  text::Document written =
      page.version.empty() ? client_.create(object.root, wait) : client_.update(object.root, wait);
  return std::string(k8s::resource_version_of(written.root));
}

}  // namespace shipit::adapters
