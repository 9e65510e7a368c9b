"""`ship-it serve`, as it runs in production: a cluster that it does not start, a queue, monitors, several processes."""
import atexit
import json
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

from world import ECR, PATIENCE, REGISTRY, check, equal, images, new_tag, quiet_environment, tags, until


class Cluster:
    """A cluster without Ship-it, an ops repository in order, and the processes that serve them."""

    def __init__(self, world, kubeconfig=None):
        """`kubeconfig`: of a real cluster; the simulated one is its queue then."""
        self.binary, self.folder = world.binary, world.folder / "served"
        self.folder.mkdir()
        self.ops = self.folder / "ops.git"
        world.git("clone", "-q", "--bare", str(world.ops), str(self.ops), folder=world.folder)
        self.processes = {}
        atexit.register(self.end_all)  # also of cases that failed
        state = self.folder / "cluster"
        self.start("cluster", "sandbox", "--cluster-only", "--quiet", "--state", str(state))
        self.facts = until("the cluster", lambda: (f := state / "server.json").exists() and json.loads(f.read_text()))
        self.kubeconfig = kubeconfig or state / "kubeconfig"

    def start(self, name, *arguments, **environment):
        with open(self.folder / f"{name}.log", "ab") as output:
            self.processes[name] = subprocess.Popen([self.binary, *arguments], stdout=output, stderr=subprocess.STDOUT,
                                                    stdin=subprocess.DEVNULL, env=quiet_environment(**environment))

    def serve(self, name):
        """Starts a process that may lead; its page."""
        self.start(name, "serve", "--kubeconfig", str(self.kubeconfig), "--ops-repo", str(self.ops), "--listen",
                   "127.0.0.1:0", "--queue", self.facts["queue"], "--datadog-url", self.facts["datadog"], "--cache",
                   str(self.folder / name), "--soak", "500ms", "--deadline", "20s", POD_NAME=name,
                   AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", DD_API_KEY="any", DD_APP_KEY="any")
        return until(f"{name} to bind its page", lambda: self.page(name))

    def page(self, name):
        for line in (self.folder / f"{name}.log").read_text().splitlines():
            if '"the page"' in line:
                return json.loads(line)["url"]
        return None

    def end(self, name, how=signal.SIGINT):
        process = self.processes.pop(name)
        process.send_signal(how)
        return process.wait(15)

    def end_all(self):
        for name in list(self.processes):
            self.end(name, signal.SIGKILL)

    def apply_definition(self):
        """As `ship-it crd | kubectl apply -f -` does."""
        printed = subprocess.run([self.binary, "crd"], capture_output=True, check=True).stdout
        self.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", printed, "application/yaml")

    def push(self, image, tag, behaves="ok"):
        body = json.dumps({"image": f"{ECR}/{image}", "tag": tag, "behaves": behaves}).encode()
        self.send("POST", "/sandbox/push", body, "application/json")

    def send(self, method, path, body, kind):
        request = urllib.request.Request(self.facts["cluster"] + path, data=body, method=method,
                                         headers={"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()


def ask(page, path):
    """(status, text)."""
    try:
        with urllib.request.urlopen(page + path, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def push_to(world, cluster, message, name, old, new):
    """A person's commit to the repository that is served: replaces one text of a manifest."""
    clone = cluster.folder / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    world.git("clone", "-q", str(cluster.ops), str(clone), folder=cluster.folder)
    file = clone / REGISTRY / f"{name}.yaml"
    text = file.read_text()
    check(old in text, f"{name}.yaml has no {old!r}")
    file.write_text(text.replace(old, new, 1))
    world.git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-a", "-m", message, folder=clone)
    world.git("push", "-q", folder=clone)


def await_tag(page, name, state, tag, seconds=PATIENCE):
    def seen():
        status, text = ask(page, f"/api/releases/{name}")
        release = json.loads(text) if status == 200 else {}
        return release.get("state") == state and tag in images(release).values()
    until(f"{name} to be {state} with {tag[:7]}", seen, seconds)


def without_a_definition(world):
    """a cluster that does not know HelmReleases yet is a clear error"""
    cluster = Cluster(world)
    world.served = cluster
    cluster.serve("early")
    equal(cluster.processes.pop("early").wait(15), 1, "exit code")
    check("ship-it crd | kubectl apply" in (cluster.folder / "early.log").read_text(), "it does not say what to do")


def ships(world):
    """an event of the queue ships; a bad version is rolled back, in the cluster and in git"""
    cluster = world.served
    cluster.apply_definition()
    page = cluster.serve("first")
    good, bad = new_tag(), new_tag()
    start = json.loads(until("the releases", lambda: (r := ask(page, "/api/releases"))[0] == 200 and r[1] != "[]" and r[1]))
    equal(sorted(r["name"] for r in start), ["hello", "web", "worker"], "releases")
    cluster.push("hello", good)
    await_tag(page, "hello", "deployed", good)
    cluster.push("hello", bad, "crash")
    await_tag(page, "hello", "rolled back", good)
    until("the way back in git", lambda: good in tags(world.git("show", "HEAD:registry/templates/hello.yaml",
                                                                folder=cluster.ops)))
    check(not json.loads(ask(page, "/api/system")[1])["simulated"], "it says that it is simulated")


def another_stands_by(world):
    """a second process stands by, and takes over when the first is killed; nothing is lost between"""
    cluster = world.served
    second = cluster.serve("second")
    until("the second to stand by", lambda: ask(second, "/health") == (200, "standing by: first leads\n"))
    equal(ask(second, "/api/releases")[0], 503, "status of the API of who stands by")
    tag = new_tag()
    cluster.push("web", tag)
    cluster.end("first", signal.SIGKILL)
    # The lease is free after 15 s; an event that the first had taken and not acknowledged shows again after 60 s.
    await_tag(second, "web", "deployed", tag, seconds=100)


def handed_over(world):
    """a process that is stopped hands the lead over at once"""
    cluster = world.served
    third = cluster.serve("third")
    until("the third to stand by", lambda: "second leads" in ask(third, "/health")[1])
    equal(cluster.end("second"), 0, "exit code on SIGINT")
    until("the third to lead", lambda: ask(third, "/api/releases")[0] == 200, seconds=8)
    equal(cluster.end("third"), 0, "exit code on SIGINT")
    equal(cluster.end("cluster"), 0, "exit code of the cluster")


def bad_arguments(world):
    """what can't be served is refused with what to do"""
    right = {"--kubeconfig": str(world.state / "kubeconfig"), "--ops-repo": str(world.ops), "--listen": "127.0.0.1:0",
             "--cache": str(world.folder / "cache")}
    for arguments, code, words in [
            ({"--kubeconfig": "/nowhere"}, 3, "/nowhere"),
            ({"--ops-repo": ""}, 5, "OPERATIONS_REPOSITORY"),
            ({"--queue": "image-pushes"}, 5, "must be the queue's URL"),
            ({"--listen": "here"}, 5, "HOST:PORT"),
            ({"--soak": "long"}, 2, "duration")]:
        ran = world.cli("serve", *(word for pair in {**right, **arguments}.items() for word in pair))
        equal(ran.code, code, f"exit code with {arguments}, which said {ran.all!r}")
        check(words in ran.err, f"with {arguments} it said {ran.all!r}")


CASES = [without_a_definition, ships, another_stands_by, handed_over, bad_arguments]
OPTIONS = []
