// Objects, versions, lists, watches and patches, as any Kubernetes API server has them.
#include "cluster_contract.h"

namespace shipit::contract {
namespace {

TEST_F(ClusterContract, CreateReadReplaceDelete) {
  Answer made = config("a");
  ASSERT_EQ(201, made.status) << made.message();
  EXPECT_FALSE(made.at("metadata.uid").as_string().empty());
  EXPECT_FALSE(made.at("metadata.creationTimestamp").as_string().empty());
  EXPECT_TRUE(made.at("metadata.generation").is_null());
  EXPECT_EQ(200, get(core("configmaps/a")).status);
  Answer again = config("a");
  EXPECT_EQ(409, again.status);
  EXPECT_EQ("AlreadyExists", again["reason"].as_string());
  EXPECT_EQ("configmaps \"a\" already exists", again.message());
  Answer gone = call("DELETE", core("configmaps/a"));
  EXPECT_EQ(200, gone.status);
  EXPECT_EQ("Success", gone["status"].as_string());
  Answer missing = get(core("configmaps/a"));
  EXPECT_EQ(404, missing.status);
  EXPECT_EQ("configmaps \"a\" not found", missing.message());
  EXPECT_EQ("configmaps", missing.at("details.kind").as_string());
}

TEST_F(ClusterContract, AStaleResourceVersionIsAConflict) {
  std::string version = config("a").at("metadata.resourceVersion").str();
  ASSERT_EQ(200, merge(core("configmaps/a"), R"({"data":{"a":"2"}})").status);
  Answer stale =
      put(core("configmaps/a"),
          fmt::format(R"({{"metadata":{{"name":"a","resourceVersion":"{}"}},"data":{{"a":"3"}}}})", version));
  EXPECT_EQ(409, stale.status);
  EXPECT_EQ(
      "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your "
      "changes to the latest version and try again",
      stale.message());
  Answer precondition = call("DELETE", core("configmaps/a"), R"({"preconditions":{"uid":"other"}})");
  EXPECT_EQ(409, precondition.status);
}

TEST_F(ClusterContract, AnUpdateThatChangesNothingWritesNothing) {
  std::string version = config("a").at("metadata.resourceVersion").str();
  Answer same = put(core("configmaps/a"), R"({"metadata":{"name":"a"},"data":{"a":"1"}})");
  ASSERT_EQ(200, same.status) << same.message();
  EXPECT_EQ(version, same.at("metadata.resourceVersion").as_string());
}

TEST_F(ClusterContract, GenerationCountsSpecChangesAndStatusIsApart) {
  ASSERT_EQ(201, post(apps("deployments"), deployment("web")).status);
  // A field of the status that a real controller leaves as it is.
  Answer status =
      call("PATCH", apps("deployments/web/status"),
           R"({"status":{"collisionCount":7},"spec":{"replicas":9}})", "application/merge-patch+json");
  ASSERT_EQ(200, status.status) << status.message();
  EXPECT_EQ(7, status.at("status.collisionCount").as_int());
  EXPECT_EQ(1, status.at("spec.replicas").as_int());
  EXPECT_EQ(1, status.at("metadata.generation").as_int());
  Answer spec = merge(apps("deployments/web"), R"({"spec":{"replicas":2},"status":{"collisionCount":0}})");
  EXPECT_EQ(2, spec.at("metadata.generation").as_int());
  EXPECT_EQ(7, spec.at("status.collisionCount").as_int());
  Answer labels = merge(apps("deployments/web"), R"({"metadata":{"labels":{"x":"y"}}})");
  EXPECT_EQ(2, labels.at("metadata.generation").as_int());
}

TEST_F(ClusterContract, DefaultsOfADeployment) {
  Answer made = post(apps("deployments"), deployment("web"));
  EXPECT_EQ("RollingUpdate", made.at("spec.strategy.type").as_string());
  EXPECT_EQ("25%", made.at("spec.strategy.rollingUpdate.maxSurge").as_string());
  EXPECT_EQ(600, made.at("spec.progressDeadlineSeconds").as_int());
  text::Value container = made.at("spec.template.spec.containers")[0];
  EXPECT_EQ("IfNotPresent", container["imagePullPolicy"].as_string());
  EXPECT_EQ("/dev/termination-log", container["terminationMessagePath"].as_string());
}

TEST_F(ClusterContract, RefusesWhatTheServerRefuses) {
  struct Case {
    const char* path;
    std::string body;
    int status;
    const char* part;
  };
  for (const Case& c : {
           Case{"configmaps", R"({"metadata":{"name":"Bad_Name"}})", 422,
                "a lowercase RFC 1123 subdomain must consist of"},
           Case{"configmaps", R"({"metadata":{}})", 422, "name or generateName is required"},
           Case{"configmaps", R"({"metadata":{"name":"a"},"data":{"a":1}})", 400, "cannot unmarshal number"},
           Case{"configmaps", "[1]", 400, ""},
           Case{"configmaps", "{", 400, ""},
           Case{"configmaps", R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}})", 400, ""},
           Case{"configmaps", R"({"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"a"}})", 400,
                "no kind \"ConfigMap\" is registered for version \"v2\""},
           Case{"configmaps", R"({"metadata":{"name":"a","namespace":"other"}})", 400,
                "does not match the namespace sent on the request"},
           Case{"secrets", R"({"metadata":{"name":"a"},"data":{"a":"?"}})", 400, "illegal base64 data"},
           Case{"pods", R"({"metadata":{"name":"a"},"spec":{"containers":[]}})", 422,
                "spec.containers: Required value"},
           Case{"services", R"({"metadata":{"name":"a"},"spec":{}})", 422, "spec.ports: Required value"},
       }) {
    Answer answer = post(core(c.path), c.body);
    EXPECT_EQ(c.status, answer.status) << c.body << " " << answer.message();
    EXPECT_NE(std::string::npos, answer.message().find(c.part)) << answer.message();
    EXPECT_EQ("Failure", answer["status"].as_string());
  }
  Answer mismatch = post(
      apps("deployments"),
      R"({"metadata":{"name":"a"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"containers":[{"name":"m","image":"i"}]}}}})");
  EXPECT_EQ(422, mismatch.status);
  EXPECT_NE(std::string::npos, mismatch.message().find("`selector` does not match template `labels`"))
      << mismatch.message();
  ASSERT_EQ(201, post(apps("deployments"), deployment("web")).status);
  Answer immutable = merge(
      apps("deployments/web"),
      R"({"spec":{"selector":{"matchLabels":{"z":"z"}},"template":{"metadata":{"labels":{"z":"z"}}}}})");
  EXPECT_EQ(422, immutable.status);
  EXPECT_NE(std::string::npos, immutable.message().find("field is immutable")) << immutable.message();
  EXPECT_EQ(404, get(core("wombats")).status);
  EXPECT_EQ(404, post("/api/v1/namespaces/not-there/configmaps", R"({"metadata":{"name":"a"}})").status);
}

