#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Stacks without frame pointers against gdb: the same frames in the same order, by address and name.
The target waits inside the function that has just allocated, where the debugger looks at it."""

from unwinding import *

GDB = """
import gdb
for setting in "past-main", "past-entry":
    gdb.execute(f"set backtrace {setting} on")
frame = gdb.newest_frame()
while frame:
    # inlined functions and synthesized tail calls have no frame of their own
    if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
        print("FRAME", frame.type() == gdb.SIGTRAMP_FRAME, hex(frame.pc()), frame.name())
    frame = frame.older()
"""


def base(name):
    """A function's name without what libc's aliases and gdb's parameters add."""
    name = plain(name.split("(")[0] if "operator()" not in name else name)
    while re.match(r"__libc_|__GI_|__", name):
        name = re.sub(r"^(__libc_|__GI_|__)", "", name)
    return name.removesuffix("_impl")


def debugger(tid):
    path = scratch() / "frames.py"
    path.write_text(GDB)
    result = run(["gdb", "-nx", "-q", "-batch", "-p", tid, "-x", path])
    frames = [l.split(maxsplit=3)[1:] for l in result.stdout.splitlines() if l.startswith("FRAME ")]
    expect(frames, "gdb shows no frames", result)
    return [(signal == "True", int(pc, 16), name) for signal, pc, name in frames]


def recorded(path):
    """The physical frames of the one stack through leaf(), without malloc: (address, name)."""
    data = json.loads(report(path, "-f", "json"))
    stacks = [[data["frames"][i] for i in site["stack"]] for site in data["sites"]]
    found = [s for s in stacks if len(s) > 1 and s[1]["function"] == "leaf"]
    expect(len(found) == 1, "one stack through leaf:", stacks)
    frames = [(int(f["address"], 16), f["function"]) for f in found[0] if not f["inlined"]]
    expect(is_leaf(frames[0][1], "malloc"), frames)
    return frames[1:]


def compare(where, nr_least, outermost):
    if not shutil.which("gdb"):
        raise Skip("gdb is not installed")
    target = Process([TARGETS / "deepcxx", where])
    expect(target.line() == "ready", "the target did not start")
    recording = Recording(pid=target.pid)
    target.send()
    expect(target.line() == "here", "the target did not come to its leaf")
    tid = max(int(t) for t in os.listdir(f"/proc/{target.pid}/task"))
    theirs = debugger(tid if where == "thread" else target.pid)
    recording.stop()
    ours = recorded(recording.output)
    shown = "\n".join(f"{o} {t}" for o, t in zip(ours, theirs))
    expect(len(ours) == len(theirs) >= nr_least, len(ours), "frames, gdb", len(theirs), shown)
    expect(ours[0][1] == base(theirs[0][2]) == "leaf", shown)
    for i in range(1, len(ours)):
        is_signal, pc, name = theirs[i]
        expect(ours[i][0] + 1 == pc, f"frame {i}: {ours[i]} gdb {theirs[i]}\n{shown}")
        # a trampoline's symbol and an interrupted first instruction begin behind the byte looked up
        if not is_signal and not theirs[i - 1][0]:
            same = base(ours[i][1]) == base(name)
            expect(same, f"frame {i}: {ours[i]} gdb {theirs[i]}\n{shown}")
    expect(base(ours[-1][1]) == outermost, "the outermost frame is", ours[-1])
    print(f"# {where}: {len(ours)} frames equal gdb's")


for where, text, nr_least, outermost in (
    ("plain", "alloca, a realigned frame, qsort, std::function, a virtual call", 24, "_start"),
    ("thread", "the same in a pthread", 24, "clone3"),
    ("signal", "the same below a signal handler", 32, "_start"),
    ("altstack", "the handler on a stack of its own", 32, "_start"),
    ("fault", "a handler of a fault at a function's first instruction", 32, "_start"),
):
    test(text, where, nr_least, outermost)(compare)

main()
