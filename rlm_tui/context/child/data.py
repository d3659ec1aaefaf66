"""Looks into JSON, JSON lines and CSV: how many records of which keys, where they begin, and where they are broken.

The file stays its own text, so that code can parse it; nothing is kept but the outline.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from .found import MAX_HEADINGS, Found

_SPACE = re.compile(r"[ \t\r\n]*")
_IN_OUTLINE = 200  # of more records, each n-th
_MAX_KEYS = 40
_LEVELS = 2
_EXCERPT = 80
_SAMPLE = 1 << 14
_MAX_FIELD = 64 << 20
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)  # a number of 5,000 digits is no fault of the text
_TYPES = {"{": "an object", "[": "a list", '"': "text", "t": "true", "f": "false", "n": "null"}


def read_json(text: str) -> Found:
    """Keys of an object and of the objects in it, or the records of a list."""
    scan = _Scan(text)
    try:
        end, shape = scan.value(scan.skip(0), 1)
        scan.found.shape = f"JSON, {shape}"
        if end < len(text):
            raise json.JSONDecodeError("Something stands after the end", text, end)
    except json.JSONDecodeError as error:
        message = f"is not whole as JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        scan.found.remarks.append(message)
    except RecursionError:
        scan.found.remarks.append("is nested so deeply that json.loads may refuse it")
    return scan.found


class _Scan:
    """Steps through the first levels of a JSON text; all that is deeper goes through the parser at once."""

    def __init__(self, text: str) -> None:
        self.found = Found(shape="JSON")
        self._text = text

    def skip(self, at: int) -> int:
        """The next place that is no white space."""
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def value(self, at: int, level: int) -> tuple[int, str]:
        """Where the value at `at` ends, with the white space after it, and what it is in words."""
        first = self._text[at : at + 1]
        if level <= _LEVELS and first in ("{", "["):
            end, words = self._object(at, level) if first == "{" else self._list(at, level)
        else:
            end, words = self._parse(at)[1], _TYPES.get(first, "number")
        return self.skip(end), words

    def _parse(self, at: int) -> tuple[Any, int]:
        try:
            return _DECODER.raw_decode(self._text, at)
        except json.JSONDecodeError as error:
            raise json.JSONDecodeError(error.msg, self._text, error.pos) from None

    def _object(self, at: int, level: int) -> tuple[int, str]:
        text, keys, at = self._text, [], self.skip(at + 1)
        while text[at : at + 1] != "}":
            if text[at : at + 1] != '"':
                raise json.JSONDecodeError("Expecting a key in double quotes", text, at)
            start, (key, at) = at, scanstring(text, at + 1)
            at = self.skip(at)
            if text[at : at + 1] != ":":
                raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
            keys.append(key)
            at = self._after(self._member(key, start, self.skip(at + 1), level), "}")
        return at + 1, f"an object of {_counted(len(keys), 'key')}{_listed(keys)}"

    def _member(self, key: str, start: int, at: int, level: int) -> int:
        """One key and its value; the heading says what the value is."""
        index, headings = len(self.found.headings), self.found.headings
        if index >= MAX_HEADINGS:
            return self.skip(self._parse(at)[1])  # the outline is full: no need to look into it
        headings.append((key, level, start))
        end, words = self.value(at, level + 1)
        headings[index] = (f"{key}  {words}", level, start)
        return end

    def _after(self, at: int, closing: str) -> int:
        """The next member, or the end."""
        mark = self._text[at : at + 1]
        if mark == closing:
            return at
        if mark != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", self._text, at)
        at = self.skip(at + 1)
        if self._text[at : at + 1] == closing:
            raise json.JSONDecodeError("Expecting a value after the comma", self._text, at)
        return at

    def _list(self, at: int, level: int) -> tuple[int, str]:
        starts, records, at = [], _Records(), self.skip(at + 1)
        while self._text[at : at + 1] != "]":
            starts.append(at)
            value, end = self._parse(at)
            records.add(value)
            at = self._after(self.skip(end), "]")
        room = MAX_HEADINGS - len(self.found.headings)
        if room > 0:  # a file may hold a list for each of a million keys
            self.found.headings += record_headings(self._text, starts, level, at)[:room]
        return at + 1, f"a list of {records.words}"


class _Records:
    """How many records there are, and which keys they have."""

    def __init__(self) -> None:
        self.count = 0
        self._objects = 0
        self._keys: dict[str, None] = {}

    def add(self, value: Any) -> None:
        """Take one."""
        self.count += 1
        if isinstance(value, dict):
            self._objects += 1
            if len(self._keys) < _MAX_KEYS:
                self._keys.update(dict.fromkeys(value))

    @property
    def words(self) -> str:
        """`2,041 objects: id, name, price`."""
        noun = "object" if self._objects == self.count and self.count else "value"
        return _counted(self.count, noun) + _listed(list(self._keys))


def _listed(keys: list[str]) -> str:
    shown = ", ".join(" ".join(key.split())[:40] for key in keys[:12])
    return f": {shown}{', …' if len(keys) > 12 else ''}" if keys else ""


def record_headings(text: str, starts: list[int], level: int, end: int) -> list[tuple[str, int, int]]:
    """An entry for each record, or for each n-th of many."""
    step = max(1, -(-len(starts) // _IN_OUTLINE))
    ends = [*starts[1:], end]
    return [
        (f"{index + 1:,}  {_excerpt(text, starts[index], ends[index])}", level, starts[index])
        for index in range(0, len(starts), step)
    ]


def _excerpt(text: str, start: int, end: int) -> str:
    return " ".join(text[start : min(end, start + _EXCERPT)].split()).rstrip(",")


def read_jsonl(text: str) -> Found:
    """The records of JSON lines; a broken line is a remark, not an end."""
    starts, broken, records = [], [], _Records()
    for number, (at, line) in enumerate(_lines(text), 1):
        if line.isspace():
            continue
        try:
            value, end = _DECODER.raw_decode(line, _skip_space(line))
            if line[end:].strip():
                raise json.JSONDecodeError("more than one value", line, end)
        except (json.JSONDecodeError, RecursionError):
            broken.append(number)
            continue
        starts.append(at)
        records.add(value)
    found = Found(headings=record_headings(text, starts, 1, len(text)), shape=f"JSON lines, {records.words}")
    if broken:
        found.remarks.append(f"has {_places('line', broken)} of no whole JSON")
    return found


def _skip_space(line: str) -> int:
    return len(line) - len(line.lstrip())


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with where they begin; only a newline ends one."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield at, text[at:end]
        at = end


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def _places(noun: str, numbers: list[int]) -> str:
    """`1 line (17)`, `3 lines (17, 40, 41)`."""
    shown = ", ".join(f"{number:,}" for number in numbers[:5]) + (", …" if len(numbers) > 5 else "")
    return f"{_counted(len(numbers), noun)} ({shown})"


def read_csv(text: str, delimiter: str = "") -> Found:
    """The columns and rows of a table; rows of another length are a remark."""
    csv.field_size_limit(_MAX_FIELD)
    starts: list[int] = []
    uneven: list[int] = []
    columns: list[str] = []
    at = before = 0
    lines = _Lines(text)
    reader = csv.reader(lines, _dialect(text, delimiter))
    found = Found()
    try:
        for row in reader:
            if row and columns:
                starts.append(at)
                if len(row) != len(columns):
                    uneven.append(before + 1)
            columns = columns or row
            at, before = lines.at, reader.line_num
    except csv.Error as error:
        found.remarks.append(f"is not whole as CSV: {error} at line {reader.line_num:,}")
    found.headings = record_headings(text, starts, 1, len(text))
    width = _counted(len(columns), "column")
    found.shape = f"CSV, {_counted(len(starts), 'row')} of {width}{_listed(columns)}"
    if uneven:
        found.remarks.append(f"has {_places('line', uneven)} of other than {width}")
    return found


class _Lines(Iterable[str]):
    """The lines of a text, and where the next one begins."""

    def __init__(self, text: str) -> None:
        self.at = 0
        self._text = text

    def __iter__(self) -> Iterator[str]:
        for start, line in _lines(self._text):
            self.at = start + len(line)
            yield line


def _dialect(text: str, delimiter: str) -> type[csv.Dialect]:
    class Table(csv.excel):
        pass

    Table.delimiter = delimiter or ","
    if not delimiter:
        sample = "".join(islice((line for _, line in _lines(text[:_SAMPLE])), 50))
        with suppress(csv.Error):
            Table.delimiter = csv.Sniffer().sniff(sample, ",;\t|").delimiter
    return Table
