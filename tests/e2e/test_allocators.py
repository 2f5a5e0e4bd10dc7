#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Allocators: each family to the byte, from C and from C++; the one of several that is used."""

from harness import *

LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
PRELOADED = {
    "jemalloc": "libjemalloc.so.2",
    "tcmalloc": "libtcmalloc.so.4",
    "mimalloc": "libmimalloc.so.2",
}
SIMPLER = (("--no-feature", "session"), ("--no-feature", "session,multi"))


def environment(library):
    path = LIBRARIES / library
    if not path.exists():
        raise Skip(f"{path} is not installed")
    return os.environ | {"LD_PRELOAD": str(path)}


def allocators(profile):
    """{file's name: (family, reason)} of the note."""
    found = {}
    for text in profile.notes["allocators"].split("; "):
        family, path, reason = re.match(r"(\w+) (\S+) \((.*?)\)", text).groups()
        found[Path(path).name] = family, reason
    return found


def built(name):
    if not (TARGETS / name).exists():
        raise Skip(f"{name} was not built: what it is made of is not installed")
    return name


def family_of(profile, file):
    return next((v for k, v in allocators(profile).items() if k.startswith(file)), None)


def behind_env(*arguments):
    """Of a command that execs another."""
    return Recording(command=["/usr/bin/env", *arguments])


def expect_from_start(recording):
    expect_status(recording.wait(), 0)
    truths = parse_truth(iter(recording.result().stdout.splitlines()))
    expect_truth(recording.profile(), truths, direct=False, whole=False)


for family, library in PRELOADED.items():
    for options in ((), *SIMPLER):

        @test(f"{family}, preloaded {' '.join(options)}")
        def preloaded(family=family, library=library, options=options):
            target = Target("families", env=environment(library))
            profile, truths = record(target, *options)
            expect_truth(profile, truths, direct=False)
            expect(family_of(profile, f"lib{family}")[0] == family, profile.notes["allocators"])
            libc = family_of(profile, "libc.so")
            expect(libc[0] == "glibc" and "not used" in libc[1], profile.notes["allocators"])

    @test(f"{family}, from its first instruction")
    def started(family=family, library=library):
        environment(library)
        expect_from_start(behind_env(f"LD_PRELOAD={LIBRARIES / library}", TARGETS / "families"))


@test("many at once, from their first instruction: each stands still until its probes are there")
def crowd():
    environment(PRELOADED["jemalloc"])
    library = LIBRARIES / PRELOADED["jemalloc"]
    command = (f"LD_PRELOAD={library}", TARGETS / "families")
    for _ in range(8):
        for recording in [behind_env(*command) for _ in range(4)]:
            expect_from_start(recording)


# One is its own allocator, another has another loader.
for name in ("jemalloc-static", "families-static", "musl-dynamic"):

    @test(f"{name}, from its first instruction, behind an exec")
    def executed(name=name):
        expect_from_start(behind_env(TARGETS / built(name)))


@test("glibc, C++")
def glibc():
    profile, truths = record(Target("families"))
    expect_truth(profile, truths, direct=False)
    expect(family_of(profile, "libc.so") == ("glibc", "the only one"), profile.notes["allocators"])


@test("sampled, an allocator whose functions go on in one another counts each once")
def sampled():
    target = Target("families", env=environment(PRELOADED["mimalloc"]))
    profile, truths = record(target, rate="4K")
    right = sum(t["alloc_bytes"] for t in truths)
    got = profile.total("alloc_space")
    expect(abs(got - right) < 0.06 * right, f"{got} bytes, the truth is {right}")


SPECIAL = (
    "jemalloc-static",
    "own-malloc",
    "own-new",
    "mimalloc-direct",
    "jemalloc-direct",
    "families-static",
    "forms",
    "musl-forms",
    "embedding",
)

for name in SPECIAL:

    @test(f"a program with {name}")
    def special(name=name):
        profile, truths = record(Target(built(name)))
        expect_truth(profile, truths, direct=False)


@test("a preloaded wrapper of the real malloc counts once")
def wrapper():
    path = TARGETS / "libwrapper.so"
    target = Target("simple", env=os.environ | {"LD_PRELOAD": str(path)})
    profile, truths = record(target)
    expect_truth(profile, truths, direct=False)
    libc = family_of(profile, "libc.so")
    expect("does not define" in libc[1], profile.notes["allocators"])


@test("check says which allocator is used and which is not")
def checked():
    target = Target("simple", env=environment(PRELOADED["jemalloc"]))
    lines = expect_status(heaptap("check", "-p", target.pid), 0).stdout.splitlines()
    said = [line for line in lines if line.startswith("allocator ")]
    expect(any("jemalloc" in s and "first in the link order" in s for s in said), said)
    expect(any("glibc" in s and "not used" in s for s in said), said)


main()
