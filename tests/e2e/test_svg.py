#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The flame graph in a real browser: zoom, search, the state in the address, and names that are
nothing but names. The profiles are the literal ones of tests/golden, and one recording."""

import atexit
import xml.etree.ElementTree as ElementTree

from browser import *

NS = "{http://www.w3.org/2000/svg}"
PLAIN_TOTAL = 9000 + 1000 + 5242880 + 72
_made = {}


def golden():
    """The directory of the literal profiles."""
    if not _made:
        program = BUILD / "tests/golden_profiles"
        if not program.exists():
            raise Skip(f"{program} is not built (make check builds it)")
        _made["path"] = Path(tempfile.mkdtemp(prefix="heaptap-test."))
        atexit.register(shutil.rmtree, _made["path"])
        expect_status(run([program, _made["path"]]), 0)
    return _made["path"]


def graph(name, *options):
    """The SVG of a literal profile."""
    path = scratch() / f"{name}.svg"
    report(golden() / f"{name}.pb.gz", "-o", path, *options)
    return path


VISIBLE = """[...document.querySelectorAll('#frames > g')].filter(g => g.style.display != 'none').map(g => ({
    name: g.getAttribute('aria-label').split(', ')[0], value: +g.dataset.v,
    x: +g.querySelector('rect').getAttribute('x'), y: +g.querySelector('rect').getAttribute('y'),
    width: +g.querySelector('rect').getAttribute('width'), text: g.querySelector('text')?.textContent ?? '',
    hit: g.classList.contains('hit'), below: g.classList.contains('below')}))"""


class Graph:
    """A page that shows an SVG."""

    def __init__(self, path, fragment="", **options):
        self.page = Page(**options)
        self.page.goto(f"file://{path}{fragment}")

    def frames(self):
        return self.page.evaluate(VISIBLE)

    def frame(self, name):
        found = [frame for frame in self.frames() if frame["name"] == name]
        expect(found, f"no frame {name} is shown:", [f["name"] for f in self.frames()])
        return found[0]

    def shows(self, name):
        return any(frame["name"] == name for frame in self.frames())

    def select(self, name):
        return f"#frames > g[aria-label^='{name}, '] rect"

    def zoom(self, name):
        self.page.click(self.select(name))

    def fragment(self):
        return self.page.evaluate("location.hash")

    def matched(self):
        return (
            self.page.evaluate("document.querySelector('.found').textContent"),
            self.page.evaluate("document.querySelector('.found').dataset.value"),
        )

    def quiet(self):
        expect(self.page.said() == [], "the browser says:", self.page.said())


@test("every frame is drawn, its width is its share, and the browser has nothing to say")
def drawn():
    view = Graph(graph("plain"))
    root = view.frame("all")
    expect(root["value"] == PLAIN_TOTAL and root["width"] == 1200 - 24, root)
    for frame in view.frames():
        share = frame["value"] / PLAIN_TOTAL
        expect(abs(frame["width"] - share * root["width"]) < 0.02, frame)
    expect(view.frame("main")["text"] == "main", view.frame("main"))
    title = view.page.evaluate("document.querySelector('text.title').textContent")
    expect(title == "leaky: 5.0M of memory in use", title)
    view.quiet()


@test("a click zooms, an ancestor's goes back, the button and Escape reset")
def zoom():
    view = Graph(graph("plain"))
    view.zoom("main")
    full = view.frame("all")["width"]
    expect(view.frame("main")["width"] == full, view.frame("main"))
    expect(view.frame("leaky")["below"] and not view.frame("main")["below"], view.frames())
    expect(not view.shows("[truncated]"), "what is beside is gone", view.frames())
    inner = view.frame("[libplugin.so.1]")
    expect(abs(inner["width"] - full * inner["value"] / view.frame("main")["value"]) < 0.02, inner)
    expect(view.fragment().startswith("#zoom="), view.fragment())
    view.zoom("leaky")
    expect(view.frame("main")["width"] < full and view.shows("main"), view.frames())
    view.page.click("text=Reset zoom")
    expect(view.fragment() == "" and not view.frame("leaky")["below"], view.fragment())
    view.zoom("main")
    view.page.press("Escape")
    expect(view.fragment() == "" and view.shows("leaky"), view.fragment())
    view.page.back()
    expect(view.frame("leaky")["below"], "the way back leads to the view before", view.fragment())
    view.quiet()


@test("search: a stack that matches twice counts once; the share is that of what is shown")
def search():
    view = Graph(graph("plain"))
    view.page.fill(".bar input", "cache_add|malloc")
    expect(view.matched() == ("0.2% matched", str(9000 + 1000 + 72)), view.matched())
    hits = sorted({frame["name"] for frame in view.frames() if frame["hit"]})
    expect(hits == ["cache_add", "malloc", "xmalloc"], hits)
    view.page.fill(".bar input", "^\\[lib")
    expect(view.matched() == ("99.8% matched", "5242880"), view.matched())
    view.zoom("main")
    main = view.frame("main")["value"]
    expect(view.matched()[0] == f"{100 * 5242880 / main:.1f}% matched", view.matched(), main)
    view.page.fill(".bar input", "leaky")
    expect(view.matched() == ("100.0% matched", str(main)), "a frame below", view.matched())
    view.page.fill(".bar input", "MAIN")
    expect(view.matched()[1] == "0", "capitals count", view.matched())
    view.page.fill(".bar input", "(")
    expect(view.matched()[0] == "not a regular expression", view.matched())
    expect(not any(frame["hit"] for frame in view.frames()), "nothing is marked")
    view.page.fill(".bar input", "")
    expect(view.matched() == ("", "") and "search" not in view.fragment(), view.matched())
    view.quiet()


@test("Ctrl-F goes to the search field, Escape empties it")
def keys():
    view = Graph(graph("plain"))
    view.page.press("Control+f")
    focus = view.page.evaluate("document.activeElement === document.querySelector('.bar input')")
    expect(focus, "the field has the focus")
    for letter in "calloc":
        view.page.press(letter)
    expect(view.matched()[1] == "5242880", view.matched())
    view.page.press("Escape")
    expect(view.matched()[0] == "" and view.fragment() == "", view.matched(), view.fragment())
    view.quiet()


@test("the address has the whole state: a reload and a link show the same")
def state():
    path = graph("plain")
    view = Graph(path)
    view.zoom("main")
    view.page.fill(".bar input", "x=&#+ %|calloc")
    view.page.click("text=Icicle")
    before, matched, fragment = view.frames(), view.matched(), view.fragment()
    expect(matched[1] == "5242880", matched)
    view.page.reload()
    expect(view.frames() == before and view.matched() == matched, view.frames(), before)
    other = Graph(path, fragment)
    expect(other.frames() == before and other.matched() == matched, other.frames(), before)
    for odd in ("#zoom=99999", "#zoom=-1", "#zoom=x&icicle=2", "#search=%", "#%00"):
        lost = Graph(path, odd)
        expect(lost.frame("all")["width"] == 1176, odd)
        lost.quiet()


@test("icicle: the root at the top, and back")
def icicle():
    view = Graph(graph("plain"))
    down = {frame["name"]: frame["y"] for frame in view.frames()}
    expect(down["main"] < down["leaky"] < down["all"], down)
    view.page.click("text=Icicle")
    up = {frame["name"]: frame["y"] for frame in view.frames()}
    expect(up["main"] > up["leaky"] > up["all"] == min(down.values()), up, down)
    view.page.click("text=Flame")
    expect({frame["name"]: frame["y"] for frame in view.frames()} == down, "as before")
    view.quiet()


@test("details under the pointer: name, bytes, objects, share, place, error")
def details():
    view = Graph(graph("sampled"))
    view.page.hover(view.select("big") + " >> nth=0")
    lines = view.page.evaluate("[...document.querySelectorAll('.tip > div')].map(e => e.textContent)")
    expect(lines == ["big", "47.7M (48.8%), 500 objects, error \u00b16.0%", "a.c:1"], lines)
    view.quiet()


@test("it fits the window, whatever its size")
def fits():
    view = Graph(graph("plain"))
    for width in (1700, 900):
        view.page.resize(width, 700)
        wait_until(lambda: view.frame("all")["width"] == width - 24, f"it is {width} wide")
        over = view.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        expect(not over, f"it is wider than {width}")
    view.quiet()


@test("without scripts everything can be read")
def without_scripts():
    path = graph("plain")
    page = Page(javaScriptEnabled=False)
    page.goto(f"file://{path}")
    frames = ElementTree.parse(path).getroot().find(f"{NS}g[@id='frames']")
    texts = [frame.find(NS + "text").text for frame in frames if frame.find(NS + "text") is not None]
    expect({"all", "leaky", "main", "calloc", "[libplugin.so.1]"} <= set(texts), texts)
    titles = [frame.find(NS + "title").text for frame in frames]
    expect(any(t == "cache_add\n8.8K (0.2%), 90 objects\nsrc/cache.c:120" for t in titles), titles)


@test("hostile names are shown as they are, and run nothing")
def hostile():
    for name in ("markup", "hostile"):
        path = graph(name)
        view = Graph(path)
        expect(view.page.evaluate("document.querySelectorAll('script').length") == 1, "one script")
        expect(view.page.evaluate("document.querySelectorAll('img, b:not(.tip b)').length") == 0)
        profile = json.loads(report(golden() / f"{name}.pb.gz", "-f", "json"))
        shown = {frame["name"] for frame in view.frames()}
        for frame in profile["frames"]:
            want = re.sub("[\x00-\x1f\x7f-\x9f\u2028-\u202e\ufffe\uffff]", "?", frame["function"])
            # a script's name has its file behind it
            expect(any(s.startswith(want.split(", ")[0]) for s in shown), want, shown)
        for frame in view.frames():
            expect(frame["width"] < 40 or frame["text"], frame)
        view.page.fill(".bar input", "<script>|onload=|\\]\\]>")
        view.quiet()


@test("an empty profile has a graph too")
def empty():
    view = Graph(graph("empty"))
    expect([frame["name"] for frame in view.frames()] == ["all"], view.frames())
    view.zoom("all")
    view.page.fill(".bar input", "all")
    expect(view.matched()[0] == "0.0% matched", view.matched())
    view.quiet()


@test("record writes it: the totals of every metric are the profile's")
def recorded():
    target = Target("shapes")
    recording = Recording(pid=target.pid)
    target.go()
    recording.stop()
    profile = recording.profile()
    for metric in METRICS.values():
        path = scratch() / "shapes.svg"
        report(recording.output, "-o", path, "-m", metric)
        frames = ElementTree.parse(path).getroot().find(f"{NS}g[@id='frames']")
        expect(int(frames[0].get("data-v")) == profile.total(metric), metric, frames[0].attrib)
    target = Target("simple")
    recording = Recording(pid=target.pid, output=scratch() / "simple.svg")
    target.go()
    recording.stop()
    text = recording.output.read_text()
    expect("<text" in text and "keep_all" in text, text[:2000])


main()
