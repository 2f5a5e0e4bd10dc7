#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Measures what heaptap costs its target and itself, and compares that with its limits.

usage: run.py [--output FILE.md] [--rounds N]         (root; `make bench` builds what it needs)

One process runs malloc/free pairs all the time (pairs.c); the tools attach to it and leave, one after
the other, in every round. The cost of a tool is the median over the rounds of the time of a pair with
it, less that just before it came. Tools that cannot attach run the loop themselves, in three rounds.
Exit status 1 when a limit is not kept or was not measured.
"""
import argparse
import contextlib
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time

import governor
import graphs
import node_load
import unwinding

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEAPTAP_BUILD", TOP / "build"))
HEAPTAP = BUILD / "heaptap"
SCRATCH = BUILD / "bench" / "out"

SETTLE = 0.2  # seconds from the first slow pair to the measurement
WINDOW = 0.6  # seconds measured with a tool; half as long without
NR_SURE = 4  # intervals in a row that must agree before a tool counts as come or gone
NR_PRELOAD_ROUNDS = 3
NR_STACKS = 50000


class Failed(Exception):
    """A measurement that could not be taken; its row says why."""


# --- the loop ----------------------------------------------------------------------------------
class Loop:
    """pairs.c, running on the last CPU, and what it said of each interval so far."""

    def __init__(self, seconds):
        self.intervals = []  # (end in s of CLOCK_MONOTONIC, ns per pair, pairs)
        self.process = subprocess.Popen([BUILD / "bench/pairs", str(seconds), "5", str(loop_cpu())],
                                        stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        threading.Thread(target=self._read, daemon=True).start()
        time.sleep(0.5)

    def _read(self):
        for line in self.process.stdout:
            self.intervals.append(parse_interval(line))

    def measure(self, seconds):
        """Mean ns per pair in the next seconds."""
        start, nr_before = time.monotonic(), len(self.intervals)
        time.sleep(seconds)
        if self.process.poll() is not None:
            raise Failed("the measured loop ended")
        return mean_pair(interval for interval in self.intervals[nr_before:] if interval[0] > start + 0.02)

    def wait(self, is_so, timeout):
        """The end of the first interval from now on that begins a row of NR_SURE whose ns per pair is
        so: a single slow one may be another program's doing."""
        next_interval, end = len(self.intervals), time.monotonic() + timeout
        while time.monotonic() < end:
            while next_interval + NR_SURE <= len(self.intervals):
                row = self.intervals[next_interval:next_interval + NR_SURE]
                if all(is_so(ns) for _, ns, _ in row):
                    return row[0][0]
                next_interval += 1
            time.sleep(0.002)
        return None

    def close(self):
        self.process.kill()
        self.process.wait()


def loop_cpu():
    return max(os.sched_getaffinity(0))


def off_loop_cpu():
    """In a child before exec: leave the loop its CPU, if there is another."""
    others = os.sched_getaffinity(0) - {loop_cpu()}
    os.sched_setaffinity(0, others or {loop_cpu()})


def parse_interval(line):
    end_ns, pair_ns, nr_pairs = line.split()
    return int(end_ns) / 1e9, float(pair_ns), int(nr_pairs)


def mean_pair(intervals):
    intervals = list(intervals)
    nr_pairs = sum(pairs for _, _, pairs in intervals)
    if not nr_pairs:
        raise Failed("the loop said nothing")
    return sum(ns * pairs for _, ns, pairs in intervals) / nr_pairs


# --- tools that attach to the loop ---------------------------------------------------------------
def heaptap_record(pid, *options, output=SCRATCH / "pairs.pb.gz"):
    return [HEAPTAP, "record", "-v", "-p", str(pid), "-o", output, *options]


def bpftrace_pairing(pid):
    libc = next(line.split()[-1] for line in open(f"/proc/{pid}/maps") if re.search(r"/libc\.so\.6$", line))
    script = SCRATCH / "pairing.bt"
    script.write_text((TOP / "tests/bench/pairing.bt").read_text().replace("LIBC", libc))
    return ["bpftrace", "-p", str(pid), script]


