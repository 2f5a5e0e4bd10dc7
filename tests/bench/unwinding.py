# SPDX-License-Identifier: Apache-2.0
"""The rows of run.py about unwinding: what a walk costs beside bpf_get_stack() in the same probe hits
(walk_cost.c), what the tables of large programs cost (tables.c), and what `record -v` says of them.
"""
import pathlib
import re
import shutil
import statistics
import subprocess

NR_HITS = 24000
NR_ROUNDS = 5
RATIO_MAX = 0.7  # of bpf_get_stack()'s time per frame

# row -> (build of walk_target.c, its own frames; three of the C library are behind them)
WALKS = {
    "frame pointers, 21 frames": ("fp", 18),
    "frame pointers, 53 frames": ("fp", 50),
    "no frame pointers, 21 frames": ("nofp", 18),
    "no frame pointers, 53 frames": ("nofp", 50),
}
LIMITED_WALKS = [row for row in WALKS if row.startswith("frame pointers")]

NODE, CLANG = "node", "clang's libraries"
# field of a line of tables.c -> (limit for node, for clang's libraries, unit)
TABLE_LIMITS = {
    "MB": (3, 18, " MB"),
    "build": (None, 250, " ms"),
    "load": (10, 10, " ms"),
}
SAID = "unwind tables: (\\d+) files, (\\d+) rows, ([\\d.]+) MiB in the kernel, loaded in (\\d+) ms"


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    if result.returncode:
        raise OSError(f"{command[0]}: exit status {result.returncode}: {result.stderr[-300:]}")
    return result


def measure_walk(samples, build, row):
    """One round: samples of the row's ratio per frame, and of each field of walk_cost's line."""
    kind, depth = WALKS[row]
    target = build / f"bench/walk_target-{kind}"
    line = run(build / "bench/walk_cost", target, str(depth), str(NR_HITS)).stdout.split()
    walk_ns, walk_frames, kernel_ns, kernel_frames, complete = map(float, line[:5])
    if complete < 1:
        raise OSError(f"only {complete:.1%} of the stacks were complete")
    samples.add(("walk", row), (walk_ns, walk_frames, kernel_ns, kernel_frames))
    samples.add(row, walk_ns / walk_frames / (kernel_ns / kernel_frames))


def programs():
    """What is measured -> (its objects with large tables, a command that runs it)"""
    node, clang = shutil.which("node"), shutil.which("clang")
    if node:
        yield NODE, [pathlib.Path(node).resolve()], [node, "-e", "0"]
    if clang:
        libraries = re.findall(r"=> (\S*/lib(?:LLVM|clang-cpp)\S+)", run("ldd", clang).stdout)
        yield CLANG, libraries, [clang, "-x", "c", "-c", "-o", "/dev/null", "/dev/null"]


def measure_tables(samples, build, scratch, row, objects, command):
    total = run(build / "bench/tables", *objects).stdout.splitlines()[-1].split("\t")
    samples.add(("rows", row), int(total[1]))
    for field, value in zip(TABLE_LIMITS, (int(total[3]) / 1e6, float(total[4]), float(total[5]))):
        samples.add((field, row), value)
    cache = scratch / f"cache-{row.split()[0].rstrip(chr(39))}"
    for start in ("first", "second"):
        result = run(build / "heaptap", "record", "-v", "-r", "64K", "-o", scratch / "tables.pb.gz", "--", *command,
                     env={"XDG_CACHE_HOME": str(cache), "PATH": "/usr/bin:/bin"})
        said = re.search(SAID, result.stderr)
        if not said:
            raise OSError(f"its end lines are not understood: {result.stderr[-300:]}")
        samples.add((start, row), tuple(map(float, said.groups())))


def measure(samples, build, scratch):
    for _ in range(NR_ROUNDS):
        for row in WALKS:
            try:
                measure_walk(samples, build, row)
            except (OSError, ValueError, subprocess.TimeoutExpired) as error:
                samples.fail(row, error)
    for row, objects, command in programs():
        try:
            measure_tables(samples, build, scratch, row, objects, command)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            samples.fail(row, error)


def limits(samples):
    """(what, measured or None, limit, unit), as in run.py"""
    for row in LIMITED_WALKS:
        yield f"a frame of heaptap's walk / of bpf_get_stack: {row}", samples.median(row), RATIO_MAX, ""
    names = {"MB": "unwind tables of {}", "build": "building those of {}",
             "load": "loading those of {} from the cache"}
    for field, (node, clang, unit) in TABLE_LIMITS.items():
        for row, limit in ((NODE, node), (CLANG, clang)):
            if limit is not None:
                yield names[field].format(row), samples.median((field, row)), limit, unit


def walk_table(samples):
    yield "| target | heaptap's walk | frames | ns per frame | bpf_get_stack | frames | ns per frame | ratio per frame |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for row in WALKS:
        values = samples.values.get(("walk", row))
        if not values:
            yield f"| {row} | not measured: {samples.errors.get(row, '?').splitlines()[0]} | | | | | | |"
            continue
        walk_ns, walk_frames, kernel_ns, kernel_frames = map(statistics.median, zip(*values))
        of = f"{samples.median(row):.2f}" if row in LIMITED_WALKS else "its stack ends at once"
        yield (f"| {row} | {walk_ns:,.0f} ns | {walk_frames:.0f} | {walk_ns / walk_frames:.1f} | "
               f"{kernel_ns:,.0f} ns | {kernel_frames:.0f} | {kernel_ns / kernel_frames:.1f} | {of} |")


def tables_table(samples):
    yield ("| tables | rows | MB | built in | loaded from the cache in | whole process: rows | in the kernel | "
           "first start | second start |")
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for row in (NODE, CLANG):
        if ("second", row) not in samples.values:
            yield f"| {row} | not measured: {samples.errors.get(row, 'not there').splitlines()[0]} | | | | | | | |"
            continue
        (_, rows, mib, first_ms), = samples.values["first", row]
        (_, _, _, second_ms), = samples.values["second", row]
        yield (f"| {row} | {samples.median(('rows', row)):,.0f} | {samples.median(('MB', row)):.1f} | "
               f"{samples.median(('build', row)):.0f} ms | {samples.median(('load', row)):.1f} ms | "
               f"{rows:,.0f} | {mib:.1f} MiB | {first_ms:.0f} ms | {second_ms:.0f} ms |")


def page(samples):
    yield "## Unwinding"
    yield ""
    yield (f"The same stack taken twice in each of {NR_HITS:,} probe hits, by heaptap's walker and by bpf_get_stack() "
           f"(frame pointers), in an order drawn at each hit (`tests/bench/walk_cost.c`). Medians less what two "
           f"looks at the clock take, and of {NR_ROUNDS} runs. Every stack of heaptap's was complete; bpf_get_stack() "
           f"ends in the C library, which has no frame pointers.")
    yield ""
    yield from walk_table(samples)
    yield ""
    yield ("Tables of large programs: of the objects alone (`tests/bench/tables.c`), then of the whole process with "
           "all its libraries as `record -v` says, in chunks of 256 KiB. The first start has an empty cache; the second "
           "waits about 8 ms for the kernel to hand the chunks to the programs.")
    yield ""
    yield from tables_table(samples)
