"""A person's own ops repository: read, and written only when that was asked for. And what sync does not do by itself."""
import json

from world import REGISTRY, World, check, equal, new_tag, tags, until


def own_repository(world, name):
    """A bare repository with the samples, as a person would have it elsewhere."""
    path = world.folder / f"{name}.git"
    world.git("clone", "-q", "--bare", str(world.ops), str(path), folder=world.folder)
    return path


def head_of(world, path):
    return world.git("rev-parse", "HEAD", folder=path).strip()


def read_only(world):
    """without --write nothing is pushed to it, and a push says so"""
    path = own_repository(world, "looked-at")
    before = head_of(world, path)
    other = World(world.binary, world.folder / "looking", "--ops-repo", str(path))
    try:
        other.await_state("hello", "deployed")
        tag = new_tag()
        ran = other.push("hello", tag, code=5)
        check("read only" in ran.err, f"it said {ran.all!r}")
        shown = other.cli("repository").out
        check(tag[:7] in shown and "read only" in shown, f"ship-it repository said {shown!r}")
        equal(head_of(world, path), before, "head of the repository that is only read")
    finally:
        equal(other.stop(), 0, "exit code on SIGINT")


def written(world):
    """with --write a push is committed to it"""
    path = own_repository(world, "written")
    other = World(world.binary, world.folder / "writing", "--ops-repo", str(path), "--write")
    try:
        other.await_state("hello", "deployed")
        tag = new_tag()
        other.push("hello", tag, code=0)
        check(tag in tags(world.git("show", f"HEAD:{REGISTRY}/hello.yaml", folder=path)), "the tag is not in it")
    finally:
        equal(other.stop(), 0, "exit code on SIGINT")


def large_prune(world):
    """a commit that removes every service waits until a person confirms it"""
    for name in ("hello", "web", "worker"):
        world.await_state(name, "deployed")

    def change(folder):
        for name in ("hello", "web", "worker"):
            (folder / REGISTRY / f"{name}.yaml").unlink()
    commit = world.commit("Remove everything", change)
    held = until("the repository to be held", lambda: (r := world.get("/api/repository"))["state"] == "held" and r)
    equal(held["seen"]["id"], commit, "the head that is seen")
    check("3 of 3" in held["reason"], f"reason {held['reason']!r}")
    equal(world.cli("confirm", "0000000").code, 5, "exit code of confirming another commit")
    check("ship-it confirm " + commit[:7] in world.cli("repository").out, "ship-it repository says nothing of confirm")
    check(len(json.loads(world.cli("get", "-o", "json").out)) == 3, "something was removed")
    equal(world.cli("confirm", commit[:7]).code, 0, "exit code of confirm")
    until("the services to go", lambda: world.get("/api/releases") == [])
    until("the repository to be in order", lambda: world.get("/api/repository")["state"] == "ok")


CASES = [read_only, written, large_prune]
OPTIONS = []
