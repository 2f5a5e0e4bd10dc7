#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The tests' own tools: targets that say what is in their source, the reader of pprof files, the
comparison with the truth, the view of breakpoints, and tests/run itself. Needs no heaptap."""

import gzip
import textwrap

from harness import *


@test("a target states what its source says")
def target_truth():
    target = Target("simple")
    expect(probes(target.pid) == set(), "an unwatched process has no breakpoints")
    truths = {t["site"]: t for t in target.go()}
    total = sum(16 + i for i in range(1000))
    expect(truths["keep_all"]["inuse_bytes"] == total, truths)
    expect(truths["keep_half"]["alloc_bytes"] == total, truths)
    expect(truths["keep_half"]["inuse_bytes"] == sum(16 + i for i in range(0, 1000, 2)), truths)
    expect(truths["keep_none"]["inuse_objects"] == 0, truths)
    expect(target.end() == 0, "a target ends when its stdin closes")


def every_target():
    # Services, and the targets of the unwinder, whose truth is in their stacks.
    skip = {"busy", "churn", "leaky", "steps", "target.h", "codepages", "coroutines", "deepcxx",
            "incomplete", "member", "paced", "preempted", "trends", "unloads"}
    names = {p.stem for p in (ROOT / "tests/targets").iterdir() if p.suffix in (".c", ".cpp")}
    for name in sorted(names - skip):
        process = Process([TARGETS / name])
        truths = parse_truth(iter(lambda: process.line(), None))
        expect(truths and process.end() == 0, name, "states its truth and ends")


test("every target runs alone and states a truth")(every_target)


@test("a breakpoint in a process is seen")
def breakpoint_seen():
    target = Target("simple")
    maps = Path(f"/proc/{target.pid}/maps").read_text().splitlines()
    line = next(l for l in maps if "r-xp" in l and "simple" in l)
    start = int(line.split("-")[0], 16)
    with open(f"/proc/{target.pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(start)
        byte = memory.read(1)
        memory.seek(start)
        memory.write(bytes([byte[0] ^ 0xCC]))
    expect(len(probes(target.pid)) == 1, probes(target.pid))


def encode(fields):
    """A protobuf message of (number, int or bytes) pairs."""

    def varint(n):
        out = b""
        n &= (1 << 64) - 1
        while n > 0x7F:
            out += bytes([n & 0x7F | 0x80])
            n >>= 7
        return out + bytes([n])

    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def small_profile(bytes_at_site=300, comments=("heaptap:lost_live_full=0",), leaf="malloc"):
    """alloc and inuse of one stack: main, keep_all, malloc."""
    types = ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]
    strings = ["", *types, leaf, "keep_all", "main", *comments]
    fields = [(1, encode([(1, i + 1), (2, 0)])) for i in range(4)]
    values = b"".join(encode([(0, v)])[1:] for v in (2, bytes_at_site, 1, 100))
    fields.append((2, encode([(1, bytes([1, 2, 3])), (2, values)])))
    fields += [(4, encode([(1, i), (4, encode([(1, i)]))])) for i in (1, 2, 3)]
    fields += [(5, encode([(1, i), (2, i + 4)])) for i in (1, 2, 3)]
    fields += [(6, s.encode()) for s in strings]
    fields += [(13, 8 + i) for i in range(len(comments))]
    return pprof.Profile(gzip.compress(encode(fields)))


TRUTH = [
    {
        "site": "keep_all",
        "leaf": "malloc",
        "alloc_bytes": 300,
        "alloc_objects": 2,
        "inuse_bytes": 100,
        "inuse_objects": 1,
    }
]


@test("the pprof reader reads frames, values and notes")
def reader():
    profile = small_profile()
    expect(profile.samples[0].frames == ["malloc", "keep_all", "main"], profile.samples[0].frames)
    expect(profile.samples[0].values["alloc_space"] == 300, profile.samples[0].values)
    expect(profile.notes == {"lost_live_full": "0"}, profile.notes)


@test("the comparison accepts the truth and nothing else")
def comparison():
    expect_truth(small_profile(), TRUTH)
    for wrong in (
        small_profile(bytes_at_site=301),
        small_profile(comments=("heaptap:lost_live_full=1",)),
        small_profile(comments=()),
        small_profile(leaf="calloc"),
    ):
        try:
            expect_truth(wrong, TRUTH)
        except Failure:
            continue
        raise Failure(f"accepted: {vars(wrong.samples[0])} {wrong.notes}")


@test("names are compared without their decoration")
def names():
    for frame, site in (
        ("__strdup", "strdup"),
        ("store::fill_map(std::map<int, long>&)", "store::fill_map"),
        ("rust::keep_vecs", "keep_vecs"),
        ("malloc@@GLIBC_2.2.5", "malloc"),
    ):
        expect(is_site(frame, site), frame, site)
    expect(not is_site("keep_all_of_it", "keep_all"), "a prefix is another name")
    expect(is_leaf("memalign", "aligned_alloc"), "one address has one name")


def runner(scripts):
    """tests/run over @scripts only: its output's last line, all of it, and its exit status."""
    directory = scratch()
    for name, body in scripts.items():
        path = directory / name
        path.write_text("#!/usr/bin/python3\n" + textwrap.dedent(body))
        path.chmod(0o755)
    result = run([ROOT / "tests/run", "--time-limit", "2", *sorted(directory.iterdir())])
    return result.stdout.splitlines()[-1], result


@test("tests/run counts what passes, fails and is skipped")
def runner_counts():
    last, result = runner(
        {"a.py": "print('1..3\\nok 1 - x\\nnot ok 2 - y\\n# why\\nok 3 - z # SKIP no z here')"}
    )
    expect(last == "1 passed, 1 failed, 1 skipped" and result.status == 1, result)
    expect("why" in result.stdout and "no z here" in result.stdout, result)
    last, result = runner({"a.py": "print('ok 1 - x\\n1..1')"})
    expect(last == "1 passed, 0 failed, 0 skipped" and result.status == 0, result)


@test("tests/run fails a script that dies, hangs or breaks its plan")
def runner_failures():
    for body in (
        "import sys; sys.exit(3)",
        "print('1..2\\nok 1 - x')",
        "print('1..1\\nok 1 - x'); import os; os.abort()",
        "print('1..1\\nok 1 - x', flush=True); import time; time.sleep(60)",
        "print('hello')",
    ):
        last, result = runner({"a.py": body})
        expect(result.status == 1 and ", 0 failed," not in last, body, result)


main()
