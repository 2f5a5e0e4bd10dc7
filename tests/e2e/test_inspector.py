#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""record --source js --inspector: live JavaScript objects by V8's sampler, on every Node that is
there; and what is done to the process: nothing that was not said, undone at the end."""

import math
import socket

from harness import *
from nodes import *

VERSIONS = [version for version, _ in node_versions(*SOME_MAJORS)]
MAIN = next((v for v in VERSIONS if v.startswith("22.")), VERSIONS[-1] if VERSIONS else "22")
RATE = 16384

# Leaks 8 KB arrays into a Map on each line of stdin and says how many bytes, then waits.
LEAK = """
const cache = new Map();
let garbage = [];
function leakIntoMap() {
  for (let i = 0; i < 1000; i++) cache.set(cache.size, new Array(1000).fill(i + 0.5));
  garbage = new Array(100000).fill(0.5);
  garbage = [];
}
process.stdin.on('data', (text) => {
  if (`${text}`.includes('end')) process.exit(7);
  leakIntoMap();
  console.log('leaked');
});
console.log('ready');
"""
LEAKED = 1000 * 8016


class Node(Process):
    """A script that says "ready" when it is; its stderr is kept. SIGUSR1 opens a free @port, so that
    tests do not disturb each other."""

    def __init__(self, script, *flags, version=None, wrapper=(), suffix=".js", port=0):
        self.directory = scratch()
        self.script = self.directory / f"a script{suffix}"
        self.script.write_text(script)
        self._err = open(self.directory / "stderr", "w+b")
        at_end(self._err.close)
        flags = [f"--inspect-port={port}", *flags]
        argv = [*wrapper, the_node(version or MAIN), *flags, self.script]
        super().__init__(argv, stderr=self._err)
        expect(self.line() == "ready", "the script did not become ready")

    def stderr(self):
        return (self.directory / "stderr").read_text()

    def leak(self):
        self.send()
        expect(self.line() == "leaked", "the script did not leak")


def listening(pid):
    """The TCP ports a process listens at."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(fd)))
        except OSError:
            pass
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


class Inspection(Recording):
    def __init__(self, pid, *options, rate=RATE, started=True, **more):
        super().__init__(
            "--source", "js", "--inspector", *options, pid=pid, rate=rate, attached=False, **more
        )
        if started:
            wait_until(self._recording, "recording has started", timeout=20)

    def _recording(self):
        if self.process.poll() is not None:
            raise Failure(f"record ended instead of recording\n{self.result()}")
        return "recording pid" in self.stderr()


def refused(pid, status, *words, options=()):
    """A refusal: no file, and the process goes on as it was."""
    output = scratch() / "out.pb.gz"
    result = heaptap(
        *("record", "--source", "js", "--inspector", "-q"), *options, "-p", pid, "-o", output
    )
    expect_message(result, status, *words)
    expect(not output.exists(), "an output file was made")
    return result


def at(profile, name):
    return sum(s.values["inuse_space"] for s in profile.samples if name in s.frames)


def expect_bytes(got, true, rate, what):
    """Within five standard errors."""
    error = math.sqrt(rate * true)
    expect(abs(got - true) < 5 * error, f"{what}: {got}, the truth is {true} +- {error:.0f}")


def expect_undone(node):
    expect(node.alive(), "the process is gone")
    wait_until(lambda: not listening(node.pid), "the port is closed", timeout=2)
    expect("Debugger listening" in node.stderr(), node.stderr())


# --- on every version -----------------------------------------------------------------------------

