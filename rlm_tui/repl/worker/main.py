"""The worker's main thread: takes jobs from the link one at a time and answers each with one frame."""

from __future__ import annotations

import builtins
import os
import re
import signal
import sys
from fcntl import F_DUPFD_CLOEXEC, fcntl
from json import loads
from socket import socket
from types import ModuleType
from typing import Any

from . import wire
from .block import Outcome, Runner
from .guard import Guard, limit_resources
from .helpers import Helpers, finish_quietly
from .link import Interrupts, Link
from .streams import NoInput, OutStream, Threads, no_input
from .tools import line_of
from .variables import changes, fingerprints, whole

_FIRST_FD = 3
_MAX_TEXT = 16 << 20
_MAX_PROBLEM = 500
_ANSWERS = re.compile(r"\banswer\s*(?:\[\s*[\"'](?:content|ready)[\"']|\.update\()")


class Worker:
    """One namespace, and what is asked about it."""

    def __init__(self, link: Link, interrupts: Interrupts, outputs: tuple[int, int]) -> None:
        self._link = link
        self._interrupts = interrupts
        self._threads = Threads()
        self._out, self._err = (OutStream(fd, self._threads) for fd in outputs)
        sys.stdin, sys.stdout, sys.stderr = NoInput(), self._out, self._err
        vars(builtins)["input"] = no_input
        module = ModuleType("__main__")
        self._namespace: dict[str, Any] = vars(module)
        self._guard = Guard(module)
        self._loaded: dict[str, object] = {}
        self._helpers = Helpers(link, self._namespace, self._loaded)
        finish_quietly()
        self._runner = Runner(self._namespace, self._helpers, interrupts, self._guard)
        self._restore()

    def serve(self) -> None:
        """Take jobs for ever; the reader thread ends the process when the host is gone."""
        jobs = {"run": self._run, "load": self._load, "lookup": self._lookup, "show": self._show}
        self._link.send({"op": "ready", "pid": os.getpid()})
        while True:
            header, payload = self._link.jobs.get()
            jobs[header["op"]](header, payload)

    def _load(self, header: dict[str, Any], payload: bytes | bytearray) -> None:
        problem = "it does not fit the memory of the worker" if header.get("too_big") else ""
        try:
            texts = wire.split(header["sizes"], payload) if not problem else []
        except MemoryError:
            texts, problem = [], "it does not fit the memory of the worker"
        if header["form"] in ("source", "host"):
            problem = problem or self._load_tools(header, texts)
        elif not problem:
            self._loaded[header["name"]] = _value(header["form"], texts)
            self._namespace[header["name"]] = self._loaded[header["name"]]
            self._helpers.forget_document()
        self._link.send({"op": "loaded", "id": header["id"], "problem": problem})

    def _load_tools(self, header: dict[str, Any], texts: list[str]) -> str:
        """Make custom tools; returns what is wrong with them."""
        try:
            if header["form"] == "host":
                self._helpers.add_host_tools(loads(texts[0]))
            else:
                self._helpers.add_source(header["name"], texts[0], texts[1:])
        except BaseException as problem:  # noqa: BLE001  # whatever a person's source raises
            return f"{line_of(problem, header['name'])}{type(problem).__name__}: {str(problem)[:_MAX_PROBLEM]}"
        finally:
            self._guard.restore()
        return ""

    def _lookup(self, header: dict[str, Any], _payload: bytes | bytearray) -> None:
        text: str | None = None
        try:
            self._interrupts.begin()
            value = self._helpers.find(header["name"])
            text = "" if value is None else str(value)[:_MAX_TEXT]
            self._interrupts.running = False
        except BaseException:  # noqa: BLE001  # str() is the block's own code; what cannot be told is not there
            self._interrupts.running = False
        found = {"op": "value", "id": header["id"], "is_there": text is not None}
        self._link.send(found, wire.encode(text or "")[0])

    def _show(self, header: dict[str, Any], _payload: bytes | bytearray) -> None:
        """The value of a variable for a person who looks at it, told without running any of its code."""
        values = self._helpers.variables()
        is_there = header["name"] in values
        found = {"op": "value", "id": header["id"], "is_there": is_there}
        self._link.send(found, wire.encode(whole(values[header["name"]]) if is_there else "")[0])

    def _restore(self, code: str = "") -> None:
        self._guard.restore()
        self._helpers.offer_to(code)
        self._namespace.update({**self._helpers.table, **self._loaded, "__name__": "__main__"})
        if "answer" not in self._namespace or (self._helpers.has_own_answer() and _ANSWERS.search(code)):
            self._namespace["answer"] = {"content": "", "ready": False}
        if not callable(self._namespace.get("print", print)):
            del self._namespace["print"]

    def _marks(self) -> tuple[dict[str, object], dict[str, tuple[object, ...]]]:
        items = {name: value for name, value in self._helpers.variables().items() if name not in self._loaded}
        return items, fingerprints(items)

    def _run(self, header: dict[str, Any], payload: bytes | bytearray) -> None:
        code = str(payload, "utf-8", "replace")
        self._restore(code)
        late = self._out.take_late() + self._err.take_late()
        self._out.begin()
        self._err.begin()
        _, before = self._marks()
        self._threads.idle = False
        outcome = self._runner.run(code, header["number"], lambda: self._link.send({"op": "began", "id": header["id"]}))
        if not self._link.in_worker:
            self._out.flush()
            os._exit(0)
        self._threads.retire()
        self._finish(header["id"], outcome, before, late)

    def _finish(self, run_id: int, outcome: Outcome, before: dict[str, tuple[object, ...]], late: str) -> None:
        items, after = self._marks()
        dropped = [self._out.finish(), self._err.finish()]
        notes = [*outcome.notes, *self._taken_notes(), *self._output_notes(late)]
        offer = outcome.offer
        if offer and len(offer.value) > _MAX_TEXT:
            notes.append(f"The answer has {len(offer.value):,} characters; the first {_MAX_TEXT:,} were taken.")
        done = {
            "op": "done",
            "id": run_id,
            "status": outcome.status,
            "error": outcome.error,
            "via": offer.via if offer else None,
            "changes": changes(before, after, items),
            "names": [name[:200] for name in (*self._loaded, *items)],
            "notes": notes,
            "dropped": dropped,
        }
        self._link.send(done, wire.encode(offer.value[:_MAX_TEXT])[0] if offer else b"")

    def _taken_notes(self) -> list[str]:
        wanted = {**self._helpers.table, **self._loaded}
        taken = [name for name, value in wanted.items() if self._namespace.get(name) is not value]
        return [f"`{name}` is reserved; the next block finds it as it was." for name in taken]

    def _output_notes(self, late: str) -> list[str]:
        notes = [f"A thread of an earlier block printed meanwhile: {late.strip()}"] if late else []
        for what, replaced in (
            ("output", self._out.replaced + self._err.replaced),
            ("prompts", self._helpers.replaced),
        ):
            if replaced:
                notes.append(f"Lone surrogates in the {what} were replaced by U+FFFD ({replaced:,}).")
        self._helpers.replaced = 0
        return notes


def _value(form: str, texts: list[str]) -> object:
    return texts if form == "texts" else loads(texts[0]) if form == "json" else texts[0]


def main(channel_fd: int, memory_mb: int) -> None:
    """Take the channel first, then give up 0, 1 and 2 to whoever prints; never returns."""
    channel = socket(fileno=fcntl(channel_fd, F_DUPFD_CLOEXEC, _FIRST_FD))
    outputs = (fcntl(1, F_DUPFD_CLOEXEC, _FIRST_FD), fcntl(2, F_DUPFD_CLOEXEC, _FIRST_FD))
    os.close(channel_fd)
    limit_resources(memory_mb)
    interrupts = Interrupts()
    signal.signal(signal.SIGINT, interrupts.handle)
    link = Link(channel, interrupts)
    worker = Worker(link, interrupts, outputs)
    link.start()
    try:
        worker.serve()
    except MemoryError:
        os._exit(wire.OUT_OF_MEMORY)
