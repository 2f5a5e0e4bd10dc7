#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""One profile in every format: all say the same as the pprof file, read by our own reader and by
Go's pprof."""

import collections

from browser import *
from gopprof import *

_made = {}


def made():
    """One recording serves all tests of this file; its directory lives until the script ends."""
    if not _made:
        target = Target("shapes")
        recording = Recording(pid=target.pid)
        _made["truths"] = target.go()
        recording.stop()
        keep = Path(tempfile.mkdtemp(prefix="heaptap-test."))
        atexit.register(shutil.rmtree, keep)
        _made["path"] = Path(shutil.copy(recording.output, keep / "shapes.pb.gz"))
        _made["profile"] = recording.profile()
    return _made["path"], _made["profile"], _made["truths"]


@test("pprof: the four types in their order, no default type, mappings with build ids")
def shape():
    path, profile, _ = made()
    expect(
        profile.types
        == [
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ],
        profile.types,
    )
    expect(profile.default_type == "", profile.default_type)
    files = {m["file"]: m["build_id"] for m in profile.mappings}
    libc = [id for file, id in files.items() if file.endswith("/libc.so.6")]
    expect(libc and re.fullmatch("[0-9a-f]{40}", libc[0]), files)
    expect(profile.notes.get("comm") == "shapes", profile.notes)
    expect(profile.notes.get("source") == "malloc", profile.notes)
    expect(abs(profile.time_ns / 1e9 - time.time()) < 600, profile.time_ns)
    expect(profile.duration_ns > 0, profile.duration_ns)


def json_report(path):
    return json.loads(report(path, "-f", "json"))


@test("json: every site has the frames and values of the pprof file")
def json_same():
    path, profile, _ = made()
    data = json_report(path)
    ours = collections.Counter()
    theirs = collections.Counter()
    for sample in profile.samples:
        for metric, value in sample.values.items():
            ours[tuple(sample.frames), metric] += value
    for site in data["sites"]:
        frames = tuple(data["frames"][f]["function"] for f in site["stack"])
        for metric, value in site["values"].items():
            theirs[frames, metric] += value
    expect(ours == theirs, (ours - theirs) + (theirs - ours))
    for metric in METRICS.values():
        expect(data["totals"][metric] == profile.total(metric), data["totals"])
    losses = {"lost_" + name: n for name, n in data["losses"].items()}
    expect(losses == profile.losses(), losses, profile.losses())


def folded(path, metric):
    lines = report(path, "-f", "folded", "-m", metric).splitlines()
    for line in lines:
        expect(re.fullmatch(r"[^;]+(;[^;]+)+ \d+", line), "not a folded line:", line)
    return [(line.rsplit(" ", 1)[0].split(";"), int(line.rsplit(" ", 1)[1])) for line in lines]


for metric in METRICS.values():

    @test(f"folded: the sum and the sites, {metric}", metric)
    def folded_same(metric):
        path, profile, truths = made()
        stacks = folded(path, metric)
        expect(sum(value for _, value in stacks) == profile.total(metric), stacks)
        key = next(k for k, m in METRICS.items() if m == metric)
        for truth in truths:
            got = sum(v for s, v in stacks if len(s) > 1 and is_site(s[-2], truth["site"]))
            expect(got == truth[key], truth, got)
        for stack, _ in stacks:
            expect(stack[0] == "shapes", "the comm is first:", stack)


@test("table: the largest site first, its bytes, its function, the total")
def table():
    path, _, truths = made()
    text = report(path, "-f", "table", "-m", "alloc_space")
    largest = max(truths, key=lambda t: t["alloc_bytes"])["site"]
    rows = [line for line in text.splitlines() if "by_" in line]
    expect(len(rows) >= 9 and largest in rows[0], text)
    expect("total" in text and "%" in rows[0], text)
    expect("exact" in text, text)


@test("table: --top N shows N rows and says what it left out")
def top():
    path, _, _ = made()
    text = report(path, "-f", "table", "--top", "2", "-m", "alloc_space")
    expect(len([line for line in text.splitlines() if "by_" in line]) == 2, text)
    left = re.search(r"(\d+) more rows \(--top 0 shows all\)", text)
    all_rows = report(path, "-f", "table", "--top", "0", "-m", "alloc_space")
    sites = [line for line in all_rows.splitlines() if "by_" in line]
    expect(left and 2 + int(left.group(1)) == len(sites), text, all_rows)
    expect(text.splitlines()[-2:] != sites[-2:], text)


@test("a sampled table has an error per site")
def error_column():
    target = Target("simple")
    recording = Recording(pid=target.pid, rate=4096)
    target.go()
    recording.stop()
    text = report(recording.output, "-f", "table")
    rows = [line for line in text.splitlines() if "keep_" in line]
    expect(rows and all("\u00b1" in line for line in rows), text)


