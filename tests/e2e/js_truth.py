# SPDX-License-Identifier: Apache-2.0
"""Are a profile's JavaScript frames true? Compares them with what V8 said of the same moments
(js/truth.js): the same functions in the same order, in the same files, at the same lines.

A size is allocated once, so a sample of that size with one object is that moment. V8's truth has no
frame for what runs between take() and the allocator: those of node's own library come off first."""

import difflib
import re

JS = "[js]"
ANONYMOUS = "(anonymous)"
TAKE = ("take", "take.js")


def is_js(place):
    return place.mapping == JS


def js_places(sample):
    return [place for place in sample.places if is_js(place)]


def names_of(truth_name):
    """What heaptap may call a function that V8's stack calls @truth_name. A name that V8 made up from
    what the function was assigned to (a.b) is none; nor is that of the code of an eval."""
    if truth_name is None:
        return {ANONYMOUS}
    names = {truth_name, re.sub(r"^[gs]et ", "", truth_name)}
    if truth_name in ("eval", "anonymous") or "." in truth_name:
        names.add(ANONYMOUS)
    return names


def is_function(place, truth):
    """Of @truth's (name, file, line), are name and file the @place's? Code of an eval has no file: then
    heaptap must not show one of somebody else, which would be a path."""
    name, file, _ = truth
    right_file = place.file == file if file else not place.file.startswith(("/", "node:"))
    return place.name in names_of(name) and right_file


class Verdict:
    """How many frames of how many moments are right, and lines about those that are not."""

    def __init__(self):
        self.nr_moments = self.nr_frames = self.nr_functions = self.nr_lines = 0
        self.nr_inlined = self.nr_extra = 0
        self.wrong = []

    def add_moment(self, name, truths, places):
        self.nr_moments += 1
        self.nr_frames += len(truths)
        self.nr_inlined += sum(place.inlined for place in places)
        complaints = []
        for truth, place in pairs(truths, places):
            if truth is None:
                self.nr_extra += 1
                complaints.append(f"    not in the truth: {place}")
                continue
            functions = place is not None and is_function(place, truth)
            lines = functions and place.line == truth[2]
            self.nr_functions += functions
            self.nr_lines += lines
            if not lines:
                complaints.append(f"    {truth[0]} {truth[1]}:{truth[2]} is {place or 'missing'}")
        if complaints:
            self.wrong += [f"  {name}: {len(places)} frames, the truth has {len(truths)}", *complaints]

    def functions(self):
        """The share of the truth's frames that have the right function; extra ones count against it."""
        return self.nr_functions / max(self.nr_frames + self.nr_extra, 1)

    def lines(self):
        return self.nr_lines / max(self.nr_frames + self.nr_extra, 1)

    def __str__(self):
        head = (
            f"{self.nr_moments} moments, {self.nr_frames} frames: {self.nr_functions} functions and "
            f"{self.nr_lines} lines right, {self.nr_extra} too many, {self.nr_inlined} inlined"
        )
        return "\n".join([head, *self.wrong[:80]])


def pairs(truths, places):
    """(truth or None, place or None), in order: frames that match, and what is between them."""
    ours = [
        next((i for i, t in enumerate(truths) if is_function(place, t)), None) for place in places
    ]
    # Frames of one function are one token, so that a recursion's alignment is by its order.
    theirs = [next(j for j, u in enumerate(truths) if u[:2] == t[:2]) for t in truths]
    ours = [None if i is None else theirs[i] for i in ours]
    matcher = difflib.SequenceMatcher(None, theirs, ours, autojunk=False)
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        for i in range(max(a_end - a, b_end - b)):
            yield (
                truths[a + i] if a + i < a_end else None,
                places[b + i] if b + i < b_end else None,
            )


def without_library(places):
    """The frames from take() on; None when something else than node's library is before it."""
    for i, place in enumerate(places):
        if place.name == TAKE[0] and place.file.endswith("/" + TAKE[1]):
            return places[i:]
        if not place.file.startswith("node:"):
            return None
    return None


def moment_of(profile, size):
    """The sample of the one allocation of @size bytes, None when there is not exactly one."""
    found = [
        s
        for s in profile.samples
        if s.values["alloc_objects"] == 1 and s.values["alloc_space"] == size
    ]
    return found[0] if len(found) == 1 else None


def compare(profile, truths):
    """@truths: the lines of truth.js."""
    verdict = Verdict()
    for truth in truths:
        sample = moment_of(profile, truth["size"])
        places = js_places(sample) if sample else []
        verdict.add_moment(truth["case"], truth["frames"], without_library(places) or places)
    return verdict