TEST_F(ClusterContract, UnknownFieldsAreDroppedOrRefused) {
  std::string body = R"({"metadata":{"name":"a"},"data":{"a":"1"},"dada":{}})";
  Answer strict = post(core("configmaps?fieldValidation=Strict"), body);
  EXPECT_EQ(400, strict.status);
  EXPECT_NE(std::string::npos, strict.message().find("strict decoding error: unknown field \"dada\""))
      << strict.message();
  Answer warned = post(core("configmaps?fieldValidation=Warn"), body);
  EXPECT_EQ(201, warned.status);
  EXPECT_TRUE(warned["dada"].is_null());
  EXPECT_NE(std::string_view::npos, warned.headers.get_or("warning", "").find("unknown field"));
}

TEST_F(ClusterContract, FinalizersHoldADeletionBack) {
  config("a", R"(,"finalizers":["example.com/wait"])");
  Answer first = call("DELETE", core("configmaps/a"));
  EXPECT_EQ(200, first.status);
  EXPECT_FALSE(first.at("metadata.deletionTimestamp").is_null());
  EXPECT_EQ(200, get(core("configmaps/a")).status);
  EXPECT_EQ(200, merge(core("configmaps/a"), R"({"metadata":{"finalizers":null}})").status);
  EXPECT_EQ(404, get(core("configmaps/a")).status);
}

