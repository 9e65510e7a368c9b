"""Ship-it on a real control plane: SHIPIT_REAL_KUBECONFIG names it (tools/realstack up). Its pods behave as the end of their
image's tag says, so a bad version comes by a person's commit; the queue is the simulated one."""
import json
import os
import subprocess

from serve import Cluster, ask, await_tag, push_to
from world import ECR, check, equal, find, new_tag, tags, until

KUBECONFIG = os.environ.get("SHIPIT_REAL_KUBECONFIG")
REAL, HELM = ("real cluster", "SHIPIT_REAL_KUBECONFIG"), ("helm", "HELM")
SLOW = 90  # seconds: a kubelet backs off from a pod that crashes by ten seconds and more


def needs(*programs):
    def mark(case):
        case.needs = programs
        return case
    return mark


def kubectl(*arguments, text=None):
    done = subprocess.run([find("kubectl", "KUBECTL"), "--kubeconfig", KUBECONFIG, *arguments], input=text,
                          capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def pods(world, name):
    """{pod's name: its image} of a service."""
    listed = json.loads(kubectl("get", "pods", "-n", "default", "-o", "json"))
    return {p["metadata"]["name"]: p["spec"]["containers"][0]["image"] for p in listed["items"]
            if p["metadata"]["name"].startswith(name + "-") and "deletionTimestamp" not in p["metadata"]}


@needs(REAL)
def installs(world):
    """the services of the ops repository are installed, and judged good"""
    cluster = world.real = Cluster(world, KUBECONFIG)
    kubectl("apply", "-f", "-", text=world.cli("crd").out)
    kubectl("wait", "--for=condition=Established", "crd/helmreleases.shipit.wattpad.com")
    world.page = cluster.serve("leader")
    for name in ("hello", "web", "worker"):
        until(f"{name} to be deployed", lambda n=name: json.loads(
            (r := ask(world.page, f"/api/releases/{n}"))[0] == 200 and r[1] or "{}").get("state") == "deployed", SLOW)
    kubectl("wait", "--for=condition=Ready", "helmrelease/hello", "-n", "default")


@needs(REAL)
def ships(world):
    """an event of the queue is committed, rolled out and judged"""
    tag = new_tag()
    world.real.push("hello", tag)
    await_tag(world.page, "hello", "deployed", tag, SLOW)
    equal(set(pods(world, "hello").values()), {f"{ECR}/hello:{tag}"}, "images that run")
    world.good = tag


def goes_back(behaviour, evidence):
    def case(world):
        before = pods(world, "hello")
        bad = f"{new_tag()}-{behaviour}"
        push_to(world, world.real, f"hello: {behaviour}", "hello", world.good, bad)
        await_tag(world.page, "hello", "rolled back", bad, SLOW)  # what git wants: a person's commit is not reverted
        release = json.loads(ask(world.page, "/api/releases/hello")[1])
        check(evidence in release["reason"], f"reason {release['reason']!r}")
        until("the pods of before alone", lambda: pods(world, "hello") == before)
        quarantine = until("the entry in quarantine.yaml", lambda: bad in (q := world.git(
            "show", "HEAD:registry/quarantine.yaml", folder=world.real.ops)) and q)
        equal(quarantine.count(f'tag: "{bad}"'), 1, "entries in quarantine.yaml")
        push_to(world, world.real, "hello: back", "hello", bad, world.good)
        until("the head to be applied", lambda: (r := json.loads(ask(world.page, "/api/repository")[1]))["seen"]
              == r["applied"] and "back" in r["applied"].get("message", ""))
    case.__name__ = behaviour.replace("-", "_")
    case.__doc__ = f"a version that is {behaviour} is rolled back; no pod of the good one is restarted"
    return needs(REAL)(case)


@needs(REAL, HELM)
def helm_agrees(world):
    """helm lists it and shows the same history"""
    done = subprocess.run([find("helm", "HELM"), "--kubeconfig", KUBECONFIG, "history", "hello", "-n", "default", "-o", "json"],
                          capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, done.stderr)
    history = json.loads(done.stdout)
    equal([r["status"] for r in history].count("deployed"), 1, f"revisions that are deployed in {history}")
    check(history[-1]["description"].startswith("Rollback to"), f"the newest is {history[-1]}")


@needs(REAL)
def killed(world):
    """killed in a rollout, another process goes on and it ends deployed"""
    tag = new_tag()
    second = world.real.serve("second")
    until("the second to stand by", lambda: "leader leads" in ask(second, "/health")[1])
    push_to(world, world.real, "hello: next", "hello", world.good, tag)
    until("the new version to be begun", lambda: f"{ECR}/hello:{tag}" in pods(world, "hello").values())
    world.real.end("leader", 9)
    await_tag(second, "hello", "deployed", tag, SLOW)
    equal(world.real.end("second"), 0, "exit code on SIGINT")
    equal(world.real.end("cluster"), 0, "exit code of the queue")


CASES = [installs, ships, goes_back("crash", "CrashLoopBackOff"), goes_back("bad-image", "cannot be pulled"), helm_agrees, killed]
OPTIONS = []
