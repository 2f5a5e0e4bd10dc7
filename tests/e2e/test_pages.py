#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: it watches every process of the machine.
"""--source page: resident memory by the stack that touched it first, beside what the kernel says."""

from harness import *

SOURCE = ["-s", "page"]
WITHIN = 0.05  # of the growth of the resident memory


def huge_pages():
    path = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return path.exists() and "[never]" not in path.read_text()


def anonymous(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) << 10


class Lens:
    """A recording of the source page, which has no probe to be seen in the target."""

    def __init__(self, *options, **more):
        self.recording = Recording(*SOURCE, *options, attached=False, **more)
        wait_until(lambda: "recording" in self.recording.stderr(), "the recording")
        time.sleep(0.1)

    def finish(self):
        self.recording.stop()
        return self.recording.profile()


def pages(*options, rate="1", flags=()):
    """The profile, the truth, and how the resident memory has grown."""
    target = Target("pages", *flags)
    before = anonymous(target.pid)
    lens = Lens(*options, pid=target.pid, rate=rate)
    truths = target.go()
    growth = anonymous(target.pid) - before
    return lens.finish(), truths, growth


def expect_growth(profile, growth, within=WITHIN):
    got = profile.total("inuse_space")
    expect(abs(got - growth) <= within * growth, f"{got} in pages, {growth} grown; {profile.notes}")


def need_huge_pages():
    if not huge_pages():
        raise Skip("huge pages are switched off on this system")


@test("exact: every page of every site, and what is resident of it")
def exact():
    profile, truths, growth = pages()
    expect_truth(profile, truths, direct=False, whole=False)
    expect_growth(profile, growth, 0.005)
    for site in ("write_after_read", "read_file", "touch_file"):
        expect(not at_site(profile, site), f"{site} touched nothing first")
    for sample in profile.samples:
        expect(sample.labels.get("kind") == "page", sample.labels)
    expect(profile.notes["source"] == "page", profile.notes)
    only_read = next(t for t in truths if t["site"] == "read_only")
    if not only_read["inuse_bytes"]:  # the kernel maps one page of zeroes for all
        expect(int(profile.notes["page_read_only_faults"]) >= 100, profile.notes)
    expect(int(profile.notes["rss_anon_change"]) == growth, profile.notes)
    expect(abs(int(profile.notes["rss_unexplained"])) <= 0.005 * growth, profile.notes)


@test("huge pages count as what they are, also when a part is given back")
def huge():
    need_huge_pages()
    profile, truths, growth = pages(flags=["--huge"])
    expect_truth(profile, truths, direct=False, whole=False)
    expect_growth(profile, growth, 0.005)
    expect(profile.notes["page_huge_faults"] == "8", profile.notes)


@test("what a child shares is not touched a second time when it is copied")
def forked():
    profile, truths, _ = pages(flags=["--fork"])
    expect_truth(profile, truths, direct=False, whole=False)
    expect(not at_site(profile, "write_shared"), "copies are counted")


@test("--follow: the child's copies are no first touch either")
def followed():
    profile, truths, _ = pages("--follow", flags=["--fork"])
    expect_truth(profile, truths, direct=False, whole=False)
    expect(not at_site(profile, "write_shared"), "copies are counted")


@test("exec empties the books")
def execed():
    profile, truths, _ = pages(flags=["--exec"])
    expect_truth(profile, [t for t in truths if t["alloc_bytes"]], direct=False, whole=False)
    gone = at_site(profile, "touch_unmapped")
    expect(sum(s.values["alloc_objects"] for s in gone) == 500, gone)
    expect(not sum(s.values["inuse_space"] for s in gone), gone)


