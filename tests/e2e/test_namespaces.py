#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Processes in namespaces of their own, as in containers: another root with another C library,
files that were replaced or deleted, files that lie; and reports by process."""

import itertools

from harness import *

COUNT, SIZE, HOLD_MS = 40, 500, 60000
LOADER = "lib/ld-musl-x86_64.so.1"


def tree():
    """A root directory with musl and a program for it, as a small container has."""
    program = TARGETS / "member-musl"
    if not program.exists():
        raise Skip("musl-gcc is not installed")
    root = scratch()
    for directory in ("bin", "lib", "proc"):
        (root / directory).mkdir()
    shutil.copy(program, root / "bin/member")
    shutil.copy(Path("/", LOADER).resolve(), root / LOADER)
    return root


class Contained:
    """A member in a root, a pid, a mount and with @user a user namespace of its own, waiting. Its
    root is a chroot, or with @pivot a mount as containers have it."""

    PIVOT = 'mount --bind "$0" "$0" && cd "$0" && mkdir -p old && pivot_root . old && exec "$@"'

    def __init__(self, root, user=False, program="/bin/member", pivot=False):
        flags = ["--mount", "--pid", "--fork", "--kill-child", *["--user", "--map-root-user"] * user]
        argv = [program, "--wait-start", str(COUNT), str(SIZE), str(HOLD_MS)]
        into = ["sh", "-c", self.PIVOT, root] if pivot else ["chroot", root]
        self.outer = Process(["unshare", *flags, *into, *argv])
        self.pid = wait_until(self._inner, "the process in the namespace")

    def _inner(self):
        children = Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text()
        for pid in children.split():
            if Path(f"/proc/{pid}/comm").read_text() == "member\n":
                return int(pid)

    def go(self):
        self.outer.process.stdin.close()
        time.sleep(0.5)


def judge(profile):
    samples = at_site(profile, "in_member")
    for metric, right in (("alloc_space", COUNT * SIZE), ("inuse_space", COUNT * SIZE // 2)):
        got = sum(s.values[metric] for s in samples)
        expect(got == right, f"{metric}: {got}, not {right}")
    for sample in samples:
        expect(sample.frames[1] == "in_member" and "main" in sample.frames, sample.frames)


for user in (False, True):

    @test(f"another root, pid and mount namespace{', user namespace' * user}, with musl")
    def contained(user=user):
        member = Contained(tree(), user)
        recording = Recording(pid=member.pid)
        member.go()
        recording.stop()
        profile = recording.profile()
        judge(profile)
        expect(re.match(f"musl /.*/{LOADER} ", profile.notes["allocators"]), profile.notes)
        expect(profile.notes.get("inner_pid") == "1", profile.notes)
        expect("pid 1 in its container" in recording.stderr(), recording.stderr())
        expect("as pid 1" in report(recording.output), report(recording.output))


@test("the program deleted and the C library replaced, after they were mapped")
def replaced():
    root = tree()
    member = Contained(root)
    (root / "bin/member").unlink()
    (root / "lib/newer").write_bytes(b"no ELF file")
    (root / "lib/newer").rename(root / LOADER)
    recording = Recording(pid=member.pid)
    member.go()
    recording.stop()
    judge(recording.profile())


@test("debug files that are a pipe, a loop or lead out of the root are let be")
def lies():
    root = tree()
    build_id = run(["readelf", "-n", root / "bin/member"]).stdout
    build_id = re.search(r"Build ID: (\w+)", build_id).group(1)
    directory = root / "usr/lib/debug/.build-id" / build_id[:2]
    directory.mkdir(parents=True)
    debug = directory / f"{build_id[2:]}.debug"
    secret = scratch() / "secret"
    secret.write_bytes((TARGETS / "member").read_bytes())
    secret.chmod(0o600)
    for make in (
        lambda: os.mkfifo(debug),
        lambda: debug.symlink_to(debug.name),
        lambda: debug.symlink_to(secret),
        lambda: debug.symlink_to("../../../../../../../../../../../.." + str(secret)),
    ):
        make()
        os.utime(secret, (1, 1))
        member = Contained(root)
        recording = Recording(pid=member.pid)
        member.go()
        recording.stop()
        judge(recording.profile())
        expect(secret.stat().st_atime == 1, "a file outside the root was read")
        debug.unlink()
        member.outer.process.kill()


@test("a debug link of a container's program does not lead to a file of the host")
def link_to_host():
    root, host = tree(), scratch()
    inside = root / str(host).lstrip("/")
    inside.mkdir(parents=True)
    run(["objcopy", "--only-keep-debug", root / "bin/member", host / "member.debug"])
    run(["objcopy", "-S", "-R", ".note.gnu.build-id", root / "bin/member", inside / "member"])
    run(["objcopy", f"--add-gnu-debuglink={host}/member.debug", inside / "member"])
    for kind, pivot in itertools.product(("of the host", "pipe", "of the container"), (True, False)):
        (inside / "member.debug").unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(inside / "member.debug")
        if kind == "of the container":
            shutil.copy(host / "member.debug", inside)
        member = Contained(root, program=str(host / "member"), pivot=pivot)
        recording = Recording(pid=member.pid)
        member.go()
        recording.stop()
        functions = {f for s in recording.profile().samples for f in s.frames}
        expect(
            ("in_member" in functions) == (kind == "of the container"), kind, pivot, functions
        )
        member.outer.process.kill()


@test("report --by: a row and a root for each process")
def by():
    members = [Process([TARGETS / "member", "--wait-start", COUNT, SIZE, HOLD_MS]) for _ in "ab"]
    recording = Recording("-p", f"{members[0].pid},{members[1].pid}")
    wait_until(lambda: "recording" in recording.stderr(), "it records")
    for member in members:
        member.process.stdin.close()
    time.sleep(0.5)
    recording.stop()
    table = report(recording.output, "--by", "pid")
    for member in members:
        expect(re.search(rf"50\.0% +{COUNT // 2} +{SIZE} .* {member.pid} member$", table, re.M), table)
    expect(re.search(rf"100\.0% +{COUNT}.* member$", report(recording.output, "--by", "comm"), re.M))
    folded = report(recording.output, "-f", "folded", "--by", "pid").splitlines()
    roots = {line.split(";")[0] for line in folded}
    expect(roots == {f"member-{m.pid}" for m in members}, folded)
    folded = report(recording.output, "-f", "folded").splitlines()
    expect({line.split(";")[0] for line in folded} == {"member"}, folded)
    expect("[none]" in report(recording.output, "--by", "container"), "no container")
    expect_status(heaptap("report", "--by", "colour", recording.output), 2)
    expect_status(heaptap("report", "-f", "json", "--by", "pid", recording.output), 2)


INSIDE = """
import os, subprocess, sys
heaptap, member, output = sys.argv[1:4]
argv = [member, "--wait-start", *sys.argv[4:7]]
first = subprocess.Popen(argv, stdin=subprocess.PIPE)
nested = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "sleep", "60"])
record = subprocess.Popen([heaptap, "record", "-r", "1", "--follow", "-o", output, "-p",
                           f"{first.pid},{os.getpid()}"], stderr=subprocess.PIPE, text=True)