for version in VERSIONS:

    @test(f"node {version}: a Map that grows is the first site, to the byte as far as V8 tells", version)
    def leak(version):
        node = Node(LEAK, version=version)
        node.leak()
        recording = Inspection(node.pid)
        node.leak()
        result = recording.stop()
        profile = recording.profile()
        expect(profile.types == [("inuse_space", "bytes")], profile.types)
        expect_bytes(at(profile, "leakIntoMap"), LEAKED, RATE, "what the function holds")
        expect(profile.sources["leakIntoMap"] == str(node.script), profile.sources)
        rows = report(recording.output).splitlines()
        first = next(rows[n + 1] for n, row in enumerate(rows) if row.lstrip().startswith("inuse "))
        expect("leakIntoMap" in first and "a script.js:4" in first, first)
        expect(profile.notes["source"] == "js", profile.notes)
        expect(profile.notes["rate"] == str(RATE) and profile.period == RATE, profile.notes)
        expect(f"node.js/v{version}" in profile.notes["inspector"], profile.notes)
        expect(profile.notes["version"] and profile.notes["comm"], profile.notes)
        for words in ("SIGUSR1", "its stderr", "allocated from now on", "closed again", "in use:"):
            expect(words in result.stderr, f"'{words}' is not said:", result)
        expect_undone(node)

    @test(f"node {version}: a second run on the same process, with all of the second leak", version)
    def again(version):
        node = Node(LEAK, version=version)
        for n in range(2):
            recording = Inspection(node.pid)
            node.leak()
            recording.stop()
            got = at(recording.profile(), "leakIntoMap")
            expect_bytes(got, LEAKED, RATE, f"run {n + 1}")
            expect_undone(node)

    @test(f"node {version}: the process ends by itself: its last profile, its own status", version)
    def end(version):
        node = Node(LEAK, version=version)
        recording = Inspection(node.pid)
        node.leak()
        node.send("end\n")
        result = expect_status(recording.wait(), 0)
        expect_bytes(at(recording.profile(), "leakIntoMap"), LEAKED, RATE, "at its end")
        expect(node.process.wait(5 * SLOW) == 7, "exit status", node.process.returncode)
        expect("warning" not in result.stderr, result)

    @test(f"node {version}: process.on('SIGUSR1') is refused, and not called", version)
    def own_handler(version):
        script = "process.on('SIGUSR1', () => console.log('called'));" + LEAK
        node = Node(script, version=version)
        refused(node.pid, 3, "process.on('SIGUSR1')", "--inspect")
        node.leak()  # would be behind "called"
        expect(node.stderr() == "" and not listening(node.pid), node.stderr())


# --- on one version: what else there may be -------------------------------------------------------


@test("a process in which SIGUSR1 would kill is refused and lives")
def disabled():
    node = Node(LEAK, "--disable-sigusr1")
    refused(node.pid, 3, "would kill", "--disable-sigusr1")
    node.leak()


@test("a handler that comes and goes leaves none behind: refused")
def handler_gone():
    script = "const f = () => 0; process.on('SIGUSR1', f);\n"
    script += "process.stdin.once('data', () => process.off('SIGUSR1', f));" + LEAK
    node = Node(script)
    refused(node.pid, 3, "SIGUSR1")
    node.leak()
    # libuv leaves SIG_DFL behind: the signal would kill now
    refused(node.pid, 3, "would kill")
    node.leak()


@test("an inspector that is open stays open, at whatever port and address")
def open_already():
    for where in ("0", "127.0.0.1:0", "[::1]:0", "0.0.0.0:0"):
        node = Node(LEAK, f"--inspect={where}")
        before = listening(node.pid)
        recording = Inspection(node.pid)
        node.leak()
        result = recording.stop()
        expect_bytes(at(recording.profile(), "leakIntoMap"), LEAKED, RATE, where)
        expect("open already" in result.stderr and "closed again" not in result.stderr, result)
        expect(len(before) == 1 and listening(node.pid) == before, before)
        expect(node.stderr().count("Debugger listening") == 1, node.stderr())


@test("a proxy in the environment is not used")
def proxy():
    node = Node(LEAK, "--inspect=0")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0)
        where = f"127.0.0.1:{server.getsockname()[1]}"
        environment = dict(os.environ, http_proxy=f"http://{where}", socks_proxy=where)
        options = ["--source", "js", "--inspector", "-d", "300ms", "-f", "folded", "-p", node.pid]
        expect_status(heaptap("record", *options, env=environment), 0)
        try:
            server.accept()
            expect(False, "the proxy was asked")
        except BlockingIOError:
            pass