TEST_F(ClusterContract, DryRunAndGenerateName) {
  EXPECT_EQ(201, post(core("configmaps?dryRun=All"), R"({"metadata":{"name":"a"}})").status);
  EXPECT_EQ(404, get(core("configmaps/a")).status);
  EXPECT_EQ(422, post(core("configmaps?dryRun=Some"), R"({"metadata":{"name":"a"}})").status);
  std::string name =
      post(core("configmaps"), R"({"metadata":{"generateName":"gen-"}})").at("metadata.name").str();
  EXPECT_EQ(9u, name.size());
  EXPECT_TRUE(name.starts_with("gen-"));
}

TEST_F(ClusterContract, SelectorsAndPages) {
  for (int i = 0; i < 5; ++i)
    config(fmt::format("c{}", i), fmt::format(R"(,"labels":{{"odd":"{}"}})", i % 2));
  EXPECT_EQ(2u, get(core("configmaps?labelSelector=odd%3D1"))["items"].size());
  EXPECT_EQ(3u, get(core("configmaps?labelSelector=odd+notin+(1),odd"))["items"].size());
  EXPECT_EQ(1u, get(core("configmaps?fieldSelector=metadata.name%3Dc3"))["items"].size());
  EXPECT_EQ(400, get(core("configmaps?fieldSelector=data.a%3D1")).status);
  EXPECT_EQ(400, get(core("configmaps?labelSelector=a%3D%3D%3Db")).status);
  Answer page = get(core("configmaps?limit=2&labelSelector=odd"));
  ASSERT_EQ(2u, page["items"].size());
  std::string token = page.at("metadata.continue").str();
  ASSERT_FALSE(token.empty());
  // A page shows the state of the first one.
  call("DELETE", core("configmaps/c4"));
  Answer second = get(core("configmaps?limit=5&labelSelector=odd&continue=" + token));
  ASSERT_EQ(200, second.status) << second.message();
  EXPECT_EQ(3u, second["items"].size());
  EXPECT_EQ(page.at("metadata.resourceVersion").as_string(),
            second.at("metadata.resourceVersion").as_string());
  EXPECT_EQ(400, get(core("configmaps?continue=zz")).status);
}

TEST_F(ClusterContract, WatchesResumeAndFollowSelectors) {
  std::string from = config("a", R"(,"labels":{"in":"yes"})").at("metadata.resourceVersion").str();
  config("b");
  merge(core("configmaps/a"), R"({"metadata":{"labels":{"in":"no"}}})");
  auto stream = client_->open(
      request("GET", core("configmaps?watch=1&labelSelector=in%3Dyes&resourceVersion=" + from), "", ""), {});
  std::string seen = stream->read({});
  EXPECT_NE(std::string::npos, seen.find(R"("type":"DELETED")")) << seen;
  config("c", R"(,"labels":{"in":"yes"})");
  seen = stream->read({});
  EXPECT_NE(std::string::npos, seen.find(R"("type":"ADDED")")) << seen;
  EXPECT_NE(std::string::npos, seen.find(R"("name":"c")")) << seen;
}

TEST_F(ClusterContract, AWatchFromTheListOfAnEmptyKindMissesNothing) {
  std::string budgets = "/apis/policy/v1/namespaces/" + ns_ + "/poddisruptionbudgets";
  std::string from = get(budgets).at("metadata.resourceVersion").str();
  ASSERT_EQ(201, post(budgets, R"({"metadata":{"name":"first"},"spec":{"maxUnavailable":1}})").status);
  auto stream = client_->open(request("GET", budgets + "?watch=1&resourceVersion=" + from, "", ""), {});
  std::string seen = stream->read({});
  EXPECT_NE(std::string::npos, seen.find(R"("type":"ADDED")")) << seen;
  EXPECT_NE(std::string::npos, seen.find(R"("name":"first")")) << seen;
}

