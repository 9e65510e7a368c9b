// Custom kinds: schema, pruning, defaults, status, columns, and their end.
#include "cluster_contract.h"

namespace shipit::contract {
namespace {

constexpr std::string_view kDefinition =
    R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.contract.example.com"},
 "spec":{"group":"contract.example.com","scope":"Namespaced","names":{"plural":"widgets","singular":"widget","kind":"Widget","shortNames":["wi"]},
 "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
  "additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"}],
  "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","required":["size"],"properties":{
    "size":{"type":"integer","minimum":1},"colour":{"type":"string","default":"red","enum":["red","blue"]},
    "values":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"x-kubernetes-map-type":"atomic"}}},
    "status":{"type":"object","properties":{"seen":{"type":"integer"}}}}}}}]}})";

class CustomKindContract : public ClusterContract {
 protected:
  void SetUp() override {
    ClusterContract::SetUp();
    Answer made = post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", std::string(kDefinition));
    ASSERT_TRUE(made.status == 201 || made.status == 409) << made.message();
    std::string definition =
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.contract.example.com";
    ASSERT_TRUE(eventually(definition, [&] { return get(widgets()).status == 200; }));
  }
  std::string widgets(const std::string& rest = "") const {
    return "/apis/contract.example.com/v1/namespaces/" + ns_ + "/widgets" + rest;
  }
  static std::string widget(const std::string& spec) {
    return R"({"apiVersion":"contract.example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":)" +
           spec + "}";
  }
};

TEST_F(CustomKindContract, PrunesDefaultsAndValidates) {
  Answer made = post(widgets(), widget(R"({"size":2,"extra":1,"values":{"any":{"thing":[1]}}})"));
  ASSERT_EQ(201, made.status) << made.message();
  EXPECT_EQ("red", made.at("spec.colour").as_string());
  EXPECT_FALSE(made["spec"].has("extra"));
  EXPECT_EQ(1, made.at("spec.values.any.thing")[0].as_int());
  EXPECT_EQ(1, made.at("metadata.generation").as_int());
  struct Case {
    const char* spec;
    const char* message;
  };
  for (const Case& c :
       {Case{R"({"size":"big"})",
             "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""},
        Case{R"({})", "spec.size: Required value"},
        Case{R"({"size":0})",
             "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"},
        Case{R"({"size":1,"colour":"green"})",
             "spec.colour: Unsupported value: \"green\": supported values: \"red\", \"blue\""}}) {
    Answer refused = post(widgets(), widget(c.spec));
    EXPECT_EQ(422, refused.status);
    EXPECT_NE(std::string::npos, refused.message().find(c.message)) << refused.message();
  }
}

TEST_F(CustomKindContract, StatusIsASubresource) {
  ASSERT_EQ(201, post(widgets(), widget(R"({"size":2})")).status);
  Answer seen = call("PATCH", widgets("/w/status"), R"({"status":{"seen":3},"spec":{"size":9}})",
                     "application/merge-patch+json");
  ASSERT_EQ(200, seen.status) << seen.message();
  EXPECT_EQ(3, seen.at("status.seen").as_int());
  EXPECT_EQ(2, seen.at("spec.size").as_int());
  EXPECT_EQ(1, seen.at("metadata.generation").as_int());
  EXPECT_TRUE(merge(widgets("/w"), R"({"status":{"seen":4}})").at("status.seen").as_int() == 3);
}

TEST_F(CustomKindContract, AnAtomicMapIsReplacedWhole) {
  ASSERT_EQ(201, apply(widgets("/w"), "sync", widget(R"({"size":1,"values":{"a":1}})")).status);
  merge(widgets("/w"), R"({"spec":{"values":{"b":2}}})");
  Answer forced = apply(widgets("/w"), "sync", widget(R"({"size":1,"values":{"a":1}})"), true);
  ASSERT_EQ(200, forced.status) << forced.message();
  EXPECT_FALSE(forced["spec"]["values"].has("b"));
  EXPECT_EQ(415, call("PATCH", widgets("/w"), "{}", "application/strategic-merge-patch+json").status);
}

TEST_F(CustomKindContract, DiscoveryAndColumns) {
  Answer list = get("/apis/contract.example.com/v1");
  EXPECT_EQ("widgets", list["resources"][0]["name"].as_string());
  EXPECT_EQ("widgets/status", list["resources"][1]["name"].as_string());
  ASSERT_EQ(201, post(widgets(), widget(R"({"size":7})")).status);
  net::ClientRequest as_table = request("GET", widgets(), "", "");
  as_table.headers.set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
  text::Document table = text::parse_json(client_->send(as_table, {}).body);
  EXPECT_EQ("Size", table["columnDefinitions"][1]["name"].as_string());
  EXPECT_EQ(7, table["rows"][0]["cells"][1].as_int());
}

TEST_F(CustomKindContract, DeletingTheDefinitionDeletesItsObjects) {
  ASSERT_EQ(201, post(widgets(), widget(R"({"size":1})")).status);
  EXPECT_EQ(200, call("DELETE",
                      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.contract.example.com")
                     .status);
  if (sandbox_) {
    EXPECT_EQ(404, get(widgets("/w")).status);
  }
}

TEST_F(ClusterContract, ABadDefinitionIsRefused) {
  Answer refused = post(
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      R"({"metadata":{"name":"x"},"spec":{"group":"g.example.com","scope":"Namespaced","names":{"plural":"ys","kind":"Y"},"versions":[{"name":"v1","served":true,"storage":true}]}})");
  EXPECT_EQ(422, refused.status);
  EXPECT_NE(std::string::npos, refused.message().find("must be spec.names.plural+\".\"+spec.group"))
      << refused.message();
  EXPECT_NE(std::string::npos,
            refused.message().find("spec.versions[0].schema.openAPIV3Schema: Required value"))
      << refused.message();
}

}  // namespace
}  // namespace shipit::contract
