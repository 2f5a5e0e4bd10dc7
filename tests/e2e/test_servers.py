#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: servers under load.
"""Servers from Debian under load, attached to while they run: their stacks are complete, their
allocator is named, they answer during and after. And a process nobody asked for, which is not
slowed by the probes of another."""

import socket
import statistics
import subprocess

from harness import *

SECONDS = 3
RATE = "16K"


def installed(*names):
    """The first of the programs that is there, also in the directories of root alone."""
    for name in names:
        path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if path:
            return path
    raise Skip(f"{names[0]} is not installed")


def directory():
    path = scratch()
    path.chmod(0o777)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def load(argv):
    """Runs beside the recording; what it prints is its answer."""
    process = subprocess.Popen(
        [str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/"
    )
    at_end(process.kill)
    return process


class Server(Process):
    """A program that ends by @signal with all its children, when the test does."""

    def __init__(self, argv, how, **options):
        super().__init__(argv, **options)
        at_end(lambda: self.shut_down(how))

    def shut_down(self, how):
        self.process.send_signal(how)
        self.process.wait(timeout=20 * SLOW)


def profile_under(load_argv, after_argv, *options, pid=None):
    """Attached in the middle of the load, which goes on, and whose end is good; @after_argv is
    what the server is asked once heaptap has ended."""
    work = load(load_argv)
    time.sleep(0.5)
    recording = Recording("-d", f"{SECONDS}s", *options, pid=pid, rate=RATE, attached=False)
    expect_status(recording.wait(), 0)
    expect(work.poll() is None, "the load ended before the recording")
    answer = work.communicate(timeout=60 * SLOW)[0].decode(errors="replace")
    expect(work.returncode == 0, answer[-1000:])
    expect_status(run(after_argv, cwd="/"), 0)
    profile = recording.profile()
    samples = int(profile.notes["samples"])
    complete = int(profile.notes["complete_samples"])
    print(f"# {samples} samples, {100 * complete / max(samples, 1):.2f} % complete; "
          f"{profile.notes['allocators'][:100]}")
    expect(samples > 100, profile.notes)
    expect(complete >= 0.99 * samples, f"{complete} of {samples} stacks complete")
    return profile


def named(profile, function):
    return any(function in f for s in profile.samples for f in s.frames)


@test("redis-server: jemalloc")
def redis():
    server, benchmark = installed("redis-server"), installed("redis-benchmark")
    path = directory() / "socket"
    options = f"--port 0 --save  --unixsocket {path} --dir {path.parent}".split(" ")
    process = Server([server, *options], signal.SIGTERM)
    wait_until(path.exists, "redis-server listens")
    work = [benchmark, "-s", path, "-c", "8", "-d", "900", "-r", "10000", "-q", "-t",
            "set,lpush,hset,get"]
    profile = profile_under([*work, "-n", "250000"], [*work, "-n", "100"], pid=process.pid)
    used = [a for a in profile.notes["allocators"].split("; ") if "not used" not in a]
    expect(len(used) == 1 and used[0].startswith("jemalloc ") and "libjemalloc" in used[0], used)
    expect(process.alive(), "redis-server has ended")


@test("postgres: glibc under contexts of its own, backends that are forked meanwhile")
def postgres():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise Skip("postgresql is not installed")
    place = directory()
    data = place / "data"
    options = ["-D", data, "--no-sync", "-A", "trust", "--no-locale", "-E", "UTF8"]
    expect_status(run(as_nobody([found[-1] / "initdb", *options]), cwd="/"), 0)
    options = ["-D", data, "-k", place, "-c", "listen_addresses=", "-c", "fsync=off"]
    server = Server(as_nobody([found[-1] / "postgres", *options]), signal.SIGINT, cwd="/",
                    stderr=subprocess.DEVNULL)
    wait_until(lambda: list(place.glob(".s.PGSQL.*")), "postgres listens")
    bench = [found[-1] / "pgbench", "-h", place, "-U", "nobody", "postgres"]
    expect_status(run([*bench, "-i", "-q"], cwd="/"), 0)
    # -C: a connection, and so a process, for each transaction
    profile = profile_under([*bench, "-n", "-C", "-c", "4", "-T", SECONDS + 2],
                            [*bench, "-n", "-t", "1"], "--follow", pid=server.pid)
    expect("libc.so.6" in profile.notes["allocators"], profile.notes["allocators"])
    expect(named(profile, "MemoryContextAlloc"), "its contexts are in the stacks")
    expect("PostgreSQL" in profile.notes.get("arenas", ""), "its contexts are said")
    said = expect_status(heaptap("check", "-p", server.pid), 0).stdout
    expect(re.search("^arenas .*PostgreSQL", said, re.M), said)
    expect(len({s.labels.get("pid") for s in profile.samples}) > 10, "many processes")
    expect(server.alive(), "postgres has ended")


NGINX = """
daemon off; pid {0}/pid; error_log {0}/error.log; worker_processes 2;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f;
  uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
  server {{ listen 127.0.0.1:{1}; location / {{ return 200 "hello $request_id\\n"; }} }}
}}
"""


@test("nginx: glibc, a master and two workers by name")
def nginx():
    server, wrk = installed("nginx"), installed("wrk")
    place, port = directory(), free_port()
    program = place / f"nginx-{port}"
    shutil.copy(server, program)
    (place / "conf").write_text(NGINX.format(place, port))
    process = Server(as_nobody([program, "-p", place, "-c", place / "conf", "-e", place / "e"]),
                     signal.SIGTERM)
    wait_until(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), "nginx listens")
    work = [wrk, "-t", "1", "-c", "8", f"http://127.0.0.1:{port}/"]
    profile = profile_under([*work, "-d", f"{SECONDS + 2}s"], [*work, "-d", "1s"], "--name",
                            program.name)
    expect("libc.so.6" in profile.notes["allocators"], profile.notes["allocators"])
    expect(profile.notes["targets"] == "3", profile.notes)
    expect(process.alive(), "nginx has ended")


