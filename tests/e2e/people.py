"""What people do in the ops repository, right and wrong, and what becomes of it."""
import time
import urllib.request

from world import REGISTRY, check, equal, images, new_tag, tags, until


def environment(world, name):
    container = world.deployment(name)["spec"]["template"]["spec"]["containers"][0]
    return {variable["name"]: variable.get("value") for variable in container.get("env", [])}


def manifests(world):
    return {m["file"].rsplit("/", 1)[-1]: m for m in world.get("/api/repository")["manifests"]}


def delete(world, path):
    """Deletes an object of the cluster."""
    request = urllib.request.Request(world.server["cluster"] + path, method="DELETE")
    urllib.request.urlopen(request, timeout=10).close()


def stays(world, name, seconds=3.0):
    """The release, after it was looked at for a while: neither its state nor its revision may move."""
    first = world.release(name)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = world.release(name)
        equal((now["state"], now["version"]["revision"]), (first["state"], first["version"]["revision"]),
              f"{name} (state, revision), which must not move")
        time.sleep(0.1)
    return first


def hand_edit(world):
    """an edit pushed by git push deploys"""
    world.await_state("hello", "deployed")
    commit = world.edit("Greet in French", "hello", "GREETING: Hello", "GREETING: Bonjour")
    until("the new greeting to run", lambda: environment(world, "hello").get("GREETING") == "Bonjour")
    release = world.await_release("hello", "deployed from the commit", lambda r: r.get("state") == "deployed" and any(
        h.get("commit") == commit and h.get("current") for h in r["history"]))
    equal([h["outcome"] for h in release["history"] if h.get("current")], ["good"], "the verdict")


def new_then_removed(world):
    """a new manifest installs its service; the manifest's removal uninstalls it"""
    def add(folder):
        text = (folder / REGISTRY / "hello.yaml").read_text()
        (folder / REGISTRY / "second.yaml").write_text(
            text.replace("name: hello", "name: second").replace("releaseName: hello", "releaseName: second"))
    world.commit("A second service", add)
    world.await_state("second", "deployed")
    check(world.deployment("second"), "the service has no Deployment")
    world.commit("Away with it", lambda folder: (folder / REGISTRY / "second.yaml").unlink())
    until("the Deployment to go", lambda: not world.deployment("second"))
    until("the release to go", lambda: not world.release("second"))
    check(world.deployment("hello"), "another service went too")


def broken_manifest(world):
    """a broken manifest prunes nothing and shows file and line; the good files still apply"""
    whole = world.manifest("web")
    line = whole.splitlines().index("  releaseName: web") + 1

    def damage(folder):
        file = folder / REGISTRY / "web.yaml"
        file.write_text(whole.replace("  releaseName: web", "  releaseName: [web"))
        (folder / REGISTRY / "worker.yaml").unlink()
        hello = folder / REGISTRY / "hello.yaml"
        hello.write_text(hello.read_text().replace("GREETING: Bonjour", "GREETING: Salut"))
    before = {name: world.deployment(name)["metadata"]["uid"] for name in ("web", "worker")}
    world.commit("A slip of the finger", damage)
    wrong = until("the broken file to be shown", lambda: not manifests(world).get("web.yaml", {}).get("ok", True)
                  and manifests(world)["web.yaml"])
    equal(wrong["file"], f"{REGISTRY}/web.yaml", "the file")
    check(abs(wrong.get("line", -99) - line) <= 2, f"line {wrong.get('line')}, the slip is on {line}: {wrong}")
    check(wrong.get("error"), "no error is told")
    until("the good file to apply", lambda: environment(world, "hello").get("GREETING") == "Salut")
    for name, uid in before.items():
        equal(world.deployment(name).get("metadata", {}).get("uid"), uid, f"the Deployment of {name}")
        check(world.release(name), f"{name} was pruned")
    shown = world.release("web")["reason"] + world.get("/api/repository")["reason"]
    check("web.yaml" in shown, f"neither the release nor the repository names the file: {shown!r}")

    def mend(folder):
        (folder / REGISTRY / "web.yaml").write_text(whole)
        (folder / REGISTRY / "worker.yaml").write_text(world.manifest("worker", "HEAD~1"))
    world.commit("Mend it", mend)
    until("all files to be right", lambda: all(m["ok"] for m in manifests(world).values()))
    for name, uid in before.items():
        equal(world.deployment(name)["metadata"]["uid"], uid, f"the Deployment of {name}")


