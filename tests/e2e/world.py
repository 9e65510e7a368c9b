"""What a case works with: a running `ship-it sandbox`, its command line, its REST, its repository, kubectl and helm."""
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

REGISTRY = "registry/templates"
ECR = "723255503624.dkr.ecr.us-east-1.amazonaws.com"
PATIENCE = 25.0  # seconds; nothing here takes more than a few


class Failure(Exception):
    """What a case found wrong."""


def check(holds, what):
    if not holds:
        raise Failure(what)


def equal(got, want, what):
    check(got == want, f"{what}: got {got!r}, want {want!r}")


def until(what, look, seconds=PATIENCE):
    """The first true thing that `look` gives; a Failure that says what was awaited, and what was seen last."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise Failure(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.05)


def new_tag():
    return secrets.token_hex(20)


def quiet_environment(**more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "HELM_", "KUBE"))}
    return {**clean, "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", **more}


class Ran:
    """A finished command."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def all(self):
        return self.out + self.err


class World:
    """One sandbox, in a folder of its own, that a case may also kill and start again."""

    def __init__(self, binary, folder, *options):
        self.binary, self.options = str(binary), options
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.folder.mkdir(parents=True)
        self.process = None
        self.start()

    def start(self):
        """Starts it on the state that is there; returns when the page answers."""
        facts = self.state / "server.json"
        facts.unlink(missing_ok=True)
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(
                [self.binary, "sandbox", "--port", "0", "--state", str(self.state), *self.options],
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=quiet_environment())

        def answers():
            if self.process.poll() is not None:
                raise Failure(f"the sandbox ended with {self.process.returncode}: "
                              f"{(self.folder / 'output').read_text()[-500:]}")
            try:
                self.server = json.loads(facts.read_text())
                with urllib.request.urlopen(self.server["page"] + "/health", timeout=5) as answer:
                    return answer.status == 200
            except (OSError, ValueError):
                return False

        until("the sandbox to answer", answers)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """As Ctrl-C does; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failure("the sandbox did not end within 15 s of SIGINT") from None
        return self.process.returncode

    # The command line.

    def cli(self, *arguments, server=None):
        return Ran(subprocess.run([self.binary, *arguments], capture_output=True, text=True, timeout=60,
                                  stdin=subprocess.DEVNULL,
                                  env=quiet_environment(SHIPIT_SERVER=server or self.server["page"])))

    def push(self, image, tag, behaves=None, code=None):
        """Pushes and follows; `code` is the exit code that must come."""
        ran = self.cli("push", f"{image}:{tag}", *(["--behaves", behaves] if behaves else []), "--timeout", "25s")
        if code is not None:
            equal(ran.code, code, f"exit code of push {image}:{tag[:7]} ({behaves or 'ok'}), which said {ran.all!r}")
        return ran

    # The interface.

    def request(self, method, path, body=None, headers=None):
        """(status, text) of a request; a body that is no text is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.server["page"] + path, data=data, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def send_event(self, body):
        """Puts a message into the queue, as the registry does."""
        message = json.dumps({"QueueUrl": self.server["queue"], "MessageBody": body}).encode()
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}
        urllib.request.urlopen(urllib.request.Request(self.server["queue"], message, headers), timeout=20).close()

    def get(self, path):
        status, text = self.request("GET", path)
        equal(status, 200, f"status of GET {path}")
        return json.loads(text)

    def release(self, name):
        """The release, or {} when there is none."""
        status, text = self.request("GET", f"/api/releases/{name}")
        return json.loads(text) if status == 200 else {}

    def await_release(self, name, what, look):
        """Waits for `look(release)`; the failure tells the state that it had last."""
        last = {}

        def seen():
            last.clear()
            last.update(self.release(name))
            return last if look(last) else None

        try:
            return until(f"{name}: {what}", seen)
        except Failure as failure:
            raise Failure(f"{failure}; it is {last.get('state')}: {last.get('reason')}") from None

    def await_state(self, name, state, tag=None):
        return self.await_release(name, f"{state} {tag or ''}",
                                  lambda r: r.get("state") == state and (not tag or tag in images(r).values()))

    # The repository.

    @property
    def ops(self):
        return self.state / "ops.git"

    def git(self, *arguments, folder=None):
        done = subprocess.run(["git", "-C", str(folder or self.ops), *arguments], capture_output=True, text=True,
                              timeout=30, env=quiet_environment())
        check(done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def head(self):
        return self.git("rev-parse", "HEAD").strip()

    def commits(self, since):
        """Subjects of what was committed after `since`, oldest first."""
        return self.git("log", "--reverse", "--format=%s", f"{since}..HEAD").splitlines()

    def manifest(self, name, commit="HEAD"):
        return self.git("show", f"{commit}:{REGISTRY}/{name}.yaml")

    def quarantine(self):
        done = subprocess.run(["git", "-C", str(self.ops), "show", "HEAD:registry/quarantine.yaml"],
                              capture_output=True, text=True, env=quiet_environment())
        return done.stdout if done.returncode == 0 else ""

    def commit(self, message, change):
        """A person's commit: clones, lets `change(folder)` edit the files, commits all of it and pushes; its id."""
        clone = self.folder / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        for _ in range(5):  # Ship-it may push in between
            self.git("clone", "-q", str(self.ops), str(clone), folder=self.folder)
            change(clone)
            self.git("add", "-A", folder=clone)
            self.git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", message,
                     folder=clone)
            try:
                self.git("push", "-q", folder=clone)
                return self.git("rev-parse", "HEAD", folder=clone).strip()
            except Failure:
                shutil.rmtree(clone)
        raise Failure("git push was refused five times")

    def edit(self, message, name, old, new):
        """A person's commit that replaces one text of a manifest."""
        def change(folder):
            file = folder / REGISTRY / f"{name}.yaml"
            text = file.read_text()
            check(old in text, f"{name}.yaml has no {old!r}")
            file.write_text(text.replace(old, new, 1))
        return self.commit(message, change)

    # Kubernetes.

    def kubernetes(self, path):
        """An object or a list from the API server; {} for 404."""
        try:
            with urllib.request.urlopen(self.server["cluster"] + path, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise

    def deployment(self, name):
        return self.kubernetes(f"/apis/apps/v1/namespaces/default/deployments/{name}")

    def running_image(self, name):
        return self.deployment(name)["spec"]["template"]["spec"]["containers"][0]["image"]

    def tool(self, program, *arguments):
        """kubectl or helm on the sandbox's cluster."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return Ran(subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60,
                                  stdin=subprocess.DEVNULL,
                                  env=quiet_environment(HOME=str(home), KUBECONFIG=str(self.state / "kubeconfig"))))


def images(release):
    """Short image name → tag that git wants."""
    return {docker["image"].rsplit("/", 1)[-1]: docker["tag"]
            for docker in release.get("artifacts", {}).get("docker", [])}


def tags(text):
    return re.findall(r"\b[0-9a-f]{40}\b", text)


def without_tags(text):
    """A manifest with every tag made the same: what must survive each commit."""
    return re.sub(r"\b[0-9a-f]{40}\b", "TAG", text)


def find(program, variable=None):
    """Its path, or None; the environment variable goes first."""
    return (os.environ.get(variable) if variable else None) or shutil.which(program)
