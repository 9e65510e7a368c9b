"""The process ends at bad moments and is started again on the same state."""
from world import ECR, check, equal, images, new_tag, tags, until


def killed_in_a_rollout(world):
    """killed in a rollout, it resumes and ends deployed, with one commit"""
    tag = new_tag()
    world.await_state("hello", "deployed")
    before = world.head()
    equal(world.cli("push", f"hello:{tag}", "--no-wait").code, 0, "exit code of push --no-wait")
    world.await_release("hello", "in the middle", lambda r: r.get("state") in ("deploying", "verifying")
                        and tag in images(r).values())
    world.kill()
    world.start()
    world.await_state("hello", "deployed", tag)
    equal(world.running_image("hello"), f"{ECR}/hello:{tag}", "what runs")
    equal(len(world.commits(before)), 1, f"commits ({world.commits(before)})")
    check(not world.quarantine(), "something is quarantined")


def killed_before_the_commit(world):
    """killed right after the push, the event is not lost"""
    tag = new_tag()
    equal(world.cli("push", f"web:{tag}", "--no-wait").code, 0, "exit code of push --no-wait")
    world.kill()
    world.start()
    world.await_state("web", "deployed", tag)


def killed_on_the_way_back(world):
    """killed while a bad version rolls back, it ends rolled back, with one revert"""
    good, bad = new_tag(), new_tag()
    world.push("hello", good, code=0)
    before = world.head()
    world.cli("push", f"hello:{bad}", "--behaves", "crash", "--no-wait")
    world.await_release("hello", "the way back", lambda r: r.get("state") in ("rolling back", "rolled back"))
    world.kill()
    world.start()
    world.await_state("hello", "rolled back")
    until("the good version to run", lambda: world.running_image("hello") == f"{ECR}/hello:{good}")
    until("the way back in git", lambda: good in tags(world.manifest("hello")))
    equal(len(world.commits(before)), 2, f"commits ({world.commits(before)})")
    equal(world.quarantine().count(bad), 1, "entries in quarantine.yaml")


def killed_again_and_again(world):
    """killed four times on the way of one bad version, it still ends rolled back, with one revert"""
    good, bad = new_tag(), new_tag()
    world.push("worker", good, code=0)
    before = world.head()
    world.cli("push", f"worker:{bad}", "--behaves", "crash", "--no-wait")
    for _ in range(4):
        world.kill()
        world.start()
    world.await_state("worker", "rolled back")
    until("the way back in git", lambda: good in tags(world.manifest("worker")))
    equal(len(world.commits(before)), 2, f"commits ({world.commits(before)})")


def nothing_to_do(world):
    """a restart with nothing to do writes nothing: neither git nor records nor workloads"""
    def facts():
        secrets = world.kubernetes("/api/v1/namespaces/default/secrets")["items"]
        deployments = world.kubernetes("/apis/apps/v1/namespaces/default/deployments")["items"]
        return (world.head(), {s["metadata"]["name"]: s["metadata"]["resourceVersion"] for s in secrets},
                {d["metadata"]["name"]: d["metadata"]["generation"] for d in deployments})
    for name in ("web",):
        world.await_state(name, "deployed")
    before = facts()
    equal(world.stop(), 0, "exit code on SIGINT")
    world.start()
    world.await_state("web", "deployed")
    world.await_state("hello", "rolled back")
    equal(facts(), before, "(head, records, generations)")


def second_on_the_same_state(world):
    """a second process on the same state is refused"""
    ran = world.cli("sandbox", "--port", "0", "--state", str(world.state))
    equal(ran.code, 5, f"exit code, with {ran.all!r}")
    check("another sandbox" in ran.err, f"it said {ran.all!r}")


CASES = [killed_in_a_rollout, killed_before_the_commit, killed_on_the_way_back, killed_again_and_again, nothing_to_do,
         second_on_the_same_state]
OPTIONS = []
