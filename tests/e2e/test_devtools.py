#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A .heapprofile in the Memory panel of Chromium's own DevTools: loaded as a user loads it, the model
it makes of the file has our values to the byte, and its grid shows them."""

import collections

from browser import *

DEVTOOLS = "devtools://devtools/bundled/devtools_app.html?panel=heap-profiler"

# The panel's own door for files, then a click on what was loaded, until a row has @wanted: places are
# filled in after the rows. Everything is in shadow trees.
LOAD = """(async (text, wanted) => {
	const everything = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? everything(e.shadowRoot) : [])]);
	const wait = async (what, find) => {
		for (let i = 0; i < 200; i++) {
			const found = await find();
			if (found) return found;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		throw new Error("DevTools: " + what);
	};
	await wait("no panel", () => everything(document).some((e) => e.matches("li") && e.textContent === "Sampling profiles"));
	const UI = await import("./ui/legacy/legacy.js");
	await UI.ViewManager.ViewManager.instance().showView("heap-profiler");
	const { HeapProfilerPanel } = await import("./panels/profiler/profiler.js");
	const panel = HeapProfilerPanel.HeapProfilerPanel.instance();
	await panel.loadFromFile(new File([text], "heaptap.heapprofile"));
	const item = await wait("no profile in the list", () =>
		everything(document).find((e) => e.matches("li") && e.textContent.startsWith("heaptap(Loaded)")));
	for (const type of ["mousedown", "mouseup", "click"])
		item.dispatchEvent(new MouseEvent(type, { bubbles: true, composed: true, button: 0 }));
	const profile = await wait("no view of the profile", () => panel.visibleView?.profileInternal);
	const rows = await wait("no rows", () => {
		const found = everything(document).filter((e) => e.matches("tr")).map((e) => e.textContent.trim()).filter((t) => /%/.test(t));
		return found.some((t) => t.includes(wanted)) && found;
	});
	const self = {};
	const walk = (node) => {
		if (node.self) self[node.functionName] = (self[node.functionName] ?? 0) + node.self;
		node.children.forEach(walk);
	};
	walk(profile.root);
	return { total: profile.root.total, self, rows };
})"""


def loaded(text, wanted=""):
    page = Page()
    page.goto(DEVTOOLS)
    return page.evaluate(f"{LOAD}({json.dumps(text)}, {json.dumps(wanted)})")


def leaves(profile, metric):
    """Bytes by the leaf's name, from the JSON of the same profile; the total of what is above 0."""
    data = json.loads(report(profile, "-f", "json"))
    sums = collections.Counter()
    for site in data["sites"]:
        value = site["values"].get(metric, 0)
        if value > 0 and site["stack"]:
            sums[data["frames"][site["stack"][0]]["function"]] += value
    return dict(sums)


def literal(name):
    program = BUILD / "tests/golden_profiles"
    if not program.exists():
        raise Skip(f"{program} is not built (make check builds it)")
    directory = scratch()
    expect_status(run([program, directory]), 0)
    return directory / f"{name}.pb.gz"


@test("plain", "plain", "inuse_space")
@test("plain, allocated", "plain", "alloc_space")
@test("C++ and Rust", "cpp", "inuse_space")
@test("JavaScript", "js", "alloc_space")
@test("several processes", "system", "inuse_space")
@test("names that are markup", "markup", "inuse_space")
def same(name, metric):
    profile = literal(name)
    seen = loaded(report(profile, "-q", "-f", "heapprofile", "-m", metric))
    expected = leaves(profile, metric)
    expect(seen["total"] == sum(expected.values()) > 0, seen["total"], expected)
    expect(seen["self"] == expected, seen["self"], expected)
    expect(seen["rows"], "the grid has rows")


@test("the grid shows functions with their file and line")
def grid():
    text = report(literal("plain"), "-f", "heapprofile")
    rows = [row.replace("\xa0", " ") for row in loaded(text, "src/cache.c")["rows"]]
    expect(any("cache_addsrc/cache.c:120" in row and "10.0 kB" in row for row in rows), rows)
    expect(any("calloc" in row and "99.81" in row for row in rows), rows)


@test("an empty profile is loaded, a broken one is not taken for one")
def empty():
    text = report(literal("empty"), "-f", "heapprofile")
    try:
        loaded(text)
        raise Failure("rows of nothing")
    except Failure as failure:
        expect("DevTools: no rows" in str(failure), failure)


main()
