# SPDX-License-Identifier: Apache-2.0
"""The versions of Node that are there for tests, unpacked in DIRECTORY/VERSION/bin/node."""

import os
from pathlib import Path

from tap import Skip

DIRECTORY = Path(os.environ.get("HEAPTAP_NODES", "/var/cache/heaptap-test/node"))


def node_versions(*wanted):
    """(version, path) of all that are there, oldest first, or of the @wanted majors."""
    found = [(p.parts[-3], p) for p in DIRECTORY.glob("*/bin/node") if p.parts[-3][0].isdigit()]
    found.sort(key=lambda one: [int(n) for n in one[0].split(".")])
    return [one for one in found if not wanted or one[0].split(".")[0] in map(str, wanted)]


def the_node(version):
    """The path of a version by its full name or its major."""
    for name, path in node_versions():
        if str(version) in (name, name.split(".")[0]):
            return path
    raise Skip(f"node {version} is not in {DIRECTORY}")
