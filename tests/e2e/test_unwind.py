#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Stacks without frame pointers against libdwfl: real programs from their start and attached to while
they run. No stack called complete differs; nearly all are complete."""

import socket

from unwinding import *

FROM_START, ATTACHED = 0.99, 0.995  # complete at least

MODULES = (
    "math json zlib bz2 lzma hashlib ssl sqlite3 ctypes decimal array socket select struct random"
    " unicodedata pyexpat mmap resource termios"
)
PYTHON = f"import {', '.join(MODULES.split())}\n"
PYTHON_WORK = """
import os, sys
if len(sys.argv) > 1:
    print("ready", flush=True)
    sys.stdin.readline()
if not os.fork():
    [bytearray(5000) for _ in range(500)]
    os._exit(0)
os.wait()
for i in range(60):
    json.loads(json.dumps({str(n): [n, str(n) * 40] for n in range(100)}))
    zlib.compress(bytes(20000)); hashlib.sha256(b"x" * 9999).hexdigest()
    db = sqlite3.connect(":memory:"); db.execute("create table t(a)"); db.close()
"""
NODE = """
const zlib = require('zlib'), crypto = require('crypto');
function work() {
  const map = new Map(), keep = [];
  for (let i = 0; i < 100; i++) {
    map.set('k' + i, {a: i, b: [i, i + 1]});
    keep.push(Buffer.alloc(20000 + i));
    if (i % 10) continue;
    crypto.createHash('sha256').update(keep[i]).digest('hex');
    zlib.deflateSync(keep[i]);
    JSON.parse(JSON.stringify([...map]));
    [3, 1, 2].sort((a, b) => { Buffer.alloc(30000); return a - b; });
  }
}
if (process.argv.length > 2) {
  console.log('ready');
  process.stdin.once('data', () => { for (let i = 0; i < 5; i++) work(); process.exit(0); });
} else work();
"""
CXX = "".join(f"#include <{h}>\n" for h in ("map", "string", "vector", "functional", "algorithm"))
CXX += """
int main() {
  std::map<std::string, std::vector<int>> m;
  std::function<int(int)> f = [&](int x) { return x + (int)m.size(); };
  m["a"].push_back(f(1));
  std::sort(m["a"].begin(), m["a"].end());
}
"""
SQL = """
create table t as select g, md5(g::text) m from generate_series(1, 5000) g;
create index on t(m);
select count(*) from (select m, g from t order by m) s;
select count(*) from pg_class a join pg_attribute b on a.oid = b.attrelid where b.attname ~ 'a.*';
"""


def there(program):
    path = shutil.which(program)
    if not path:
        raise Skip(f"{program} is not installed")
    return path


def script(suffix, text):
    path = scratch() / f"script{suffix}"
    path.write_text(text)
    return path


def python(*more):
    return [there("/usr/bin/python3"), "-S", script(".py", PYTHON + PYTHON_WORK), *more]


def node(*more, options=()):
    return [there("node"), *options, script(".js", NODE), *more]


def clang(source):
    return [there("clang++"), "-x", "c++", "-fsyntax-only", source]


def gdb(*more):
    return [there("gdb"), "-nx", "-q", *more, TARGETS / "cxx"]


def postgres():
    """A database of its own, by a user that is not root; a server of one process."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise Skip("postgresql is not installed")
    data = scratch() / "data"
    data.parent.chmod(0o777)
    options = ["-D", data, "--no-sync", "-A", "trust", "--no-locale", "-E", "UTF8"]
    expect_status(run(as_nobody([found[-1].parent / "initdb", *options]), cwd="/"), 0)
    return as_nobody([found[-1], "--single", "-D", data, "postgres"])


def redis(directory):
    options = "--port 0 --save".split()
    return [there("redis-server"), *options, "", "--unixsocket", directory / "s", "--dir", directory]


def redis_work(directory):
    path = directory / "s"
    wait_until(path.exists, "redis-server listens")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        for n in range(40):
            for words in (
                ["SET", f"k{n}", "x" * 9000],
                ["LPUSH", "list", *"abc", str(n)],
                ["HSET", "hash", f"f{n}", "y" * 100],
                ["EVAL", "return {KEYS[1], string.rep('z', 300)}", "1", "k"],
                ["SORT", "list", "ALPHA"],
            ):
                text = "".join(f"${len(w)}\r\n{w}\r\n" for w in words)
                connection.sendall(f"*{len(words)}\r\n{text}".encode())
                connection.recv(1 << 16)
        connection.sendall(b"SHUTDOWN NOSAVE\r\n")


