"""Wrong input: a clear error, the right exit code or status, nothing lost."""
import json
import socket
import urllib.parse

from world import check, equal, new_tag


def refused(world, code, wanted, *arguments, server=None):
    ran = world.cli(*arguments, server=server)
    equal(ran.code, code, f"exit code of {' '.join(arguments)}, which said {ran.all!r}")
    check(ran.err.strip(), f"{' '.join(arguments)} said nothing on standard error")
    for text in wanted:
        check(text in ran.all, f"{' '.join(arguments)} did not say {text!r}: {ran.all!r}")


def exit_codes(world):
    """the exit codes of docs/operate.md"""
    world.await_state("hello", "deployed")
    refused(world, 2, ["--nonsense"], "get", "--nonsense")
    refused(world, 2, [], "no-such-verb")
    refused(world, 2, [], "push")
    refused(world, 3, ["nothing-here"], "get", "nothing-here")
    refused(world, 3, ["nothing-here"], "rollback", "nothing-here")
    refused(world, 4, ["127.0.0.1:1"], "get", server="http://127.0.0.1:1")
    refused(world, 7, ["no verdict"], "push", f"hello:{new_tag()}", "--timeout", "300ms")
    equal(world.cli("version").code, 0, "exit code of version")
    equal(world.cli("get").code, 0, "exit code of get")
    equal(world.cli("push", "--help").code, 0, "exit code of --help")
    equal(len(json.loads(world.cli("get", "-o", "json").out)), 3, "releases")


def open_doors(world):
    """the cluster is not shown off loopback without TLS and a token"""
    for flags in ([], ["--tls"], ["--token"]):
        refused(world, 5, ["--tls", "--token", "127.0.0.1"], "sandbox", "--cluster-only", "--listen", "0.0.0.0:0", *flags)
    refused(world, 5, ["HOST:PORT"], "sandbox", "--cluster-only", "--listen", "everywhere")


def bad_pushes(world):
    """an unknown image, a malformed tag and an unknown way to behave are refused with what to do"""
    before = world.head()
    refused(world, 3, ["nobody", "hello"], "push", f"nobody:{new_tag()}")
    refused(world, 5, ["40 hex digits"], "push", "hello:latest")
    refused(world, 2, ["IMAGE:TAG"], "push", "hello")
    refused(world, 2, ["explode"], "push", f"hello:{new_tag()}", "--behaves", "explode")
    equal(world.head(), before, "head")


def bad_starts(world):
    """a port in use and a state folder that can't be written"""
    port = str(urllib.parse.urlsplit(world.server["page"]).port)
    other = world.folder / "other"
    refused(world, 5, [port], "sandbox", "--port", port, "--state", str(other))
    file = world.folder / "a-file"
    file.write_text("not a folder")
    refused(world, 5, ["a-file", "--state"], "sandbox", "--port", "0", "--state", str(file))
    refused(world, 5, ["a-file", "--state"], "sandbox", "--port", "0", "--state", str(file / "below"))
    refused(world, 2, ["--port"], "sandbox", "--port", "70000")
    refused(world, 2, ["--soak"], "sandbox", "--port", "0", "--soak", "soon")


def announced(world, size):
    """The status line for a POST that announces a body of this size and sends none of it."""
    at = urllib.parse.urlsplit(world.server["page"])
    with socket.create_connection((at.hostname, at.port), timeout=10) as peer:
        peer.sendall(f"POST /api/push HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode())
        return peer.makefile().readline()


def bad_bodies(world):
    """a body that isn't JSON, is too large or misses a field"""
    def problem(status, method, path, body, headers=None):
        got, text = world.request(method, path, body, headers)
        equal(got, status, f"status of {method} {path}, which said {text[:200]!r}")
        if text.startswith("{"):
            check(json.loads(text)["error"]["message"], "no message")
    problem(400, "POST", "/api/push", b"not json")
    problem(400, "POST", "/api/push", b"[1]")
    problem(400, "POST", "/api/push", {"image": "hello"})
    problem(400, "POST", "/api/releases/hello/rollback", {"revision": "three"})
    problem(413, "POST", "/api/push", b" " * 100_000)
    check("413" in announced(world, 50_000_000), "a body of 50 MB was not refused by its announcement")
    problem(404, "GET", "/api/releases/nothing-here", None)
    problem(404, "GET", "/api/nothing-here", None)
    problem(405, "DELETE", "/api/releases/hello", None)
    problem(403, "POST", "/api/releases/hello/hold", {}, {"Origin": "https://evil.example"})
    equal(world.release("hello").get("held"), None, "the hold")


CASES = [exit_codes, open_doors, bad_pushes, bad_bodies, bad_starts]
OPTIONS = []