@test("mariadbd: glibc")
def mariadb():
    server = installed("mariadbd", "mysqld")
    install, slap = installed("mariadb-install-db"), installed("mariadb-slap")
    place = directory()
    data, path = place / "data", place / "socket"
    options = ["--no-defaults", f"--datadir={data}"]
    (place / "data").mkdir()
    (place / "data").chmod(0o777)
    made = run(as_nobody([install, *options, "--auth-root-authentication-method=normal",
                          "--skip-test-db", f"--tmpdir={place}"]), cwd="/")
    expect_status(made, 0)
    process = Server(
        as_nobody([server, *options, f"--socket={path}", "--skip-networking", f"--tmpdir={place}",
                   f"--pid-file={place}/pid", "--innodb-buffer-pool-size=16M",
                   "--innodb-flush-log-at-trx-commit=0"]),
        signal.SIGTERM, cwd="/", stderr=subprocess.DEVNULL,
    )
    wait_until(path.exists, "mariadbd listens", timeout=30)
    work = [slap, "--no-defaults", f"--socket={path}", "-u", "root", "-a", "-c", "4",
            "--auto-generate-sql-write-number=10"]
    # its table grows, and what reads it takes longer each time: many times a little
    little = [*work, "--number-of-queries=2000"]
    begin = time.monotonic()
    expect_status(run(little, cwd="/"), 0)
    times = round(4 * SECONDS / (time.monotonic() - begin))
    profile = profile_under([*little, "-i", str(times)],
                            [*work, "--number-of-queries=10"], pid=process.pid)
    expect("libc.so.6" in profile.notes["allocators"], profile.notes["allocators"])
    expect(process.alive(), "mariadbd has ended")


def pair_ns(stream):
    """The median of what a pair of malloc and free took in the intervals that are there by now."""
    return statistics.median(float(line.split()[1]) for line in stream)


@test("a process nobody asked for has no breakpoint and is not slowed")
def unasked():
    loop = TARGETS / "pairs"
    output = scratch() / "pairs"
    with open(output, "w") as stream:
        bystander = subprocess.Popen([loop, "60", "50"], stdout=stream)
    at_end(bystander.kill)
    asked = Process([TARGETS / "busy"])

    def lines():
        return output.read_text().splitlines()[:-1]

    ratios = []
    for _ in range(7):
        before = len(lines())
        time.sleep(0.6)
        free = pair_ns(lines()[before:])
        recording = Recording(pid=asked.pid, rate="512K")
        expect(Path(f"/proc/{bystander.pid}/mem").open("rb"), "its memory can be read")
        expect(not probes(bystander.pid), "a breakpoint in the process nobody asked for")
        expect(probes(asked.pid), "none in the one that was")
        before = len(lines())
        time.sleep(0.6)
        ratios.append(pair_ns(lines()[before:]) / free)
        recording.stop()
    print(f"# with another watched / without: {' '.join(f'{r:.3f}' for r in ratios)}")
    expect(statistics.median(ratios) < 1.05, ratios)


main()
