#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""check_diff.py JSON SVG: the difference in both adds up, to parsers that are not ours."""

import json
import sys
import xml.etree.ElementTree as ElementTree

with open(sys.argv[1], encoding="utf-8") as file:
    data = json.load(file)
for site in data["sites"]:
    for frame in site["stack"]:
        data["frames"][frame]["function"]
    for metric, delta in site["delta"].items():
        assert delta == site["new"][metric] - site["base"][metric], (site, metric)
for metric, total in data["totals"].items():
    assert total == sum(site["delta"][metric] for site in data["sites"]), metric
    for side in ("base", "new"):
        summed = sum(site[side][metric] for site in data["sites"])
        assert data[side]["totals"][metric] == summed, (side, metric)

root = ElementTree.parse(sys.argv[2]).getroot()
metric = root.get("data-metric")
frames = [element for element in root.iter() if element.get("data-v") is not None]
widths = [max(site["base"][metric], site["new"][metric]) for site in data["sites"]]
assert int(frames[0].get("data-v")) == sum(w for w in widths if w > 0), (frames[0].attrib, widths)
