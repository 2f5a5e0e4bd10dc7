#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""heaptap diff on real recordings: of a program that was restarted, and of its next build. What
changed is what the program says changed, to the byte, in every format."""

import atexit
import collections
import xml.etree.ElementTree as ElementTree

from browser import *
from gopprof import *
from nodes import *

OLD = ["--old"]
NEW = ["--more=120", "--new"]
SITES = ["steady", "grows", "shrinks", "retired", "arrived"]
_made = {}


def keep():
    if "keep" not in _made:
        _made["keep"] = Path(tempfile.mkdtemp(prefix="heaptap-test."))
        atexit.register(shutil.rmtree, _made["keep"])
    return _made["keep"]


def recorded(kind, build="regress", options=(), rate="1"):
    """The profile of a run, and its truth; one recording of a kind serves all tests."""
    if kind not in _made:
        target = Target(build, *options)
        recording = Recording(pid=target.pid, rate=rate)
        truths = target.go()
        recording.stop()
        path = shutil.copy(recording.output, keep() / f"{kind}.pb.gz")
        _made[kind] = Path(path), {truth["site"]: truth for truth in truths}
    return _made[kind]


def base():
    return recorded("base", options=OLD)


def restarted():
    return recorded("restarted", options=NEW)


def rebuilt():
    return recorded("rebuilt", build="next/regress", options=NEW)


def diff(*args):
    return expect_status(heaptap("diff", *args), 0).stdout


def json_diff(old, new, *args):
    return json.loads(diff("-q", "-f", "json", *args, old, new))


FIELDS = {
    "alloc_objects": "alloc_objects",
    "alloc_space": "alloc_bytes",
    "inuse_objects": "inuse_objects",
    "inuse_space": "inuse_bytes",
}


def expect_changes(old, new):
    """Every site's values are the truths of the two programs, and each is one function."""
    data = json_diff(old[0], new[0])
    found = collections.Counter()
    for entry in data["sites"]:
        names = [data["frames"][f]["function"] for f in entry["stack"]]
        site = next(name for name in names if name in SITES)
        expect(entry["site"]["function"] == site, entry["site"], names)
        for metric in FIELDS:
            found[site, "base", metric] += entry["base"][metric]
            found[site, "new", metric] += entry["new"][metric]
            found[site, "delta", metric] += entry["delta"][metric]
    for site in SITES:
        for metric, field in FIELDS.items():
            before, now = old[1][site][field], new[1][site][field]
            values = [found[site, kind, metric] for kind in ("base", "new", "delta")]
            expect(values == [before, now, now - before], site, metric, values, before, now)
    return data


def change_of(data, site):
    return {s["change"] for s in data["sites"] if s["site"]["function"] == site}


CHANGES = {"steady": {"same"}, "grows": {"grew"}, "shrinks": {"shrank"}}
CHANGES |= {"retired": {"gone"}, "arrived": {"new"}}


def judge(new):
    data = expect_changes(base(), new)
    for site, changes in CHANGES.items():
        expect(change_of(data, site) == changes, site, change_of(data, site))
        nr = sum(s["site"]["function"] == site for s in data["sites"])
        expect(nr == (2 if site == "steady" else 1), f"{site} was split: {nr} stacks")


@test("restarted: other addresses, the same functions; every site to the byte")
def restart():
    judge(restarted())


@test("rebuilt: other addresses, lines and build id, the same functions; every site to the byte")
def rebuild():
    profiles = [pprof.load(base()[0]), pprof.load(rebuilt()[0])]
    ids = [[m["build_id"] for m in p.mappings if m["file"].endswith("/regress")] for p in profiles]
    expect(ids[0] and ids[1] and not set(ids[0]) & set(ids[1]), ids)
    lines = [{p.line for s in profile.samples for p in s.places if p.name == "grows"} for profile in profiles]
    expect(lines[0] != lines[1], lines)
    judge(rebuilt())


@test("renamed: the main binary is the same program under another name")
def renamed():
    copy = keep() / "regress-v2"
    shutil.copy(TARGETS / "next/regress", copy)
    target = Target("regress", *NEW, path=copy)
    recording = Recording(pid=target.pid)
    truths = {truth["site"]: truth for truth in target.go()}
    recording.stop()
    result = expect_status(heaptap("diff", base()[0], recording.output), 0)
    expect("BASE is a profile of regress and NEW of regress-v2" in result.stderr, result.stderr)
    expect_changes(base(), (recording.output, truths))


SCRIPT = """
'use strict';
const kept = [];
function hold(count) {
	for (let i = 0; i < count; i++)
		kept.push(Buffer.allocUnsafeSlow(10000));
}
const request = (line) => {
	hold(Number(line));
	console.log('done');
};
process.stdin.on('data', request);
console.log('ready');
"""


