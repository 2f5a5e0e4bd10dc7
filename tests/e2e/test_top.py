#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: it watches every process of the machine, and what is on the screen when.
"""heaptap top: the live view in a real terminal (tmux), and as plain text. What it shows is what the
target says, and it leaves the terminal as it found it."""

import os
import re
import resource
import signal

from harness import *

ROW = re.compile(r"^ *(\d+) +([\d.]+)% +([+-]?\d+) +(\d+) +(\d+) +([\d.]+)  (.+)$")
SHELL_READY = "ready to go"


class Terminal:
    """A shell in a tmux of its own."""

    def __init__(self, columns=80, rows=24, environment=None):
        if not shutil.which("tmux"):
            raise Skip("tmux is not there")
        self.socket = str(scratch() / "tmux")
        set_locale = {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        self.environment = {**os.environ, **set_locale, **(environment or {})}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "sh")
        at_end(lambda: self.tmux("kill-server"))
        self.tmux("set-option", "-g", "default-terminal", "screen-256color")
        self.run(f"PS1='$ '; clear; echo {SHELL_READY}")
        self.wait(SHELL_READY)

    def tmux(self, *args):
        argv = ["tmux", "-S", self.socket, *[str(a) for a in args]]
        return run(argv, env=self.environment).stdout

    def run(self, command):
        self.tmux("send-keys", "-l", command)
        self.keys("Enter")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def text(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def lines(self):
        return self.text().splitlines()

    def wait(self, pattern, timeout=15):
        found = lambda: re.search(pattern, self.text(), re.MULTILINE)
        try:
            return wait_until(found, pattern, timeout, every=0.05)
        except Failure as failure:
            raise Failure(f"{failure}\n{self.text()}")

    def says(self, format):
        return self.tmux("display-message", "-p", format).strip()

    def cursor_is_visible(self):
        return self.says("#{cursor_flag}") == "1"

    def pane_pid(self):
        return int(self.says("#{pane_pid}"))


def top_pid(terminal):
    """The heaptap that the terminal's shell runs."""
    shell = terminal.pane_pid()
    children = Path(f"/proc/{shell}/task/{shell}/children")
    return int(wait_until(lambda: children.read_text().split(), "heaptap runs in the shell")[0])


def leaky(rate=500):
    """The leaking service of the demo, that never ends by itself."""
    return Process([TARGETS / "leaky", f"--rate={rate}"])


def start(terminal, *options):
    terminal.run(f"clear; {HEAPTAP} top {' '.join(str(o) for o in options)}; echo status=$?")
    terminal.wait(r"^heaptap top  ")


def start_on_leaky(*options, **more):
    target, terminal = leaky(), Terminal(**more)
    start(terminal, "-p", target.pid, *options)
    terminal.wait(r"session_create  leaky\.c:54")
    return target, terminal


def rows(text):
    return [ROW.match(line) for line in text.splitlines() if ROW.match(line)]


def row_of(text, name):
    found = [m for m in rows(text) if m[7].startswith(name)]
    expect(len(found) == 1, f"one row '{name}' expected\n{text}")
    return found[0]


# --- plain text ---------------------------------------------------------------------------------


@test("--once: the total and each site equal what the target says, to the byte")
def once():
    target = Target("sizes", "--bytes=8192")
    process = subprocess.Popen(
        [HEAPTAP, "top", "-p", str(target.pid), "--once", "-d", "6s", "-r", "1", "--top", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    at_end(lambda: process.poll() is None and process.kill())
    wait_until(lambda: len(probes(target.pid)) > 2, "probes in the target")
    time.sleep(1)
    truths = target.go()
    out, err = process.communicate(timeout=30 * SLOW)
    expect(process.returncode == 0 and err == "", out, err)
    total = row_of(out, "total")
    live, objects = (sum(t[key] for t in truths) for key in ("inuse_bytes", "inuse_objects"))
    expect((int(total[1]), int(total[5])) == (live, objects), f"{live} in {objects}\n{out}")
    expect(f"live {live} bytes in {objects} objects" in out, out)
    for t in truths:
        row = row_of(out, t["site"] + " ")
        held = t["inuse_bytes"], t["inuse_objects"]
        expect((int(row[1]), int(row[5])) == held, f"{t}\n{row[0]}")
    expect("LOST" not in out and "exact" in out, out)
    expect(re.search(r"^cost: [\d.]+% of the target's CPU time", out, re.M), out)
    expect(re.search(r"^rss: [+-]\S+ since the start = \+\S+ native", out, re.M), out)


@test("--batch 3: three blocks, each with its header, without escape codes")
def batch():
    target = leaky()
    result = expect_status(
        heaptap("top", "-p", target.pid, "--batch", "3", "-i", "500ms", "--sort", "growth"), 0
    )
    blocks = result.stdout.split("\n\n")
    expect(len(blocks) == 3, result)
    for block in blocks:
        expect(block.startswith(f"heaptap top  pid {target.pid} (leaky)  "), block)
        expect(">growth/s" in block and "\033" not in block, block)
    growing = [int(row_of(block, "session_create  leaky.c:54")[1]) for block in blocks]
    expect(growing == sorted(set(growing)), growing)
    last = rows(blocks[2])[:-1]
    expect([int(r[3]) for r in last] == sorted((int(r[3]) for r in last), reverse=True), blocks[2])


@test("--batch ends with its target, --filter and --by choose")
def batch_end():
    command = [TARGETS / "leaky", "--rate=500", "--seconds=2"]
    result = heaptap("top", "--batch", "99", "-i", "700ms", "--filter", "log_", "--", *command)
    expect_status(result, 0)
    last = result.stdout.split("\n\n")[-1]
    expect(last.splitlines()[0].endswith("  ended"), result)
    expect([r[7].split()[0] for r in rows(last)] == ["log_append", "total"], last)
    expect("filter: log_ (1 rows)" in last, last)
    two = [leaky(), leaky()]
    pids = ",".join(str(p.pid) for p in two)
    text = expect_status(heaptap("top", "-p", pids, "--once", "--by", "pid"), 0).stdout
    for process in two:
        expect(int(row_of(text, f"{process.pid} leaky")[1]) > 0, text)


@test("without a terminal it says what to add; wrong options are refused")
def refusals():
    target = leaky()
    options = [
        ([], "standard input and output are not a terminal"),
        (["--batch", "0"], "--batch: '0' is not a number from 1"),
        (["--once", "--batch", "2"], "--once excludes --batch"),
        (["--once", "--sort", "size"], "there is no column 'size'"),
        (["--once", "--filter", "("], "--filter: '('"),
        (["--once", "-m", "gc_pause"], "there is no metric 'gc_pause'"),
        (["--once", "-i", "1ms"], "less than 100ms"),
    ]
    for more, words in options:
        result = heaptap("top", "-p", target.pid, *more, stdin=subprocess.DEVNULL)
        expect_status(result, 2)
        expect(words in result.stderr and not result.stdout, result)
    expect_status(heaptap("top", "-p", "999999999", "--once"), 2, 3)


# --- in a terminal ------------------------------------------------------------------------------


@test("the live view: sort keys, the metric, and a marked column")
def sorting():
    _, terminal = start_on_leaky("-r", "1")
    expect(">live" in terminal.text(), terminal.text())
    for key, title in (("g", ">growth/s"), ("a", ">alloc/s"), ("o", ">objects"), ("t", ">age")):
        terminal.keys(key)
        terminal.wait(title)
    terminal.keys("n")
    terminal.wait(r">site\n.*  log_append")
    terminal.keys("r")
    terminal.wait(r"<site\n.*  user_name_copy")
    terminal.keys("a")
    terminal.wait(r"alloc/s.*\n.* response_render")
    terminal.keys("l", "m")
    terminal.wait(r"^ *>live .* bytes ")
    terminal.keys("b")
    terminal.wait(r"  pid\n.* leaky$")


@test("drilling in shows the whole stack, Esc and q go back, h helps")
def drilling():
    _, terminal = start_on_leaky()
    terminal.keys("Enter")
    terminal.wait(r"^stack 1 of 1: ")
    for function in ("malloc", "session_create", "session_lookup", "handle_request", "main"):
        terminal.wait(rf"^    {function}\b")
    terminal.keys("Down", "Up", "Escape")
    terminal.wait(">live")
    terminal.keys("Enter")
    terminal.wait("^stack 1 of 1: ")
    terminal.keys("q")
    terminal.wait(">live")
    terminal.keys("h")
    terminal.wait("Sort by")
    terminal.keys("q")
    terminal.wait(">live")


@test("the filter: a regular expression on site or stack; a wrong one is said")
def filtering():
    _, terminal = start_on_leaky()
    terminal.keys("/")
    terminal.wait("^filter: _")
    terminal.keys("l", "o", "g", "x", "BSpace", "_", "Enter")
    terminal.wait(r"^filter: log_ \(1 rows\)")
    expect("session_create" not in terminal.text(), terminal.text())
    terminal.wait("log_append")
    terminal.keys("/", "C-u", "(", "Enter")
    terminal.wait("Unmatched")
    terminal.keys("/", "C-u", "Enter")
    terminal.wait("session_create")


@test("pause: the figures stand still, then go on")
def pausing():
    _, terminal = start_on_leaky("-i", "200ms")
    terminal.keys("Space")
    terminal.wait(" paused")
    time.sleep(0.3)
    before = terminal.text()
    time.sleep(1)
    expect(terminal.text() == before, "it went on\n", terminal.text())
    terminal.keys("Space")
    wait_until(lambda: terminal.text() != before and " paused" not in terminal.text(), "it goes on")


@test("resizing: everything fits, from 200x50 to 20x5")
def resizing():
    _, terminal = start_on_leaky()
    terminal.tmux("resize-window", "-x", 200, "-y", 50)
    terminal.wait("share")
    expect(terminal.lines()[49].startswith("q quit"), terminal.text())
    terminal.tmux("resize-window", "-x", 20, "-y", 5)
    terminal.wait("^heaptap top ")
    time.sleep(1.2)
    terminal.tmux("resize-window", "-x", 80, "-y", 24)
    terminal.wait("session_create  leaky.c:54")
    wait_until(lambda: terminal.lines()[23].startswith("q quit"), "the footer is below")
    expect("share" not in terminal.text(), terminal.text())


def tty_state(terminal):
    """What stty says, from outside of the shell's own line editing."""
    tty = terminal.says("#{pane_tty}")
    return run(["stty", "-a", "-F", tty]).stdout.split(";", 3)[3]


def ends_well(how):
    target, terminal = leaky(), Terminal()
    terminal.run("clear; stty -a | tail -n +2 >/dev/null; echo before")
    terminal.wait("^before")
    before = tty_state(terminal)
    start(terminal, "-p", target.pid)
    wait_until(lambda: not terminal.cursor_is_visible(), "the cursor is hidden")
    how(terminal)
    terminal.wait("^status=0")
    expect(terminal.cursor_is_visible(), "the cursor is still hidden")
    expect(terminal.says("#{alternate_on}") == "0", "still on the alternate screen")
    expect(tty_state(terminal) == before, before, tty_state(terminal))
    expect(target.alive(), "the target has ended")
    expect_no_probes(target.pid)


@test("q leaves the terminal as it was")
def quit_by_key():
    ends_well(lambda terminal: terminal.keys("q"))


@test("so do SIGTERM, SIGINT and Ctrl-C")
def quit_by_signal():
    ends_well(lambda terminal: os.kill(top_pid(terminal), signal.SIGTERM))
    ends_well(lambda terminal: os.kill(top_pid(terminal), signal.SIGINT))
    ends_well(lambda terminal: terminal.keys("C-c"))


@test("the end of the target: it says so and stays until q")
def target_end():
    target, terminal = start_on_leaky()
    target.process.kill()
    target.process.wait()
    terminal.wait(r"^heaptap top  .*  ended")
    terminal.wait("session_create  leaky.c:54")
    terminal.keys("Enter")
    terminal.wait("^stack 1 of 1")
    terminal.keys("q", "q")
    terminal.wait("^status=0")


@test("the window is closed: it ends, whether the target still runs or not")
def closed():
    for ended in (False, True):
        terminal, target = Terminal(), leaky()
        start(terminal, "-p", target.pid)
        if ended:
            target.process.kill()
            target.process.wait()
            terminal.wait("ended")
        pid = top_pid(terminal)
        terminal.tmux("kill-server")
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "heaptap has ended", timeout=5)


@test("a command's output does not reach the screen")
def command():
    terminal = Terminal()
    start(terminal, "--", "sh", "-c", "'while :; do echo MESS; echo MESS >&2; sleep 0.1; done'")
    time.sleep(1.5)
    expect("MESS" not in terminal.text(), terminal.text())
    child = top_pid(terminal)
    terminal.keys("C-c")
    terminal.wait("^status=0")
    expect(not Path(f"/proc/{child}").exists(), "heaptap is still there")


@test("colors: losses are red, and NO_COLOR is heeded")
def colors():
    target = leaky(rate=100000)
    for environment, colored in (({}, True), ({"NO_COLOR": "1"}, False)):
        terminal = Terminal(environment=environment)
        start(terminal, "-p", target.pid, "--budget", "0.01%")
        terminal.wait("^LOST: ended early", timeout=40)
        line = [l for l in terminal.text("-e").splitlines() if "LOST" in l][0]
        expect(bool(re.search(r"\033\[[\d;]*31m", line)) == colored, repr(line))
        lines = terminal.lines()
        lost, live = (next(i for i, l in enumerate(lines) if l.startswith(w)) for w in ("LOST", "live"))
        expect(lost < live, terminal.text())
        terminal.keys("q")
        terminal.wait("^status=0")


@test("names cannot break the screen: escape sequences, UTF-8, wide characters")
def hostile():
    terminal = Terminal()
    name = scratch() / "e\033[2J\033[31m\u00fc\u8a9e\n"
    shutil.copy(TARGETS / "leaky", name)
    target = Process([name, "--rate=200"])
    start(terminal, "-p", target.pid, "--by", "pid")
    terminal.wait(rf"{target.pid} e\?\[2J\?\[31m\u00fc")
    expect(terminal.lines()[0].startswith("heaptap top"), terminal.text())


@test("an unknown terminal is refused")
def unknown_terminal():
    target, terminal = leaky(), Terminal()
    terminal.run(f"clear; TERM=nonsense {HEAPTAP} top -p {target.pid}; echo status=$?")
    terminal.wait("^status=1")
    expect("TERM" in terminal.text() and "--once" in terminal.text(), terminal.text())


@test("the heap of V8 is in the line of RSS while it runs")
def node_rss():
    if not shutil.which("node"):
        raise Skip("node is not there")
    script = "const a = []; setInterval(() => { for (let i = 0; i < 2e4; i++) a.push({i}); }, 50)"
    node = Process(["node", "-e", script])
    time.sleep(1)
    result = heaptap("top", "-p", node.pid, "--batch", "2", "-i", "2s", "-r", "512K")
    expect_status(result, 0)
    lines = re.findall(r"^rss: .* native \(.*\) \+\S+ V8 heap.* the rest$", result.stdout, re.M)
    expect(len(lines) == 2 and lines[0] != lines[1], result)


@test("at 400 stacks a refresh each second takes little of a core")
def cost():
    target, terminal = Target("sizes", "--bytes=4096"), Terminal(200, 50)
    start(terminal, "-p", target.pid, "-r", "1")
    time.sleep(1)
    target.go()
    terminal.wait("size_24  sizes.c")
    terminal.keys("Enter")
    terminal.wait("^stack 1 of 40: ")
    terminal.keys("q")
    time.sleep(2 * SLOW)
    stat = Path(f"/proc/{top_pid(terminal)}/stat")
    ticks = lambda: sum(map(int, stat.read_text().split()[13:15]))
    begin, start_ticks = time.monotonic(), ticks()
    time.sleep(10)
    share = (ticks() - start_ticks) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - begin)
    print(f"# {100 * share:.1f}% of one core")
    expect(share < 0.10, f"{100 * share:.1f}% of one core")


if __name__ == "__main__":
    main()