ATTACHED = {  # row -> command for a pid
    "empty BPF programs on heaptap's sites": lambda pid: heaptap_record(pid, "-r", "512K", "--empty-programs"),
    "heaptap, sampled at 512 KiB": lambda pid: heaptap_record(pid, "-r", "512K"),
    "heaptap, exact": lambda pid: heaptap_record(pid, "-r", "1"),
    "bpftrace, pairing script": bpftrace_pairing,
}
EMPTY, SAMPLED, EXACT, BPFTRACE = ATTACHED


class Tool:
    """A tool that is attached to the loop: it counts from the first interval that it slows."""

    def __init__(self, loop, command, plain_ns):
        if not shutil.which(command[0]):
            raise Failed(f"{command[0]} is not there")
        self.loop, self.plain_ns = loop, plain_ns
        self.messages = open(SCRATCH / "messages", "w+")
        environment = dict(os.environ, BPFTRACE_MAP_KEYS_MAX="65536")  # 4,096 would be too few
        start = time.monotonic()
        self.process = subprocess.Popen(command, stdout=self.messages, stderr=self.messages,
                                        preexec_fn=off_loop_cpu, env=environment)
        first = loop.wait(lambda ns: ns > 5 * plain_ns, 20)
        if first is None:
            self.detach()
            raise Failed(f"{command[0]} never slowed the loop: {self.said()[-300:]}")
        self.attach_ms = (first - start) * 1000

    def said(self):
        self.messages.seek(0)
        return self.messages.read().strip()

    def detach(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed("it did not end within 20 s of SIGINT") from None
        if self.loop.wait(lambda ns: ns < 3 * self.plain_ns, 10) is None:
            raise Failed("the loop stayed slow after the tool ended")


class Samples:
    """What the rounds measured: row -> values, or the reason why there are none."""

    def __init__(self):
        self.values, self.errors = {}, {}

    def add(self, row, value):
        self.values.setdefault(row, []).append(value)

    def fail(self, row, error):
        self.errors[row] = str(error)
        print(f"  {row}: {error}", file=sys.stderr)

    def median(self, row):
        return statistics.median(self.values[row]) if self.values.get(row) else None


def add_own_words(samples, row, said):
    """What heaptap says itself: its cost for a pair, the size of its maps."""
    cost = re.search(r"\((\d+) probe hits of (\d+) ns\)", said)
    nr_pairs = re.search(r": (\d+) allocations", said)
    maps = re.search(r"maps: ([\d.]+) MiB", said)
    if not (cost and nr_pairs and maps):
        raise Failed(f"its end lines are not understood: {said[-300:]}")
    samples.add(f"said, {row}", int(cost[1]) * int(cost[2]) / int(nr_pairs[1]))
    samples.add("maps", float(maps[1]))


def attach_rounds(loop, nr_rounds, samples, attach_ms):
    rows = list(ATTACHED)
    for number in range(nr_rounds):
        say(f"round {number + 1} of {nr_rounds}")
        for row in rows:
            try:
                plain_ns = loop.measure(WINDOW / 2)
                samples.add("no probe", plain_ns)
                tool = Tool(loop, ATTACHED[row](loop.pid), plain_ns)
                try:
                    time.sleep(SETTLE)
                    with_ns = loop.measure(WINDOW)
                finally:
                    tool.detach()
                if tool.process.returncode and row != BPFTRACE:  # which finds fault with its own end
                    raise Failed(f"exit status {tool.process.returncode}: {tool.said()[-300:]}")
                lost = re.search(r"\b[1-9]\d* lost\b", tool.said())
                if lost:
                    raise Failed(f"{lost[0]}: what is not kept costs nothing")
                samples.add(row, with_ns - plain_ns)
                attach_ms.setdefault(row, []).append(tool.attach_ms)
                if row in (SAMPLED, EXACT):
                    add_own_words(samples, row, tool.said())
            except Failed as error:
                samples.fail(row, error)
        rows.append(rows.pop(0))  # nobody is always the first


# --- tools that run the loop themselves ----------------------------------------------------------
def own_rounds(samples):
    pairs = [BUILD / "bench/pairs", "1.5", "100", str(loop_cpu())]
    commands = {
        "heaptrack": ["heaptrack", "-o", SCRATCH / "heaptrack", *pairs],
        "massif": ["valgrind", "--tool=massif", f"--massif-out-file={SCRATCH}/massif", *pairs],
    }
    for _ in range(NR_PRELOAD_ROUNDS):
        plain_ns = run_pairs(pairs)
        for row, command in commands.items():
            try:
                samples.add(row, run_pairs(command) - plain_ns)
            except Failed as error:
                samples.fail(row, error)


def run_pairs(command):
    if not shutil.which(command[0]):
        raise Failed(f"{command[0]} is not there")
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = [line for line in result.stdout.splitlines() if re.fullmatch(r"\d+ [\d.]+ \d+", line)]
    if result.returncode or len(lines) < 2:
        raise Failed(f"{command[0]}: exit status {result.returncode}: {result.stderr[-300:]}")
    return mean_pair(parse_interval(line) for line in lines[1:])


# --- heaptap itself ------------------------------------------------------------------------------
NODE_SCRIPT = """
const held = [];
setInterval(() => {
    for (let i = 0; i < 200; i++) held.push(Buffer.allocUnsafeSlow(3000 + i));
    JSON.parse(JSON.stringify(held.slice(-3)));
    if (held.length > 20000) held.length = 0;
}, 10);
"""


def record_node():
    """heaptap's peak memory (MB) while it records and symbolizes node, and its attach time (ms)."""
    node = shutil.which("node")
    if not node:
        raise Failed("node is not there")
    target = subprocess.Popen([node, "-e", NODE_SCRIPT])
    try:
        time.sleep(1)
        messages = SCRATCH / "node.messages"
        command = heaptap_record(target.pid, "-r", "1", "-d", "3s", output=SCRATCH / "node.pb.gz")
        with open(messages, "w") as stderr:
            process = subprocess.Popen(command, stdout=stderr, stderr=stderr)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        target.kill()
        target.wait()
    said = messages.read_text()
    attached = re.search(r"attached in ([\d.]+) ms", said)
    if process.returncode or not attached:
        raise Failed(f"record of node: exit status {process.returncode}: {said[-300:]}")
    return usage.ru_maxrss * 1024 / 1e6, float(attached[1])


def report_large(samples):
    profile = SCRATCH / "large.pb.gz"
    with open(profile, "wb") as out:
        subprocess.run([BUILD / "bench/gen_profile", str(NR_STACKS)], stdout=out, check=True)
    for output_format in ("table", "folded"):
        row = f"report -f {output_format} of {NR_STACKS:,} stacks"
        for _ in range(5):
            start = time.monotonic()
            result = subprocess.run([HEAPTAP, "report", "-f", output_format, profile],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if result.returncode:
                samples.fail(row, f"exit status {result.returncode}: {result.stderr[-300:]}")
                break
            samples.add(row, time.monotonic() - start)


# --- the page ------------------------------------------------------------------------------------
def ratio(samples, row, base):
    value, of = samples.median(row), samples.median(base)
    return value / of if value is not None and of else None


def limits(samples):
    """(what, measured or None, limit, unit)"""
    rows = [
        ("sampled / empty programs", ratio(samples, SAMPLED, EMPTY), 1.25, ""),
        ("sampled / bpftrace", ratio(samples, SAMPLED, BPFTRACE), 1 / 9, ""),
        ("exact / bpftrace", ratio(samples, EXACT, BPFTRACE), 1 / 5, ""),
        ("attach to the loop, start to first slow pair", samples.median("attach"), 300, " ms"),
        ("attach to node, as `record -v` says", samples.median("attach node"), 300, " ms"),
        ("kernel memory of the maps, as `record -v` says", samples.median("maps"), 64, " MiB"),
        ("heaptap's peak memory, record of node", samples.median("memory"), 150, " MB"),
    ]
    rows += [(row, samples.median(row), 1, " s") for row in
             (f"report -f {name} of {NR_STACKS:,} stacks" for name in ("table", "folded"))]
    rows += graphs.limits(samples)
    rows += governor.limits(samples)
    return rows + list(unwinding.limits(samples)) + list(node_load.limits(samples))


def verdict(measured, limit):
    if measured is None:
        return "not measured"
    return "PASS" if measured <= limit else "FAIL"


def version_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0].strip()
    except OSError:
        return f"{command[0]}: not there"


def machine():
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)", cpu, re.M)[1]
    virtual = " (virtual machine)" if re.search(r"\bhypervisor\b", cpu) else ""
    libc = " ".join(platform.libc_ver())
    return [
        f"Machine: {model}{virtual}, {os.cpu_count()} CPUs, Linux {platform.release()}, {libc}",
        f"Date: {time.strftime('%Y-%m-%d', time.gmtime())}, load average at the start {os.getloadavg()[0]:.1f}",
        "Peers: " + ", ".join([version_of("bpftrace", "--version"), version_of("heaptrack", "--version"),
                               version_of("valgrind", "--version")]),
    ]