TEST_F(ClusterContract, AStreamingListEndsWithABookmark) {
  config("a");
  auto stream =
      client_->open(request("GET",
                            core("configmaps?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&"
                                 "resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Da"),
                            "", ""),
                    {});
  std::string seen;
  while (seen.find("BOOKMARK") == std::string::npos) seen += stream->read({});
  EXPECT_LT(seen.find("ADDED"), seen.find("BOOKMARK"));
  EXPECT_NE(std::string::npos, seen.find(R"("k8s.io/initial-events-end":"true")")) << seen;
}

TEST_F(ClusterContract, AWatchFromTooLongAgoIsExpired) {
  if (!sandbox_) GTEST_SKIP() << "how far a server remembers is its own affair";
  config("a");
  for (int i = 0; i < 1100; ++i) merge(core("configmaps/a"), fmt::format(R"({{"data":{{"a":"{}"}}}})", i));
  auto stream = client_->open(request("GET", core("configmaps?watch=1&resourceVersion=1"), "", ""), {});
  std::string seen = stream->read({});
  EXPECT_NE(std::string::npos, seen.find(R"("type":"ERROR")")) << seen;
  EXPECT_NE(std::string::npos, seen.find("too old resource version")) << seen;
}

TEST_F(ClusterContract, EveryPatchType) {
  ASSERT_EQ(201, post(apps("deployments"), deployment("web")).status);
  std::string path = apps("deployments/web");
  Answer json = call(
      "PATCH", path,
      R"([{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":4}])",
      "application/json-patch+json");
  EXPECT_EQ(4, json.at("spec.replicas").as_int()) << json.message();
  Answer failed = call("PATCH", path, R"([{"op":"test","path":"/spec/replicas","value":1}])",
                       "application/json-patch+json");
  EXPECT_EQ(422, failed.status);
  EXPECT_EQ("the server rejected our request due to an error in our request", failed.message());
  Answer strategic =
      call("PATCH", path, R"({"spec":{"template":{"spec":{"containers":[{"name":"side","image":"s:1"}]}}}})",
           "application/strategic-merge-patch+json");
  EXPECT_EQ(2u, strategic.at("spec.template.spec.containers").size()) << strategic.message();
  Answer removed = call(
      "PATCH", path, R"({"spec":{"template":{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}}})",
      "application/strategic-merge-patch+json");
  EXPECT_EQ(1u, removed.at("spec.template.spec.containers").size());
  Answer merged = merge(path, R"({"metadata":{"labels":{"app":null}}})");
  EXPECT_TRUE(merged.at("metadata.labels").is_null());
  EXPECT_EQ(415, call("PATCH", path, "{}", "text/html").status);
  EXPECT_EQ(400, merge(path, R"({"metadata":{"name":"other"}})").status);
}

TEST_F(ClusterContract, ScaleIsASubresource) {
  ASSERT_EQ(201, post(apps("deployments"), deployment("web")).status);
  Answer scale = get(apps("deployments/web/scale"));
  EXPECT_EQ("Scale", scale["kind"].as_string());
  EXPECT_EQ("app=web", scale.at("status.selector").as_string());
  EXPECT_EQ(5,
            merge(apps("deployments/web/scale"), R"({"spec":{"replicas":5}})").at("spec.replicas").as_int());
  EXPECT_EQ(5, get(apps("deployments/web")).at("spec.replicas").as_int());
}

TEST_F(ClusterContract, TablesHaveTheServersColumns) {
  ASSERT_EQ(201, post(apps("deployments"), deployment("web", 3)).status);
  net::ClientRequest as_table = request("GET", apps("deployments"), "", "");
  as_table.headers.set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
  text::Document table = text::parse_json(client_->send(as_table, {}).body);
  EXPECT_EQ("Table", table["kind"].as_string());
  EXPECT_EQ("Up-to-date", table["columnDefinitions"][2]["name"].as_string());
  EXPECT_EQ("web", table["rows"][0]["cells"][0].as_string());
  EXPECT_TRUE(table["rows"][0]["cells"][1].as_string().ends_with("/3"));
}

}  // namespace
}  // namespace shipit::contract
