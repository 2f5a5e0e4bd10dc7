# SPDX-License-Identifier: Apache-2.0
"""Registering tests and printing TAP. A test is a function marked @test("what holds"); it fails by
an exception and skips by Skip. What it started is undone by what it handed to at_end()."""

import signal
import sys
import traceback


class Skip(Exception):
    """The test cannot run here; the text says why."""


class Failure(Exception):
    """What was expected does not hold; the text says what and shows both sides."""


def expect(holds, *what):
    if not holds:
        raise Failure(" ".join(str(w) for w in what))


_tests = []
_cleanups = []


def test(name, *args):
    """Registers the function, called with @args, under @name."""

    def register(function):
        _tests.append((name, lambda: function(*args)))
        return function

    return register


def at_end(function):
    """Runs @function when the test at hand ends, last one first."""
    _cleanups.append(function)


def _run(number, name, function):
    directive, detail = "", ""
    try:
        function()
        good = True
    except Skip as reason:
        good, directive = True, f" # SKIP {reason}"
    except Failure as failure:
        good, detail = False, str(failure)
    except Exception:
        good, detail = False, traceback.format_exc()
    while _cleanups:
        try:
            _cleanups.pop()()
        except Exception:
            good, directive, detail = False, "", detail + "\nat its end: " + traceback.format_exc()
    print(f"{'ok' if good else 'not ok'} {number} - {name}{directive}")
    for line in detail.splitlines():
        print(f"# {line}")
    sys.stdout.flush()
    return good


def main():
    """Runs the tests of the calling script whose name contains the argument, if there is one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [(name, function) for name, function in _tests if pattern in name]
    print(f"1..{len(chosen)}", flush=True)
    good = [_run(i + 1, name, function) for i, (name, function) in enumerate(chosen)]
    sys.exit(0 if all(good) else 1)
