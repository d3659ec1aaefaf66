"""`recursive-llm`: a result as one JSON object, whose `trajectory` lists typed events with their times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rlm_tui import events as ev
from rlm_tui.trace.importers.base import Feed, Importer, Tape, error_at_end, seconds, words
from rlm_tui.trace.importers.shape import Shape

ENGINE = "recursive-llm"
LOST = (
    "A recursive-llm result tells tokens of the whole run only, not of single calls, and no variables.",
    "It does not tell which sub-calls were asked together.",
)
_EMPTY = "Code executed successfully (no output)"
_VIA: dict[str, ev.Via] = {"answer_object": "answer", "worker_variable": "FINAL_VAR"}


class _Rlm:
    """One RLM: its node, the call it answers, and what of its newest iteration is open."""

    def __init__(self, node: str, depth: int, call: str = "") -> None:
        self.node, self.depth, self.call = node, depth, call
        self.turns = self.messages = 0
        self.said = ""
        self.code = ""
        self.answer: tuple[str, ev.Via] | None = None

    @property
    def turn(self) -> str:
        """The node of the newest iteration."""
        return f"{self.node}.{self.turns}"


class _Result:
    def __init__(self, tape: Tape, node: str, record: dict[str, Any]) -> None:
        self._tape, self._root, self._record = tape, node, record
        self._rlms: dict[str, _Rlm] = {}
        self._calls: dict[str, str] = {}
        self._begun = tape.t
        self._blocks = 0
        self._is_over = False

    def put(self) -> None:
        """All events of the result."""
        for event in self._record["trajectory"]:
            if isinstance(event, dict):
                took = seconds(event.get("elapsed_seconds"))
                self._tape.at(self._begun + took if took is not None else None)
                data = event.get("data")
                self._take(event, data if isinstance(data, dict) else {})
        if not self._rlms:
            self._rlms[""] = _Rlm(self._root, 0)
            self._begin({})
        if not self._is_over:
            self._finish()

    def _take(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        name = words(event.get("node_id"))
        rlm = self._rlms.get(name)
        above = self._rlms.get(words(event.get("parent_id")))
        match event.get("kind"):
            case "rlm_start":
                self._open(name, data, above)
            case "model_call_start" if above is not None:
                self._leaf(name, data, above) if data.get("is_leaf") else self._ask(data, above)
            case "model_call_end" if name in self._calls:
                if not self._tape.is_open(self._calls[name]):
                    return
                self._tape.put(ev.SubcallFinished(node=self._calls[name], text=words(data.get("response"))))
                self._tape.close(self._calls[name])
            case "model_call_end" if above is not None:
                self._respond(data, above)
            case "repl_step" if rlm is not None:
                self._step(data, rlm)
            case "final_answer" if rlm is not None:
                self._answer(data, rlm)
            case "rlm_end" if rlm is not None:
                self._end(data, rlm)
            case "run_end" if self._rlms and not self._is_over:
                self._finish()

    def _open(self, name: str, data: dict[str, Any], above: _Rlm | None) -> None:
        tape = self._tape
        if not self._rlms:
            self._rlms[name] = _Rlm(self._root, 0)
            self._begin(data)
        if name in self._rlms:
            return
        above = above or next(iter(self._rlms.values()))
        block = self._block(above)
        call = f"{block}.{name}"
        tape.open(call, "subcall", block, depth=above.depth, title="rlm_query")
        tape.put(ev.SubcallRequested(node=call, function="rlm_query", prompt=words(data.get("query")), model=""))
        tape.open(f"{call}.r", "rlm", call, depth=above.depth + 1, title="child RLM")
        self._rlms[name] = _Rlm(f"{call}.r", above.depth + 1, call)

    def _begin(self, data: dict[str, Any]) -> None:
        tape, config = self._tape, self._record.get("config")
        known = config if isinstance(config, dict) else {}
        tape.open(self._root, "rlm", "", title="root RLM")
        caps = ev.count(known.get("max_iterations")), ev.count(known.get("max_depth"))
        limits = ev.Limits(iterations=caps[0], subcalls=None, depth=caps[1] or 1, errors=None)
        text = data.get("context")
        info = tape.document(text) if isinstance(text, str) else ev.ContextInfo()
        tape.put(
            ev.RunStarted(
                node=self._root,
                query=words(data.get("query")),
                model=words(known.get("model")),
                sub_model=words(known.get("recursive_model")),
                dialect=ENGINE,
                limits=limits,
                context=info,
            )
        )
        for lost in LOST:
            tape.note(self._root, lost)

    def _ask(self, data: dict[str, Any], rlm: _Rlm) -> None:
        self._close_turn(rlm)
        if not self._tape.is_open(rlm.node):
            return
        rlm.turns += 1
        tape, lm = self._tape, f"{rlm.turn}.lm"
        tape.open(rlm.turn, "iteration", rlm.node, depth=rlm.depth)
        tape.put(ev.IterationStarted(node=rlm.turn, number=rlm.turns))
        model, talk = words(data.get("model")), _messages(data)
        tape.open(lm, "lm", rlm.turn, depth=rlm.depth, title=model)
        prior = min(rlm.messages, len(talk))
        tape.put(ev.LmRequested(node=lm, model=model, messages=tuple(talk[prior:]), prior=prior))
        rlm.messages = len(talk)

    def _respond(self, data: dict[str, Any], rlm: _Rlm) -> None:
        tape, lm = self._tape, f"{rlm.turn}.lm"
        if not tape.is_open(lm):
            return
        rlm.said = words(data.get("response"))
        tape.put(ev.LmResponded(node=lm, text=rlm.said, latency_s=tape.since(lm)))
        tape.close(lm)
        tape.put(ev.ResponseParsed(node=rlm.turn, blocks=(rlm.said,) if rlm.said else ()))

    def _leaf(self, name: str, data: dict[str, Any], rlm: _Rlm) -> None:
        tape, block = self._tape, self._block(rlm)
        call = f"{block}.{name}"
        if tape.is_open(call) or name in self._calls:
            return
        talk = _messages(data)
        prompt = talk[-1].content if talk else ""
        tape.open(call, "subcall", block, depth=rlm.depth, title="llm_query")
        asked = ev.SubcallRequested(node=call, function="llm_query", prompt=prompt, model=words(data.get("model")))
        tape.put(asked)
        self._calls[name] = call

    def _block(self, rlm: _Rlm) -> str:
        """The code node that runs now, opened by the first thing that it does; outside of any turn, the RLM."""
        if not self._tape.is_open(rlm.turn):
            return rlm.node
        if not rlm.code:
            self._blocks += 1
            rlm.code = f"{rlm.turn}.{self._blocks}"
            self._tape.open(rlm.code, "code", rlm.turn, depth=rlm.depth)
            self._tape.put(ev.CodeStarted(node=rlm.code, code=rlm.said, number=self._blocks))
        return rlm.code

    def _step(self, data: dict[str, Any], rlm: _Rlm) -> None:
        rlm.said = words(data.get("code")) or rlm.said
        if not self._tape.is_open(rlm.turn):
            return
        tape, node, output = self._tape, self._block(rlm), words(data.get("output"))
        error = None
        if data.get("status") == "error":
            _, error = error_at_end(output)
            error = error or ev.CodeError("Error", output.removeprefix("Error: "))
        stdout = "" if error or output == _EMPTY else output
        status: ev.BlockStatus = "error" if error else "ok"
        took = tape.since(node)
        tape.put(ev.CodeFinished(node=node, status=status, stdout=stdout, error=error, elapsed_s=took))
        tape.close(node, outcome="error" if error else "ok")
        rlm.code = ""

    def _answer(self, data: dict[str, Any], rlm: _Rlm) -> None:
        rlm.answer = words(data.get("answer")), _VIA.get(words(data.get("method")), "FINAL")
        if self._tape.is_open(rlm.turn):
            self._tape.put(ev.AnswerGiven(node=rlm.turn, text=rlm.answer[0], via=rlm.answer[1]))

    def _close_turn(self, rlm: _Rlm) -> None:
        if self._tape.is_open(rlm.turn):
            if rlm.code:
                self._tape.close(rlm.code, outcome="interrupted")
                rlm.code = ""
            self._tape.put(ev.IterationFinished(node=rlm.turn, number=rlm.turns))
            self._tape.close(rlm.turn)

    def _end(self, data: dict[str, Any], rlm: _Rlm) -> None:
        self._close_turn(rlm)
        if not self._tape.is_open(rlm.node):
            return
        self._tape.close(rlm.node)
        if rlm.call:
            took = self._tape.since(rlm.call)
            self._tape.put(ev.SubcallFinished(node=rlm.call, text=words(data.get("answer")), latency_s=took))
            self._tape.close(rlm.call)

    def _finish(self) -> None:
        self._is_over = True
        answer = self._record.get("answer")
        stats = self._record.get("stats")
        root = next(iter(self._rlms.values()), None)
        reason = words(self._record.get("termination_reason"))
        is_done = answer is not None and reason in ("", "completed")
        self._tape.put(
            ev.RunFinished(
                node=self._root,
                status="answered" if is_done else "no_answer" if answer is None else "limit",
                answer=None if answer is None else words(answer),
                via=root.answer[1] if root and root.answer else None,
                usage=_usage(stats if isinstance(stats, dict) else {}),
                detail="" if is_done else f"The engine says that it ended by: {reason}.",
                exit_code=0 if is_done else 1 if answer is None else 4,
            )
        )


def _messages(data: dict[str, Any]) -> list[ev.StoredMessage]:
    found = data.get("messages")
    talk = [message for message in found if isinstance(message, dict)] if isinstance(found, list) else []
    return [ev.StoredMessage(words(message.get("role")), words(message.get("content"))) for message in talk]


def _usage(stats: dict[str, Any]) -> ev.Usage:
    cost = seconds(stats.get("estimated_cost_usd"))
    return ev.Usage(ev.count(stats.get("prompt_tokens")), ev.count(stats.get("completion_tokens")), cost)


def _events(feed: Feed) -> Iterator[ev.TraceEvent]:
    tape, runs = Tape(), 0
    for number, record in feed.records():
        if isinstance(record, dict) and isinstance(record.get("trajectory"), list):
            runs += 1
            _Result(tape, f"r{runs}", record).put()
            yield from tape.take()
        else:
            feed.problem("unknown", f"The value at line {number} is no recursive-llm result; it is left out.", number)
    for text in LOST:
        list(feed.lost(text))


def _is_result(shape: Shape) -> bool:
    path = "[]." if shape.is_list else ""
    return all(path + name in shape.members for name in ("schema_version", "termination_reason", "stats"))


RESULT = Importer("recursive-llm-result", ENGINE, _is_result, _events)
