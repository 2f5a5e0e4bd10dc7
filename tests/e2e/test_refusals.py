#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Targets that cannot be profiled: each refused with one message that says why, status 3 or 4, and
without an output file."""

from harness import *

PF_KTHREAD = 0x00200000


def refused(pid, status, *words, command=None):
    directory = scratch()
    directory.chmod(0o777)
    output = directory / "out.pb.gz"
    command = command or [HEAPTAP]
    expect_message(run([*command, "record", "-p", pid, "-d", "1s", "-o", output]), status, *words)
    expect(not output.exists(), "an output file was made")


@test("a kernel thread")
def kernel_thread():
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = stat.read_text().rsplit(")", 1)[1].split()
        if int(fields[6]) & PF_KTHREAD:
            return refused(stat.parent.name, 3, "kernel thread")
    raise Skip("no kernel thread is visible here")


@test("a zombie")
def zombie():
    child = subprocess.Popen(["true"])
    at_end(child.wait)
    wait_until(
        lambda: Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z",
        "the zombie",
    )
    refused(child.pid, 3, "zombie")


@test("a 32-bit process")
def bits32():
    process = Process([TARGETS / "bits32"])
    expect(process.line() == "ready", "bits32 did not become ready")
    refused(process.pid, 3, "32-bit")


@test("a Go program without cgo")
def go_program():
    if not shutil.which("go"):
        raise Skip("go is not installed")
    directory = scratch()
    source = directory / "idle.go"
    source.write_text('package main\n\nimport "os"\n\nfunc main() { os.Stdin.Read(make([]byte, 1)) }\n')
    environment = os.environ | {"CGO_ENABLED": "0", "GOCACHE": str(directory), "HOME": str(directory)}
    build = ["go", "build", "-ldflags=-s", "-o", directory / "idle", source]
    expect_status(run(build, env=environment), 0)
    process = Process([directory / "idle"])
    time.sleep(0.2)
    refused(process.pid, 3, "Go program without cgo", "pprof")


@test("a static program without symbols")
def static_stripped():
    target = Target("simple-static-stripped")
    refused(target.pid, 3, "alloc")
    expect(target.go(), "the target runs on")


@test("a thread id is not a process id")
def thread_id():
    code = "import threading, sys; e = threading.Event(); t = threading.Thread(target=e.wait)\n"
    code += "t.daemon = True; t.start(); print(t.native_id, flush=True); sys.stdin.read()"
    process = Process(["/usr/bin/python3", "-c", code])
    refused(process.line(), 3, process.pid)


@test("heaptap itself")
def itself():
    output = scratch() / "out.pb.gz"
    result = run(["/bin/sh", "-c", f"exec {HEAPTAP} record -d 1s -o {output} -p $$"])
    expect_message(result, 3, "heaptap itself")


@test("another user's process, without privilege")
def unprivileged():
    target = Target("simple")
    refused(target.pid, 4, "heaptap check", "CAP_", command=as_nobody([public_heaptap()]))


@test("one's own process, without privilege to load BPF")
def own_unprivileged():
    directory = scratch()
    simple = directory / "simple"
    shutil.copy(TARGETS / "simple", simple)
    simple.chmod(0o755)
    target = Process(as_nobody([str(simple), "--wait-start", "--hold"]))
    expect(target.line() == "ready", "simple did not become ready")
    refused(target.pid, 4, "heaptap check", "CAP_", command=as_nobody([public_heaptap()]))


@test("processes that end while attaching: done or no such target, one message, never a crash")
def ends_while_attaching():
    for n in range(25):
        process = subprocess.Popen(["sleep", f"{0.005 * n:.3f}"])
        output = scratch() / "out.pb.gz"
        result = heaptap("record", "-p", process.pid, "-d", "500ms", "-o", output)
        process.wait()
        expect_status(result, 0, 3)
        if result.status == 3:
            expect_message(result, 3, process.pid)
        expect(output.exists() == (result.status == 0), "a file, and only when it is done:", result)


main()
