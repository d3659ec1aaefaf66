"""`pyrlm`: a trace as one JSON list of steps: root calls, blocks, and the sub-calls before the block that made them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rlm_tui import events as ev
from rlm_tui.trace.importers.base import Feed, Importer, Tape, error_at_end, seconds, words
from rlm_tui.trace.importers.shape import Shape

ENGINE = "pyrlm"
LOST = (
    "A pyrlm trace tells no moments, only how long steps took: its clock is their sum.",
    "Requests stand as the summaries of the trace; the system prompt, the context and the variables are not in it.",
)
VALUE = "The answer is the variable {}, whose value the trace does not hold."
_QUERY = re.compile(r"Query:\n(.*?)\n\nContext type: ", re.DOTALL)
_LENGTH = re.compile(r"Total length: (\d{1,15}) chars")
_FINAL = re.compile(r"\A\s*FINAL(_VAR)?(?::|\()\s*(.*?)\)?\s*\Z", re.DOTALL)
_FENCE = re.compile(r"\A\s*```[^\n]*\n(.*?)\n?```\s*\Z", re.DOTALL)


class _Trace:
    def __init__(self, feed: Feed) -> None:
        self._feed, self._tape = feed, Tape()
        self._turns = self._blocks = self._asked = 0
        self._waiting: list[dict[str, Any]] = []
        self._final: tuple[str, str] | None = None

    def read(self) -> Iterator[ev.TraceEvent]:
        """The events of every step."""
        steps = [step for _, step in self._feed.records() if isinstance(step, dict)]
        if not steps:
            return
        self._begin(words(steps[0].get("prompt_summary")))
        for step in steps:
            self._take(step)
            yield from self._tape.take()
        self._end()
        yield from self._tape.take()

    def _begin(self, summary: str) -> None:
        tape, asked, length = self._tape, _QUERY.search(summary), _LENGTH.search(summary)
        tape.open("r1", "rlm", "", title="root RLM")
        parts = (ev.ContextPart("context", "text", int(length[1]), ""),) if length else ()
        tape.put(
            ev.RunStarted(
                node="r1",
                query=asked[1] if asked else "",
                model="",
                sub_model="",
                dialect=ENGINE,
                limits=ev.Limits(iterations=None, subcalls=None, errors=None),
                context=ev.ContextInfo(parts),
            )
        )
        for text in LOST:
            for fresh in self._feed.lost(text):
                tape.note("r1", fresh)

    def _take(self, step: dict[str, Any]) -> None:
        match step.get("kind"):
            case "root_call":
                self._close()
                self._call(step)
            case "repl_exec":
                self._block(step)
            case "subcall":
                self._waiting.append(step)
            case other:
                text = f"A step is of the kind {words(other)[:40]!r}, which is not known; it is left out."
                self._feed.problem("unknown", text, 0)

    def _turn(self) -> str:
        self._turns += 1
        self._tape.open(self._node, "iteration", "r1")
        self._tape.put(ev.IterationStarted(node=self._node, number=self._turns))
        return self._node

    def _call(self, step: dict[str, Any]) -> None:
        tape, node, said = self._tape, self._turn(), words(step.get("output"))
        self._final = _final(said)
        tape.open(f"{node}.lm", "lm", node, title=words(step.get("model")))
        asked = (ev.StoredMessage("user", words(step.get("prompt_summary"))),)
        model = words(step.get("model"))
        tape.put(ev.LmRequested(node=f"{node}.lm", model=model, messages=asked, prior=self._turns - 1))
        took = self._pass(step)
        used, cached = _usage(step.get("usage")), bool(step.get("cache_hit"))
        tape.put(ev.LmResponded(node=f"{node}.lm", text=said, usage=used, latency_s=took, cached=cached))
        tape.close(f"{node}.lm", timed=took is not None)
        fenced = _FENCE.match(said)
        code = "" if self._final else fenced[1] if fenced else said
        final = ev.Final("var" if self._final[0] == "FINAL_VAR" else "text", self._final[1]) if self._final else None
        tape.put(ev.ResponseParsed(node=node, blocks=(code,) if code else (), final=final))

    def _block(self, step: dict[str, Any]) -> None:
        if not self._turns:
            self._turn()
        self._blocks += 1
        tape, begun = self._tape, self._tape.t
        node = f"{self._node}.{self._blocks}"
        tape.open(node, "code", self._node)
        tape.put(ev.CodeStarted(node=node, code=words(step.get("code")), number=self._blocks))
        calls, self._waiting = self._waiting, []
        for call in sorted(calls, key=_place):
            self._sub_call(node, call)
        took = seconds(step.get("elapsed"))
        tape.at(begun + took if took is not None else None)
        _, error = error_at_end(words(step.get("error")))
        if error is None and step.get("error"):
            error = ev.CodeError("Error", words(step.get("error")))
        status: ev.BlockStatus = "error" if error else "ok"
        stdout = words(step.get("stdout"))
        tape.put(ev.CodeFinished(node=node, status=status, stdout=stdout, error=error, elapsed_s=took))
        tape.close(node, outcome="error" if error else "ok", timed=took is not None)

    def _sub_call(self, block: str, step: dict[str, Any]) -> None:
        self._asked += 1
        tape, node = self._tape, f"{block}.s{self._asked}"
        group = words(step.get("parallel_group_id"))
        tape.open(node, "subcall", block, title="llm_query")
        tape.put(
            ev.SubcallRequested(
                node=node,
                function="llm_query",
                prompt=words(step.get("prompt_summary")),
                model=words(step.get("model")),
                batch=group and f"{block}.{group}",
                index=ev.count(step.get("parallel_index")) or 0,
                batch_size=ev.count(step.get("parallel_total")) or 1,
            )
        )
        took = seconds(step.get("elapsed")) if group else self._pass(step)
        text, error = words(step.get("output")), words(step.get("error"))
        used, cached = _usage(step.get("usage")), bool(step.get("cache_hit"))
        tape.put(ev.SubcallFinished(node=node, text=text, error=error, usage=used, latency_s=took, cached=cached))
        tape.close(node, outcome="error" if error else "ok", timed=not group)

    def _pass(self, step: dict[str, Any]) -> float | None:
        took = seconds(step.get("elapsed"))
        self._tape.at(self._tape.t + took if took is not None else None)
        return took

    @property
    def _node(self) -> str:
        return f"r1.{self._turns}"

    def _close(self) -> None:
        if self._turns:
            self._tape.put(ev.IterationFinished(node=self._node, number=self._turns))
            self._tape.close(self._node)

    def _end(self) -> None:
        tape = self._tape
        if self._final is None:
            self._close()
            return
        form, text = self._final
        via: ev.Via = "FINAL_VAR" if form == "FINAL_VAR" else "FINAL"
        answer = None if via == "FINAL_VAR" else text
        if answer is not None:
            tape.put(ev.AnswerGiven(node=self._node, text=answer, via=via))
        else:
            for fresh in self._feed.lost(VALUE.format(text)):
                tape.note(self._node, fresh)
        self._close()
        tape.close("r1")
        detail = "" if answer is not None else VALUE.format(text)
        tape.put(ev.RunFinished(node="r1", status="answered", answer=answer, via=via, usage=tape.spent, detail=detail))


def _final(text: str) -> tuple[str, str] | None:
    found = _FINAL.match(text)
    return (f"FINAL{found[1] or ''}", found[2]) if found else None


def _place(step: dict[str, Any]) -> tuple[bool, int]:
    """The calls of a group in the order in which they were asked, before those that stand alone."""
    return not step.get("parallel_group_id"), ev.count(step.get("parallel_index")) or 0


def _usage(used: Any) -> ev.Usage:
    found = used if isinstance(used, dict) else {}
    return ev.Usage(ev.count(found.get("prompt_tokens")), ev.count(found.get("completion_tokens")))


def _is_trace(shape: Shape) -> bool:
    return shape.is_list and shape.has("[].step_id", "[].kind", "[].depth")


TRACE = Importer("pyrlm-trace", ENGINE, _is_trace, lambda feed: _Trace(feed).read())
