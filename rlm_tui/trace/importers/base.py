"""What every importer works with: the file it reads, and the tape on which it puts events."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.text import scrub
from rlm_tui.trace.importers.shape import Shape, mended

_CHUNK: Final = 1 << 20
Problems: TypeAlias = Callable[[str, str, int], None]
_LIST = re.compile(rb"\s*\[")
_NAMES = "Error|Exception|Interrupt|Exit|Iteration|Warning"
_ERROR = re.compile(rf"(?:\A|\n)([A-Za-z_][\w.]*(?:{_NAMES})): ?(.*)\Z", re.DOTALL)


class Line(NamedTuple):
    """One line of a log: its number from 1, its bytes, where it ends, and whether a line feed ends it."""

    number: int
    data: bytearray
    end: int
    is_whole: bool


class Feed:
    """A log as an importer reads it, and where it says what it found: problems, losses, when it was written."""

    def __init__(self, fd: int, size: int, problem: Problems) -> None:
        self._fd = fd
        self.size = size
        self.done = 0
        self.problem = problem
        self.created = ""
        self.notes: list[str] = []

    def lost(self, text: str) -> Iterator[str]:
        """Say once what the format cannot tell; gives the text when it is new."""
        if text not in self.notes:
            self.notes.append(text)
            yield text

    def lines(self) -> Iterator[Line]:
        """Every line that is not blank, one in memory at a time."""
        start, number = self._begin, 0
        while start < self.size:
            end = self._line_end(start)
            number += 1
            data = self._read(start, end - start)
            is_whole = data.endswith(b"\n")
            self.done = end
            if not data.isspace():
                yield Line(number, data, end, is_whole)
            start = end

    def value(self, kind: Any, kind_of_list: Any = Any) -> Any:
        """The one JSON value that the file is; of one that is cut off, what was whole before the cut."""
        data = self._read(self._begin, self.size - self._begin)
        self.done = self.size
        is_list = _LIST.match(data) is not None
        try:
            return decode(data, kind_of_list if is_list else kind)
        except TraceError:
            left = mended(bytes(data))
            if left is None:
                raise
            value = decode(bytearray(left), kind_of_list if is_list else kind)
        lines = data.count(b"\n") + 1
        self.problem("torn", f"Line {lines}, the last, is cut off; what was not whole before it is lost.", lines)
        return value

    def records(self) -> Iterator[tuple[int, Any]]:
        """The JSON objects of the file with the line where each begins: one a line, all in a list, or one alone."""
        first = next(self.lines(), None)
        if first is not None and self.size > first.end and _is_record(first.data):
            for line in self.lines():
                try:
                    yield line.number, decode(line.data, dict[str, Any])
                except TraceError as error:
                    self.problem(*damage(line, error))
            return
        value = self.value(Any)
        yield from ((1, item) for item in (value if isinstance(value, list) else [value]))

    @cached_property
    def _begin(self) -> int:
        """Where the text begins, behind the mark that some editors put before it."""
        mark = len(codecs.BOM_UTF8)
        return mark if self._read(0, min(mark, self.size)) == codecs.BOM_UTF8 else 0

    def _line_end(self, start: int) -> int:
        at = start
        while at < self.size:
            chunk = self._read(at, min(_CHUNK, self.size - at))
            found = chunk.find(b"\n")
            if found >= 0:
                return at + found + 1
            at += len(chunk)
        return self.size

    def _read(self, start: int, length: int) -> bytearray:
        data = bytearray(length)
        view, done = memoryview(data), 0
        while done < length:
            try:
                count = os.preadv(self._fd, [view[done : done + (1 << 30)]], start + done)
            except OSError as error:
                raise TraceError(f"The log cannot be read: {(error.strerror or str(error)).lower()}.") from None
            if not count:
                raise TraceError("The log became shorter while it was read.")
            done += count
        return data


class Importer(NamedTuple):
    """One foreign format: its name, the engine that writes it, how to know it, how to read it."""

    name: str
    engine: str
    matches: Callable[[Shape], bool]
    events: Callable[[Feed], Iterator[ev.TraceEvent]]


class Tape:
    """Events in the order in which they are put; its clock never runs backwards."""

    def __init__(self) -> None:
        self.t = 0.0
        self._events: list[ev.TraceEvent] = []
        self._opened: dict[str, float] = {}
        self._mark: int | None = None
        self.spent = ev.Usage()

    def at(self, seconds: float | None) -> None:
        """Let the time be that many seconds since the start, where that is known and later than now."""
        if seconds is not None:
            self.t = max(self.t, seconds)

    def put(self, event: ev.TraceEvent) -> None:
        """Add an event that happens now."""
        if isinstance(event, ev.LmResponded | ev.SubcallFinished):
            self.spent += event.usage
        self._events.append(msgspec.structs.replace(event, t=round(self.t, 6)))

    def open(self, node: str, kind: ev.NodeType, parent: str, *, depth: int = 0, title: str = "") -> str:
        """Open a node; gives its id back."""
        self._opened[node] = self.t
        role: ev.Role = "sub" if depth or kind == "subcall" else "root"
        self.put(ev.NodeOpened(node=node, type=kind, parent=parent, depth=depth, role=role, title=title))
        return node

    def close(self, node: str, *, outcome: ev.Outcome = "ok", timed: bool = True) -> None:
        """Close a node; `timed` is whether the log tells how long it took."""
        self._opened.pop(node, None)
        self.put(ev.NodeClosed(node=node, outcome=outcome, timed=timed))

    def is_open(self, node: str) -> bool:
        """Whether a node was opened and not closed."""
        return node in self._opened

    def since(self, node: str) -> float | None:
        """Seconds since a node was opened, while it is open."""
        return round(self.t - self._opened[node], 6) if node in self._opened else None

    def document(self, *texts: str, is_list: bool = False) -> ev.ContextInfo:
        """Put the texts of a context that the log itself holds, before the run that has it; gives what they are."""
        parts: list[ev.ContextPart] = []
        for nth, text in enumerate(texts):
            clean, _ = scrub(text)
            self.put(ev.BodyStored(text=clean))
            name = f"context[{nth}]" if is_list else "context"
            parts.append(ev.ContextPart(name, "text", len(clean), hashlib.sha256(clean.encode()).hexdigest()))
        return ev.ContextInfo(tuple(parts), is_list=is_list)

    def note(self, node: str, text: str) -> None:
        """Say what the log cannot tell, or has lost."""
        self.put(ev.Note(node=node, text=text))

    def mark(self) -> None:
        """Let `take` give only what stands before this place, as what follows may still be amended."""
        self._mark = len(self._events)

    def amend(self, node: str, shown: int) -> None:
        """Say how much of a block's output the model saw, which only its next prompt tells."""
        for index in range(len(self._events) - 1, -1, -1):
            event = self._events[index]
            if isinstance(event, ev.CodeFinished) and event.node == node:
                self._events[index] = msgspec.structs.replace(event, shown=shown)
                return

    def take(self) -> list[ev.TraceEvent]:
        """What was put since the last call, up to the mark where there is one."""
        end = len(self._events) if self._mark is None else self._mark
        taken, self._events = self._events[:end], self._events[end:]
        self._mark = None if self._mark is None else 0
        return taken

    def take_all(self) -> list[ev.TraceEvent]:
        """What was put since the last call."""
        self._mark = None
        return self.take()