def from_start(name, argv, every, rate="1", least=FROM_START, nr_least=300):
    recording = DumpedRecording(command=argv, every=every, rate=rate)
    result = recording.wait()
    expect_status(result, 0)
    return expect_true_stacks(f"{name} from its start", recording, least, nr_least)


def attached(name, process, work, every, rate="1", nr_least=300):
    recording = DumpedRecording(pid=process.pid, every=every, rate=rate)
    work(process)
    expect_status(recording.wait(), 0)
    return expect_true_stacks(f"{name} attached to", recording, ATTACHED, nr_least)


@test("python3 importing 20 C modules")
def python_start():
    from_start("python3", python(), 7)


@test("a program that lives a moment: every stack from the first instruction")
def short_start():
    profile = from_start("ls", [there("ls"), "-lR", "/usr/lib/python3"], 1, nr_least=100)
    expect(share(profile) == 1, profile.notes)


@test("an exec after the start: the tables of the new program")
def exec_start():
    argv = [there("env"), *python()]
    from_start("env python3", argv, 7)


@test("node with JIT")
def node_start():
    from_start("node", node(), 31)


@test("node without JIT")
def node_jitless_start():
    from_start("node --jitless", node(options=["--jitless"]), 31)


@test("clang compiling C++")
def clang_start():
    from_start("clang", clang(script(".cpp", CXX)), 5, rate="8K")


@test("gdb reading symbols and running a program")
def gdb_start():
    commands = ["-batch", "-ex", "info functions main", "-ex", "break main", "-ex", "run", "-ex", "bt"]
    from_start("gdb", gdb(*commands), 11)


@test("redis-server")
def redis_start():
    directory = scratch()
    recording = DumpedRecording(command=redis(directory), every=7)
    redis_work(directory)
    expect_status(recording.wait(), 0)
    expect_true_stacks("redis-server from its start", recording, FROM_START, 300)


@test("segments that share a page of the file, as lld links them")
def shared_page():
    path = TARGETS / "rust"
    if not path.exists():
        raise Skip("rustc is not installed")
    profile = from_start("rust", [path], 1, nr_least=100)
    expect(share(profile) == 1, profile.notes)


@test("postgres")
def postgres_start():
    from_start("postgres", postgres(), 3)


@test("python3, attached to")
def python_attached():
    process = Process(python("wait"))
    process.line()
    attached("python3", process, lambda p: p.send(), 11)


@test("node, attached to")
def node_attached():
    process = Process(node("wait"))
    process.line()
    attached("node", process, lambda p: p.send(), 7)


@test("node without JIT, attached to")
def node_jitless_attached():
    process = Process(node("wait", options=["--jitless"]), stderr=subprocess.DEVNULL)
    process.line()
    attached("node --jitless", process, lambda p: p.send(), 7)


@test("clang, attached to")
def clang_attached():
    process = Process(clang("-"), stderr=subprocess.DEVNULL)
    wait_until(lambda: "libclang" in Path(f"/proc/{process.pid}/maps").read_text(), "it runs")
    time.sleep(0.2)

    def work(process):
        process.send(CXX)
        process.process.stdin.close()

    attached("clang", process, work, 5, rate="8K")


@test("gdb, attached to")
def gdb_attached():
    process = Process(gdb(), stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    work = "info functions main\nbreak main\ninfo types a\ninfo variables\nquit\n"
    attached("gdb", process, lambda p: p.send(work), 31)


@test("redis-server, attached to")
def redis_attached():
    directory = scratch()
    process = Process(redis(directory))
    wait_until((directory / "s").exists, "redis-server listens")
    attached("redis-server", process, lambda p: redis_work(directory), 3)


@test("postgres, attached to")
def postgres_attached():
    process = Process(postgres(), stderr=subprocess.DEVNULL)
    wait_until(lambda: "backend" in (process.line() or ""), "postgres is ready")

    def work(process):
        process.send("\n".join(SQL.split(";\n")) + "\n")
        process.process.stdin.close()

    attached("postgres", process, work, 11)


main()