for line in record.stderr:
    if "recording" in line:
        break
second = subprocess.Popen(argv, stdin=subprocess.PIPE)  # born watched, of one that is
for process in (first, second):
    process.stdin.close()
import time
time.sleep(1)
record.send_signal(2)
rest = record.stderr.read()
inner = subprocess.run(["pgrep", "-x", "sleep"], capture_output=True, text=True).stdout.split()[0]
refused = subprocess.run([heaptap, "record", "-p", inner, "-d", "1s"], capture_output=True, text=True)
print(first.pid, second.pid, refused.returncode, refused.stderr.replace(chr(10), " "))
"""


@test("heaptap in a pid namespace of its own: what is in it, its children, and what is inside refused")
def own_namespace():
    output = scratch() / "out.pb.gz"
    numbers = [str(n) for n in (COUNT, SIZE, HOLD_MS)]
    argv = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, "-c", INSIDE, HEAPTAP,
            str(TARGETS / "member"), str(output), *numbers]
    result = expect_status(run(argv), 0)
    first, second, status, message = result.stdout.split(maxsplit=3)
    expect(status == "3" and "inside the one heaptap is in" in message, result)
    profile = pprof.load(output)
    for pid in (first, second):
        samples = [s for s in at_site(profile, "in_member") if s.labels["pid"] == int(pid)]
        for metric, right in (("alloc_space", COUNT * SIZE), ("inuse_space", COUNT * SIZE // 2)):
            got = sum(s.values[metric] for s in samples)
            expect(got == right, f"pid {pid}, {metric}: {got}, not {right}; {result}")


main()
