#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Processes whose JavaScript cannot be read as usual: a V8 newer than any that is known, stripped
binaries, code that only a perf map names."""

import shutil

from harness import *
from nodes import *

SCRIPT = """
const kept = [];
function hot(n) {
  kept.push(Buffer.alloc(70000));
}
function warm() { for (let i = 0; i < 20; i++) hot(i); setTimeout(warm, 20); }
warm();
console.log('ready');
"""
LINE = 4


def unusual(binary):
    """A profile of SCRIPT by a @binary, and what record said."""
    script = scratch() / "app.js"
    script.write_text(SCRIPT)
    node = Process([binary, script])
    expect(node.line() == "ready", "the script runs")
    time.sleep(0.6)  # for hot() to be compiled
    recording = Recording("-d", "1s", pid=node.pid, attached=False)
    result = expect_status(recording.wait(), 0)
    return recording.profile(), result.stderr


def largest(profile):
    sample = max(profile.samples, key=lambda s: s.values["inuse_space"])
    return [(p.name, p.file.rsplit("/", 1)[-1], p.line) for p in sample.places if p.mapping == "[js]"]


def newer(source, target):
    """A copy of node 26 that says it is a V8 14.9, and believes it: the snapshot says so too."""
    symbols = run(["nm", source]).stdout.splitlines()
    address = next(int(s.split()[0], 16) for s in symbols if s.endswith("Version6minor_E"))
    for line in run(["readelf", "-lW", source]).stdout.splitlines():
        part = line.split()
        if part[:1] == ["LOAD"] and 0 <= address - int(part[2], 16) < int(part[4], 16):
            at = address - int(part[2], 16) + int(part[1], 16)
    data = bytearray(Path(source).read_bytes())
    version = run([source, "-p", "process.versions.v8"]).stdout.strip().encode()
    data[at : at + 4] = (9).to_bytes(4, "little")
    target.write_bytes(data.replace(version, version.replace(b"14.6.", b"14.9.")))
    target.chmod(0o755)


@test("a V8 newer than any that was tested: tried, and said to be")
def assumed():
    binary = scratch() / "node"
    newer(the_node(26), binary)
    profile, said = unusual(binary)
    expect("14.9" in said and "not tested" in said, said)
    expect("14.9" in profile.notes.get("js_note", ""), profile.notes)
    expect(("hot", "app.js", LINE) in largest(profile), largest(profile))
    expect(int(profile.notes["js_unnamed"]) == 0, profile.notes)


def stripped(version):
    strip = shutil.which("strip")
    if not strip:
        raise Skip("strip (binutils) is not there")
    binary = scratch() / "node"
    shutil.copy(the_node(version), binary)
    run([strip, binary])
    return unusual(binary)


@test("node 18 stripped: its dynamic symbols say all")
def stripped_old():
    profile, said = stripped(18)
    expect("stripped" not in said, said)
    expect(("hot", "app.js", LINE) in largest(profile), largest(profile))


@test("node 24 stripped: what is compiled has its name, and that the rest has none is said")
def stripped_new():
    profile, said = stripped(24)
    expect("is stripped" in said and "interprets" in said, said)
    names = {name for s in profile.samples for p in s.places if p.mapping == "[js]" for name in [p.name]}
    expect("hot" in names, names)


def mapped(text, owner=0, link=False):
    """The frames of generated code, with @text as its perf map."""
    target = Target("codepages")
    path = Path(f"/tmp/perf-{target.pid}.map")
    at_end(lambda: path.unlink(missing_ok=True))
    real = scratch() / "map" if link else path
    real.write_text(text)
    os.chown(real, owner, owner)
    if link:
        path.symlink_to(real)
    profile, _ = record(target)
    return {
        (p.name, p.file, p.line, p.mapping)
        for s in profile.samples
        for p in s.places[1:2]
        if p.mapping in ("[anon]", "[js]")
    }


EVERYWHERE = "1000 7fffffffe000"


@test("a perf map names generated code: JavaScript as such")
def map_javascript():
    found = mapped(f"{EVERYWHERE} JS:*generated /srv/my app.js:12:3\n")
    expect(found == {("generated", "/srv/my app.js", 12, "[js]")}, found)


@test("a perf map names generated code: any other name as it is")
def map_other():
    found = mapped(f"{EVERYWHERE} older\n{EVERYWHERE} jit::thing(int)\n")
    expect(found == {("jit::thing(int)", "", 0, "[anon]")}, found)


@test("a perf map of another user, or behind a link, is not believed")
def map_owner():
    for options in ({"owner": 12345}, {"link": True}):
        found = mapped(f"{EVERYWHERE} JS:*generated /srv/app.js:12:3\n", **options)
        expect(found == {("[anon]", "", 0, "[anon]")}, options, found)


main()
