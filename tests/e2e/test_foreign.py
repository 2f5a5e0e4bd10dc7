#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Heap profiles that other tools wrote, and files that say what is not so: `heaptap report` has the
totals that Go's pprof has, or says why not."""

import gzip
import xml.etree.ElementTree

from gopprof import *

GO_PROGRAM = """package main
import ("os"; "runtime"; "runtime/pprof")
var kept [][]byte
//go:noinline
func hold() { for i := 0; i < 64; i++ { kept = append(kept, make([]byte, 1<<16)) } }
//go:noinline
func drop() { for i := 0; i < 64; i++ { b := make([]byte, 1<<18); b[i] = 1; if len(b) == 3 { kept = append(kept, b) } } }
func write(kind, name string) { f, _ := os.Create(name); pprof.Lookup(kind).WriteTo(f, 0); f.Close() }
func main() {
	runtime.MemProfileRate = 1
	hold(); drop(); runtime.GC()
	write("heap", os.Args[1]); write("allocs", os.Args[2]); write("goroutine", os.Args[3])
}
"""

C_PROGRAM = """#include <stdlib.h>
__attribute__((noinline)) void *keep(void) { return malloc(4096); }
__attribute__((noinline)) void *drop(void) { return malloc(1000); }
void *volatile kept[1000];
int main(void) { for (int i = 0; i < 1000; i++) { free(drop()); kept[i] = keep(); } return 0; }
"""


def pprof_total(path, metric):
    """What Go's pprof says is the total; None when it says that there is nothing."""
    unit = ["-unit=bytes"] if metric.endswith("space") else []
    text = go_pprof("-top", *unit, f"-sample_index={metric}", path)
    total = re.search(r"of (\d+)B? total", text)
    return int(total.group(1)) if total else None


def totals(path, *options):
    return json.loads(report(path, "-f", "json", "-q", *options))["totals"]


def go_profiles():
    directory, environment = scratch(), go_environment()
    (directory / "main.go").write_text(GO_PROGRAM)
    program, files = directory / "prog", [directory / f"{name}.pb.gz" for name in ("heap", "allocs", "other")]
    expect_status(run(["go", "build", "-o", program, directory / "main.go"], env=environment, timeout=150), 0)
    expect_status(run([program, *files]), 0)
    return files


@test("Go's heap and allocs profiles: totals, functions and the metric it wants to be shown")
def go():
    heap, allocs, other = go_profiles()
    for path in (heap, allocs):
        for metric, value in totals(path).items():
            expect(value == pprof_total(path, metric), path.name, metric, value)
    expect(re.search(r"^ +inuse .*\n +4\.0M .* main\.hold  main\.go:", report(heap), re.M), report(heap))
    expect(re.search(r"^ +alloc .*\n +16\.0M .* main\.drop  main\.go:", report(allocs), re.M), report(allocs))
    expect_message(heaptap("report", other), 1, "goroutine/count", "not a heap profile")
    both = totals(heap, allocs)
    expect(all(both[m] == totals(heap)[m] + totals(allocs)[m] for m in both), both)
    copy = scratch() / "copy.pb.gz"
    report(allocs, "-f", "pprof", "-o", copy)
    text = expect_status(run(["go", "tool", "pprof", "-top", copy], env=go_environment()), 0).stdout
    expect("Type: alloc_space" in text, "the default type is written again", text)


@test("a heap profile of gperftools, through pprof -proto")
def gperftools():
    library = Path("/usr/lib/x86_64-linux-gnu/libtcmalloc.so.4")
    if not library.exists():
        raise Skip("libtcmalloc is not installed")
    directory = scratch()
    (directory / "main.c").write_text(C_PROGRAM)
    program = directory / "prog"
    expect_status(run(["cc", "-g", "-O1", "-o", program, directory / "main.c"]), 0)
    environment = dict(os.environ, LD_PRELOAD=str(library), HEAPPROFILE=str(directory / "heap"))
    expect_status(run([program], env=environment), 0)
    dump = sorted(directory.glob("heap.*.heap"))[-1]
    expect_message(heaptap("report", dump), 1, "go tool pprof -proto")
    path = directory / "heap.pb.gz"
    convert = ["go", "tool", "pprof", "-proto", "-output", path, program, dump]
    expect_status(run(convert, env=go_environment()), 0)
    for metric, value in totals(path).items():
        expect(value == pprof_total(path, metric) and value > 0, metric, value)
    text = report(path)
    expect(re.search(r"3\.9M .* 1000 +4\.0K  keep  main\.c:2", text), text)