def chart_does_not_render(world):
    """a chart that doesn't render is failed with Helm's message, and the old revision runs on"""
    before = world.deployment("worker")
    world.edit("More of it", "worker", "replicas: 2", "replicas: many")
    release = world.await_state("worker", "failed")
    check("values don't meet the specifications of the schema" in release["reason"], f"reason: {release['reason']}")
    equal(world.deployment("worker")["spec"], before["spec"], "what runs")
    stays(world, "worker", 1.0)
    world.edit("Three of it", "worker", "replicas: many", "replicas: 3")
    until("three replicas", lambda: world.deployment("worker")["spec"]["replicas"] == 3)
    world.await_state("worker", "deployed")


def values_that_crash(world):
    """a values edit that crashes the service is rolled back, is not reverted, and does not loop"""
    world.await_state("hello", "deployed")
    commit = world.edit("Try this", "hello", "    env:\n", "    env:\n      SANDBOX_BEHAVES: crash\n")
    release = world.await_state("hello", "rolled back")
    until("the old values to run", lambda: "SANDBOX_BEHAVES" not in environment(world, "hello"))
    check("SANDBOX_BEHAVES" in world.manifest("hello"), "a person's commit was reverted")
    until("its entry in quarantine.yaml", lambda: "inputs" in world.quarantine())
    head = world.head()
    release = stays(world, "hello")
    check(commit[:7] in release["reason"] or "Ada" in release["reason"] or "CrashLoopBackOff" in release["reason"],
          f"reason: {release['reason']}")
    equal(head, world.head(), "the head, which must not move")
    world.edit("Better so", "hello", "SANDBOX_BEHAVES: crash", "BETTER: so")
    world.await_state("hello", "deployed")


def values_while_quarantined(world):
    """a values edit while the image is quarantined waits and says why"""
    good, bad = new_tag(), new_tag()
    world.push("hello", good, code=0)
    world.push("hello", bad, "crash")
    world.await_state("hello", "rolled back")
    until("the way back in git", lambda: good in tags(world.manifest("hello")))
    revision = world.release("hello")["version"]["revision"]

    def insist(folder):
        file = folder / REGISTRY / "hello.yaml"
        file.write_text(file.read_text().replace(good, bad).replace("GREETING: Salut", "GREETING: Ciao"))
    world.commit("I insist", insist)
    release = world.await_release("hello", "the wait and its reason", lambda r: "quarantine" in r.get("reason", "")
                                  and r["state"] in ("held", "rolled back"))
    release = stays(world, "hello", 2.0)
    equal(release["version"]["revision"], revision, "revision")
    check(environment(world, "hello").get("GREETING") != "Ciao", "the values were deployed")
    newer = new_tag()
    world.push("hello", newer, code=0)
    until("the waiting values to go with the newer version",
          lambda: environment(world, "hello").get("GREETING") == "Ciao")
    equal(images(world.release("hello"))["hello"], newer, "tag")


def deleted_resource(world):
    """deleting a HelmRelease leaves its workload running"""
    before = world.deployment("web")["metadata"]
    path = "/apis/shipit.wattpad.com/v1beta1/namespaces/default/helmreleases/web"
    uid = world.kubernetes(path)["metadata"]["uid"]
    delete(world, path)
    until("the object to go", lambda: world.kubernetes(path).get("metadata", {}).get("uid") != uid)
    world.edit("Something for sync to do", "worker", "replicas: 3", "replicas: 2")
    until("the next sync", lambda: world.deployment("worker")["spec"]["replicas"] == 2)
    after = world.deployment("web").get("metadata", {})
    equal((after.get("uid"), after.get("generation")), (before["uid"], before["generation"]),
          "the Deployment (uid, generation)")
    world.await_state("web", "deployed")


def deleted_definition(world):
    """deleting the CustomResourceDefinition leaves every workload running"""
    names = ("hello", "web", "worker")
    before = {name: world.deployment(name)["metadata"] for name in names}
    delete(world, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/helmreleases.shipit.wattpad.com")
    until("the definition to go", lambda: not world.kubernetes("/apis/shipit.wattpad.com/v1beta1"))
    end = time.monotonic() + 2
    while time.monotonic() < end:
        for name in names:
            after = world.deployment(name).get("metadata", {})
            equal((after.get("uid"), after.get("generation"), after.get("deletionTimestamp")),
                  (before[name]["uid"], before[name]["generation"], None), f"the Deployment of {name}")
        time.sleep(0.1)


CASES = [hand_edit, new_then_removed, broken_manifest, chart_does_not_render, values_that_crash,
         values_while_quarantined, deleted_resource, deleted_definition]
OPTIONS = ["--deadline", "8s"]
