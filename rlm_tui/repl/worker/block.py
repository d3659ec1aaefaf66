"""One block: compile it, run it in the namespace, and tell how it went."""

from __future__ import annotations

import ast
import builtins
import linecache
import os
import traceback
from collections.abc import Callable
from types import CodeType
from typing import Any

from .awaiting import CO_COROUTINE, run_awaiting, without_loop
from .clip import Clip
from .guard import Guard
from .helpers import Finish, Helpers, Offer
from .link import Interrupts

_HERE = os.path.dirname(os.path.abspath(__file__))
_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_MAX_MESSAGE = 4_000
_MAX_TRACEBACK = 10_000
_MAX_FRAMES = 100


class Outcome:  # no dataclass, whose import would take a tenth of the start of a worker
    """How a block went: status is ok, error or interrupted."""

    def __init__(self) -> None:
        self.status = "ok"
        self.error: dict[str, str] | None = None
        self.offer: Offer | None = None
        self.notes: list[str] = []


class Runner:
    """Runs blocks in one namespace."""

    def __init__(self, namespace: dict[str, Any], helpers: Helpers, interrupts: Interrupts, guard: Guard) -> None:
        self._namespace = namespace
        self._helpers = helpers
        self._interrupts = interrupts
        self._guard = guard

    def run(self, code: str, number: int, began: Callable[[], None]) -> Outcome:
        """Run a block whose source shows as `<block number>` in tracebacks; never raises."""
        outcome = Outcome()
        if self._take_offer() is not None:
            outcome.notes.append(
                "An answer that a thread gave after its block had ended does not count; give it again."
            )
        try:
            self._interrupts.begin()
            began()
            problem = self._execute(code, f"<block {number}>")
            self._guard.restore()
            self._tell(problem, outcome)
            self._read_answer(outcome)
            self._interrupts.running = False
        except BaseException as exc:  # noqa: BLE001  # also an interrupt while the outcome itself was told
            self._interrupts.running = False
            self._guard.restore()
            self._take_offer()
            _fail(outcome, exc, self._interrupts.fired, "")
        return outcome

    def _take_offer(self) -> Offer | None:
        """The answer that was given and not yet taken."""
        offer, self._helpers.offer = self._helpers.offer, None
        return offer

    def _execute(self, code: str, filename: str) -> BaseException | None:
        try:
            body, last = _compile(code, filename)
            if any(part is not None and part.co_flags & CO_COROUTINE for part in (body, last)):
                self._echo(run_awaiting(body, last, self._namespace))
                return None
            exec(body, self._namespace)  # noqa: S102
            if last is not None:
                self._echo(eval(last, self._namespace))  # noqa: S307
        except BaseException as exc:  # noqa: BLE001  # whatever a block raises is its result
            if type(exc) is MemoryError:
                self._guard.free_spare()
            return exc
        return None

    def _tell(self, problem: BaseException | None, outcome: Outcome) -> None:
        if problem is None or type(problem) is Finish:
            return
        if issubclass(type(problem), SystemExit):
            code = _brief(getattr(problem, "code", None))
            outcome.notes.append(f"sys.exit({code}) ended the block; the REPL goes on.")
        else:
            _fail(outcome, problem, self._interrupts.fired, _trace(problem))

    def _echo(self, value: object) -> None:
        if value is not None:
            vars(builtins)["_"] = value
            print(repr(value))  # noqa: T201  # the echo of a REPL

    def _read_answer(self, outcome: Outcome) -> None:
        answer = self._namespace.get("answer")
        is_ready, text = False, ""
        if isinstance(answer, dict) and dict.get(answer, "ready", False) is not False:
            try:  # it is what the model made: an array has no truth value, a text of its own may raise
                is_ready = bool(dict.get(answer, "ready"))
                text = _answer_text(dict.get(answer, "content")) if is_ready else ""
            except Exception as error:  # noqa: BLE001
                is_ready = False
                outcome.notes.append(f"`answer` does not count: to read it raised {type(error).__name__}.")
            dict.__setitem__(answer, "ready", False)
        offer = self._take_offer() or (Offer(text, "answer") if is_ready and text.strip() else None)
        if is_ready and not text.strip():
            outcome.notes.append('answer["ready"] was set but answer["content"] is empty, so it does not count.')
        if offer and outcome.status != "ok":
            ending = "raised an error" if outcome.status == "error" else "was interrupted"
            outcome.notes.append(f"The answer does not count, as the block {ending}; give it again.")
            offer = None
        outcome.offer = offer


def _answer_text(content: object) -> str:
    return "" if content is None else str(content)


def _brief(code: object) -> str:
    return repr(code)[:80] if type(code) in (int, str) else "" if code is None else "…"


def _compile(code: str, filename: str) -> tuple[CodeType, CodeType | None]:
    lines = code.splitlines(keepends=True)
    linecache.cache[filename] = (len(code), None, lines, filename)
    tree = compile(code, filename, "exec", ast.PyCF_ONLY_AST | _AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)  # noqa: S101
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    body = compile(tree, filename, "exec", _AWAIT, dont_inherit=True)
    if not isinstance(last, ast.Expr):
        return body, None
    return body, compile(ast.Expression(last.value), filename, "eval", _AWAIT, dont_inherit=True)


def _fail(outcome: Outcome, exc: BaseException, was_interrupted: bool, trace: str) -> None:
    is_interrupt = was_interrupted and isinstance(exc, KeyboardInterrupt)
    outcome.status = "interrupted" if is_interrupt else "error"
    outcome.error = {"type": type(exc).__name__[:200], "message": _message(exc), "traceback": trace}


def _message(exc: BaseException) -> str:
    try:
        return _shorten(str(exc), _MAX_MESSAGE)
    except Exception:  # noqa: BLE001  # __str__ is the block's own code
        return "<the exception cannot be shown>"


def _trace(exc: BaseException) -> str:
    """The traceback of a block without the frames of this program."""
    try:
        report = traceback.TracebackException(type(exc), exc, exc.__traceback__, limit=-_MAX_FRAMES, compact=True)
        _strip(report, set())
        return _shorten("".join(report.format()), _MAX_TRACEBACK)
    except Exception as problem:  # noqa: BLE001  # an exception may be hostile, or memory too short to tell it
        return f"(no traceback: {type(problem).__name__})"


def _strip(report: traceback.TracebackException | None, seen: set[int]) -> None:
    if report is None or id(report) in seen:
        return
    seen.add(id(report))
    report.stack[:] = without_loop([frame for frame in report.stack if not frame.filename.startswith(_HERE)])
    for inner in (report.__cause__, report.__context__, *(report.exceptions or ())):
        _strip(inner, seen)


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    clip = Clip(limit // 2)
    clip.add(text)
    return clip.text()
