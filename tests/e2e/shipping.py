"""An image is pushed: it ships, or it is rolled back in the cluster and in git."""
from world import ECR, PATIENCE, check, equal, images, new_tag, tags, until, without_tags


def rolled_back(world, name, image, bad, good):
    """What must be true after a version was taken back."""
    release = world.await_state(name, "rolled back")
    until(f"{name} to run {good[:7]}", lambda: world.running_image(name).endswith(good))
    until("the commit that takes it back", lambda: good in tags(world.manifest(name)))
    check(bad not in world.manifest(name), f"git still wants {bad[:7]}")
    check(bad in world.quarantine(), f"quarantine.yaml has no {bad[:7]}")
    check(release["reason"], "no reason is given")


def success(world):
    """a pushed image is committed, deployed and judged good"""
    before, tag = world.head(), new_tag()
    ran = world.push("hello", tag, code=0)
    check("deployed" in ran.out, f"push did not say deployed: {ran.out!r}")
    release = world.release("hello")
    equal(release["state"], "deployed", "state")
    equal(images(release)["hello"], tag, ".artifacts.docker[0].tag")
    equal(world.running_image("hello"), f"{ECR}/hello:{tag}", "what the cluster runs")
    equal(len(world.commits(before)), 1, "commits")
    equal([r["outcome"] for r in release["history"] if r.get("current")], ["good"], "the verdict in the history")


def crash(world):
    """a version that crashes is rolled back, and the commit says why"""
    good, bad, before = new_tag(), new_tag(), world.head()
    world.push("hello", good, code=0)
    ran = world.push("hello", bad, "crash", code=6)
    check("rolled back" in ran.all, f"push said {ran.all!r}")
    rolled_back(world, "hello", "hello", bad, good)
    equal(len(world.commits(before)), 3, f"commits ({world.commits(before)})")
    message = world.git("log", "-1", "--format=%B")
    check("CrashLoopBackOff" in message, f"the commit does not say why: {message!r}")
    check(world.server["page"] + "/releases/default/hello" in message, f"no link to the page in {message!r}")


def three_times(world):
    """the same bad tag three times is one rollback and one commit; a newer good tag ships"""
    good, bad, before = new_tag(), new_tag(), None
    world.push("hello", good, code=0)
    before = world.head()
    world.push("hello", bad, "crash", code=6)
    rolled_back(world, "hello", "hello", bad, good)
    commits, revision = world.commits(before), world.release("hello")["version"]["revision"]
    for attempt in (2, 3):
        ran = world.push("hello", bad, code=5)
        check("quarantined" in ran.all, f"attempt {attempt} said {ran.all!r}")
        equal(world.release("hello")["state"], "rolled back", f"state after attempt {attempt}")
    equal(world.commits(before), commits, "commits after three pushes")
    equal(len(commits), 2, f"commits: its tag and its way back, got {commits}")
    equal(world.release("hello")["version"]["revision"], revision, "revision")
    equal(world.quarantine().count(bad), 1, "entries in quarantine.yaml")
    newer = new_tag()
    world.push("hello", newer, code=0)
    equal(world.running_image("hello"), f"{ECR}/hello:{newer}", "what runs after a newer push")
    equal(world.release("hello")["state"], "deployed", "state after a newer push")


def bad_image(world):
    """an image that can't be pulled is rolled back"""
    good, bad = new_tag(), new_tag()
    world.push("worker", good, code=0)
    world.push("worker", bad, "bad-image", code=6)
    rolled_back(world, "worker", "worker", bad, good)
    check("pulled" in world.release("worker")["reason"], f"reason: {world.release('worker')['reason']}")


def slow(world):
    """a version that isn't ready before the deadline is rolled back"""
    good, bad = new_tag(), new_tag()
    world.push("web", good, code=0)
    world.push("web", bad, "slow", code=6)
    rolled_back(world, "web", "web", bad, good)


def alert(world):
    """a monitor that fires during the soak window takes the version back"""
    good, bad = new_tag(), new_tag()
    world.push("worker", good, code=0)
    world.push("worker", bad, "alert", code=6)
    rolled_back(world, "worker", "worker", bad, good)
    check("error rate" in world.release("worker")["reason"], f"reason: {world.release('worker')['reason']}")


def shared_image(world):
    """two services that share an image move in one commit"""
    before, tag = world.head(), new_tag()
    world.push("log-agent", tag, code=0)
    equal(len(world.commits(before)), 1, f"commits ({world.commits(before)})")
    for name in ("web", "worker"):
        check(tag in world.manifest(name), f"{name}.yaml does not have the tag")
        world.await_state(name, "deployed", tag)
        containers = world.deployment(name)["spec"]["template"]["spec"]["containers"]
        equal([c["image"] for c in containers if c["name"] == "log-agent"], [f"{ECR}/log-agent:{tag}"],
              f"the sidecar that {name} runs")


def hold_and_release(world):
    """a held release starts nothing, says who holds it, and goes on when released"""
    tag = new_tag()
    equal(world.cli("hold", "hello", "-m", "lunch").code, 0, "exit code of hold")
    world.await_release("hello", "its hold", lambda r: r.get("held", {}).get("reason") == "lunch")
    ran = world.push("hello", tag, code=5)
    check("lunch" in ran.all or "held" in ran.all, f"push said {ran.all!r}")
    check(tag not in world.manifest("hello"), "a held release's manifest was edited")
    equal(world.cli("release", "hello").code, 0, "exit code of release")
    world.await_state("hello", "deployed", tag)


def rollback_and_lift(world):
    """a rollback by a person goes back and quarantines; a lift lets the tag in again"""
    old, new = new_tag(), new_tag()
    world.push("hello", old, code=0)
    world.push("hello", new, code=0)
    equal(world.cli("rollback", "hello").code, 0, "exit code of rollback")
    rolled_back(world, "hello", "hello", new, old)
    equal(world.cli("lift", "hello", f"hello:{new}").code, 0, "exit code of lift")
    until("the entry to leave quarantine.yaml", lambda: new not in world.quarantine())
    world.await_state("hello", "deployed", new)


def comments_survive(world):
    """comments and blank lines of every manifest are byte for byte what they were, but for the tags"""
    first = world.git("rev-list", "--max-parents=0", "HEAD").strip()
    check(len(world.commits(first)) > 10, "too few commits for this case to mean anything")
    for commit in world.git("rev-list", f"{first}..HEAD").split():
        check("Ship-it" == world.git("log", "-1", "--format=%an", commit).strip(), "a commit by somebody else")
        for name in ("hello", "web", "worker"):
            equal(without_tags(world.manifest(name, commit)), without_tags(world.manifest(name, first)),
                  f"{name}.yaml at {commit[:7]}")


def feed(world):
    """the feed tells what happens, live"""
    import json
    import urllib.request
    tag = new_tag()
    with urllib.request.urlopen(world.server["page"] + "/api/feed", timeout=PATIENCE) as stream:
        world.push("hello", tag, code=0)
        for line in stream:
            if line.startswith(b"data:") and tag.encode() in line:
                told = json.loads(line[5:])
                if told.get("state") == "deployed" and images(told).get("hello") == tag:
                    return


CASES = [success, crash, three_times, shared_image, bad_image, slow, alert, hold_and_release, rollback_and_lift, feed,
         comments_survive]
OPTIONS = ["--deadline", "4s"]
