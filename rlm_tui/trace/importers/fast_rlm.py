"""`fast-rlm`: a log of JSON lines, every agent with a `run_id`, a child naming its `parent_run_id`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rlm_tui import events as ev
from rlm_tui.trace.importers.base import Feed, Importer, Tape, error_at_end, moment, seconds, words
from rlm_tui.trace.importers.shape import Shape

ENGINE = "fast-rlm"
LOST = (
    "A fast-rlm log does not tell the question, the model, the context, the requests or the variables.",
    "What the LM wrote stands as its reasoning and its code; a child stands where the log first names it.",
)
_PREFIX = "[FULL OUTPUT SHOWN]..."


class _Agent:
    """One `run_id`: its node, its iterations, generated code whose result may follow, and whether it is over."""

    def __init__(self, node: str, depth: int, call: str) -> None:
        self.node, self.depth, self.call = node, depth, call
        self.turns = 0
        self.pending: dict[str, Any] | None = None
        self.result: Any = None
        self.is_over = False


class _Log:
    def __init__(self, feed: Feed) -> None:
        self._feed, self._tape = feed, Tape()
        self._agents: dict[str, _Agent] = {}
        self._start: float | None = None
        self._roots = self._blocks = 0

    def read(self) -> Iterator[ev.TraceEvent]:
        """The events of every line."""
        for number, record in self._feed.records():
            if isinstance(record, dict) and isinstance(record.get("event_type"), str):
                self._take(record)
            else:
                self._feed.problem("unknown", f"Line {number} is no fast-rlm event; it is left out.", number)
            yield from self._tape.take()
        for agent in self._agents.values():
            self._flush(agent)
        for text in LOST:
            list(self._feed.lost(text))
        yield from self._tape.take()

    def _take(self, record: dict[str, Any]) -> None:
        self._time(record.get("time"))
        agent = self._agent(record)
        if agent.is_over:
            return
        pending = agent.pending
        if record["event_type"] == "execution_result" and pending and pending.get("step") == record.get("step"):
            agent.pending, record = None, {**pending, **record}
        self._flush(agent)
        match record["event_type"]:
            case "code_generated":
                agent.pending = record
            case "execution_result":
                self._step(agent, record)
            case "final_result":
                agent.result = record.get("result")
                self._answer(agent)
            case "agent_end":
                self._end(agent)

    def _flush(self, agent: _Agent) -> None:
        """Put generated code that no result followed."""
        pending, agent.pending = agent.pending, None
        if pending is not None:
            self._step(agent, pending)

    def _agent(self, record: dict[str, Any]) -> _Agent:
        name = words(record.get("run_id"))
        if name not in self._agents:
            parent = self._agents.get(words(record.get("parent_run_id")))
            self._agents[name] = self._child(parent) if parent else self._root()
        return self._agents[name]

    def _root(self) -> _Agent:
        self._roots += 1
        tape, node = self._tape, f"r{self._roots}"
        tape.open(node, "rlm", "", title="root RLM")
        limits = ev.Limits(iterations=None, subcalls=None, errors=None)
        tape.put(ev.RunStarted(node=node, query="", model="", sub_model="", dialect=ENGINE, limits=limits))
        for text in LOST:
            tape.note(node, text)
        return _Agent(node, 0, "")

    def _child(self, parent: _Agent) -> _Agent:
        """Below the newest iteration of its parent, or the parent itself before there is one."""
        self._flush(parent)
        above = f"{parent.node}.{parent.turns}" if parent.turns else parent.node
        tape, call = self._tape, f"{parent.node}.s{len(self._agents)}"
        tape.open(call, "subcall", above, depth=parent.depth, title="rlm")
        tape.put(ev.SubcallRequested(node=call, function="rlm", prompt="", model=""))
        tape.open(f"{call}.r", "rlm", call, depth=parent.depth + 1, title="child RLM")
        return _Agent(f"{call}.r", parent.depth + 1, call)

    def _close(self, agent: _Agent) -> None:
        """End the newest iteration: a child may have stood below it until now."""
        if agent.turns:
            node = f"{agent.node}.{agent.turns}"
            self._tape.put(ev.IterationFinished(node=node, number=agent.turns))
            self._tape.close(node, timed=False)

    def _step(self, agent: _Agent, record: dict[str, Any]) -> None:
        self._close(agent)
        agent.turns += 1
        tape, node = self._tape, f"{agent.node}.{agent.turns}"
        stamps = record.get("timestamps")
        stamps = stamps if isinstance(stamps, dict) else {}
        asked, answered = self._since(stamps.get("llm_call_start")), self._since(stamps.get("llm_call_end"))
        code, reasoning = words(record.get("code")), words(record.get("reasoning"))
        tape.open(node, "iteration", agent.node, depth=agent.depth)
        tape.put(ev.IterationStarted(node=node, number=agent.turns))
        tape.open(f"{node}.lm", "lm", node, depth=agent.depth)
        said = "\n\n".join(part for part in (reasoning, f"```python\n{code}\n```" if code else "") if part)
        took = seconds(answered - asked) if asked is not None and answered is not None else None
        tape.put(ev.LmResponded(node=f"{node}.lm", text=said, usage=_usage(record.get("usage")), latency_s=took))
        tape.close(f"{node}.lm", timed=False)
        tape.put(ev.ResponseParsed(node=node, blocks=(code,) if code else ()))
        if code:
            self._block(f"{node}.1", node, agent, record, stamps)

    def _block(self, node: str, parent: str, agent: _Agent, record: dict[str, Any], stamps: dict[str, Any]) -> None:
        tape, output = self._tape, words(record.get("output")).removeprefix(_PREFIX).strip()
        self._blocks += 1
        begun, ended = self._since(stamps.get("execution_start")), self._since(stamps.get("execution_end"))
        took = seconds(ended - begun) if begun is not None and ended is not None else None
        tape.open(node, "code", parent, depth=agent.depth)
        tape.put(ev.CodeStarted(node=node, code=words(record.get("code")), number=self._blocks))
        stdout, error = _failure(output) if record.get("hasError") else (output, None)
        failed = bool(record.get("hasError"))
        status: ev.BlockStatus = "error" if failed else "ok"
        tape.put(ev.CodeFinished(node=node, status=status, stdout=stdout, error=error, elapsed_s=took))
        tape.close(node, outcome="error" if failed else "ok", timed=False)

    def _answer(self, agent: _Agent) -> None:
        if agent.turns:
            self._tape.put(ev.AnswerGiven(node=f"{agent.node}.{agent.turns}", text=words(agent.result), via="FINAL"))

    def _end(self, agent: _Agent) -> None:
        agent.is_over = True
        self._close(agent)
        tape, text = self._tape, None if agent.result is None else words(agent.result)
        tape.close(agent.node)
        if agent.call:
            tape.put(ev.SubcallFinished(node=agent.call, text=text or "", latency_s=None))
            tape.close(agent.call)
        elif text is None:
            tape.put(ev.RunFinished(node=agent.node, status="no_answer", usage=tape.spent, exit_code=1))
        else:
            tape.put(ev.RunFinished(node=agent.node, status="answered", answer=text, via="FINAL", usage=tape.spent))

    def _time(self, stamp: Any) -> None:
        at = moment(stamp)
        if at is not None and self._start is None:
            self._start, self._feed.created = at, words(stamp)
        self._tape.at(self._since(stamp))

    def _since(self, stamp: Any) -> float | None:
        at = moment(stamp)
        return at - self._start if at is not None and self._start is not None else None


def _failure(output: str) -> tuple[str, ev.CodeError]:
    before, _, said = output.rpartition("Error: ")
    stdout, error = error_at_end(said or output)
    return (before or stdout).strip(), error or ev.CodeError("Error", said or output)


def _usage(used: Any) -> ev.Usage:
    if not isinstance(used, dict) or not any(used.values()):
        return ev.Usage()
    cost = seconds(used.get("cost"))
    return ev.Usage(ev.count(used.get("prompt_tokens")), ev.count(used.get("completion_tokens")), cost)


def _is_log(shape: Shape) -> bool:
    return not shape.is_list and shape.has("run_id", "event_type", "depth")


LOG = Importer("fast-rlm-jsonl", ENGINE, _is_log, lambda feed: _Log(feed).read())