for tool in TOOLS:

    @test(f"{tool} reads it: its totals and sites are ours", tool)
    def go(tool):
        path, profile, truths = made()
        for metric in METRICS.values():
            unit = ["-unit=bytes"] if metric.endswith("space") else []
            options = ["-top", "-cum", *unit, f"-sample_index={metric}", "-nodefraction=0"]
            text = go_pprof(*options, path, tool=tool)
            total = re.search(r"of (\d+)(B)? total", text)
            expect(total and int(total.group(1)) == profile.total(metric), metric, text[:400])
            expect("File: shapes" in text, "the first mapping is the program's", text[:400])
            key = next(k for k, m in METRICS.items() if m == metric)
            rows = [line.split() for line in text.splitlines()]
            cumulative = {row[5]: row[3] for row in rows if len(row) >= 6}
            for truth in truths:
                if truth["site"].startswith("by_"):
                    got = cumulative.get(truth["site"], "0").rstrip("B")
                    expect(int(got) == truth[key], truth, got, text)

    @test(f"{tool} -traces: every stack with its bytes", tool)
    def traces(tool):
        path, profile, _ = made()
        text = go_pprof("-traces", "-unit=B", "-sample_index=alloc_space", path, tool=tool)
        theirs, ours = collections.Counter(), collections.Counter()
        for trace in text.split("-----------+-------------------------------------------------------")[1:]:
            lines = [l for l in trace.splitlines() if l.strip() and not re.match(r"\s*\S+:\s", l)]
            if not lines:
                continue
            value, first = re.fullmatch(r"\s*(-?\d+)B?\s+(.*)", lines[0]).groups()
            frames = [first, *[line.strip() for line in lines[1:]]]
            theirs[tuple(f.replace(" (inline)", "") for f in frames)] += int(value)
        for sample in profile.samples:
            if sample.values["alloc_space"]:
                ours[tuple(sample.frames)] += sample.values["alloc_space"]
        expect(ours == theirs, (ours - theirs), (theirs - ours))


@test("pprof shows inuse_space unless told otherwise")
def go_default():
    path, _, _ = made()
    for tool in TOOLS:
        expect("Type: inuse_space" in go_pprof("-top", path, tool=tool), "the default sample type")


DECODE = """
const { Profile } = require("pprof-format");
const profile = Profile.decode(require("zlib").gunzipSync(require("fs").readFileSync(process.argv[1])));
const text = (i) => profile.stringTable.strings[Number(i)];
const functions = new Map(profile.function.map((f) => [f.id, text(f.name)]));
const places = new Map(profile.location.map((l) => [l.id, l.line.map((i) => functions.get(i.functionId))]));
console.log(JSON.stringify({
    types: profile.sampleType.map((t) => [text(t.type), text(t.unit)]),
    samples: profile.sample.map((s) => [s.locationId.flatMap((l) => places.get(l)), s.value.map(Number)]),
}));
"""


@test("pprof-format of npm decodes it: every stack with its four values")
def npm():
    path, profile, _ = made()
    got = json.loads(expect_status(run_node(DECODE, path), 0).stdout)
    expect([tuple(t) for t in got["types"]] == profile.types, got["types"])
    ours = sorted([s.frames, [s.values[name] for name, _ in profile.types]] for s in profile.samples)
    expect(sorted(got["samples"]) == ours, got["samples"], ours)


@test("report writes pprof again: the same profile")
def again():
    path, profile, _ = made()
    copy = scratch() / "copy.pb.gz"
    report(path, "-f", "pprof", "-o", copy)
    other = pprof.load(copy)
    expect(
        sorted((s.frames, sorted(s.values.items())) for s in other.samples)
        == sorted((s.frames, sorted(s.values.items())) for s in profile.samples),
        "the samples differ",
    )
    expect(other.notes == profile.notes, other.notes, profile.notes)


@test("record -f writes each format; the suffix decides without it")
def record_formats():
    for name, options, check in (
        ("out.folded", [], lambda text: "keep_all;malloc " in text),
        ("out.json", [], lambda text: json.loads(text)["sites"]),
        ("out.txt", ["-f", "table"], lambda text: "keep_all" in text and "total" in text),
        ("out.any", ["-f", "folded"], lambda text: "keep_all;malloc " in text),
    ):
        target = Target("simple")
        recording = Recording(*options, pid=target.pid, output=scratch() / name)
        target.go()
        recording.stop()
        text = recording.output.read_text()
        expect(check(text), name, text[:500])


@test("record -o - writes to stdout and messages stay on stderr")
def to_stdout():
    target = Target("simple")
    recording = Recording("-f", "folded", pid=target.pid, output="-")
    target.go()
    result = recording.stop()
    lines = result.stdout.splitlines()
    expect(lines and all(re.search(r";\S.* \d+$", line) for line in lines), result)


GO_PROGRAM = """package main
import ("os"; "runtime"; "runtime/pprof")
var keep [][]byte
func hold() { for i := 0; i < 64; i++ { keep = append(keep, make([]byte, 1<<20)) } }
func main() { runtime.MemProfileRate = 1; hold(); runtime.GC(); pprof.WriteHeapProfile(os.Stdout) }
"""


@test("a profile of Go itself is read")
def foreign():
    if not shutil.which("go"):
        raise Skip("go is not installed")
    directory = scratch()
    (directory / "main.go").write_text(GO_PROGRAM)
    environment = dict(os.environ, HOME=str(directory), GOCACHE=str(directory / "cache"))
    build = ["go", "build", "-o", directory / "prog", directory / "main.go"]
    expect_status(run(build, env=environment, timeout=100), 0)
    data = subprocess.run([directory / "prog"], capture_output=True).stdout
    (directory / "go.pb.gz").write_bytes(data)
    text = report(directory / "go.pb.gz", "-f", "folded", "-m", "inuse_space")
    held = sum(int(l.rsplit(" ", 1)[1]) for l in text.splitlines() if "main.hold" in l)
    expect(held >= 64 << 20, text)


main()