# --- files by hand ------------------------------------------------------------------------------


def varint(value):
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def encoded(types, names=(b"f",), samples=True):
    """A profile with a stack that has a function of each name, and the value 100 of each type."""
    strings = [b"", *(part for pair in types for part in pair), *names]
    data = b"".join(field(1, field(1, 1 + 2 * i) + field(2, 2 + 2 * i)) for i in range(len(types)))
    count = range(1, len(names) + 1)
    if samples:
        locations = b"".join(varint(i) for i in count)
        data += field(2, field(1, locations) + field(2, varint(100) * len(types)))
    for i in count:
        text = len(strings) - len(names) + i - 1
        data += field(4, field(1, i) + field(4, field(1, i))) + field(5, field(1, i) + field(2, text))
    return data + b"".join(field(6, text) for text in strings)


def written(data):
    path = scratch() / "foreign.pb.gz"
    path.write_bytes(data if data.startswith(b"\x1f\x8b") else gzip.compress(data))
    return path


@test("other names of sample types: the one in bytes; when there are two -m must say which")
def types():
    space, large, wall = (b"space", b"bytes"), (b"large", b"bytes"), (b"wall", b"nanoseconds")
    objects = (b"objects", b"count")
    text = report(written(encoded([objects, space])))
    expect("inuse is its space/bytes" in text and re.search(r"100 100\.0% +100 +1  f", text), text)
    expect(totals(written(encoded([wall, space]))) == {"inuse_space": 100}, "beside another")
    two = written(encoded([space, large]))
    expect_message(heaptap("report", two), 1, "space/bytes, large/bytes", "-m NAME")
    expect("inuse is its large/bytes" in report(two, "-m", "large"), "-m chooses")
    expect_message(heaptap("report", two, "-m", "inuse"), 1, "it holds: space/bytes, large/bytes")
    expect_message(heaptap("report", written(encoded([wall]))), 1, "wall/nanoseconds")
    parca = written(encoded([(b"inuse_space", b"bytes")]))
    expect(totals(parca) == {"inuse_space": 100}, totals(parca))
    expect_message(heaptap("report", parca, "-m", "alloc_space"), 1, "it holds: inuse_space")


@test("no samples are an empty table, status 0, in every format")
def no_samples():
    path = written(encoded([(b"inuse_space", b"bytes")], samples=False))
    expect("The profile holds no samples." in report(path), report(path))
    for name in ("folded", "svg", "speedscope", "json", "heapprofile"):
        expect_status(heaptap("report", "-f", name, path), 0)
    for option in (["--focus", "x"], ["--min-share", "5"], ["--invert"], ["--lines"]):
        expect_status(heaptap("report", *option, path), 0)


HOSTILE = [
    b"new\nline",
    b"tab\tand\r",
    b"\"quotes\" 'and' \\",
    b"]]></style></svg>",
    b"</script><script>alert(1)</script>",
    b"\xff\xfe\xc3(\x80",
    b"\x1b[2J\x1b]0;x\x07",
    "‮desrever‬ \u2028".encode(),
    b"semi;colon 12",
    b"",
    b"x" * 100000,
    b"<a & b>",
]


