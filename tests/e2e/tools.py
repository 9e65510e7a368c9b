"""kubectl and helm, as people use them, on what Ship-it deployed."""
import json
import pathlib
import re
import subprocess

from world import check, equal, find, new_tag, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBECTL, HELM = ("kubectl", "KUBECTL"), ("helm", "HELM")


def needs(*programs):
    def mark(case):
        case.needs = programs
        return case
    return mark


def must(ran, wanted):
    equal(ran.code, 0, f"exit code, with {ran.all!r}")
    for text in wanted:
        check(text in ran.out, f"{text!r} is not in {ran.out!r}")
    return ran.out


@needs(KUBECTL)
def kubectl_reads(world):
    """kubectl gets, describes and waits"""
    kubectl = find(*KUBECTL)
    world.await_state("hello", "deployed")
    must(world.tool(kubectl, "get", "helmreleases,deploy,pods", "-A"), ["helmrelease", "deployment.apps/hello", "pod/web-"])
    must(world.tool(kubectl, "describe", "helmrelease", "hello"), ["Release Name", "Conditions", "Deployed"])
    must(world.tool(kubectl, "wait", "helmrelease", "hello", "--for=condition=Ready", "--timeout=20s"), ["condition met"])
    must(world.tool(kubectl, "get", "helmrelease"), ["STATE", "deployed"])


@needs(KUBECTL)
def kubectl_deletes(world):
    """kubectl delete helmrelease leaves the workload"""
    before = world.deployment("web")["metadata"]
    must(world.tool(find(*KUBECTL), "delete", "helmrelease", "web", "--timeout=20s"), ["deleted"])
    after = world.deployment("web").get("metadata", {})
    equal((after.get("uid"), after.get("generation")), (before["uid"], before["generation"]), "(uid, generation)")


@needs(HELM)
def helm_reads(world):
    """helm list, history and get manifest read its records"""
    helm, tag = find(*HELM), new_tag()
    world.push("hello", tag, code=0)
    listed = {r["name"]: r for r in json.loads(must(world.tool(helm, "list", "-o", "json"), []))}
    equal((listed["hello"]["status"], listed["hello"]["chart"]), ("deployed", "microservice-1.0.0"), "helm list")
    history = json.loads(must(world.tool(helm, "history", "hello", "-o", "json"), []))
    equal([r["status"] for r in history[-2:]], ["superseded", "deployed"], "helm history")
    equal(history[-1]["revision"], world.release("hello")["version"]["revision"], "the revision")
    must(world.tool(helm, "get", "manifest", "hello"), [f"hello:{tag}", "# Source: microservice/templates/"])
    must(world.tool(helm, "get", "values", "hello"), [tag])
    must(world.tool(helm, "status", "hello"), ["STATUS: deployed"])


@needs(HELM)
def helm_rolls_back(world):
    """a helm rollback by hand is respected: held, until released"""
    helm, old, new = find(*HELM), new_tag(), new_tag()
    world.push("hello", old, code=0)
    revision = world.release("hello")["version"]["revision"]
    world.push("hello", new, code=0)
    must(world.tool(helm, "rollback", "hello", str(revision)), ["Rollback was a success"])
    release = world.await_state("hello", "held")
    check("helm" in release["reason"], f"reason: {release['reason']}")
    check(world.running_image("hello").endswith(old), "what helm brought back does not run")
    equal(world.cli("release", "hello").code, 0, "exit code of release")
    world.await_state("hello", "deployed", new)
    until("git's version to run", lambda: world.running_image("hello").endswith(new))


def definition(world):
    """what `ship-it crd` prints is contracts/helmrelease.yaml, and what the chart installs"""
    printed = world.cli("crd").out
    for file in ("contracts/helmrelease.yaml", "charts/ship-it/crds/helmreleases.yaml"):
        check((ROOT / file).read_text() == printed, f"{file} is old: build/release/ship-it crd > {file}")


def metrics(world):
    """every family of /metrics is in contracts/metrics.txt, and the other way round once all has happened"""
    world.push("web", new_tag(), code=0)
    world.push("web", new_tag(), "crash")
    world.send_event("no JSON")
    world.await_state("web", "rolled back")
    until("the message to be refused", lambda: "shipit_refused_total" in world.request("GET", "/metrics")[1])
    text = world.request("GET", "/metrics")[1]
    labels = {}
    for name, given in re.findall(r"^(\w+?)(?:_total|_info)?(?:\{(.*)\})? \S+$", text, re.M):
        labels[name] = ",".join(re.findall(r'(\w+)="', given)) or "-"
    told = dict(re.findall(r"^# HELP (\S+) (.+)$", text, re.M))
    families = {f"{name} {kind} {labels.get(name)} {told[name]}"
                for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M)}
    contract = (ROOT / "contracts/metrics.txt").read_text()
    equal(sorted(families), sorted(line for line in contract.splitlines() if not line.startswith("#")), "families")


@needs(KUBECTL)
def second_door(world):
    """--listen with --tls and --token: in with its kubeconfig, not without"""
    state = world.folder / "door"
    process = subprocess.Popen([world.binary, "sandbox", "--cluster-only", "--quiet", "--listen", "127.0.0.1:0", "--tls",
                                "--token", "--state", str(state)])
    try:
        until("the second door to open", (state / "server.json").exists)
        config = state / "kubeconfig-listen"
        must(world.tool(find(*KUBECTL), "--kubeconfig", str(config), "get", "nodes"), ["Ready"])
        config.write_text(re.sub("token: .*", "token: wrong", config.read_text()))
        refused = world.tool(find(*KUBECTL), "--kubeconfig", str(config), "get", "nodes")
        check("Unauthorized" in refused.all, f"a wrong token got {refused.all!r}")
    finally:
        process.terminate()
        process.wait()


CASES = [definition, metrics, second_door, kubectl_reads, helm_reads, helm_rolls_back, kubectl_deletes]
OPTIONS = []