def decode(data: bytearray | memoryview | msgspec.Raw, kind: Any) -> Any:
    """A JSON value of a type; Python's own NaN, lone surrogates and huge numbers are borne; TraceError if damaged."""
    try:
        return msgspec.json.decode(data, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as first:
        try:
            return msgspec.json.decode(_plain(data), type=kind, strict=False)
        except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
            why = str(first).removeprefix("JSON is malformed: ")[:100]
            raise TraceError(f"it is not valid JSON of this format: {why}") from None


def _plain(data: bytearray | memoryview | msgspec.Raw) -> bytes:
    """What `json` writes beyond JSON, as JSON: NaN and infinity by name, lone surrogates replaced."""
    import json

    text = str(memoryview(data), "utf-8", "replace")
    value = json.loads(text, parse_constant=str, parse_float=_finite)
    return scrub(json.dumps(value, ensure_ascii=False))[0].encode()


def _finite(text: str) -> float | str:
    number = float(text)
    return number if abs(number) != float("inf") else text


def damage(line: Line, error: TraceError | str) -> tuple[str, str, int]:
    """The problem of a line that cannot be used."""
    if not line.is_whole:
        return "torn", f"Line {line.number}, the last, is cut off; what it held is lost.", line.number
    return "damaged", f"Line {line.number} is left out: {error}.", line.number


def seconds(value: Any) -> float | None:
    """A duration or a moment in seconds, or None for what is no number of them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e12 else None


def moment(value: Any) -> float | None:
    """An ISO 8601 time as seconds since the epoch, or None."""
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def words(value: Any) -> str:
    """A value as text: a string as it is, nothing as "", anything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def error_at_end(text: str) -> tuple[str, ev.CodeError | None]:
    """A text without the exception named in its last lines, and that exception."""
    found = _ERROR.search(text)
    if found is None:
        return text, None
    return text[: found.start()], ev.CodeError(found[1], found[2].strip())


def _is_record(data: bytearray) -> bool:
    try:
        msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True
