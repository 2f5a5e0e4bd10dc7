#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Real programs: the demo's service, C++, Rust, Python, a server, Node. What is not installed is
skipped."""

import socket

from harness import *


@test("the leaking service: session_create is first in the table")
def leaky():
    service = Process([TARGETS / "leaky", "--rate=2000"])
    recording = Recording("-d", "2s", pid=service.pid)
    expect_status(recording.wait(), 0)
    rows = [l for l in report(recording.output, "-f", "table").splitlines() if "%" in l]
    first = next(l for l in rows if re.search(r"_(create|append|parse|render|copy)\b", l))
    expect("session_create" in first, rows)
    profile = recording.profile()
    leak = sum(s.values["inuse_space"] for s in at_site(profile, "session_create"))
    expect(leak > 0.9 * profile.total("inuse_space"), leak, profile.total("inuse_space"))
    # bounded: at most its 256 lines, and the two buffers of a request at hand
    log = sum(s.values["inuse_objects"] for s in at_site(profile, "log_append"))
    expect(0 < log <= 256, log)
    requests = at_site(profile, "request_parse")
    expect(sum(s.values["inuse_objects"] for s in requests) <= 1, requests)
    expect(sum(s.values["alloc_objects"] for s in requests) > 500, "requests were handled")


@test("C++: what the containers allocate, by operator new")
def cxx():
    profile, truths = record(Target("cxx"))
    new = [s for s in profile.samples if plain(s.frames[1]).startswith("operator new")]
    for key, metric in METRICS.items():
        expect(sum(s.values[metric] for s in new) == sum(t[key] for t in truths), metric, truths)


@test("Rust: Vec, zeroed Vec, an over-aligned Box")
def rust():
    target = Target("rust")
    profile, truths = record(target)
    expect_truth(profile, truths, direct=False, whole=False)
    mangled = re.compile("17h[0-9a-f]{16}E|^_R[NI]")
    names = [f for s in profile.samples for f in s.frames if mangled.search(f)]
    expect(not names, "not demangled:", names)


@test("python3: what a script holds")
def python():
    code = "import sys; print('ready', flush=True); sys.stdin.readline()\n"
    code += "keep = [bytearray(100000) for _ in range(200)]\n"
    code += "print('done', flush=True); sys.stdin.read()"
    process = Process(["/usr/bin/python3", "-S", "-c", code])
    expect(process.line() == "ready", "python3 did not start")
    recording = Recording(pid=process.pid)
    process.send()
    expect(process.line() == "done", "python3 did not run")
    recording.stop()
    largest = max(recording.profile().samples, key=lambda s: s.values["inuse_space"])
    expect(largest.values["inuse_objects"] == 200, largest.frames, largest.values)
    expect(200 * 100000 <= largest.values["inuse_space"] <= 200 * 100100, largest.values)
    expect(any("Py" in f for f in largest.frames), "names of the interpreter:", largest.frames)


def redis_command(path, *words):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        for word in words:
            connection.sendall(word)
            answer = b""
            while not answer.endswith(b"\r\n"):
                answer += connection.recv(4096)


@test("redis-server, forced to libc malloc: the values it stores")
def redis():
    server = shutil.which("redis-server")
    if not server:
        raise Skip("redis-server is not installed")
    directory = scratch()
    path = directory / "socket"
    libc = next(l.split()[2] for l in run(["ldd", server]).stdout.splitlines() if "libc.so.6" in l)
    process = Process(
        [server, "--port", "0", "--unixsocket", path, "--save", "", "--dir", directory],
        env=dict(os.environ, LD_PRELOAD=libc),
    )
    wait_until(path.exists, "redis-server listens")
    recording = Recording(pid=process.pid)
    template = b"*3\r\n$3\r\nSET\r\n$4\r\nk%03d\r\n$20000\r\n" + b"x" * 20000 + b"\r\n"
    redis_command(path, *[template % n for n in range(500)])
    recording.stop()
    total = recording.profile().total("inuse_space")
    expect(500 * 20000 <= total <= 500 * 20000 * 1.5, f"{total} bytes for 500 values of 20,000")


@test("node: what its Buffers hold, by native frames")
def node():
    if not shutil.which("node"):
        raise Skip("node is not installed")
    code = "console.log('ready'); const keep = []; process.stdin.once('data', () => {"
    code += "for (let i = 0; i < 40; i++) keep.push(Buffer.alloc(1 << 20, 1));"
    code += "console.log('done')});"
    process = Process([shutil.which("node"), "-e", code])
    expect(process.line() == "ready", "node did not start")
    recording = Recording(pid=process.pid)
    process.send()
    expect(process.line() == "done", "node did not run")
    recording.stop()
    profile = recording.profile()
    buffers = [s for s in profile.samples if s.values["inuse_space"] >= 1 << 20]
    total = sum(s.values["inuse_space"] for s in buffers)
    expect(40 << 20 <= total <= 44 << 20, total, [s.frames[:5] for s in buffers])
    frames = [f for s in buffers for f in s.frames]
    expect(any("node::" in f or "v8::" in f for f in frames), frames)


main()