def cost_table(samples):
    yield "| attached | added ns per pair | spread of the rounds | of empty programs | of bpftrace | it says |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    yield f"| no probe (the pair itself) | {samples.median('no probe'):.0f} | | | | |"
    for row in [*ATTACHED, "heaptrack", "massif"]:
        values = samples.values.get(row)
        if not values:
            yield f"| {row} | not measured: {samples.errors.get(row, '?').splitlines()[0]} | | | | |"
            continue
        of = [ratio(samples, row, base) for base in (EMPTY, BPFTRACE)]
        said = samples.median(f"said, {row}")
        yield (f"| {row} | {statistics.median(values):,.0f} | {min(values):,.0f} to {max(values):,.0f} | "
               + " | ".join("" if value is None else f"{value:.3f}" for value in of)
               + (" | |" if said is None else f" | {said:,.0f} |"))


def page(samples, facts, nr_rounds):
    yield "# What heaptap costs"
    yield ""
    yield ("Written by `sudo make bench`, which takes five minutes; ratios are what carries over to another "
           "machine.")
    yield ""
    yield from (f"- {fact}" for fact in facts)
    yield ""
    yield "## Added to a malloc/free pair"
    yield ""
    yield (f"4,096 slots, sizes 16 to 527, pseudo-random (`tests/bench/pairs.c`). Medians of {nr_rounds} "
           f"rounds, interleaved on one process; heaptrack and massif cannot leave again and ran the loop themselves, "
           f"{NR_PRELOAD_ROUNDS} times. The loop does nothing else: a program that computes between its "
           f"allocations pays the same per pair and less of its time. *It says* is what heaptap's end line "
           f"makes of it, from its calibration.")
    yield ""
    yield from cost_table(samples)
    yield ""
    yield from unwinding.page(samples)
    yield ""
    yield from node_load.page(samples)
    yield ""
    yield "## Limits"
    yield ""
    yield "| what | measured | limit | |"
    yield "| --- | ---: | ---: | --- |"
    for what, measured, limit, unit in limits(samples):
        shown = "" if measured is None else f"{measured:.3g}{unit}"
        yield f"| {what} | {shown} | {limit:.3g}{unit} | {verdict(measured, limit)} |"


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(nr_rounds):
    samples, attach_ms = Samples(), {}
    loop = Loop(600)
    try:
        attach_rounds(loop, nr_rounds, samples, attach_ms)
    finally:
        loop.close()
    for row in (SAMPLED, EXACT):
        samples.values.setdefault("attach", []).extend(attach_ms.get(row, []))
    say("heaptrack and massif")
    own_rounds(samples)
    say("heaptap on node; reports")
    for _ in range(3):
        try:
            memory, attached = record_node()
            samples.add("memory", memory)
            samples.add("attach node", attached)
        except Failed as error:
            samples.fail("memory", error)
            break
    report_large(samples)
    graphs.measure(samples, BUILD, SCRATCH)
    say("the governor")
    governor.measure(samples)
    say("unwinding")
    unwinding.measure(samples, BUILD, SCRATCH)
    say("a server on node under load")
    node_load.measure(samples, BUILD, SCRATCH)
    return samples


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: attaching probes needs root: sudo make bench")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    facts = machine()
    samples = measure(options.rounds)
    text = "\n".join(page(samples, facts, options.rounds)) + "\n"
    print(text, end="")
    if options.output:
        temporary = options.output.with_suffix(".tmp")
        temporary.write_text(text)
        temporary.rename(options.output)
    return 0 if all(verdict(value, limit) == "PASS" for _, value, limit, _ in limits(samples)) else 1


if __name__ == "__main__":
    sys.exit(main())
