"""A run as a report to read or to compute with: markdown, or one JSON object; written piece by piece."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.filter import Filter, Moment
from rlm_tui.text import plural, safe, short_cost, short_count, short_seconds, worked_words
from rlm_tui.trace.opening import Reader, open_trace
from rlm_tui.trace.repair import LOST_TEXT
from rlm_tui.trace.summary import Summary, summarize
from rlm_tui.trajectory import Node, Trajectory, View

_PREVIEW: Final = 300


def pieces(path: Path, form: str, meant: Filter | None = None) -> Iterator[str]:
    """The report of a trace in a `form` (markdown, json), in pieces, of what is meant or else of all.

    TraceError when the trace cannot be opened, SlowFilterError when an expression takes too long.
    """
    summary = summarize(path)
    with open_trace(path) as reader:
        view = Trajectory(reader).now()
        asked = questions(view, reader, summary)
        nodes = view.tree.nodes.values() if meant is None else kept(view, reader, meant)
        told = told_by_turn(view, reader)
        turns = (turn(view, reader, node, told) for node in nodes if node.type == "iteration")
        yield from (as_json if form == "json" else as_markdown)(summary, asked, turns)


def questions(view: View, reader: Reader, summary: Summary) -> list[dict[str, Any]]:
    """What was asked, in order, and how each ended."""
    ends = {over.node: over for _, over in view.tree.finished}
    told = []
    for number, (_, asked) in enumerate(view.tree.started, 1):
        over = ends.get(asked.node)
        status = summary.status if number == len(view.tree.started) else over.status if over else "unfinished"
        answer = _text(reader, over.answer) if over and over.answer is not None else None
        told.append({"number": number, "question": _text(reader, asked.query), "status": status, "answer": answer})
    return told


def _text(reader: Reader, text: ev.Text) -> str:
    """A text, or that the trace has lost it: the rest is told all the same."""
    try:
        return reader.text(text)
    except TraceError:
        return LOST_TEXT


def kept(view: View, reader: Reader, meant: Filter) -> list[Node]:
    """The nodes that a filter means and those that hold them, in the order of the run."""
    moment = Moment(view, reader)
    ids: set[str] = set()
    for node in view.tree.nodes.values():
        if meant.matches(moment, node):
            above: Node | None = node
            while above is not None and above.id not in ids:
                ids.add(above.id)
                above = view.tree.nodes.get(above.parent)
    return [node for node in view.tree.nodes.values() if node.id in ids]


def turn(view: View, reader: Reader, node: Node, told: dict[str, list[str]]) -> dict[str, Any]:
    """An iteration as plain data: what the model said, what ran, what came of it, what a person told it then."""
    parsed = _events(view, reader, node, ev.ResponseParsed)
    over = _events(view, reader, node, ev.IterationFinished)
    lm, said = _response(view, reader, node)
    return {
        "question": _question_of(view, node),
        "node": node.id,
        "number": node.number,
        "depth": node.depth,
        "seconds": view.worked(node),
        "usage": msgspec.structs.asdict(view.usage(node)),
        "told": told.get(node.id, []),
        "response": _text(reader, said.text) if said else None,
        "response_seconds": view.worked(lm) if lm else None,
        "problem": next((event.problem for event in parsed if event.problem), None),
        "repairs": [msgspec.structs.asdict(repair) for event in parsed for repair in event.repairs],
        "blocks": [_block(view, reader, code) for code in view.children(node) if code.type == "code"],
        "refused": next((_text(reader, event.refused) for event in over if event.refused), None),
        "answers": [_text(reader, event.text) for event in _events(view, reader, node, ev.AnswerGiven)],
    }


def _response(view: View, reader: Reader, node: Node) -> tuple[Node | None, ev.LmResponded | None]:
    """The LM call of an iteration that counts, which no summary of the conversation does, and its newest response."""
    asked = [lm for lm in view.children(node) if lm.type == "lm" and lm.title != ev.COMPACTION]
    found = [(lm, event) for lm in asked for event in _events(view, reader, lm, ev.LmResponded)]
    return found[-1] if found else (None, None)


def _question_of(view: View, node: Node) -> int:
    """The number of the question that a node works on; 0 where the trace has lost it."""
    above: Node | None = node
    while above is not None and above.parent:
        node, above = above, view.node(above.parent)
    root = (above or node).id
    return next((number for number, (_, asked) in enumerate(view.tree.started, 1) if asked.node == root), 0)


def told_by_turn(view: View, reader: Reader) -> dict[str, list[str]]:
    """What a person told the model, by the iteration that was the newest then, or the first where none was yet."""
    told: dict[str, list[str]] = {}
    for seq in view.tree.told:
        event = reader.event(seq)
        root = view.node(event.node)
        turns = [child for child in view.children(root) if child.type == "iteration"] if root is not None else []
        if turns and isinstance(event, ev.Told):
            place = bisect_right(turns, seq, key=lambda turn: turn.opened) - 1
            told.setdefault(turns[max(0, place)].id, []).append(_text(reader, event.text))
    return told


def _block(view: View, reader: Reader, node: Node) -> dict[str, Any]:
    begun = next(iter(_events(view, reader, node, ev.CodeStarted)), None)
    done = next(iter(_events(view, reader, node, ev.CodeFinished)), None)
    return {
        "by": node.by,
        "code": _text(reader, begun.code) if begun else None,
        "status": done.status if done else "unfinished",
        "stdout": _text(reader, done.stdout) if done else "",
        "stderr": _text(reader, done.stderr) if done else "",
        "error": msgspec.structs.asdict(done.error) if done and done.error else None,
        "shown_to_model": done.shown if done else None,
        "edited": bool(view.facts(node, ev.Edited)),
        "sub_calls": [_call(view, reader, call) for call in view.children(node) if call.type == "subcall"],
    }


def _call(view: View, reader: Reader, node: Node) -> dict[str, Any]:
    asked = next(iter(_events(view, reader, node, ev.SubcallRequested)), None)
    done = next(iter(_events(view, reader, node, ev.SubcallFinished)), None)
    return {
        "model": asked.model if asked else None,
        "prompt": _text(reader, asked.prompt) if asked else None,
        "answer": _text(reader, done.text) if done and not done.error else None,
        "error": (done.error or None) if done else "unfinished",
        "usage": msgspec.structs.asdict(view.usage(node)),
        "seconds": view.worked(node),
    }


def _events(view: View, reader: Reader, node: Node, kind: type[ev.TraceEvent]) -> list[Any]:
    return [reader.event(seq) for seq in view.facts(node, kind)]


def as_json(summary: Summary, asked: list[dict[str, Any]], turns: Iterator[dict[str, Any]]) -> Iterator[str]:
    """One object: what `trace info --json` prints, what was `asked`, and `turns`; ASCII alone."""
    yield f'{json.dumps(msgspec.structs.asdict(summary))[:-1]}, "asked": {json.dumps(asked)}, "turns": ['
    for number, told in enumerate(turns):
        yield ("" if not number else ",\n") + json.dumps(told)
    yield "]}\n"


def as_markdown(summary: Summary, asked: list[dict[str, Any]], turns: Iterator[dict[str, Any]]) -> Iterator[str]:
    """A report that any markdown viewer shows: facts, answers, and every iteration with code and output."""
    several = len(asked) > 1
    title = f"{len(asked)} questions" if several else _line(summary.question or "A run without a question")
    yield f"# {title}\n\n"
    yield from (f"- **{name}**: {_line(str(value))}\n" for name, value in _facts(summary) if value)
    if summary.answer is not None and not several:
        yield f"\n## Answer\n\n{_fenced(summary.answer)}"
    begun = 0 if several else len(asked)
    for told in turns:
        while begun < told["question"]:
            yield from _question(asked[begun])
            begun += 1
        yield from _turn(told, "###" if several else "##")
    for question in asked[begun:]:
        yield from _question(question)


def _question(asked: dict[str, Any]) -> Iterator[str]:
    """The heading of one of several questions, and what came of it."""
    yield f"\n## Question {asked['number']}: {_line(asked['question'])}\n\n- **Status**: {asked['status']}\n"
    if asked["answer"] is not None:
        yield f"\n### Answer\n\n{_fenced(asked['answer'])}"


def _facts(summary: Summary) -> list[tuple[str, str]]:
    usage = summary.usage
    known = any(usage[name] is not None for name in ("input_tokens", "output_tokens"))
    tokens = f"{_count(usage['input_tokens'])} in, {_count(usage['output_tokens'])} out" if known else "unknown"
    return [
        ("Status", summary.status if summary.questions < 2 else ""),
        ("Model", summary.model),
        ("Sub-model", summary.sub_model),
        ("Dialect", summary.dialect),
        ("Counts", f"{plural(summary.iterations, 'iteration')}, {plural(summary.sub_calls, 'sub-call')}"),
        ("Tokens", tokens),
        ("Cost", "unknown" if usage["cost_usd"] is None else short_cost(usage["cost_usd"])),
        ("Time", worked_words(summary.worked_seconds, summary.held_seconds)),
        ("Sandbox", summary.sandbox),
        ("Engine", summary.engine),
        *(("Note", note) for note in summary.notes),
    ]


def _count(value: float | None) -> str:
    return short_count(None if value is None else int(value))


def _turn(told: dict[str, Any], level: str) -> Iterator[str]:
    where = f" at depth {told['depth']}" if told["depth"] else ""
    yield f"\n{level} Iteration {told['number']}{where}\n\n"
    if told["response"]:
        yield f"Response ({short_seconds(told['response_seconds'])}):\n\n{_fenced(told['response'])}"
    for repair in told["repairs"]:
        yield f"\nRead as: {_line(repair['detail'])}\n"
    if told["problem"]:
        yield f"\nThe model was told: {_line(told['problem'])}\n"
    for block in told["blocks"]:
        yield from _told_block(block)
    if told["refused"]:
        yield f"\nIt did not count. The model was told: {_line(told['refused'])}\n"
    for answer in told["answers"]:
        yield f"\nAnswer:\n\n{_fenced(answer)}"
    for words in told["told"]:
        yield f"\nA person told the model:\n\n{_fenced(words)}"


def _told_block(block: dict[str, Any]) -> Iterator[str]:
    whose = " by a person" if block["by"] == "user" else ", edited by a person" if block["edited"] else ""
    yield f"\nCode{whose}:\n\n{_fenced(block['code'] or '', 'python')}"
    for call in block["sub_calls"]:
        result = f"failed: {call['error']}" if call["error"] else call["answer"] or ""
        yield f"- sub-call to {_line(call['model'] or '?')}: {_cut(call['prompt'] or '')} → {_cut(result)}\n"
    output = block["stdout"] + block["stderr"]
    yield (
        f"\nOutput ({block['status']}):\n\n{_fenced(output)}" if output else f"\nOutput ({block['status']}): nothing\n"
    )
    if block["error"]:
        yield f"\n{_line(block['error']['type'])}: {_line(block['error']['message'])}\n"


def _fenced(text: str, language: str = "") -> str:
    """A text as a fenced block that nothing in it can end."""
    text = safe(text, multiline=True)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}\n"


def _line(text: str) -> str:
    """A text on one line in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>#|!&~])", r"\\\1", safe(" ".join(text.split())))


def _cut(text: str) -> str:
    return _line(text[:_PREVIEW] + ("…" if len(text) > _PREVIEW else ""))
