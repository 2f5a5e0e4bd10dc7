# SPDX-License-Identifier: Apache-2.0
"""The versions of Node that scripts/fetch-nodes fetched, and scripts of tests/e2e/js run by them. What
was not fetched is skipped, with the reason that the script left."""

from harness import *

JS = ROOT / "tests/e2e/js"
NPM = ["18.20.8", "20.20.2", "22.23.3", "24.21.0", "25.9.0", "26.10.0"]
NPM_MAJORS = [18, 20, 22, 24, 25, 26]
DEBIAN = "debian-18"
# For what takes long and has no rows by version: the oldest, the newest and one in the middle.
SOME_MAJORS = NPM_MAJORS if os.environ.get("HEAPTAP_ALL_NODES") else [18, 22, 26]


def _directory():
    if os.environ.get("HEAPTAP_NODES"):
        return Path(os.environ["HEAPTAP_NODES"])
    if os.geteuid() == 0:
        return Path("/var/cache/heaptap-test/node")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heaptap-test/node"


def node_versions(*wanted):
    """(version, path) of the @wanted majors (or "debian-18"), of all from npm without any; the path
    may not exist: the_node() and NodeScript skip then."""
    chosen = [v for v in [*NPM, DEBIAN] if v.split(".")[0] in map(str, wanted)]
    return [(v, _directory() / v / "bin/node") for v in chosen or NPM]


def the_node(version):
    """The path of a version by its full name, its major, or "debian-18"."""
    name = next((v for v in [*NPM, DEBIAN] if str(version) in (v, v.split(".")[0])), version)
    path = _directory() / str(name) / "bin/node"
    if not os.access(path, os.X_OK):
        try:
            why = (_directory() / f"{name}.missing").read_text().strip()
        except OSError:
            why = "scripts/fetch-nodes was not run"
        raise Skip(f"node {name}: {why}")
    return path


def node_major(version):
    return int(re.search(r"\d+", version)[0])


def for_each_node(name, *wanted):
    """Registers the function as one test for each version; it is called with the version."""

    def register(function):
        for version, _ in node_versions(*wanted):
            test(f"node {version}: {name}", version)(function)
        return function

    return register


class NodeScript(Process):
    """A script of tests/e2e/js on a version of Node, run until it says "ready"."""

    def __init__(self, version, script, *arguments, flags=(), timeout=60.0, **options):
        super().__init__([the_node(version), *flags, JS / script, *arguments], **options)
        self.name = f"{script} on node {version}"
        expect(self.line(timeout) == "ready", self.name, "did not become ready")

    def go(self, timeout=90.0):
        """Lets it run; what it states up to "done"."""
        self.send()
        return parse_truth(iter(lambda: self.line(timeout), None))


def node_headers():
    """The folder of node_api.h, of any version that is there: the ABI is one."""
    for version in NPM:
        folder = _directory() / version / "include/node"
        if (folder / "node_api.h").exists():
            return folder
    raise Skip("node_api.h: scripts/fetch-nodes was not run")


def build_addon():
    """js/addon.c, compiled: its path."""
    path = scratch() / "addon.node"
    command = ["gcc", "-O1", "-g", "-fno-optimize-sibling-calls", "-fPIC", "-shared"]
    built = run([*command, "-I", node_headers(), JS / "addon.c", "-o", path])
    expect_status(built, 0)
    return path


class Server(NodeScript):
    """js/server.js, and wrk that loads it."""

    def __init__(self, version, *arguments, **options):
        if not shutil.which("wrk"):
            raise Skip("wrk is not installed")
        super().__init__(version, "server.js", *arguments, **options)
        self.url = f"http://127.0.0.1:{json.loads(self.line())['port']}/path"

    def load(self, seconds, connections=8):
        """Requests per second."""
        result = run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", self.url])
        rate = re.search(r"Requests/sec:\s+([\d.]+)", result.stdout)
        bad = re.search(r"Non-2xx.*|Socket errors.*", result.stdout)
        expect(rate and not bad, result)
        return float(rate[1])

    def nr_requests(self):
        self.send()
        return json.loads(self.line())["nr_requests"]