@test("other ports of the process are not taken for the inspector")
def other_ports():
    script = "require('http').createServer((q, a) => a.end('{\"Browser\": \"x\"}')).listen(0, '127.0.0.1');\n"
    script += "require('net').createServer((c) => c.on('error', () => 0)).listen(0);\n" + LEAK
    node = Node(script)
    before = wait_until(lambda: len(listening(node.pid)) == 2 and listening(node.pid), "servers")
    recording = Inspection(node.pid)
    node.leak()
    recording.stop()
    expect_bytes(at(recording.profile(), "leakIntoMap"), LEAKED, RATE, "beside servers")
    expect(listening(node.pid) == before, before)


@test("worker threads, busy ones too, do not disturb")
def workers():
    script = "const { Worker } = require('worker_threads');\n"
    script += "const code = 'const keep = []; for (;;) keep[keep.length % 1000] = [keep.length];';\n"
    script += "for (let i = 0; i < 2; i++) new Worker(code, { eval: true });\n" + LEAK
    node = Node(script)
    recording = Inspection(node.pid)
    node.leak()
    recording.stop()
    expect_bytes(at(recording.profile(), "leakIntoMap"), LEAKED, RATE, "beside workers")
    expect_undone(node)


@test("the primary of a cluster, which passes SIGUSR1 on, is refused; a worker is not")
def cluster():
    script = "const cluster = require('cluster');\n"
    script += "process.env.PADDING = 'x'.repeat(100000);\n"
    script += "if (cluster.isPrimary) { const worker = cluster.fork(); worker.on('online', () => console.log('ready')); }\n"
    script += "else { const keep = []; function hold() { keep.push(new Array(1000).fill(0.5)); } setInterval(hold, 10); }"
    with socket.socket() as free:  # the worker takes the next one; 0 would be refused
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node = Node(script, port=port)
    worker = int(Path(f"/proc/{node.pid}/task/{node.pid}/children").read_text().split()[0])
    refused(node.pid, 3, "primary of a node cluster", worker)
    expect(node.stderr() == "" and not listening(worker), node.stderr())
    recording = Inspection(worker, "-d", "500ms")
    expect_status(recording.wait(), 0)
    expect(at(recording.profile(), "hold") > 0, "the worker's objects")
    wait_until(lambda: not listening(worker), "the worker's port is closed", timeout=2)


@test("the port is taken: said, and the process goes on")
def port_busy():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9229))
            taken.listen()
        except OSError as error:
            raise Skip(f"port 9229: {error}")
        node = Node(LEAK, port=9229)
        refused(node.pid, 1, "9229", "taken", "--inspect-port")
        node.leak()


@test("not a node process")
def not_node():
    process = Process(["/usr/bin/python3", "-c", "input()"])
    refused(process.pid, 3, "not a node process")
    expect(process.alive(), "SIGUSR1 was sent")


@test("a network namespace of its own")
def namespace():
    wrapper = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if run([*wrapper[:4], "ip link set lo up"]).status:
        raise Skip("unshare -n, or ip, does not work here")
    node = Node(LEAK, wrapper=wrapper)
    recording = Inspection(node.pid)
    expect(listening(node.pid), "no port in the namespace")
    node.leak()
    recording.stop()
    expect_bytes(at(recording.profile(), "leakIntoMap"), LEAKED, RATE, "in the namespace")
    expect_undone(node)


@test("killed meanwhile: one message and no file, or the last snapshot with a warning")
def killed():
    for options, status in (((), 1), (("-i", "500ms"), 0), (("-i", "500ms", "--strict"), 5)):
        node = Node(LEAK)
        recording = Inspection(node.pid, *options)
        node.leak()
        snapshot = recording.directory / "out.0002.pb.gz"
        if options:
            wait_until(snapshot.exists, "two snapshots")
        node.process.kill()
        result = expect_status(recording.wait(), status)
        expect(recording.output.exists() == bool(options), result)
        expect("closed again" not in result.stderr, "there is nobody to close it:", result)
        if options:
            profile = recording.profile()
            expect("last snapshot" in profile.notes["incomplete"], profile.notes)
            expect_bytes(at(profile, "leakIntoMap"), LEAKED, RATE, "in the last snapshot")


