#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The rows of run.py about reports of large profiles, and about differences of two: 50,000 stacks,
2,000,000 frames each. What reports are compared with is `go tool pprof -top` of the same file.

usage: graphs.py        what run.py would say of them (make build/heaptap build/bench/gen_profile)
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

NR_STACKS, DEPTH, NR_ROUNDS = 50000, 40, 5
WHAT = f"{{}} of {NR_STACKS:,} stacks of {DEPTH} frames"

# command -> limits of seconds, MB written, MB of memory
LIMITS = {
    "report -f svg": (1.5, 5, 300),
    "report -f speedscope": (3, 100, 300),
    "diff -f table": (2, 1, 300),
    "diff -f svg": (2.5, 5, 300),
}
UNITS = (" s", " MB written", " MB of memory")
# the other views: options; their limits are half of pprof's time, and MB of memory
VIEWS = ["-f table", "-f table --stacks", "-f table --lines", "-f folded", "-f json", "-f heapprofile", "-f pprof",
         "-f svg --invert", "-f svg --focus process_12", "-f pprof --min-share 0.01"]
PPROF, MAX_PPROF_SHARE, MAX_MEMORY = "pprof -top", 0.5, 300


def measure_one(command, output):
    """Seconds, bytes written in MB, peak memory in MB."""
    start = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - start
    if status:
        raise OSError(f"{' '.join(command)}: status {status}")
    return seconds, output.stat().st_size / 1e6, usage.ru_maxrss * 1024 / 1e6


def measure(samples, build, scratch):
    profile, other = scratch / "graph.pb.gz", scratch / "graph.new.pb.gz"
    output = scratch / "graph.out"
    for path, nr_stacks in ((profile, NR_STACKS), (other, NR_STACKS - 1000)):
        generate = [build / "bench/gen_profile", str(nr_stacks), str(DEPTH)]
        with open(path, "wb") as out:
            subprocess.run(generate, stdout=out, check=True)
    for name in LIMITS:
        command = [str(build / "heaptap"), *name.split(), "-q", "-o", str(output), str(profile)]
        command += [str(other)] if name.startswith("diff") else []
        for _ in range(NR_ROUNDS):
            try:
                for unit, value in zip(UNITS, measure_one(command, output)):
                    samples.add((name, unit), value)
            except OSError as error:
                samples.fail(WHAT.format(name), error)
                break
    for view in VIEWS:
        command = [str(build / "heaptap"), "report", "-q", *view.split(), "-o", str(output), str(profile)]
        for _ in range(NR_ROUNDS):
            try:
                seconds, _, memory = measure_one(command, output)
            except OSError as error:
                samples.fail(name_of(view), error)
                break
            samples.add((view, " s"), seconds)
            samples.add((view, " MB of memory"), memory)
    measure_pprof(samples, profile, output)
    output.unlink(missing_ok=True)


def measure_pprof(samples, profile, output):
    go = shutil.which("go")
    for _ in range(NR_ROUNDS if go else 0):
        with open(output, "wb") as out:
            start = time.monotonic()
            result = subprocess.run([go, "tool", "pprof", "-top", profile], stdout=out, stderr=subprocess.DEVNULL)
        if result.returncode == 0:
            samples.add(PPROF, time.monotonic() - start)


def name_of(view):
    return f"report {view} of {NR_STACKS:,} stacks of {DEPTH} frames"


def limits(samples):
    """(what, measured or None, limit, unit), as in run.py"""
    for name, wanted in LIMITS.items():
        for unit, limit in zip(UNITS, wanted):
            yield WHAT.format(name), samples.median((name, unit)), limit, unit
    pprof = samples.median(PPROF)
    for view in VIEWS:
        seconds = samples.median((view, " s"))
        if pprof is not None and seconds is not None:
            yield f"{name_of(view)} / `go tool pprof -top`", seconds / pprof, MAX_PPROF_SHARE, ""
        yield name_of(view), samples.median((view, " MB of memory")), MAX_MEMORY, " MB of memory"


def main():
    import run  # its Samples; run.py imports this file

    build = pathlib.Path(os.environ.get("HEAPTAP_BUILD", run.TOP / "build"))
    samples, scratch = run.Samples(), build / "bench/out"
    scratch.mkdir(parents=True, exist_ok=True)
    measure(samples, build, scratch)
    rows = list(limits(samples))
    for what, measured, limit, unit in rows:
        shown = "not measured" if measured is None else f"{measured:.3g}{unit}"
        print(f"{what}: {shown}, limit {limit:g}{unit}: {run.verdict(measured, limit)}")
    return 0 if all(run.verdict(row[1], row[2]) == "PASS" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
