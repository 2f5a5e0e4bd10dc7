#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""heaptap check: what this machine, this user and a target allow, line by line."""

from nodes import *

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


def v8_lines(pid):
    """What check says of a process's V8: {"V8": (state, text), "names": ...}."""
    text = expect_status(heaptap("check", "-p", pid), 0).stdout
    lines = re.findall(r"^(V8|  (?:names|collections|allocations|inspector)) +(\S+) +(.*)$", text, re.M)
    return {name.strip(): (state, said) for name, state, said in lines}


@for_each_node("check says which V8 it is and that all can be done with it")
def node(version):
    process = Process([the_node(version), "-e", "console.log(process.versions.v8); setTimeout(()=>{},60000)"])
    v8 = process.line().split("-")[0]
    lines = v8_lines(process.pid)
    expect(lines["V8"] == ("yes", f"{v8} in {the_node(version)}"), v8, lines)
    for name in ("names", "collections", "allocations", "inspector"):
        expect(lines[name][0] == "yes", name, lines)
    sockets = run(["ss", "-tlnpH"]).stdout
    expect(process.alive() and not probes(process.pid), "check leaves the process alone")
    expect(f"pid={process.pid}," not in sockets, "check opens no port", sockets)


@test("check of a stripped node 24 says what that takes away")
def stripped_node():
    stripped = scratch() / "node"
    if run(["strip", "-o", stripped, the_node(24)]).status:
        raise Skip("strip is not there")
    process = Process([stripped, "-e", "console.log(1); setTimeout(()=>{},60000)"])
    process.line()
    lines = v8_lines(process.pid)
    expect(lines["names"][0] == "partly" and "stripped" in lines["names"][1], lines)
    for name in ("collections", "allocations"):
        expect(lines[name][0] == "no" and "symbol table" in lines[name][1], name, lines)
    expect(lines["inspector"][0] == "no" and "not known" in lines["inspector"][1], lines)


@test("check of Debian's node: V8 is a library, SIGUSR1 is the application's")
def debian_node():
    script = "process.on('SIGUSR1',()=>{}); console.log(1); setTimeout(()=>{},60000)"
    process = Process([the_node(DEBIAN), "-e", script])
    process.line()
    lines = v8_lines(process.pid)
    expect("libnode.so.108" in lines["V8"][1], lines)
    expect(lines["inspector"][0] == "no" and "process.on('SIGUSR1')" in lines["inspector"][1], lines)


@test("check of a process without V8 does not speak of it")
def no_v8():
    expect(not v8_lines(Target("simple").pid), "no line")


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