@test("stopped before: refused; stopped meanwhile: said, and the port closes when it goes on")
def stopped():
    node = Node(LEAK)
    at_end(lambda: node.alive() and os.kill(node.pid, signal.SIGCONT))
    os.kill(node.pid, signal.SIGSTOP)
    refused(node.pid, 3, "is stopped", "-CONT")
    os.kill(node.pid, signal.SIGCONT)
    node.leak()
    recording = Inspection(node.pid)
    os.kill(node.pid, signal.SIGSTOP)
    result = recording.stop(status=1)
    expect("no answer" in result.stderr and "stopped" in result.stderr, result)
    expect(not recording.output.exists(), "a file was written")
    os.kill(node.pid, signal.SIGCONT)
    node.leak()
    expect_undone(node)


@test("heaptap is killed: sampling ends and the process goes on; the port stays, for the next run too")
def heaptap_killed():
    node = Node(LEAK)
    recording = Inspection(node.pid)
    recording.process.kill()
    recording.process.wait()
    node.leak()
    second = Inspection(node.pid)
    node.leak()
    result = second.stop()
    expect("open already" in result.stderr, result)
    expect_bytes(at(second.profile(), "leakIntoMap"), LEAKED, RATE, "second run")


@test("without privilege: a port that is open will do, SIGUSR1 is not sent blindly")
def unprivileged():
    prefix = as_nobody([])
    if run([*prefix, the_node(MAIN), "-v"]).status:
        raise Skip("another user cannot run the node there is")
    options = ["--source", "js", "--inspector", "-d", "300ms", "-f", "folded"]
    command = [*prefix, public_heaptap(), "record", *options]
    node = Node(LEAK, "--inspect=0", wrapper=prefix)
    expect_status(run([*command, "-p", node.pid], cwd="/"), 0)
    node = Node(LEAK, wrapper=prefix)
    expect_message(run([*command, "-p", node.pid], cwd="/"), 4, "CAP_BPF")
    node.leak()


@test("a sampler that runs already is left alone")
def busy_sampler():
    node = Node(LEAK, "--heap-prof", f"--heap-prof-dir={scratch()}", "--inspect=0")
    refused(node.pid, 1, "runs already")
    node.leak()


@test("a program that never returns to its event loop")
def busy_loop():
    script = "const keep = [];\nfunction spin() { for (;;) { if (keep.length < 2000)"
    script += " keep.push(new Array(1000).fill(0.5)); } }\nconsole.log('ready'); setTimeout(spin, 1500);"
    node = Node(script)
    recording = Inspection(node.pid)
    time.sleep(2)
    result = recording.stop()
    expect_bytes(at(recording.profile(), "spin"), 2000 * 8016, RATE, "in the loop")
    expect("still open" in result.stderr, result)


@test("hostile names: half surrogates, %-escapes, control characters, no name, deep recursion")
def hostile():
    script = r"""
const keep = [];
const hold = () => keep.push(new Array(4000).fill(0.5));
const named = { '\ud800half': function () { hold(); }, 'new\nline;': function () { hold(); } };
function deep(n) { if (n) deep(n - 1); else hold(); }
process.stdin.on('data', () => {
  for (let i = 0; i < 100; i++) {
    for (const name in named) named[name]();
    (() => hold())();
    (0, eval)('(function evaluated() { keepAll.push(new Array(4000).fill(0.5)); })')();
    deep(300);
  }
  console.log('leaked');
});
globalThis.keepAll = keep;
console.log('ready');
"""
    node = Node(script, suffix=" 100%41;ü.js")
    recording = Inspection(node.pid)
    node.leak()
    recording.stop()
    profile = recording.profile()
    held = profile.total("inuse_space")
    expect_bytes(held, 500 * 32016, RATE, "all")
    names = {name for s in profile.samples for name in s.frames}
    expect([n for n in names if re.fullmatch("\ufffd+half", n)], "no half surrogate among", names)
    for name in ("new\nline;", "(anonymous)", "evaluated", "[truncated]"):
        expect(name in names, f"{name!r} is not among", names)
    expect(profile.sources["hold"] == str(node.script), profile.sources)
    expect(set(profile.sources[n] for n in ("evaluated", "[truncated]")) == {""}, profile.sources)
    report(recording.output, "-f", "folded")


