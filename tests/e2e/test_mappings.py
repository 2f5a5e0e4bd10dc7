#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Code that comes, goes and moves: libraries at the same address, code pages, forks, stacks that are
no thread's, another C library. A stack is right or says that it is not whole."""

from unwinding import *

LIBRARY = re.compile(r"([ab])_(alloc|middle|run)$")
TO_MAIN = ["start_call_main", "start_main", "_start"]
TO_THREAD = ["start_thread", "clone3"]


def wrong(frames, complete):
    """Why a stack of unloads cannot be; None when it can. Each library has its own functions, which
    call one another in one order, and nothing else calls them."""
    users = [LIBRARY.match(f) for f in frames]
    libraries = {m.group(1) for m in users if m}
    if len(libraries) > 1:
        return "functions of both libraries"
    if frames[1] in ("run", "use_library", "stable_loop", "main") or re.search(
        r"_(middle|run)$", frames[1]
    ):
        return "a caller of malloc that does not call it"
    if "stable_alloc" in frames and libraries:
        return "two threads in one stack"
    if not complete:
        return None
    if libraries:
        x = libraries.pop()
        chain = ["malloc", f"{x}_alloc", f"{x}_middle", f"{x}_run", "run", "use_library", "main"]
        return None if frames == chain + TO_MAIN else "another chain of callers"
    if "stable_alloc" in frames:
        chain = ["malloc", "stable_alloc", "stable_loop", *TO_THREAD]
        return None if frames == chain else "another chain of callers"
    return None if frames[-1] in ("_start", "clone3") else "complete without an end"


def expect_possible(profile):
    """No stack is wrong; returns objects by (first function, is complete)."""
    counts = {}
    for sample in profile.samples:
        frames, complete = names(sample), is_complete(sample)
        why = wrong(frames, complete)
        expect(not why, f"{why}: {frames} {sample.labels} {sample.values}")
        key = frames[1], complete
        counts[key] = counts.get(key, 0) + sample.values["alloc_objects"]
    return counts


def unloads(recording, truths):
    profile = recording.profile()
    counts = expect_possible(profile)
    print(f"# {profile.notes['samples']} samples, {100 * share(profile):.1f} % complete")
    for truth in truths:
        got = counts.get((truth["site"], True), 0)
        expect(0 < got <= truth["alloc_objects"], truth, got, "complete ones")
    return profile, counts


@test("dlopen and dlclose at one address, from the start: every stack of a library is whole")
def unloads_start():
    target = TARGETS / "unloads"
    recording = Recording(command=[target, "--rounds=1500", "--calls=2"])
    result = recording.wait()
    expect_status(result, 0)
    truths = parse_truth(result.stdout.splitlines())
    profile, counts = unloads(recording, truths)
    for truth in truths[:2]:
        expect(counts[truth["site"], True] == truth["alloc_objects"], truth, counts)
    expect(share(profile) > 0.9, profile.notes)


@test("dlopen and dlclose at one address, attached to: no stack is wrong")
def unloads_attached():
    target = Target("unloads", "--rounds=1500", "--calls=2")
    recording = Recording(pid=target.pid)
    truths = target.go()
    recording.stop()
    unloads(recording, truths)


def code_pages(recording, truths):
    profile = recording.profile()
    whole = {t["site"]: 0 for t in truths}
    for sample in profile.samples:
        frames = names(sample)
        if not is_complete(sample):
            expect(frames[1:] in (["[anon]", "[truncated]"], ["[unknown]", "[truncated]"]), frames)
            continue
        site = next(s for s in whole if s in frames)
        expect(frames == ["malloc", "[anon]", "call", site, "main", *TO_MAIN], frames)
        whole[site] += sample.values["alloc_objects"]
    print(f"# complete: {whole}")
    for truth in truths:
        expect(2 * whole[truth["site"]] > truth["alloc_objects"], whole, profile.notes)


@test("pages of code mapped, made executable, rewritten, unmapped: crossed by frame pointer")
def pages_attached():
    target = Target("codepages")
    recording = Recording(pid=target.pid)
    truths = target.go()
    recording.stop()
    code_pages(recording, truths)


@test("the same from the start")
def pages_start():
    recording = Recording(command=[TARGETS / "codepages"])
    result = recording.wait()
    code_pages(recording, parse_truth(result.stdout.splitlines()))


