# SPDX-License-Identifier: Apache-2.0
"""Node in several versions, for tests of what depends on V8: unpacked in VERSION/bin/node below
$HEAPTAP_NODES or /var/cache/heaptap-test/node."""

import os
import re
from pathlib import Path

DIRECTORY = Path(os.environ.get("HEAPTAP_NODES", "/var/cache/heaptap-test/node"))


def node_versions():
    """(version, path of node), oldest first; empty when none is there. A version is what its
    directory is called: 22.23.3, or debian-18 for a distribution's own build."""
    found = [(path.parts[-3], path) for path in DIRECTORY.glob("*/bin/node")]
    return sorted(found, key=lambda one: [int(n) for n in re.findall(r"\d+", one[0])])


def node_major(version):
    return int(re.search(r"\d+", version)[0])
