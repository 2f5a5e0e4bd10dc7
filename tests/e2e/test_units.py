#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The shipped examples: the service runs under a real systemd, hardened as it is shipped; systemd's
own judgement of the units; the options that cron's line and the DaemonSet use are heaptap's."""

import shlex
import subprocess

import yaml

from harness import *
from stub import Stub

EXAMPLES = ROOT / "docs/examples"
# A manager of its own, in namespaces of its own: it sees these units and no others, and /var/lib
# is a scratch directory.
INIT = """
set -e
mount --make-rprivate /
mount --bind {lib} /var/lib
for place in /run /tmp /var/tmp /var/cache; do mount -t tmpfs none $place; done
umount -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
export SYSTEMD_UNIT_PATH=/var/lib/units container=heaptap
exec {systemd} --unit=default.target --log-target=console --show-status=no
"""
TARGET = """
[Unit]
DefaultDependencies=no
[Service]
ExecStart=/var/lib/bin/leaky
"""
HERE = """
[Unit]
After=target.service
[Service]
ExecStartPre=/bin/sleep 0.5
ExecStart=
ExecStart={command}
Environment="HEAPTAP_RECORD={options}"
StandardError=append:/var/lib/log
"""
AFTER = """
[Unit]
After=heaptap.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c "systemctl show heaptap.service >/var/lib/show.new; mv /var/lib/show.new /var/lib/show"
"""


def directive(name, unit="heaptap.service"):
    lines = (EXAMPLES / unit).read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


def run_service(options):
    """What became of the shipped service: its properties, its messages, the store."""
    systemd = shutil.which("systemd", path="/lib/systemd:/usr/lib/systemd")
    if not systemd:
        raise Skip("systemd is not installed")
    lib = scratch()
    units = lib / "units"
    (units / "heaptap.service.d").mkdir(parents=True)
    for name in ("sysinit", "basic", "shutdown", "umount", "local-fs"):
        (units / f"{name}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    (units / "default.target").write_text(
        "[Unit]\nWants=target.service heaptap.service after.service\n")
    shutil.copy(EXAMPLES / "heaptap.service", units)
    [command] = directive("ExecStart")
    expect(command.startswith("/usr/local/bin/heaptap record "), command)
    (units / "target.service").write_text(TARGET)
    (units / "after.service").write_text(AFTER)
    (units / "heaptap.service.d/here.conf").write_text(HERE.format(
        command=command.replace("/usr/local/bin", "/var/lib/bin"), options=options))
    (lib / "bin").mkdir()
    for program in (HEAPTAP, TARGETS / "leaky"):
        shutil.copy(program, lib / "bin")
    argv = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "--uts", "--ipc", "--mount-proc",
            "--kill-child", "sh", "-c", INIT.format(lib=lib, systemd=systemd)]
    manager = Process(argv, stderr=subprocess.STDOUT)
    wait_until(lambda: (lib / "show").exists() or not manager.alive(), "the service ran", 20)
    if not (lib / "show").exists():
        raise Skip("no systemd can be started here: " + (manager.line() or "it says nothing"))
    shown = dict(line.split("=", 1) for line in (lib / "show").read_text().splitlines() if "=" in line)
    log = (lib / "log").read_text() if (lib / "log").exists() else ""
    return shown, log, sorted((lib / "heaptap").glob("*/*.pb.gz"))


@test("the service runs to its end in systemd's sandbox: probes, store, push")
def service():
    server = Stub()
    shown, log, files = run_service(
        f"--name leaky -r 1 -d 500ms --push-timeout 5s --push {server.url('parca')}")
    expect(shown["ExecMainStatus"] == "0" and shown["Result"] == "success",
           shown["ExecMainStatus"], shown["Result"], log)
    expect(shown["NoNewPrivileges"] == "yes" and "perf_event_open" in shown["SystemCallFilter"],
           "systemd took the unit as it is")
    expect(set(shown["CapabilityBoundingSet"].upper().split()) == capabilities(), shown)
    expect(len(files) == 1 and not log, files, log)
    # BPF knows processes by the machine's numbers, systemd wants to be process 1: what is seen of
    # them is the next test
    expect("malloc" in pprof.load(files[0]).notes["allocators"], "it found and probed libc")
    expect(len(server.requests) == 1, "and it was sent")


def capabilities():
    return set(directive("CapabilityBoundingSet")[0].split())


@test("the service's capabilities suffice, for a program that only its user may read, and are needed")
def suffice():
    private, place = scratch(), scratch() / "store"
    shutil.copy(TARGETS / "leaky", private)
    for path in (private / "leaky", private):
        os.chown(path, NOBODY, NOBODY)
        path.chmod(0o700)
    target = Process(as_nobody([private / "leaky"]))
    time.sleep(0.2)
    record = [HEAPTAP, "record", "--quiet", "--store", place, "-r", "1", "-d", "500ms", "-p", target.pid]

    def confined(names):
        wanted = ",".join(["-all", *("+" + name.lower().removeprefix("cap_") for name in names)])
        return run(["setpriv", "--no-new-privs", f"--bounding-set={wanted}", *record])

    expect_status(confined(capabilities()), 0)
    [file] = place.glob("leaky/*.pb.gz")
    profile = pprof.load(file)
    expect(any("session_create" in s.frames for s in profile.samples), "with its symbols", profile.notes)
    expect(profile.notes["lost_live_full"] == "0" and profile.total("alloc_space") > 0, profile.notes)
    for name in ("CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE"):
        expect(confined(capabilities() - {name}).status != 0, f"{name} is not needed")


@test("systemd finds nothing wrong with the units, and little exposed")
def analyzed():
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd is not installed")
    place = scratch()
    for unit in ("heaptap.service", "heaptap.timer"):
        text = (EXAMPLES / unit).read_text().replace("/usr/local/bin/heaptap", HEAPTAP)
        (place / unit).write_text(text)
    result = run(["systemd-analyze", "verify", "--man=no", *place.iterdir()])
    expect(result.status == 0 and not result.stderr.strip(), result)
    argv = ["systemd-analyze", "security", "--offline=true", "--threshold=35", "--no-pager"]
    expect_status(run([*argv, place / "heaptap.service"]), 0)


def expect_options(words, *more):
    """heaptap's own parser takes them: with one option more it objects to that one."""
    result = heaptap(*words, *more, "--no-such-option")
    expect(result.status == 2 and "no-such-option" in result.stderr, result)


@test("cron's line and the DaemonSet's command are options that there are")
def options():
    [line] = [line for line in (EXAMPLES / "heaptap.cron").read_text().splitlines()
              if line.startswith("*")]
    words = line.split(maxsplit=6)
    expect(words[5] == "root" and words[6].startswith("/usr/local/bin/heaptap "), words)
    expect_options(shlex.split(words[6])[1:])
    daemon_set = yaml.safe_load((EXAMPLES / "heaptap-daemonset.yaml").read_text())
    expect((daemon_set["apiVersion"], daemon_set["kind"]) == ("apps/v1", "DaemonSet"), daemon_set)
    pod = daemon_set["spec"]["template"]["spec"]
    [container] = pod["containers"]
    expect(container["command"][0] == "heaptap" and pod["hostPID"], container)
    expect_options([*container["command"][1:], *container["args"]])
    expect(daemon_set["spec"]["selector"]["matchLabels"].items() <=
           daemon_set["spec"]["template"]["metadata"]["labels"].items(), "the selector selects")
    added = container["securityContext"]["capabilities"]["add"]
    expect({"CAP_" + c for c in added} == capabilities(), added)
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    expect(mounts == {volume["name"] for volume in pod["volumes"]}, mounts)


main()
