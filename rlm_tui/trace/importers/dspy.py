"""`dspy.RLM`: a prediction as JSON, whose `trajectory` lists reasoning, code and output of every step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rlm_tui import events as ev
from rlm_tui.trace.importers.base import Feed, Importer, Tape, error_at_end, words
from rlm_tui.trace.importers.shape import Shape

ENGINE = "dspy"
LOST = (
    "A dspy trajectory does not tell the question, the model, the context, times, tokens, variables or sub-calls.",
    "What the LM wrote stands as its reasoning and its code; the response and the requests are not in the file.",
)
_FAILED = "[Error] "
_SUBMIT = re.compile(r"\bSUBMIT\s*\(")
_OWN = ("trajectory", "final_reasoning")


class _Prediction:
    """One prediction as a run."""

    def __init__(self, tape: Tape, node: str) -> None:
        self._tape, self._node = tape, node

    def put(self, fields: dict[str, Any], steps: list[Any]) -> None:
        """All its events."""
        tape, node = self._tape, self._node
        tape.open(node, "rlm", "", title="root RLM")
        limits = ev.Limits(iterations=None, subcalls=None, errors=None)
        tape.put(ev.RunStarted(node=node, query="", model="", sub_model="", dialect="dspy", limits=limits))
        for text in LOST:
            tape.note(node, text)
        answer = _answer(fields)
        for number, step in enumerate(steps, 1):
            record = step if isinstance(step, dict) else {"code": words(step)}
            self._step(number, record, answer if number == len(steps) else None)
        tape.close(node, timed=False)
        via: ev.Via | None = "SUBMIT" if steps and _submits(steps[-1]) else None
        if answer is not None:
            tape.put(ev.RunFinished(node=node, status="answered", answer=answer, via=via))
        else:
            tape.put(ev.RunFinished(node=node, status="no_answer", detail="The file holds no answer.", exit_code=1))

    def _step(self, number: int, step: dict[str, Any], answer: str | None) -> None:
        tape, node = self._tape, f"{self._node}.{number}"
        code, reasoning = words(step.get("code")), words(step.get("reasoning"))
        tape.open(node, "iteration", self._node)
        tape.put(ev.IterationStarted(node=node, number=number))
        tape.open(f"{node}.lm", "lm", node)
        said = "\n\n".join(part for part in (reasoning, f"```python\n{code}\n```" if code else "") if part)
        tape.put(ev.LmResponded(node=f"{node}.lm", text=said, latency_s=None))
        tape.close(f"{node}.lm", timed=False)
        tape.put(ev.ResponseParsed(node=node, blocks=(code,) if code else ()))
        if code:
            self._block(f"{node}.1", node, number, code, words(step.get("output")))
        if answer is not None:
            tape.put(ev.AnswerGiven(node=node, text=answer, via="SUBMIT" if _submits(step) else None))
        tape.put(ev.IterationFinished(node=node, number=number))
        tape.close(node, timed=False)

    def _block(self, node: str, parent: str, number: int, code: str, output: str) -> None:
        tape, error = self._tape, None
        if output.startswith(_FAILED):
            _, error = error_at_end(output.removeprefix(_FAILED))
            error = error or ev.CodeError("Error", output.removeprefix(_FAILED))
        tape.open(node, "code", parent)
        tape.put(ev.CodeStarted(node=node, code=code, number=number))
        status: ev.BlockStatus = "error" if error else "ok"
        stdout = "" if error else output
        tape.put(ev.CodeFinished(node=node, status=status, stdout=stdout, error=error, elapsed_s=None))
        tape.close(node, outcome="error" if error else "ok", timed=False)


def _answer(fields: dict[str, Any]) -> str | None:
    """The output fields of the prediction: the value of a lone one, all of them as JSON otherwise."""
    found = {name: value for name, value in fields.items() if name not in _OWN and value is not None}
    if not found:
        return None
    return words(next(iter(found.values())) if len(found) == 1 else found)


def _submits(step: Any) -> bool:
    return isinstance(step, dict) and _SUBMIT.search(words(step.get("code"))) is not None


def _events(feed: Feed) -> Iterator[ev.TraceEvent]:
    tape, loose = Tape(), []
    runs = 0
    for number, record in feed.records():
        steps = record.get("trajectory") if isinstance(record, dict) else None
        if isinstance(steps, list):
            runs += 1
            _Prediction(tape, f"r{runs}").put(record, steps)
            yield from tape.take()
        elif isinstance(record, dict) and "code" in record:
            loose.append(record)
        else:
            feed.problem("unknown", f"The value at line {number} is no dspy prediction; it is left out.", number)
    if loose:
        _Prediction(tape, f"r{runs + 1}").put({}, loose)
        yield from tape.take()
    for text in LOST:
        list(feed.lost(text))


def _is_prediction(shape: Shape) -> bool:
    if any(shape.has(f"{path}code", f"{path}output") for path in ("trajectory[].", "[].trajectory[].")):
        return True
    # A list of such records may be anybody's, unless it is nothing but steps.
    return shape.is_list and set(shape.members) == {"[].reasoning", "[].code", "[].output"}


PREDICTION = Importer("dspy-trajectory", ENGINE, _is_prediction, _events)