def node_recorded(release, script, count):
    """A run of @script, in a directory of its own, that holds @count Buffers."""
    path = scratch() / release / "shop.js"
    path.parent.mkdir()
    path.write_text(script)
    node = Process([the_node(22), path])
    expect(node.line() == "ready", "the script did not start")
    recording = Recording(pid=node.pid)
    node.send(f"{count}\n")
    expect(node.line() == "done", "the script did not answer")
    recording.stop()
    return recording.output


@test("JavaScript: a script of a new release, at other lines in another directory")
def javascript():
    old = node_recorded("release-1", SCRIPT, 100)
    new = node_recorded("release-2", "// moved\n" * 30 + SCRIPT, 150)
    data = json_diff(old, new)
    values = collections.Counter()
    for site in data["sites"]:
        frames = [data["frames"][f] for f in site["stack"]]
        held = [f for f in frames if f["function"] == "hold" and f["module"] == "[js]"]
        if held and site["base"]["inuse_space"] + site["new"]["inuse_space"] >= 10000:
            expect(held[0]["file"].endswith("release-2/shop.js"), held)
            expect(site["change"] == "grew", site)
            values.update({side: site[side]["inuse_space"] for side in ("base", "new", "delta")})
    expect(values["base"] >= 1000000 and values["new"] >= 1500000, values)
    expect(500000 <= values["delta"] < 510000, values)


# --- every format says the same -----------------------------------------------------------------


def total(new, metric):
    before, now = (pprof.load(path).total(metric) for path in (base()[0], new[0]))
    return now - before


def folded_total(new, metric):
    lines = diff("-f", "folded2", "-m", metric, base()[0], new[0]).splitlines()
    for line in lines:
        expect(re.fullmatch(r"regress(;[^;]+)+ \d+ \d+", line), "not two columns:", line)
    expect(len({line.rsplit(" ", 2)[0] for line in lines}) == len(lines), "a stack twice")
    return sum(int(line.split(" ")[-1]) - int(line.split(" ")[-2]) for line in lines)


def svg_total(new, metric):
    """Of the root: what its title says of before and now, in exact numbers only for objects."""
    root = ElementTree.fromstring(diff("-f", "svg", "-m", metric, base()[0], new[0]))
    frames = root.find(".//*[@id='frames']")
    title = frames[0].find("{http://www.w3.org/2000/svg}title").text
    before, now = re.search(r"(\d+) objects? before, (\d+) objects? now", title).groups()
    return int(now) - int(before)


def table_total(new, metric):
    line = diff("-m", metric, "--top", "1", base()[0], new[0]).splitlines()[-1].split()
    expect(line[-1] == "total", line)
    return int(line[4])


@test("json, pprof, folded2: deltas add up to total(new) - total(base), for every metric")
def totals():
    for new in (restarted(), rebuilt()):
        written = scratch() / "change.pb.gz"
        diff("-q", "-o", written, base()[0], new[0])
        for metric in FIELDS:
            expected = total(new, metric)
            data = json_diff(base()[0], new[0])
            expect(data["totals"][metric] == expected, "json", metric, data["totals"], expected)
            summed = sum(site["delta"][metric] for site in data["sites"])
            expect(summed == expected, "json sites", metric, summed, expected)
            expect(pprof.load(written).total(metric) == expected, "pprof", metric)
            expect(folded_total(new, metric) == expected, "folded2", metric)


@test("svg, table: the totals too, in objects")
def object_totals():
    for metric in ("inuse_objects", "alloc_objects"):
        expected = total(rebuilt(), metric)
        expect(svg_total(rebuilt(), metric) == expected, "svg", metric)
        expect(table_total(rebuilt(), metric) == expected, "table", metric)


@test("svg: frames are as wide as the larger of the two, and those above fit")
def svg_widths():
    data = json_diff(base()[0], rebuilt()[0])
    root = ElementTree.fromstring(diff("-f", "svg", base()[0], rebuilt()[0]))
    frames = root.find(".//*[@id='frames']")
    names = {f.find("{http://www.w3.org/2000/svg}title").text.split("\n")[0]: f for f in frames}
    widths = [max(s["base"]["inuse_space"], s["new"]["inuse_space"]) for s in data["sites"]]
    expect(int(names["all"].get("data-v")) == sum(widths), names["all"].attrib, sum(widths))
    for name, kind in (("arrived", "p5"), ("retired", "m5"), ("steady", "z")):
        expect(names[name].get("class") == kind, name, names[name].attrib)
    expect(names["grows"].get("class").startswith("p"), names["grows"].attrib)
    expect(names["shrinks"].get("class").startswith("m"), names["shrinks"].attrib)


