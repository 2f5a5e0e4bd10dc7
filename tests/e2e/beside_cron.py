#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The shipped line of cron, run by Debian's cron daemon each minute for five minutes. It takes that
long and next to no CPU, so tests/run has it run beside the other tests.

cron is given directories and a /run of its own in a mount namespace: the machine's own jobs are not
run, and a cron of the machine does not see this one."""

import subprocess

from harness import *

MINUTES = 5
NAMESPACE = """
set -e
mount --make-rprivate /
mount --bind {here}/cron.d /etc/cron.d
mount --bind {here}/spool /var/spool/cron/crontabs
mount --bind {here}/crontab /etc/crontab
mount -t tmpfs none /run
exec cron -f
"""


def cron_line(here, name):
    """docs/examples/heaptap.cron for this program, this target and this store."""
    text = (ROOT / "docs/examples/heaptap.cron").read_text()
    for old, new in (("/usr/local/bin/heaptap", f"{here}/heaptap"), ("--name node", f"--name {name}"),
                     ("--duration 50s", "--duration 5s --rate 1"), ("--min-age 20s ", ""),
                     ("/var/lib/heaptap", f"{here}/store")):
        expect(old in text, f"the example has '{old}'")
        text = text.replace(old, new)
    lines = text.splitlines()
    [job] = [i for i, line in enumerate(lines) if line.startswith("*")]
    lines[job] += f" >>{here}/said 2>&1; echo $? >>{here}/statuses"
    # what a job of cron has for an environment
    lines.append(f"* * * * * root env >{here}/environment")
    return "\n".join(lines) + "\n"


@test(f"cron records each minute, for {MINUTES} minutes, with what cron gives it")
def minutes():
    if os.geteuid() != 0 or not shutil.which("cron", path="/usr/sbin:/usr/bin"):
        raise Skip("this needs root and Debian's cron")
    here = scratch()
    name = f"crontap{os.getpid() % 10000}"  # nobody else's, at most 15 bytes
    for place in ("cron.d", "spool"):
        (here / place).mkdir()
    (here / "crontab").write_text("")
    shutil.copy(HEAPTAP, here / "heaptap")
    shutil.copy(TARGETS / "leaky", here / name)
    (here / "cron.d/heaptap").write_text(cron_line(here, name))
    (here / "cron.d/heaptap").chmod(0o644)
    target = Process([here / name, "--rate=20"])
    daemon = Process(["unshare", "--mount", "sh", "-c", NAMESPACE.format(here=here)],
                     stderr=subprocess.STDOUT, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    statuses = here / "statuses"
    begin = time.time()
    wait_until(lambda: not daemon.alive() or
               statuses.exists() and len(statuses.read_text().split()) >= MINUTES,
               f"{MINUTES} jobs ran", timeout=60 * MINUTES + 60, every=1)
    expect(daemon.alive(), "cron ended:", daemon.alive() or daemon.line())
    daemon.process.kill()
    expect(statuses.read_text().split() == ["0"] * MINUTES, statuses.read_text())
    expect((here / "said").read_text() == "", "nothing for cron to mail", (here / "said").read_text())
    environment = dict(line.split("=", 1) for line in
                       (here / "environment").read_text().splitlines())
    expect(environment["PATH"] == "/usr/bin:/bin" and "LANG" not in environment and
           "TERM" not in environment, environment)
    files = sorted((here / "store" / name).iterdir())
    expect(len(files) == MINUTES, files)
    profiles = [pprof.load(file) for file in files]
    times = [profile.time_ns / 1e9 for profile in profiles]
    expect(times[0] > begin and all(50 < b - a < 70 for a, b in zip(times, times[1:])), times)
    for profile in profiles:
        expect(name in profile.notes["target"], profile.notes)
        # 20 requests in a second, some of which make a session
        sites = {frame for sample in profile.samples for frame in sample.frames}
        expect("session_create" in sites and profile.notes["lost_live_full"] == "0", sites)
        expect(int(profile.notes["allocs"]) > 50, profile.notes)
    expect(target.alive(), "the target goes on")


main()
