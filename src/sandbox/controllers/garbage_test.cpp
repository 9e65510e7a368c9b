// Garbage collection by owner, and the end of namespaces.
#include "sandbox/controllers/cluster_fixture.h"
#include "sandbox/status.h"

namespace shipit::sandbox {
namespace {

using namespace std::chrono_literals;

class GarbageTest : public Cluster {
 protected:
  void SetUp() override {
    create("apps", "Deployment", deployment_yaml("web", "web:1", 2));
    run(2s);
  }
  void remove(std::string_view group, std::string_view kind, std::string_view name, Propagation propagation) {
    store.remove(store.builtin(group, kind), "default", name, {.propagation = propagation});
  }
  size_t sets() { return all("apps", "ReplicaSet").size(); }
  size_t pods() { return all("", "Pod").size(); }
};

TEST_F(GarbageTest, BackgroundDeletesTheOwnerFirst) {
  remove("apps", "Deployment", "web", Propagation::Background);
  EXPECT_FALSE(get("apps", "Deployment", "web").stored);
  run(1s);
  EXPECT_EQ(sets(), 0u);
  EXPECT_EQ(pods(), 0u);
}

TEST_F(GarbageTest, ForegroundKeepsTheOwnerUntilItsDependentsAreGone) {
  remove("apps", "Deployment", "web", Propagation::Foreground);
  run(50ms);
  EXPECT_TRUE(get("apps", "Deployment", "web").stored) << "pods are still being stopped";
  EXPECT_EQ(sets(), 1u);
  run(1s);
  EXPECT_FALSE(get("apps", "Deployment", "web").stored);
  EXPECT_EQ(sets() + pods(), 0u);
}

TEST_F(GarbageTest, OrphansStayAndAreAdoptedAgain) {
  remove("apps", "Deployment", "web", Propagation::Orphan);
  run(1s);
  EXPECT_FALSE(get("apps", "Deployment", "web").stored);
  ASSERT_EQ(sets(), 1u);
  EXPECT_EQ(pods(), 2u);
  EXPECT_FALSE(k8s::controller_of(all("apps", "ReplicaSet")[0].root()));
  create("apps", "Deployment", deployment_yaml("web", "web:1", 2));
  run(1s);
  EXPECT_EQ(sets(), 1u);
  EXPECT_TRUE(k8s::controller_of(all("apps", "ReplicaSet")[0].root()));
  EXPECT_EQ(pods(), 2u);
}

TEST_F(GarbageTest, ADependentWithAnotherOwnerLosesOnlyTheReference) {
  std::string uid = get("apps", "Deployment", "web").stored->uid;
  Object other = create("", "ConfigMap", "metadata: {name: other}");
  create("", "ConfigMap",
         "metadata:\n  name: shared\n  ownerReferences:\n  - {apiVersion: apps/v1, kind: Deployment, name: "
         "web, uid: " +
             uid + "}\n  - {apiVersion: v1, kind: ConfigMap, name: other, uid: " + other.stored->uid + "}\n");
  remove("apps", "Deployment", "web", Propagation::Background);
  run(1s);
  Object shared = get("", "ConfigMap", "shared");
  ASSERT_TRUE(shared.stored);
  EXPECT_EQ(shared.stored->owner_uids, std::vector<std::string>{other.stored->uid});
  remove("", "ConfigMap", "other", Propagation::Default);
  run(1s);
  EXPECT_FALSE(get("", "ConfigMap", "shared").stored);
}

TEST_F(GarbageTest, AnObjectOfAnOwnerThatNeverWasIsDeleted) {
  create("", "ConfigMap",
         "metadata: {name: lost, ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: none}]}");
  run(1s);
  EXPECT_FALSE(get("", "ConfigMap", "lost").stored);
}

TEST_F(GarbageTest, WhatADeadProcessLeftIsFinishedByTheNext) {
  remove("apps", "Deployment", "web", Propagation::Background);
  restart();
  run(1s);
  EXPECT_EQ(sets() + pods(), 0u);
}

class NamespaceTest : public Cluster {};

TEST_F(NamespaceTest, AFreshClusterHasItsNamespacesNodeAndFurniture) {
  for (const char* ns : {"default", "kube-node-lease", "kube-public", "kube-system"}) {
    EXPECT_TRUE(get("", "Namespace", ns).stored) << ns;
    EXPECT_TRUE(get("", "ServiceAccount", "default", ns).stored) << ns;
    EXPECT_TRUE(get("", "ConfigMap", "kube-root-ca.crt", ns).stored) << ns;
  }
  EXPECT_EQ(condition(get("", "Node", "sandbox"), "Ready"),
            "True KubeletReady kubelet is posting ready status");
  store.remove(store.builtin("", "ServiceAccount"), "default", "default");
  run(1s);
  EXPECT_TRUE(get("", "ServiceAccount", "default").stored) << "made again";
}

TEST_F(NamespaceTest, EndsWithAllItsContent) {
  ensure_namespace(store, "team");
  text::Document deployment = text::parse_yaml(deployment_yaml("web", "web:1", 2));
  deployment.root["metadata"].set(*deployment.arena, "namespace", "team");
  store.create(store.builtin("apps", "Deployment"), deployment.root);
  run(2s);
  EXPECT_EQ(store.list(store.builtin("", "Pod"), {"team", {}}).size(), 2u);
  store.remove(store.builtin("", "Namespace"), "", "team");
  run(50ms);
  Object team = get("", "Namespace", "team");
  ASSERT_TRUE(team.stored) << "its pods are still being stopped";
  EXPECT_EQ(team["status"]["phase"].str(), "Terminating");
  EXPECT_EQ(condition(team, "NamespaceContentRemaining"),
            "True SomeResourcesRemain Some resources are remaining: pods. has 2 resource instances");
  run(2s);
  EXPECT_FALSE(get("", "Namespace", "team").stored);
  for (const k8s::KindInfo* kind : store.kinds())
    EXPECT_EQ(store.list(*kind, {"team", {}}).size(), 0u) << kind->kind;
}

TEST_F(NamespaceTest, WaitsForAFinalizerAndNamesIt) {
  ensure_namespace(store, "team");
  create("", "ConfigMap", "metadata: {name: held, namespace: team, finalizers: [example.com/hold]}");
  run(1s);
  store.remove(store.builtin("", "Namespace"), "", "team");
  run(10s);
  EXPECT_EQ(condition(get("", "Namespace", "team"), "NamespaceFinalizersRemaining"),
            "True SomeFinalizersRemain Some content in the namespace has finalizers remaining: "
            "example.com/hold in 1 "
            "resource instances");
  EXPECT_THROW(create("", "ConfigMap", "metadata: {name: late, namespace: team}"), StatusError);
  store.modify(store.builtin("", "ConfigMap"), "team", "held",
               [](text::Value object, text::Arena&) { k8s::remove_finalizer(object, "example.com/hold"); });
  run(1s);
  EXPECT_FALSE(get("", "Namespace", "team").stored);
}

}  // namespace
}  // namespace shipit::sandbox
