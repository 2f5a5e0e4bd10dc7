#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""record --prom: Prometheus metrics, judged by promtool and read by node_exporter and prometheus."""

import socket
import stat
import subprocess
import urllib.request

from harness import *


def installed(program):
    found = shutil.which(program)
    if not found:
        raise Skip(f"{program} is not installed")
    return found


def metrics(text):
    """{(name, labels): value}"""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line).groups()
        expect((name, labels or "") not in found, f"twice: {line}")
        found[name, labels or ""] = float(value)
    return found


def recorded(*options, target=None):
    target, file = target or Target("simple"), scratch() / "heaptap.prom"
    profile, truths = record(target, "--prom", file, *options)
    return file, truths, profile


@test("the totals of the profile, its sites, and what the run says")
def totals():
    file, truths, profile = recorded()
    found = metrics(file.read_text())
    for metric, name in (("inuse_space", "inuse_bytes"), ("inuse_objects", "inuse_objects"),
                         ("alloc_space", "allocated_bytes"),
                         ("alloc_objects", "allocated_objects")):
        expect(found[f"heaptap_{name}", 'comm="simple"'] == profile.total(metric), (name, found))
    for truth in truths:
        sites = {k: v for k, v in found.items()
                 if k[0] == "heaptap_site_allocated_bytes" and f'site="{truth["site"]} ' in k[1]}
        expect(sum(sites.values()) == truth["alloc_bytes"], (truth, sites))
    expect(found["heaptap_last_run_success", ""] == 1, found)
    expect(abs(found["heaptap_last_run_timestamp_seconds", ""] - time.time()) < 30, "its time")
    expect(all(v == 0 for k, v in found.items() if k[0] == "heaptap_lost"), found)
    expect(any(k[0] == "heaptap_rss_unexplained_bytes" for k in found), found)
    expect(not any("pid" in k[1] for k in found), "no label has a pid")


@test("everybody may read it, whatever the umask")
def mode():
    before = os.umask(0o077)
    try:
        file, _, _ = recorded()
    finally:
        os.umask(before)
    expect(stat.S_IMODE(file.stat().st_mode) == 0o644, oct(file.stat().st_mode))


@test("no more sites than asked for, and the others as one")
def bounded():
    recording = Recording(command=[TARGETS / "sizes", "--bytes=20000"])
    expect_status(recording.wait(), 0)
    profile, output = recording.profile(), scratch() / "one.prom"
    expect_status(heaptap("report", "-o", output, recording.output), 0)
    found = metrics(output.read_text())
    sites = [v for k, v in found.items() if k[0] == "heaptap_site_inuse_bytes"]
    expect(len(sites) <= 21, len(sites))
    expect(sum(sites) == profile.total("inuse_space"), found)


@test("a run that fails says so, and has no old figures")
def failed():
    file, _, _ = recorded()
    result = heaptap("record", "-p", "999999999", "--prom", file, "-d", "1s")
    expect_status(result, 3)
    found = metrics(file.read_text())
    expect(found["heaptap_last_run_success", ""] == 0 and len(found) == 2, found)


@test("promtool finds nothing to say")
def promtool():
    file, _, _ = recorded()
    with open(file) as stream:
        done = subprocess.run([installed("promtool"), "check", "metrics"], stdin=stream,
                              capture_output=True, text=True)
    expect(done.returncode == 0 and not done.stdout + done.stderr, done)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{directory}/rules.yml]
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]
"""
RULES = """
groups:
  - name: heaptap
    rules:
      - alert: MemoryHeld
        expr: heaptap_site_inuse_bytes{site=~"session_create.*"} > 10000
"""


@test("prometheus reads it through node_exporter, and a rule fires on the leak")
def scraped():
    exporter, server = installed("prometheus-node-exporter"), installed("prometheus")
    directory = scratch()
    os.chmod(directory, 0o755)
    target = Process([TARGETS / "leaky"])
    argv = ["record", "-p", target.pid, "-r", "1", "-d", "3s", "--prom", directory / "heaptap.prom",
            "-q", "-o", directory / "x.pb.gz"]
    expect_status(heaptap(*argv), 0)
    ports = free_port(), free_port()
    (directory / "prometheus.yml").write_text(
        CONFIG.format(directory=directory, exporter=ports[0]))
    (directory / "rules.yml").write_text(RULES)
    Process([exporter, f"--web.listen-address=127.0.0.1:{ports[0]}", "--collector.disable-defaults",
             "--collector.textfile", f"--collector.textfile.directory={directory}"],
            stderr=subprocess.DEVNULL)
    Process([server, f"--config.file={directory}/prometheus.yml",
             f"--storage.tsdb.path={directory}/data", f"--web.listen-address=127.0.0.1:{ports[1]}"],
            stderr=subprocess.DEVNULL)
    wait_until(lambda: "heaptap_inuse_bytes" in fetch(ports[0], "/metrics"), "node_exporter has it",
               timeout=20)
    expect("node_textfile_scrape_error 0" in fetch(ports[0], "/metrics"), "it is well formed")
    wait_until(lambda: '"alertname":"MemoryHeld"' in fetch(ports[1], "/api/v1/alerts"),
               "the rule fires", timeout=40, every=0.5)


main()
