# SPDX-License-Identifier: Apache-2.0
"""What node --trace-gc prints, and comparing it with what heaptap gc saw, one by one."""

import re

from tap import Failure, expect

MB = 1 << 20
LINE = re.compile(
    r"\[\d+:(?P<isolate>0x[0-9a-f]+)(?::\d+)?\]\s+(?P<ms>\d+) ms: (?P<name>[A-Z][A-Za-z -]*?)"
    r"(?: \([a-z ]+\))* (?P<before>[\d.]+) \([\d.]+\) -> "
    r"(?P<after>[\d.]+) \([\d.]+\) MB, (?:pooled: [\d.]+ MB, )?(?P<pause>[\d.]+) / [\d.]+ ms"
    r".*\) (?P<reason>[^;()]*);"
)
KINDS = {
    "Scavenge": "scavenge",
    "Mark-sweep": "mark-compact",
    "Mark-Compact": "mark-compact",
    "Minor Mark-Compact": "minor mark-compact",
    "Minor Mark-Sweep": "minor mark-compact",
}


class Traced:
    """One line of the trace."""

    def __init__(self, match):
        self.text = match.group(0)
        self.isolate = int(match["isolate"], 16)
        self.ms = int(match["ms"])
        self.kind = KINDS.get(match["name"].removeprefix("Incremental "), match["name"])
        self.before, self.after = float(match["before"]), float(match["after"])
        self.pause, self.reason = float(match["pause"]), match["reason"]
        # half of the last digit that is printed
        self.pause_rounding = 0.5 * 10 ** -len(match["pause"].partition(".")[2])


def parse(text):
    """The collections of the trace, in its order."""
    lines = [line for line in text.splitlines() if " MB, " in line and " ms: " in line]
    found = [LINE.search(line) for line in lines]
    for line, match in zip(lines, found):
        expect(match, "the trace has a line this does not know:", line)
    return [Traced(match) for match in found]


PAUSE_MS = 0.1


def _is_off(seen, traced):
    return abs(seen["pause_ns"] / 1e6 - traced.pause) > PAUSE_MS + traced.pause_rounding


def _differences(seen, traced):
    if seen["kind"] != traced.kind:
        yield f"kind {seen['kind']}"
    for key, printed in (("before", traced.before), ("after", traced.after)):
        if seen[key] is None or abs(seen[key] / MB - printed) > 0.0501:
            yield f"{key} {seen[key]}"
    if seen["reason"] != traced.reason:
        yield f"reason {seen['reason']}"


def compare(seen, traced, least, outliers=0.0):
    """@seen must be the last ones of @traced, and at least @least. Of their pauses, a share of
    @outliers may be off: where V8 does not hand its own clock to the functions that are probed, the
    thread may lose its CPU between the two readings, and on a busy machine often does."""
    expect(len(seen) >= least, f"{least} collections expected, {len(seen)} seen")
    expect(len(seen) <= len(traced), f"{len(seen)} collections seen, {len(traced)} traced")
    pairs = list(zip(seen, traced[len(traced) - len(seen) :]))
    for one, truth in pairs:
        wrong = list(_differences(one, truth))
        if wrong:
            raise Failure(f"{', '.join(wrong)}, but the trace has\n{truth.text}\n{one}")
    off = [f"{truth.text}\n{one}" for one, truth in pairs if _is_off(one, truth)]
    expect(len(off) <= outliers * len(seen), f"{len(off)} pauses are not as traced:", *off[:3])
