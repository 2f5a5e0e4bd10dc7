#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""heaptap trend on real recordings: a leak, a cache that fills and one that keeps its last blocks,
as the snapshots of one recording and as windows like cron's."""

import subprocess

from harness import *

LEAK = 2000 / 0.002  # bytes a second at most: the target sleeps 2 ms between blocks


def start(*options):
    target = Target("trends", *options, wait=False, hold=False)
    expect(target.line() == "ready", "trends is ready")
    return target


def trend(store, *options, status):
    result = heaptap("trend", "-f", "json", *options, store)
    expect_status(result, status)
    (target,) = json.loads(result.stdout)["targets"]
    sites = {site["function"]: site for site in target["sites"]}
    return target, sites


def growth_is_right(site, since):
    """Of the leak; the target says nothing of itself but time."""
    expect(0.3 * LEAK < site["growth"] <= 1.05 * LEAK, site, since)
    expect(site["low"] <= site["growth"] <= site["high"], site)


@test("snapshots of one recording: the leak is found, the caches are none")
def snapshots():
    target, store = start(), scratch() / "store"
    options = ["-r", "1", "-i", "300ms", "-d", "5s", "--store", store]
    expect_status(heaptap("record", "-q", *options, "-p", target.pid), 0)
    found, sites = trend(store, status=10)
    expect(found["kind"] == "snapshots" and found["leaks"], found)
    expect(sites["leak"]["verdict"] == "leak", sites["leak"])
    growth_is_right(sites["leak"], found["profiles"])
    expect(sites["leak"]["stack"][:2] == ["malloc", "leak"] or "leak" in sites["leak"]["stack"][1],
           sites["leak"]["stack"])
    expect(sites["cache_fill"]["verdict"] in ("cache filling", "steady"), sites["cache_fill"])
    expect(sites["last_keep"]["verdict"] in ("cache filling", "steady"), sites["last_keep"])
    rss = found["measures"]["RSS (anonymous)"]
    expect(abs(rss["growth"] - found["sites_growth"]) < 0.35 * rss["growth"], rss, found)
    text = heaptap("trend", store)
    expect(text.status == 10 and "1 site leaks" in text.stdout, text)
    expect_status(heaptap("trend", "--threshold", "1G/s", store), 0)


@test("windows, as cron records them: survivors of the leak in each, of the cache at first")
def windows():
    target, store = start(), scratch() / "store"
    time.sleep(0.1)
    options = ["-r", "1", "-d", "900ms", "--min-age", "400ms", "--store", store]
    for _ in range(9):
        expect_status(heaptap("record", "-q", *options, "-p", target.pid), 0)
    found, sites = trend(store, status=10)
    expect(found["kind"] == "recordings", found)
    expect(sites["leak"]["verdict"] == "leak", sites["leak"])
    growth_is_right(sites["leak"], found["profiles"])
    for name in ("cache_fill", "last_keep", "at_once"):
        expect(sites.get(name, {}).get("verdict") != "leak", name, sites.get(name))
    text = heaptap("trend", "-o", store.parent / "trend.svg", store)
    expect(text.status == 10 and "leaks" in (store.parent / "trend.svg").read_text(), text)


@test("the same service without the leak: no leak, status 0")
def no_leak():
    target, store = start("--no-leak"), scratch() / "store"
    time.sleep(1.5)  # until its cache is full
    options = ["-r", "1", "-i", "300ms", "-d", "4s", "--store", store]
    expect_status(heaptap("record", "-q", *options, "-p", target.pid), 0)
    found, sites = trend(store, status=0)
    expect(not any(site["verdict"] == "leak" for site in sites.values()), sites)


@test("a store that holds broken, foreign and special files: named, skipped, counted")
def broken():
    target, store = start(), scratch() / "store"
    options = ["-r", "1", "-i", "200ms", "-d", "2s", "--store", store]
    expect_status(heaptap("record", "-q", *options, "-p", target.pid), 0)
    series = store / "trends"
    whole = sorted(series.glob("*.pb.gz"))[-1]
    (series / "cut.pb.gz").write_bytes(whole.read_bytes()[:200])
    (series / "empty.pb.gz").write_bytes(b"")
    os.mkfifo(series / "pipe.pb.gz")
    (series / "loop.pb.gz").symlink_to("loop.pb.gz")
    result = heaptap("trend", store)
    expect(result.status in (0, 10), result)
    for name in ("cut", "empty", "pipe", "loop"):
        expect(f"{name}.pb.gz is skipped: " in result.stderr, name, result.stderr)
    expect("skipped   4 files" in result.stdout, result.stdout)
    quiet = heaptap("trend", "-q", store)
    expect(quiet.stderr == "" and quiet.stdout == result.stdout, quiet)


@test("no privilege is needed")
def unprivileged():
    store = scratch() / "store"
    target = start()
    options = ["-r", "1", "-i", "300ms", "-d", "3s", "--store", store]
    expect_status(heaptap("record", "-q", *options, "-p", target.pid), 0)
    subprocess.run(["chmod", "-R", "a+rX", store], check=True)
    result = run(as_nobody([public_heaptap(), "trend", str(store)]))
    expect(result.status in (0, 10) and "profiles" in result.stdout, result)


main()
