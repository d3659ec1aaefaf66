"""The REPL environment that runs in a worker process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TypeVar

from msgspec import structs
from msgspec.structs import asdict

from rlm_tui.errors import ReplError, RlmTuiError, ToolsError
from rlm_tui.events import CodeError, VarChange
from rlm_tui.repl.base import (
    BlockResult,
    ContextValue,
    HostHandler,
    HostNames,
    JsonValue,
    Offer,
    OnOutput,
    Source,
    WorkerFacts,
)
from rlm_tui.repl.calls import Calls
from rlm_tui.repl.connection import Connection, WorkerGoneError
from rlm_tui.repl.messages import Call, Done, Loaded, Value
from rlm_tui.repl.sandbox import choose
from rlm_tui.repl.watch import GRACE_S, Watch
from rlm_tui.repl.worker import wire

_LOOKUP_S = 5.0
_LOAD_S = 30.0
_LOAD_BYTES_S = 5 << 20
"""What a value may take to load: so many seconds, and one more for so many bytes."""
_MAX_NOTES = 50
_MAX_NOTE = 2_000
_MAX_CHANGES = 200
_MAX_NAMES = 2_000
_MAX_TEXT = 20_000
_V = TypeVar("_V", CodeError, VarChange)


class WorkerREPL:
    """Runs blocks in a child process that is replaced, with its context, when it dies.

    `handler` answers host calls on the loop that `run` is awaited on; an RlmTuiError of it is raised in the block.
    `memory_mb` bounds the address space of the worker.
    """

    def __init__(self, handler: HostHandler, *, sandbox: str = "auto", memory_mb: int = 2048) -> None:
        self.facts = WorkerFacts(None, *choose(sandbox))
        self._handler = handler
        self._memory_mb = memory_mb
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: Connection | None = None
        self._loaded: dict[str, ContextValue] = {}
        self._names: list[str] = []
        self._watch: Watch | None = None
        self._calls: Calls | None = None
        self._lost = ""
        self._why = ""
        self._turns = count(1)
        self._turn = 0
        """Which run is under way, so that what is meant for it meets no later one; 0: none."""
        self._is_unwanted = False
        self._blocks = 0
        self._is_closed = False

    async def start(self) -> None:
        """Spawn the worker and load what is to be loaded; ReplError when it cannot be."""
        async with self._lock:
            await self._connected()

    async def load(self, name: str, value: ContextValue) -> None:
        """Set a variable; it is loaded again when a dead worker is replaced."""
        async with self._lock:
            self._loaded[name] = value
            if self._connection is not None and self._connection.is_alive:  # a new worker gets it as it starts
                await self._send_value(self._connection, name, value)

    async def run(self, code: str, *, timeout_s: float, on_output: OnOutput | None = None) -> BlockResult:
        """Run one block; a dead worker is a result (`died`, `killed`) and is replaced before the next block."""
        self._turn, self._is_unwanted = next(self._turns), False
        try:
            async with self._lock:
                self._blocks += 1
                result = await self._attempt(code, timeout_s, on_output)
                if result is None:  # the worker had died meanwhile and the block had not begun
                    result = await self._attempt(code, timeout_s, on_output)
                self._why = ""
                return result or BlockResult("died", error=CodeError("WorkerDied", f"The REPL worker {self._lost}."))
        finally:
            self._turn = 0

    async def lookup(self, name: str) -> str | None:
        """The text of a variable, or None when there is none or its text cannot be had."""
        return await self._value_of("lookup", name)

    async def show(self, name: str) -> str | None:
        """A variable for a person who looks at it, told without running any code of a block; None: there is none."""
        return await self._value_of("show", name)

    async def _value_of(self, op: str, name: str) -> str | None:
        async with self._lock:
            connection = self._connection
            if connection is None or connection.is_gone:
                return None
            asked = asyncio.ensure_future(connection.ask({"op": op, "name": name}, b"", Value))
            if not (await asyncio.wait({asked}, timeout=_LOOKUP_S))[0]:
                connection.child.interrupt()
                if not (await asyncio.wait({asked}, timeout=GRACE_S))[0]:
                    connection.child.kill()
            try:
                found, payload = await asked
            except WorkerGoneError:
                return None
            return str(payload, "utf-8", "replace") if found.is_there else None

    async def names(self) -> list[str]:
        """The variables after the last block, `context` first."""
        return self._names or [name for name, value in self._loaded.items() if not _is_tools(value)]

    def interrupt(self) -> None:
        """Stop the running block with SIGINT, keeping the state, or as it begins; safe from any thread."""
        turn = self._turn
        if turn:
            self._soon(lambda: self._interrupt(turn))

    def _interrupt(self, turn: int) -> None:
        if turn == self._turn:
            self._is_unwanted = True
            if self._watch is not None:
                self._watch.interrupt()

    def end(self, why: str) -> None:
        """Stop the block that runs or is about to, as its timeout would; on the loop."""
        self._why = why
        if self._watch is not None:
            self._watch.end(why)

    def kill(self) -> None:
        """End the worker at once; the running block reads `killed` and variables are lost; safe from any thread."""
        watch, connection = self._watch, self._connection
        if watch is not None:
            self._soon(watch.kill)
        elif connection is not None and connection.child.pid is not None:
            self._soon(connection.child.kill)
        else:  # what is only starting has nothing that could be lost
            self.interrupt()

    async def close(self) -> None:
        """End the worker and every child it started; idempotent."""
        self._is_closed = True
        if self._watch is not None:
            self._watch.kill()
        async with self._lock:
            if self._connection is not None:
                await self._drop(self._connection)
            self._loaded.clear()

    def _soon(self, act: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nothing runs
                self._loop.call_soon_threadsafe(act)

    async def _connected(self) -> Connection:
        self._refuse_closed()
        self._loop = asyncio.get_running_loop()
        old = self._connection
        if old is not None and old.is_alive:
            return old
        if old is not None:
            self._lost = await old.ended()
            await self._drop(old)
        new = self._connection = Connection(self._memory_mb, self._on_call, self._on_began)
        try:
            await new.opened()
            for name, value in self._loaded.items():
                await self._send_value(new, name, value)
            self._refuse_closed()  # it may have been closed meanwhile, which waits for this
        except BaseException:
            await self._drop(new)
            raise
        self.facts.pid = new.child.pid
        return new

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise ReplError("The REPL is closed; nothing can run in it.")

    async def _drop(self, connection: Connection) -> None:
        connection.child.kill()
        self._connection = None
        self._names = []
        self.facts.pid = None
        await connection.close()

    async def _send_value(self, connection: Connection, name: str, value: ContextValue) -> None:
        form, texts = _as_texts(value)
        sizes, payload, _ = wire.join(texts)
        if len(payload) > wire.MAX_TO_WORKER:
            raise ReplError(f"{name} has {len(payload):,} bytes; the REPL takes at most {wire.MAX_TO_WORKER:,}.")
        header = {"op": "load", "name": name, "form": form, "sizes": sizes}
        asked = asyncio.ensure_future(connection.ask(header, payload, Loaded))
        try:
            allowed_s = _LOAD_S + len(payload) / _LOAD_BYTES_S
            if not (await asyncio.wait({asked}, timeout=allowed_s))[0]:
                connection.child.kill()
            loaded, _ = await asked
        except WorkerGoneError as exc:
            raise _not_loaded(name, value, f"the REPL worker {await connection.ended()} over it") from exc
        finally:
            asked.cancel()
        if loaded.problem:
            raise _not_loaded(name, value, loaded.problem[:_MAX_NOTE])

    def _on_call(self, call: Call, payload: bytes) -> None:
        if self._calls is not None:
            self._calls.start(call, payload)
        elif self._connection is not None:
            self._connection.refuse_later(call.id)

    def _on_began(self) -> None:
        if self._watch is not None:
            self._watch.began()

    async def _attempt(self, code: str, timeout_s: float, on_output: OnOutput | None) -> BlockResult | None:
        connection = await self._connected()
        lost, self._lost = self._lost, ""
        try:
            result = await self._run(connection, code, timeout_s, on_output)
        except BaseException:
            self._lost = "was ended while a block ran"
            await self._drop(connection)
            raise
        if result is None:
            return None
        return _with_notes(result, [_lost_note(lost, self._loaded)] if lost else [])

    async def _run(
        self, connection: Connection, code: str, timeout_s: float, on_output: OnOutput | None
    ) -> BlockResult | None:
        late = connection.begin_output(on_output)
        watch = self._watch = Watch(connection.child, timeout_s)
        if self._why:
            watch.end(self._why)
        if self._is_unwanted:
            watch.interrupt()
        calls = self._calls = Calls(self._handler, connection.channel, watch)
        try:
            header = {"op": "run", "number": self._blocks}
            done, answer = await connection.ask(header, wire.encode(code)[0], Done)
        except WorkerGoneError:
            done, answer = None, b""
        finally:
            watch.stop()
            self._watch = self._calls = None
            await calls.close()
        if calls.failure is not None:
            raise calls.failure
        if done is None:
            buried = await self._buried(connection, watch)
            return buried if watch.has_begun or watch.killed else None
        self._names = [name for name in done.names[:_MAX_NAMES] if len(name) <= _MAX_NOTE]
        result = _result(done, str(answer, "utf-8", "replace"), watch, connection.end_output())
        return _with_notes(result, [f"Output that came between blocks: {late.strip()}"] if late.strip() else [])

    async def _buried(self, connection: Connection, watch: Watch) -> BlockResult:
        how = await connection.ended()
        (stdout, lost_out), (stderr, lost_err) = connection.end_output()
        await self._drop(connection)
        self._lost = "was ended by force" if watch.killed else how
        error = CodeError("WorkerDied", f"The REPL worker {how}; variables set in it are lost.")
        if watch.killed:
            late = "the end of the run's time" if watch.why else "its timeout"
            why = f"did not stop within {GRACE_S:g} s of {late}" if watch.timed_out else "was stopped by force"
            error = CodeError(
                "TimeoutError" if watch.timed_out else "Killed", f"The block {why}; its worker was ended."
            )
        return BlockResult(
            status="killed" if watch.killed else "died",
            stdout=stdout,
            stderr=stderr,
            error=error,
            elapsed_s=watch.elapsed_s,
            notes=_dropped_notes(lost_out, lost_err),
        )


def _result(done: Done, answer: str, watch: Watch, output: tuple[tuple[str, int], tuple[str, int]]) -> BlockResult:
    (stdout, lost_out), (stderr, lost_err) = output
    own = [*done.dropped, 0, 0]
    notes = [note[:_MAX_NOTE] for note in done.notes[:_MAX_NOTES]]
    if watch.timed_out and not watch.why and done.status != "interrupted":
        notes.append(f"The block went on after its timeout of {watch.timeout_s:g} s.")
    return BlockResult(
        status=done.status,
        stdout=stdout,
        stderr=stderr,
        error=_error(done, watch),
        elapsed_s=watch.elapsed_s,
        offer=Offer(answer, done.via) if done.via else None,
        changes=tuple(_bounded(change) for change in done.changes[:_MAX_CHANGES]),
        notes=(*notes, *_dropped_notes(lost_out + own[0], lost_err + own[1])),
    )


def _as_texts(value: ContextValue) -> tuple[str, list[str]]:
    """How a value travels: its form, and the texts that carry it."""
    if isinstance(value, JsonValue):
        return "json", [value.text]
    if isinstance(value, Source):
        return "source", [value.text, *value.names]
    if isinstance(value, HostNames):
        return "host", [json.dumps(value.docs)]
    return ("text", [value]) if isinstance(value, str) else ("texts", value)


def _is_tools(value: ContextValue) -> bool:
    return isinstance(value, Source | HostNames)


def _not_loaded(name: str, value: ContextValue, problem: str) -> RlmTuiError:
    if isinstance(value, Source):
        said = f"The tools {name} cannot be made in the REPL ({problem})"
        return ToolsError(f"{said}; mend that, or let them run on the host.")
    return ReplError(f"{name} cannot be loaded: {problem}; give it more with --memory.")


def _bounded(value: _V) -> _V:
    """A value from the worker with every text in it cut to what an honest worker sends at most."""
    long = {name: text[:_MAX_TEXT] for name, text in asdict(value).items() if type(text) is str}
    return structs.replace(value, **long)


def _error(done: Done, watch: Watch) -> CodeError | None:
    if done.error is None:
        return None
    error = _bounded(done.error)
    if done.status != "interrupted":
        return error
    kept = "variables set so far are kept"
    if watch.why:
        return CodeError("TimeoutError", f"{watch.why}, so the block was interrupted; {kept}.", error.traceback)
    if watch.timed_out:
        message = f"The block ran longer than {watch.timeout_s:g} s of its own time and was interrupted; {kept}."
        return CodeError("TimeoutError", message, error.traceback)
    return CodeError("KeyboardInterrupt", f"The block was interrupted; {kept}.", error.traceback)


def _dropped_notes(stdout: int, stderr: int) -> tuple[str, ...]:
    counts = (("stdout", stdout), ("stderr", stderr))
    return tuple(f"{count:,} characters of {name} were dropped from its middle." for name, count in counts if count)


def _lost_note(how: str, loaded: dict[str, ContextValue]) -> str:
    again = f"; {', '.join(loaded)} was loaded again" if loaded else ""
    return f"The REPL worker {how}; variables set before are lost{again}."


def _with_notes(result: BlockResult, notes: list[str]) -> BlockResult:
    return replace(result, notes=(*notes, *result.notes)) if notes else result
