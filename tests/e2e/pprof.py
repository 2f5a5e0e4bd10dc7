# SPDX-License-Identifier: Apache-2.0
"""An independent reader of pprof files for the tests: it shares no code with heaptap, so what
heaptap writes is judged by the public format alone. Frames are leaf first, with inlined ones."""

import gzip


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def _fields(data):
    """(number, value) of every field: an int for varints, bytes for length-delimited ones."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
        elif tag & 7 == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("field beyond the end")
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"wire type {tag & 7} is not used by pprof")
        yield tag >> 3, value


def _numbers(values):
    """A repeated number: each value is one varint, or bytes with several packed."""
    result = []
    for value in values:
        if isinstance(value, int):
            result.append(_signed(value))
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            result.append(_signed(number))
    return result


def _message(data):
    fields = {}
    for number, value in _fields(data):
        fields.setdefault(number, []).append(value)
    return fields


def _one(message, number, otherwise=0):
    value = message.get(number, [otherwise])[-1]
    return _signed(value) if isinstance(value, int) else value


class Place:
    """A frame in full: @mapping is its object's file, @inlined whether its caller's location has it."""

    def __init__(self, name, file, line, start_line, mapping, inlined):
        self.name, self.file, self.line, self.start_line = name, file, line, start_line
        self.mapping, self.inlined = mapping, inlined

    def __repr__(self):
        return f"{self.name} {self.file}:{self.line}"


class Sample:
    """@frames: names; @places: the same frames in full."""

    def __init__(self, places, values, labels):
        self.places, self.values, self.labels = places, values, labels
        self.frames = [place.name for place in places]


class Profile:
    """samples: Sample(frames, {type: value}, {label: value}); notes: heaptap's comments."""

    def __init__(self, data):
        top = _message(gzip.decompress(data))
        self.strings = [s.decode() for s in top.get(6, [])]
        if not self.strings or self.strings[0] != "":
            raise ValueError("the string table does not start with the empty string")
        self.types = [self._type(_message(t)) for t in top.get(1, [])]
        self.period_type = self._type(_message(top[11][-1])) if 11 in top else None
        self.period = _one(top, 12)
        self.time_ns = _one(top, 9)
        self.duration_ns = _one(top, 10)
        self.default_type = self.strings[_one(top, 14)]
        self.comments = [self.strings[n] for n in _numbers(top.get(13, []))]
        self.notes = dict(
            c[len("heaptap:") :].split("=", 1) for c in self.comments if c.startswith("heaptap:")
        )
        self._functions = {_one(m, 1): m for m in map(_message, top.get(5, []))}
        mappings = [_message(m) for m in top.get(3, [])]
        self.mappings = [self._mapping(m) for m in mappings]
        self._files = {_one(m, 1): self.strings[_one(m, 5)] for m in mappings}
        locations = {_one(m, 1): m for m in map(_message, top.get(4, []))}
        self._places = {id: self._lines(m) for id, m in locations.items()}
        self.sources = {
            name: self.strings[_one(m, 4)]
            for m in self._functions.values()
            for name in [self.strings[_one(m, 2)]]
        }
        self.samples = [self._sample(_message(s)) for s in top.get(2, [])]

    def _type(self, message):
        return self.strings[_one(message, 1)], self.strings[_one(message, 2)]

    def _mapping(self, message):
        return {"file": self.strings[_one(message, 5)], "build_id": self.strings[_one(message, 6)]}

    def _lines(self, location):
        mapping = self._files.get(_one(location, 2), "")
        lines = [_message(line) for line in location.get(4, [])]
        places = []
        for number, line in enumerate(lines):
            function = self._functions[_one(line, 1)]
            name, file = self.strings[_one(function, 2)], self.strings[_one(function, 4)]
            inlined = number + 1 < len(lines)
            places.append(Place(name, file, _one(line, 2), _one(function, 5), mapping, inlined))
        return places or [Place("?", "", 0, 0, mapping, False)]

    def _sample(self, message):
        places = [place for id in _numbers(message.get(1, [])) for place in self._places[id]]
        values = dict(zip((t[0] for t in self.types), _numbers(message.get(2, []))))
        if len(values) != len(self.types):
            raise ValueError("a sample has not one value for each type")
        labels = {}
        for label in map(_message, message.get(3, [])):
            text = self.strings[_one(label, 2)]
            labels[self.strings[_one(label, 1)]] = text if text else _one(label, 3)
        return Sample(places, values, labels)

    def total(self, metric):
        return sum(sample.values[metric] for sample in self.samples)

    def losses(self):
        return {key: int(n) for key, n in self.notes.items() if key.startswith("lost_")}


def load(path):
    with open(path, "rb") as file:
        return Profile(file.read())
