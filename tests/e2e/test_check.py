#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""heaptap check: what this machine, this user and a target allow, line by line."""

from harness import *

FUNCTIONS = ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "free")


@test("check of the machine")
def machine():
    text = expect_status(heaptap("check"), 0).stdout
    for word in ("session", "uprobe_multi", os.uname().release):
        expect(word in text, "not said:", word, text)


@test("check without a feature says what is used instead")
def without():
    text = expect_status(heaptap("check", "--no-feature=session,multi"), 0).stdout
    expect("perf uprobe" in text, text)


@test("check of a target: every function with its address and what its probe costs")
def target():
    process = Target("simple")
    text = expect_status(heaptap("check", "-p", process.pid), 0).stdout
    for name in FUNCTIONS:
        lines = [l for l in text.splitlines() if re.search(rf"\b{name}\b", l)]
        expect(lines, "not named:", name, text)
        expect(any(re.search("0x[0-9a-f]+", l) for l in lines), "no address:", lines, text)
        stated = "emulated|optimized|stepped|same code as"
        expect(any(re.search(stated, l) for l in lines), "no cost class:", lines, text)
    expect("libc.so.6" in text, text)
    expect(process.alive() and not probes(process.pid), "check leaves no probes")


@test("the addresses check names are those record probes")
def addresses():
    process = Target("simple")
    text = expect_status(heaptap("check", "-p", process.pid), 0).stdout
    named = {int(n, 16) for n in re.findall("0x[0-9a-f]+", text)}
    Recording(pid=process.pid)
    offsets = {offset for file, offset in probes(process.pid) if file == "libc.so.6"}
    expect(offsets & named, f"breakpoints {offsets}, named {named}")


@test("check of a target that cannot be profiled says why", "simple-static-stripped", 3, "alloc")
@test("check of a 32-bit target says why", "bits32", 3, "32-bit")
def refused(name, status, word):
    process = Process([TARGETS / name, *(["--wait-start"] if "simple" in name else [])])
    process.line()
    result = expect_status(heaptap("check", "-p", process.pid), status)
    expect(word in result.stdout + result.stderr, result)


@test("check of no process")
def no_process():
    expect_status(heaptap("check", "-p", "4194305"), 3)


@test("check by a user without privilege says what is missing and what to do")
def unprivileged():
    result = expect_status(run(as_nobody([public_heaptap(), "check"])), 4)
    text = result.stdout + result.stderr
    expect("CAP_BPF" in text or "CAP_SYS_ADMIN" in text, result)


main()
