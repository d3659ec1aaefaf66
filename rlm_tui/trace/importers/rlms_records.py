"""The records of an `rlms` log, and what they hold; long values stay raw JSON until they are looked at."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trace.importers.base import decode, moment, seconds, words
from rlm_tui.trace.importers.values import Values

_NULL = msgspec.Raw(b"null")


class Call(msgspec.Struct):
    """A sub-call of a block; `metadata` holds the run of a child RLM."""

    root_model: Any = None
    prompt: Any = None
    response: Any = None
    usage_summary: Any = None
    execution_time: Any = None
    metadata: msgspec.Raw = _NULL


class Result(msgspec.Struct):
    """What came of a block."""

    stdout: Any = None
    stderr: Any = None
    locals: msgspec.Raw = _NULL
    execution_time: Any = None
    rlm_calls: list[Call] | None = None
    llm_calls: list[Call] | None = None
    final_answer: Any = None


class Block(msgspec.Struct):
    """A code block and its result."""

    code: Any = None
    result: Result | None = None


class Turn(msgspec.Struct, kw_only=True):
    """One iteration as the log has it."""

    iteration: Any = None
    timestamp: Any = None
    prompt: msgspec.Raw = _NULL
    response: Any = None
    code_blocks: list[Block] | None = None
    final_answer: Any = None
    iteration_time: Any = None


class _Message(msgspec.Struct):
    role: Any = None
    content: Any = None


class Child(msgspec.Struct):
    """The run of an RLM as the metadata of its completion."""

    run_metadata: Any = None
    iterations: list[Turn] | None = None


class Meta(NamedTuple):
    """What a metadata line tells of a run."""

    model: str = ""
    iterations: int | None = None
    depth: int | None = None
    environment: str = ""

    @staticmethod
    def of(line: Any) -> Meta:
        """From a metadata line, or from the `run_metadata` of a child."""
        found = msgspec.structs.asdict(line) if isinstance(line, msgspec.Struct) else line
        found = found if isinstance(found, dict) else {}
        caps = ev.count(found.get("max_iterations")), ev.count(found.get("max_depth"))
        return Meta(words(found.get("root_model")), *caps, words(found.get("environment_type")))


def usage(summary: Any) -> ev.Usage:
    """The sum over the models of a usage summary; what is not there is unknown."""
    models = summary.get("model_usage_summaries") if isinstance(summary, dict) else None
    total = ev.Usage()
    for used in models.values() if isinstance(models, dict) else ():
        if isinstance(used, dict):
            cost = seconds(used.get("total_cost"))
            total += ev.Usage(ev.count(used.get("total_input_tokens")), ev.count(used.get("total_output_tokens")), cost)
    return total


def less(whole: ev.Usage, part: ev.Usage) -> ev.Usage:
    """What remains of a usage without a part of it, never below nothing; unknown stays unknown."""

    def minus(a: Any, b: Any) -> Any:
        return None if a is None else max(type(a)(0), a - (b or 0))

    tokens = minus(whole.input_tokens, part.input_tokens), minus(whole.output_tokens, part.output_tokens)
    return ev.Usage(*tokens, minus(whole.cost_usd, part.cost_usd))


def first_moment(turns: list[Turn]) -> float | None:
    """When the first iteration began, in seconds since the epoch."""
    end = moment(turns[0].timestamp) if turns else None
    return None if end is None else end - (seconds(turns[0].iteration_time) or 0.0)


def child_of(metadata: msgspec.Raw) -> Child | None:
    """The run that the metadata of a call holds, or None."""
    if bytes(memoryview(metadata)[:1]) != b"{":
        return None
    child: Child = decode(metadata, Child)
    return child if child.iterations is not None else None


def raw_messages(prompt: msgspec.Raw) -> list[msgspec.Raw]:
    """The messages of a prompt, undecoded; a prompt that is a text is one."""
    first = bytes(memoryview(prompt)[:1])
    if first == b"[":
        raws: list[msgspec.Raw] = decode(prompt, list[msgspec.Raw])
        return raws
    return [] if first == b"n" else [prompt]


def message_of(raw: msgspec.Raw) -> tuple[str, str]:
    """Role and text of a message."""
    if bytes(memoryview(raw)[:1]) != b"{":
        return "user", words(decode(raw, object))
    message = decode(raw, _Message)
    return words(message.role), words(message.content)


def first_messages(prompt: msgspec.Raw, most: int) -> list[tuple[str, str]]:
    """The messages with which a prompt begins."""
    return [message_of(raw) for raw in raw_messages(prompt)[:most]]


def values_of(locals_: msgspec.Raw) -> Values:
    """The variables after a block, undecoded, by name."""
    if bytes(memoryview(locals_)[:1]) != b"{":
        return {}
    values: Values = decode(locals_, dict[str, msgspec.Raw])
    return values


def is_ready(locals_: msgspec.Raw) -> bool:
    """Whether the answer dict among the variables says that it is ready."""
    raw = values_of(locals_).get("answer")
    if raw is None or bytes(memoryview(raw)[:1]) != b"{":
        return False
    return bool(decode(raw, dict[str, Any]).get("ready"))


def context_texts(first: Turn | None) -> tuple[list[str], bool]:
    """The texts of the context, and whether it is a list of them."""
    block = next(iter((first.code_blocks if first else None) or ()), None)
    values = values_of(block.result.locals) if block and block.result else {}
    numbered = [name for name in values if name.startswith("context_") and name[8:].isdecimal()]
    raw = values.get(max(numbered, key=lambda name: (len(name), name), default="context"))
    if raw is None:
        return [], False
    try:
        if bytes(memoryview(raw)[:1]) == b'"':
            return [str(decode(raw, str))], False
        return list(decode(raw, list[str])), True
    except TraceError:
        return [], False
