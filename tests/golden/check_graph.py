# SPDX-License-Identifier: Apache-2.0
"""check_graph.py SVG SPEEDSCOPE < JSON: three outputs of one profile say the same. The flame graph
is read as anybody's XML: frames lie within the one below them, and are as wide as their values."""

import json
import sys
import xml.etree.ElementTree as ElementTree

NS = "{http://www.w3.org/2000/svg}"
ROW = 18


def check(holds, *what):
    if not holds:
        sys.exit(" ".join(str(w) for w in what))


def positive(profile, metric):
    """What a graph can show: stacks below zero have no width."""
    sums = {}
    for site in profile["sites"]:
        comm = tuple(site["labels"].get("comm", []))
        frames = [profile["frames"][f] for f in site["stack"]]
        key = comm + tuple((f["function"], f["file"], f["line"]) for f in frames)
        sums[key] = sums.get(key, 0) + site["values"][metric]
    return sum(value for value in sums.values() if value > 0)


def check_frames(frames):
    """Returns the value of the root."""
    below = []  # the frames that hold the one at hand: left, right, value left
    base = None
    for frame in frames:
        box, title = frame.find(NS + "rect"), frame.find(NS + "title")
        left, width = float(box.get("x")), float(box.get("width"))
        value = int(frame.get("data-v"))
        base = float(box.get("y")) if base is None else base
        depth = round((base - float(box.get("y"))) / ROW)
        check(depth <= len(below), "a frame without one below it:", title.text)
        below = below[:depth]
        if below:
            check(left >= below[-1][0] - 0.02, "begins left of the one below:", title.text)
            check(left + width <= below[-1][1] + 0.02, "ends right of the one below:", title.text)
            below[-1][2] -= value
            check(below[-1][2] >= 0, "wider than the one below:", title.text)
            check(value > 0, "no width:", title.text)
        below.append([left, left + width, value])
        check(len(title.text.split("\n")) in (2, 3), "lines of a title:", title.text)
    return int(frames[0].get("data-v"))


def main():
    profile = json.load(sys.stdin)
    root = ElementTree.parse(sys.argv[1]).getroot()
    metric = root.get("data-metric")
    scripts = list(root.iter(NS + "script"))
    check(len(scripts) == 1 and len(list(root.iter(NS + "style"))) == 1, "one script, one style")
    frames = root.find(f"{NS}g[@id='frames']")
    check(check_frames(list(frames)) == positive(profile, metric), "the total of the graph")

    with open(sys.argv[2], encoding="utf-8") as file:
        speedscope = json.load(file)
    check(speedscope["profiles"][0]["name"] == metric, "the chosen metric is first")
    for one in speedscope["profiles"]:
        want = positive(profile, one["name"])
        check(sum(one["weights"]) == one["endValue"] == want, one["name"], want)
        check(len(one["samples"]) == len(one["weights"]), "a weight for each sample")
        for stack in one["samples"]:
            check(all(0 <= f < len(speedscope["shared"]["frames"]) for f in stack), stack)


main()
