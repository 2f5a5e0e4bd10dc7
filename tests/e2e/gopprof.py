# SPDX-License-Identifier: Apache-2.0
"""Go's pprof in both its forms: the one that comes with Go, and the one that is built from its own
sources, which alone can symbolize by build id."""

import atexit

from harness import *

TOOLS = ("go tool pprof", "pprof")
SOURCES = Path("/usr/share/gocode/src/github.com/google/pprof")
_built = {}


def go_environment():
    if not shutil.which("go"):
        raise Skip("go is not installed")
    home = scratch()
    return dict(os.environ, HOME=str(home), PPROF_TMPDIR=str(home), GOCACHE=str(home / "cache"),
                PPROF_BINARY_PATH="/nonexistent")


def _standalone():
    if "path" not in _built:
        if not SOURCES.exists():
            raise Skip("golang-github-google-pprof-dev is not installed")
        directory = Path(tempfile.mkdtemp(prefix="heaptap-test."))
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        environment = dict(go_environment(), GO111MODULE="off", GOPATH="/usr/share/gocode")
        build = ["go", "build", "-o", directory / "pprof", "github.com/google/pprof"]
        expect_status(run(build, env=environment, timeout=200), 0)
        _built["path"] = directory / "pprof"
    return _built["path"]


def go_pprof(*args, tool=TOOLS[0]):
    argv = ["go", "tool", "pprof"] if tool == TOOLS[0] else [_standalone()]
    return expect_status(run([*argv, *args], env=go_environment()), 0).stdout


def top_flat(text):
    """Of -top: the bytes of every function by itself."""
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"\s*(-?\d+)B?\s+\S+%\s+\S+%\s+(-?\d+)B?\s+\S+%\s+(.*)", line)
        if match:
            found[match[3].replace(" (inline)", "")] = int(match[2])
    return found