@test("names of all kinds are harmless text in every format")
def hostile():
    path = written(encoded([(b"inuse_space", b"bytes")], HOSTILE))
    for option in ([], ["--invert"], ["--lines"], ["--invert", "--focus", "quotes"]):
        table = report(path, "--stacks", *option)
        expect(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", table), "control characters")
        folded = report(path, "-f", "folded", "-q", *option)
        expect(re.fullmatch(r"[^\n\x00-\x1f]* 100\n", folded), folded[:300])
        svg = report(path, "-f", "svg", "-q", *option)
        root = xml.etree.ElementTree.fromstring(svg)
        scripts = [e for e in root.iter() if e.tag.endswith("script")]
        expect(len(scripts) == 1 and "alert(1)" not in scripts[0].text, "one script")
        json.loads(report(path, "-f", "speedscope", "-q", *option))
    frames = json.loads(report(path, "-f", "json"))["frames"]
    expect(len(frames) == len(HOSTILE) and frames[0]["function"] == "new\nline", frames[:3])
    json.loads(report(path, "-f", "heapprofile"))
    again = scratch() / "again.pb.gz"
    report(path, "-f", "pprof", "-o", again)
    expect(json.loads(report(again, "-f", "json"))["frames"] == frames, "pprof and back")


def limited(path):
    """In 400 MB of memory."""
    script = f"ulimit -v 400000; exec {HEAPTAP} report {path}"
    return run(["/bin/sh", "-c", script])


good = encoded([(b"inuse_space", b"bytes")])
for name, data in {
    "a string of 2 GB": good + varint(6 << 3 | 2) + varint(1 << 31),
    "a sample of 2 GB": varint(2 << 3 | 2) + varint((1 << 31) - 1) + good,
    "a length of 64 bits": good + varint(6 << 3 | 2) + b"\xff" * 9 + b"\x01",
    "a string number of 64 bits": good + field(9, 5) + field(13, (1 << 63) - 1),
    "a location that is not there": good + field(2, field(1, b"\x63") + field(2, b"\x01")),
    "a function that is not there": good + field(4, field(1, 9) + field(4, field(1, 99))),
    "a mapping that is not there": good + field(4, field(1, 9) + field(2, 7)),
    "a location twice": good + field(4, field(1, 1)),
    "gzip data that are no gzip data": b"\x1f\x8b\x08" + bytes(range(256)) * 8,
    "gzip data cut off": gzip.compress(good)[:-9],
    "gzip data with another checksum": gzip.compress(good)[:-8] + bytes(8),
    "nothing but a gzip head": b"\x1f\x8b",
    "a stack of a million frames that are none": good + field(2, field(1, b"\x02" * 1000000) + field(2, b"\x01")),
}.items():

    @test(f"a broken file: {name}", data)
    def broken(data):
        expect_message(limited(written(data)), 1, "foreign.pb.gz")


@test("a stack of a million frames, in bounded memory")
def deep():
    path = written(good + field(2, field(1, b"\x01" * 1000000) + field(2, b"\x01")))
    expect("total" in expect_status(limited(path), 0).stdout, "a table")
    for name in ("folded", "svg", "speedscope", "json", "heapprofile"):
        expect_status(heaptap("report", "-q", "-f", name, "-o", scratch() / "out", path), 0)


# --- parts and sums, by another reader -----------------------------------------------------------


@test("--focus and --ignore choose what pprof's options of these names choose")
def same_as_pprof():
    heap, allocs, _ = go_profiles()
    for option, pattern in (("focus", r"main\.drop"), ("ignore", r"main\.drop"), ("focus", "hold|drop")):
        argv = ["go", "tool", "pprof", "-raw", f"-{option}={pattern}", allocs]
        text = expect_status(run(argv, env=go_environment()), 0).stdout
        rows = re.findall(r"^ +(\d+) +(\d+) +(\d+) +(\d+): ", text, re.M)
        theirs = sum(int(row[1]) for row in rows)
        ours = totals(allocs, f"--{option}", pattern)
        expect(ours["alloc_space"] == theirs > 0, option, pattern, ours, theirs)
    part = scratch() / "part.pb.gz"
    report(allocs, "--focus", "hold", "--min-share", "1", "-f", "pprof", "-o", part)
    expect(pprof_total(part, "alloc_space") == totals(part)["alloc_space"], "a part that pprof reads")
    expect("shown" in report(part), "a part says that it is one")
    whole = scratch() / "sum.pb.gz"
    report(heap, allocs, "-f", "pprof", "-o", whole)
    expect(pprof_total(whole, "inuse_space") == totals(whole)["inuse_space"], "a sum that pprof reads")


main()