@test("sampled, by a rate and by none: the sum is the growth of the memory")
def sampled():
    for rate in ("64K", "auto"):
        profile, truths, growth = pages(rate=rate, flags=["--size=256"])
        expect_growth(profile, growth)
        large = next(t for t in truths if t["site"] == "touch_large")
        got = sum(s.values["inuse_space"] for s in at_site(profile, "touch_large"))
        expect(abs(got - large["inuse_bytes"]) <= WITHIN * large["inuse_bytes"], got, large)
        stated = int(profile.notes["page_samples"])
        expect(0 < stated < int(profile.notes["page_faults"]), profile.notes)


@test("a command from its start; what it held when it was looked at last is held to its end")
def command():
    recording = Recording(*SOURCE, command=[TARGETS / "pages"])
    result = expect_status(recording.wait(), 0)
    profile = recording.profile()
    truths = parse_truth(result.stdout.splitlines())
    touched = {t["site"]: t["alloc_objects"] for t in truths}
    for site in ("touch_large", "touch_unmapped", "read_only"):
        got = sum(s.values["alloc_objects"] for s in at_site(profile, site))
        expect(got == touched[site], f"{site}: {got}, not {touched[site]}")
    expect(profile.notes["attached"] == "start", profile.notes)


@test("all processes: the page lens is what --all means, and each has its own")
def system_wide():
    target = Target("pages", "--size=64")
    lens = Lens("--all", rate="auto")
    truths = target.go()
    time.sleep(0.5)
    profile = lens.finish()
    expect(profile.notes["source"] == "page", profile.notes)
    large = next(t for t in truths if t["site"] == "touch_large")
    mine = [s for s in at_site(profile, "touch_large") if s.labels.get("comm") == "pages"]
    got = sum(s.values["inuse_space"] for s in mine)
    expect(abs(got - large["inuse_bytes"]) <= 0.2 * large["inuse_bytes"], got, large)


JAVASCRIPT = """
const keep = [];
function hoard() { for (let i = 0; i < 100; i++) keep.push(Buffer.alloc(1 << 20, 1)); }
function objects() { for (let i = 0; i < 100000; i++) keep.push({ i, s: "x" + i, a: [i, i] }); }
process.stdout.write("ready\\n");
process.stdin.once("data", () => { hoard(); objects(); console.log("done"); });
"""


@test("JavaScript: by function, Buffers and V8's heap alike")
def javascript():
    if not shutil.which("node"):
        raise Skip("there is no node")
    target = Process(["node", "-e", JAVASCRIPT])
    expect(target.line() == "ready", "node does not start")
    before = anonymous(target.pid)
    lens = Lens(pid=target.pid, rate="1")
    target.send()
    expect(target.line() == "done", "node does not work")
    growth = anonymous(target.pid) - before
    profile = lens.finish()
    expect_growth(profile, growth)
    held = lambda name: sum(
        s.values["inuse_space"] for s in profile.samples if any(f.split()[0] == name for f in s.frames)
    )
    expect(100 << 20 <= held("hoard") <= 106 << 20, held("hoard"))
    expect(held("objects") >= 4 << 20, held("objects"))


@test("intervals: what is resident follows the process")
def intervals():
    target = Target("pages", "--huge") if huge_pages() else Target("pages")
    lens = Lens("-i", "300ms", pid=target.pid, rate="1")
    target.go()
    time.sleep(0.7)
    lens.finish()
    first, *_ = sorted(lens.recording.directory.glob("out.0*.pb.gz"))
    last = sorted(lens.recording.directory.glob("out.0*.pb.gz"))[-1]
    end = lens.recording.profile().total("inuse_space")
    expect(pprof.load(last).total("inuse_space") == end, "the last snapshot is not the end")
    expect(pprof.load(first).total("inuse_space") <= pprof.load(last).total("alloc_space"), first)


@test("what is not for the source page is refused")
def refused():
    for options, word in ((["--with-mmap"], "malloc"), (["--budget", "5%"], "malloc")):
        result = heaptap("record", *SOURCE, *options, "-p", "1")
        expect_message(result, 2, word)


main()
