#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The sizes of V8's heap, by space, as they are read from outside, beside what V8 says itself at the
same moment: the process waits in a read."""

from harness import *
from nodes import *

SCRIPT = """
const fs = require('fs'), v8 = require('v8');
const held = [];
for (let i = 0; i < 300000; i++) held.push({ i, text: 'n' + i });
held.push(new Array(100000).fill(1.5));
const say = () => JSON.stringify(Object.fromEntries(
  v8.getHeapSpaceStatistics().map((s) => [s.space_name, s.space_size])));
const line = Buffer.alloc(2000, 10);
let text;
do line.write(text = say()); while (text !== say()); // saying it may take a page, and so may a collection
fs.writeSync(1, line, 0, text.length + 1);
fs.readSync(0, Buffer.alloc(1));
"""
KINDS = {
    "new": ["new_space"],
    "old": ["old_space"],
    "code": ["code_space"],
    "map": ["map_space"],
    "large": ["large_object_space", "code_large_object_space", "new_large_object_space"],
    "trusted": ["trusted_space", "trusted_large_object_space"],
}


def spaces_of(path, pid):
    lines = expect_status(run([TARGETS / "spaces", path, pid]), 0).stdout.splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines)}


def spaces(version, path):
    node = Process([path, "-e", SCRIPT])
    truth = json.loads(node.line())
    found = spaces_of(path, node.pid)
    expect(found["isolates"] == 1, f"one isolate: {found}")
    wrong = []
    for kind, names in KINDS.items():
        want = sum(truth.get(name, 0) for name in names)
        if found[kind] != want:
            wrong.append(f"{kind}: {found[kind]}, V8 says {want}")
    expect(not wrong, f"{wrong}\n{truth}")


for version, path in node_versions():
    test(f"node {version}", version, path)(spaces)


@test("the RSS line of a process with V8 names its heap, one without does not")
def line():
    version, path = node_versions()[-1]
    node = Process([path, "-e", "const m=[];setInterval(()=>{for(let i=0;i<2e4;i++)m.push({i})},20)"])
    time.sleep(0.5)
    recording = Recording("-d", "1s", pid=node.pid, attached=False)
    result = expect_status(recording.wait(), 0)
    said = [line for line in result.stderr.splitlines() if "rss:" in line]
    expect(len(said) == 1 and "V8 heap" in said[0] and "old +" in said[0], result)
    notes = recording.profile().notes
    parts = [int(notes[k]) for k in ("rss_explained", "rss_v8", "rss_unexplained")]
    expect(sum(parts) == int(notes["rss_anon_change"]), f"the parts make the whole: {notes}")
    expect(int(notes["rss_v8_old"]) > 1 << 20, f"old space grows: {notes}")
    target = Target("simple")
    profile, _ = record(target)
    expect("rss_v8" not in profile.notes, profile.notes)


FLOOR = """
const held = [];
for (let i = 0; i < 300000; i++) held.push({ i, text: 'n' + i });
let least = Infinity;
const once = () => {
  for (let i = 0; i < 20000; i++) ({ i });
  gc();
  least = Math.min(least, process.memoryUsage().heapUsed);
};
process.stdin.on('data', () => { console.log(least); process.exit(); });
once();
console.log('ready');
setInterval(once, 150);
"""


def floor(path, source):
    """What full collections leave is what V8 itself says just behind them."""
    node = Process([path, "--expose-gc", "-e", FLOOR])
    expect(node.line(30) == "ready", "the script did not start")
    recording = Recording("-s", source, "-d", "2s", pid=node.pid, attached=False, rate="auto")
    expect_status(recording.wait(), 0)
    node.send("\n")
    truth = int(node.line(10))
    notes = recording.profile().notes
    got = int(notes.get("v8_floor", 0))
    expect(abs(got - truth) < 0.03 * truth, f"{got}, V8 says {truth}; {notes}")
    expect(int(notes["collections"]) >= 3 and int(notes["pause_ns"]) > 0, notes)


for version, path in (node_versions()[0], node_versions()[-1]):
    for source in ("malloc", "page"):
        test(f"--source {source} of node {version} notes the floor of its heap", path, source)(floor)


main()