@test("an ES module: the path of its file: URL")
def module():
    script = "const keep = [];\nfunction hold() { for (let i = 0; i < 500; i++) keep.push(new Array(1000).fill(0.5)); }\n"
    script += "process.stdin.on('data', () => { hold(); console.log('leaked'); });\nconsole.log('ready');"
    node = Node(script, suffix=" ü.mjs")
    recording = Inspection(node.pid)
    node.leak()
    recording.stop()
    expect(recording.profile().sources["hold"] == str(node.script), recording.profile().sources)


def speedscope(profile):
    """What speedscope's importer does with a heap profile: every node has children, sizes add up."""
    weights = []

    def visit(node, stack):
        frame = node["callFrame"]
        key = f"{frame['functionName']}:{frame['url']}:{frame['lineNumber'] + 1}"
        weights.append(([*stack, key], node["selfSize"]))
        for child in node["children"]:
            visit(child, [*stack, key])

    visit(profile["head"], [])
    return weights


def expect_heapprofile(path):
    """The shape DevTools wants; returns the head."""
    profile = json.loads(path.read_text())
    expect(set(profile) == {"head", "samples"}, profile.keys())
    nodes, todo = {}, [profile["head"]]
    while todo:
        node = todo.pop()
        expect(set(node) == {"callFrame", "selfSize", "id", "children"}, node.keys())
        expect(node["id"] not in nodes, "an id twice", node["id"])
        nodes[node["id"]] = node
        frame = node["callFrame"]
        expect(isinstance(frame["scriptId"], str), frame)
        expect((frame["scriptId"] != "0") == (frame["url"] != ""), "no script has id 0:", frame)
        expect(frame["lineNumber"] >= -1 and frame["columnNumber"] >= -1, frame)
        todo += node["children"]
    expect(profile["head"]["callFrame"]["functionName"] == "(root)", profile["head"]["callFrame"])
    sizes = {id: node["selfSize"] for id, node in nodes.items() if node["selfSize"]}
    expect({s["nodeId"]: s["size"] for s in profile["samples"]} == sizes, "samples")
    return profile


@test("heapprofile: what DevTools and speedscope need, from record and from report, equal to V8's")
def heapprofile():
    node = Node(LEAK)
    recording = Inspection(node.pid)
    node.leak()
    recording.stop()
    converted = recording.directory / "converted.heapprofile"
    expect_status(heaptap("report", recording.output, "-o", converted), 0)
    profile = expect_heapprofile(converted)
    weights = speedscope(profile)
    total = recording.profile().total("inuse_space")
    expect(sum(weight for _, weight in weights) == total, total)
    key = f"leakIntoMap:{node.script}:4"
    expect_bytes(sum(w for stack, w in weights if key in stack), LEAKED, RATE, key)

    direct = Inspection(node.pid, "--duration", "1s", output=scratch() / "direct.heapprofile")
    node.leak()
    expect_status(direct.wait(), 0)
    expect_heapprofile(direct.output)


@test("usage: what does not go together")
def usage():
    for options, word in (
        (["--inspector", "-p", "1"], "--source js"),
        (["--source", "heap", "-p", "1"], "malloc"),
        (["--source", "js", "--inspector", "--", "true"], "-p PID"),
        (["--source", "js", "--inspector", "-p", "1", "-m", "alloc_space"], "inuse_space"),
        (["--source", "js", "--inspector", "-p", "1", "--min-age", "1s"], "--min-age"),
    ):
        result = expect_status(heaptap("record", *options), 2)
        expect(word in result.stderr, word, result)


main()