@test("forked children that load and allocate change nothing")
def forks():
    code = "import os\nfor i in range(30):\n"
    code += "    if not os.fork():\n        import sqlite3; os._exit(0)\n    os.wait()\n"
    code += "    k = [bytearray(3000) for n in range(50)]\n"
    recording = DumpedRecording(command=["/usr/bin/python3", "-S", "-c", code], every=5)
    expect_status(recording.wait(), 0)
    expect_true_stacks("python3 that forks", recording, 0.999, 300)


@test("coroutines: a stack ends where it begins, without a frame of another")
def coroutines():
    target = Target("coroutines")
    recording = Recording(pid=target.pid)
    target.go()
    recording.stop()
    expected = {
        # libc's own end of such a stack
        ("malloc", "take", "context_alloc", "context_body"): True,
        # in code without a table nothing proves that there is no caller
        ("malloc", "take", "switch_alloc", "switch_body", "coroutine_start"): False,
        ("malloc", "take", "dirty_alloc", "dirty_body", "coroutine_start"): False,
    }
    for sample in recording.profile().samples:
        frames = tuple(names(sample))
        expect(expected.get(frames[:-1]) == is_complete(sample), frames, sample.labels)
        if is_complete(sample):
            expect(sample.frames[-1] in ("[libc.so.6]", "__start_context"), frames)
        else:
            expect(frames[-1] == "[truncated]", frames)
            expect(sample.labels["incomplete"] == "bad_fp", sample.labels)


def musl(kind):
    path = TARGETS / f"musl-{kind}"
    if not path.exists():
        raise Skip("musl-gcc is not installed")
    target = Target(path.name)
    recording = Recording(pid=target.pid)
    truths = target.go()
    recording.stop()
    profile = recording.profile()
    for truth in truths:
        samples = at_site(profile, truth["site"])
        expect(len(samples) == 1, truth, [names(s) for s in samples])
        frames = names(samples[0])
        expect(samples[0].values["alloc_objects"] == truth["alloc_objects"], truth, frames)
        # the handler interrupts code of musl, which has neither tables nor frame pointers
        expect(is_complete(samples[0]) == (truth["site"] != "handler_alloc"), frames)
        through = {"main_alloc": "main", "thread_alloc": "thread_body"}.get(truth["site"], "on_signal")
        expect(frames[:3] == ["malloc", truth["site"], through], frames)
        expect(len(frames) == 4 or truth["site"] == "handler_alloc", frames)


for kind in ("static", "dynamic"):
    test(f"musl, {kind}: stacks end at the call of main and of a thread's function", kind)(musl)


@test("a stack that cannot be complete says why, and outputs carry the share of those that are")
def marked():
    target = Target("incomplete")
    recording = Recording(pid=target.pid)
    target.go()
    result = recording.stop()
    profile = recording.profile()
    hidden, = at_site(profile, "hidden_alloc")
    expect(hidden.labels["incomplete"] == "bad_fp", hidden.labels)
    expect(names(hidden) == ["malloc", "hidden_alloc", "hide", "[truncated]"], hidden.frames)
    for whole in at_site(profile, "plain_alloc"):
        expect(is_complete(whole) and names(whole)[-1] == "_start", whole.frames)
    expect(profile.notes["stacks_bad_fp"] == "40", profile.notes)
    expect(profile.notes["complete_samples"] == "120", profile.notes)
    expect("75.0% of the stacks complete" in result.stderr, result.stderr)
    table = report(recording.output, "-f", "table")
    expect("75.0% of the stacks are complete" in table, table)
    data = json.loads(report(recording.output, "-f", "json"))
    expect(data["notes"]["complete_samples"] == "120", data["notes"])
    expect(data["notes"]["stacks_bad_fp"] == "40", data["notes"])
    cut = [s for s in data["sites"] if "incomplete" in s["labels"]]
    expect([s["labels"]["incomplete"] for s in cut] == [["bad_fp"]], cut)
    expect(cut[0]["values"]["alloc_objects"] == 40, cut)


@test("the verifier processes at most 20,000 instructions of any program")
def verifier():
    result = run([BUILD / "bench" / "verifier"])
    print("".join(f"# {line}\n" for line in result.stdout.splitlines()), end="")
    expect_status(result, 0)
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    processed = [int(row[2]) for row in rows if row[2].isdigit()]
    expect(len(processed) > 5 and max(processed) <= 20000, result)


main()
