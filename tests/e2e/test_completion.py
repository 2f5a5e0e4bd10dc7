#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Completion in real shells: it offers what --help lists, no more and no less, and the values that
options take."""

import re

from harness import *

COMMANDS = ("record", "report", "diff", "top", "gc", "store", "check")


def script(shell):
    path = scratch() / shell
    path.write_text(expect_status(heaptap("completion", shell), 0).stdout)
    return path


def options_of(command):
    """The long and short options that --help lists."""
    text = expect_status(heaptap(command, "--help"), 0).stdout
    lines = re.findall(r"^  (?:-(\S), |    )--([\w-]+)", text, re.M)
    return {f"--{long}" for _, long in lines} | {f"-{short}" for short, _ in lines if short}


def need(shell):
    if not shutil.which(shell):
        raise Skip(f"{shell} is not there")


def bash(path, *words):
    """What bash offers for the last of @words."""
    need("bash")
    code = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _heaptap; '
    code += 'complete -p heaptap >&2; printf "%s\\n" "${COMPREPLY[@]}"'
    result = run(["bash", "--norc", "-c", code, "bash", path, "heaptap", *words])
    expect("complete -F _heaptap heaptap" in result.stderr, result)
    return set(result.stdout.split())


def fish(path, line):
    need("fish")
    result = run(["fish", "--no-config", "-c", f"source {path}; complete -C '{line}'"])
    expect_status(result, 0)
    return {offer.split("\t")[0] for offer in result.stdout.splitlines()}


VALUES = [
    (["record", "--format"], {"table", "folded", "svg", "pprof", "speedscope", "json", "heapprofile",
                             "prom"}),
    (["record", "-s"], {"malloc", "page", "gc", "js"}),
    (["record", "--rate"], {"auto"}),
    (["top", "--sort"], {"live", "growth", "alloc", "objects", "bytes", "age", "site"}),
    (["top", "--by"], {"pid", "comm", "cgroup", "container"}),
    (["gc", "--format"], {"text", "json"}),
]


@test("bash: commands, every option of each, and the words that options take")
def in_bash():
    path = script("bash")
    expect(set(COMMANDS) < bash(path, ""), bash(path, ""))
    expect(bash(path, "rec") == {"record"}, bash(path, "rec"))
    for command in COMMANDS:
        offered, listed = bash(path, command, "-"), options_of(command)
        expect(offered == listed, f"{command}: {offered ^ listed}")
    for words, values in VALUES:
        expect(bash(path, *words, "") == values, words, bash(path, *words, ""))
    expect(bash(path, "record", "--format", "=") == VALUES[0][1], "--format=")
    expect(bash(path, "record", "--format", "=", "sp") == {"speedscope"}, "--format=sp")
    expect(str(os.getpid()) in bash(path, "top", "-p", ""), "pids")
    expect(bash(path, "record", "-d", "") == set(), "a time cannot be known")


@test("bash: files where a file is wanted, commands behind --")
def bash_files():
    path = script("bash")
    (path.parent / "a.pb.gz").touch()
    prefix = str(path.parent / "a")
    for words in (["report", prefix], ["report", "-o", prefix], ["record", "--output", prefix]):
        expect(bash(path, *words) == {prefix + ".pb.gz"}, words, bash(path, *words))
    expect("bash" in bash(path, "record", "--", "bas"), bash(path, "record", "--", "bas"))
    expect(bash(path, "record", "--", "ls", prefix) == {prefix + ".pb.gz"}, "its arguments")


@test("fish: the same")
def in_fish():
    path = script("fish")
    expect(set(COMMANDS) < fish(path, "heaptap "), fish(path, "heaptap "))
    for command in COMMANDS:
        longs = {option for option in options_of(command) if option.startswith("--")}
        offered = fish(path, f"heaptap {command} --")
        expect({o.rstrip("=") for o in offered} == longs, f"{command}: {offered ^ longs}")
    for words, values in VALUES:
        offered = fish(path, f"heaptap {' '.join(words)} ")
        expect(offered == values, words, offered)


@test("zsh: options and their words, typed into a real one")
def in_zsh():
    need("zsh")
    if not shutil.which("tmux"):
        raise Skip("tmux is not there")
    path, socket = script("zsh"), str(scratch() / "tmux")
    tmux = lambda *args: run(["tmux", "-S", socket, *args]).stdout
    tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "50", "zsh -f")
    at_end(lambda: tmux("kill-server"))

    def typed(line, pattern):
        tmux("send-keys", "C-u")
        tmux("send-keys", "-l", line)
        tmux("send-keys", "Tab")
        seen = lambda: re.search(pattern, tmux("capture-pane", "-p"))
        wait_until(seen, f"{pattern} for {line}: {tmux('capture-pane', '-p')}")

    tmux("send-keys", f"autoload -U compinit && compinit -u && source {path}; echo done=$?", "Enter")
    wait_until(lambda: "done=0" in tmux("capture-pane", "-p"), "zsh has read it")
    typed("heaptap rec", r"heaptap record")
    typed("heaptap record --inspec", r"heaptap record --inspector")
    typed("heaptap record --format spee", r"--format speedscope")
    typed("heaptap top --sort gro", r"--sort growth")


@test("make install puts them where the shells look; another shell is refused")
def install():
    expect_message(heaptap("completion", "tcsh"), 2, "bash, zsh and fish")
    expect_message(heaptap("completion"), 2, "bash, zsh and fish")
    where = scratch()
    argv = ["make", "-C", ROOT, "install", f"B={BUILD}", f"DESTDIR={where}", "PREFIX=/usr"]
    if not shutil.which("help2man"):
        raise Skip("make install needs help2man")
    expect_status(run(argv, timeout=120), 0)
    share = where / "usr/share"
    for shell, name in (
        ("bash", "bash-completion/completions/heaptap"),
        ("zsh", "zsh/site-functions/_heaptap"),
        ("fish", "fish/vendor_completions.d/heaptap.fish"),
    ):
        text = (share / name).read_text()
        expect(text == heaptap("completion", shell).stdout, name)


if __name__ == "__main__":
    main()