@test("pprof: -top of the difference has the numbers of -diff_base of the two, in both its forms")
def go_reads():
    for tool in TOOLS:
        go_reads_with(tool)


def go_reads_with(tool):
    written = scratch() / "change.pb.gz"
    for new in (restarted(), rebuilt()):
        diff("-q", "-o", written, base()[0], new[0])
        options = ["-top", "-unit=B", "-nodefraction=0", "-nodecount=100", "-sample_index=inuse_space"]
        ours = top_flat(go_pprof(*options, written, tool=tool))
        theirs = top_flat(go_pprof(*options, f"-diff_base={base()[0]}", new[0], tool=tool))
        expect(ours and ours["main"] == total(new, "inuse_space"), ours)
        for site in [*SITES, "main"]:
            expect(ours.get(site, 0) == theirs.get(site, 0), site, ours, theirs)


@test("the profile of a difference, in report: the deltas, and that it is one")
def reported():
    written = scratch() / "change.pb.gz"
    diff("-q", "-o", written, base()[0], rebuilt()[0])
    data = json.loads(report(written, "-f", "json"))
    expect(data["totals"]["inuse_space"] == total(rebuilt(), "inuse_space"), data["totals"])
    text = report(written)
    expect("diff      NEW minus BASE" in text, text)


# --- rates and errors ----------------------------------------------------------------------------


@test("--per-second divides each by its own time")
def per_second():
    data = json_diff(base()[0], restarted()[0], "--per-second")
    expect(data["per_second"] is True, data["per_second"])
    for side, (path, _) in (("base", base()), ("new", restarted())):
        profile = pprof.load(path)
        seconds = int(profile.notes["watched_ns"]) / 1e9
        expect(abs(data[side]["seconds"] - seconds) < 1e-3, data[side]["seconds"], seconds)
        rate = profile.total("alloc_space") / seconds
        found = data[side]["totals"]["alloc_space"]
        expect(abs(found - rate) <= len(data["sites"]), side, found, rate)


@test("sampled: the error of a change is that of both, and one in it is marked")
def sampled():
    profiles = [recorded(f"sampled{i}", options=["--more=30000"], rate="64K") for i in range(2)]
    data = json_diff(profiles[0][0], profiles[1][0])
    errors = []
    for path, _ in profiles:
        samples = json.loads(report(path, "-f", "json"))
        errors.append(samples["errors"]["inuse_stderr"])
    found, expected = data["errors"]["inuse_stderr"], (errors[0] ** 2 + errors[1] ** 2) ** 0.5
    expect(abs(found - expected) <= 0.01 * expected + 2, found, errors)
    size = abs(data["totals"]["inuse_space"])
    expect(data["within_error"] == (size <= 2 * found), data["within_error"], size, found)
    text = diff("-q", profiles[0][0], profiles[1][0])
    expect("one standard error of the delta" in text, text)
    within = [s for s in data["sites"] if s["within_error"] and s["delta"]["inuse_space"]]
    expect(("~ within the error" in text) == bool(within), text)


# --- refusals ------------------------------------------------------------------------------------


def refused(*args, status=1):
    result = heaptap("diff", *args)
    expect_status(result, status)
    expect(result.stdout == "", result)
    return result.stderr


@test("refused: folded in one column, one file, what is no profile, other sources")
def refusals():
    old, new = base()[0], rebuilt()[0]
    expect("folded2" in refused("-f", "folded", old, new, status=2))
    expect("folded2" in refused("-o", "x.folded", old, new, status=2))
    expect("which two" in refused(old, status=2))
    expect("third" in refused(old, new, new, status=2))
    expect("one of BASE and NEW" in refused("-", "-", status=2))
    expect("no such file" in refused(old, "/nonexistent").lower())
    gc = keep() / "literal"
    gc.mkdir(exist_ok=True)
    if (BUILD / "tests/golden_profiles").exists():
        expect_status(run([BUILD / "tests/golden_profiles", gc]), 0)
        expect("source" in refused(old, gc / "gc.pb.gz"))


# --- in a browser --------------------------------------------------------------------------------


@test("svg in a browser: details of a change under the pointer; the search adds up widths")
def browser():
    path = scratch() / "change.svg"
    diff("-q", "-o", path, base()[0], rebuilt()[0])
    page = Page()
    page.goto(f"file://{path}")
    label = "document.querySelector('#frames > g[aria-label^=\"retired,\"]').getAttribute('aria-label')"
    text = page.evaluate(label)
    expect(re.search(r"-60\.3K, gone: 60\.3K before, 0 now", text), text)
    page.goto(f"file://{path}#search=retired|arrived")
    found = page.evaluate("document.querySelector('.found').dataset.value")
    expect(int(found) == 50 * (1234 + 777), found)


main()
