"""One RLM of an `rlms` log, root or child: its iterations become the events of ours."""

from __future__ import annotations

from typing import Any

import msgspec

from rlm_tui import events as ev
from rlm_tui.trace.importers.base import Feed, Tape, decode, error_at_end, moment, seconds, words
from rlm_tui.trace.importers.rlms_records import (
    Block,
    Call,
    Child,
    Meta,
    Result,
    Turn,
    child_of,
    context_texts,
    first_messages,
    is_ready,
    less,
    message_of,
    raw_messages,
    usage,
    values_of,
)
from rlm_tui.trace.importers.rlms_words import Ended, context_size, ended, question, seen
from rlm_tui.trace.importers.values import Digest, Namespace, digest

BATCHED = "Batched calls have no tokens and times of their own: the log gives all of them the same."
ALIASED = "Prompts that were recorded after the run hold what came later; each is cut before its own response."
CHILD_USAGE = "A child RLM's tokens stand at its call; the log does not tell them by iteration."
FINAL_LOST = "The answer names the variable {}, whose value the log does not hold."
_UNKNOWN = ev.Usage()
_CODES: dict[ev.RunStatus, int] = {"answered": 0, "no_answer": 1, "limit": 4}


class Told:
    """Tape and feed together: what is lost is said once, in the run and in the file's notes."""

    def __init__(self, feed: Feed, tape: Tape) -> None:
        self.feed, self.tape = feed, tape
        self.blocks = 0

    def lost(self, node: str, text: str) -> None:
        """Say what the log cannot tell."""
        for fresh in self.feed.lost(text):
            self.tape.note(node, fresh)


class Run:
    """An RLM with a prompt of its own, a REPL of its own, and iterations.

    `is_captured`: its prompts were written down when it was over, each with all that came later in it.
    """

    is_captured = False

    def __init__(self, told: Told, node: str, meta: Meta, *, start: float | None, depth: int = 0) -> None:
        self.node, self.query, self.is_answered = node, "", False
        self.spent = ev.Usage()
        self._told, self._tape, self._meta = told, told.tape, meta
        self._start, self._depth = start, depth
        self._messages: list[Digest] = []
        self.names = Namespace()
        self._turns = self._number = 0
        self._outputs: dict[str, tuple[str, ...]] = {}
        self._ended: Ended | None = None
        self._is_exhausted = False

    def restarts(self, turn: Turn) -> bool:
        """Whether an iteration belongs to the next question of a persistent session."""
        number = ev.count(turn.iteration)
        return self._turns > 0 and number is not None and number <= self._number

    def begin(self, first: Turn | None, context: ev.ContextInfo | None = None) -> None:
        """Open the root RLM; the question and (where it is not known) the context are told by its first iteration."""
        self._tape.open(self.node, "rlm", "", title="root RLM")
        messages = first_messages(first.prompt, 4) if first is not None else []
        self.query = question(messages)
        meta = self._meta
        limits = ev.Limits(iterations=meta.iterations, subcalls=None, depth=meta.depth or 1, errors=None)
        self._tape.put(
            ev.RunStarted(
                node=self.node,
                query=self.query,
                model=meta.model,
                sub_model="",
                dialect="rlms",
                dialect_reason=f"environment {meta.environment}" if meta.environment else "",
                limits=limits,
                context=context or _context(first, messages, self._tape),
            )
        )

    def finish(self, detail: str = "", *, answer: str | None = None, used: ev.Usage = _UNKNOWN) -> None:
        """Close the root RLM with the answer of its last iteration, the one that is given, or none."""
        self._tape.close(self.node, timed=self._turns > 0)
        via = self._ended.via if self._ended is not None else None
        if answer is None and self._ended is not None:
            answer = self._ended.text
        status: ev.RunStatus = "no_answer" if answer is None else "limit" if self._is_exhausted else "answered"
        self._tape.put(
            ev.RunFinished(
                node=self.node,
                status=status,
                answer=answer,
                via=via,
                usage=used,
                detail=detail if answer is None else "",
                exit_code=_CODES[status],
            )
        )

    def turn(self, turn: Turn) -> None:
        """Put one iteration: request, response, blocks with their sub-calls, answer."""
        self._turns += 1
        self._number = ev.count(turn.iteration) or self._turns
        node = f"{self.node}.{self._turns}"
        tape, took = self._tape, seconds(turn.iteration_time)
        end = self._since(turn.timestamp)
        tape.at(end - took if end is not None and took is not None else None)
        tape.open(node, "iteration", self.node, depth=self._depth)
        tape.put(ev.IterationStarted(node=node, number=self._number))
        blocks = turn.code_blocks or []
        self._ask(node, turn, blocks, end)
        for nth, block in enumerate(blocks, 1):
            self._block(f"{node}.{nth}", node, block)
        self._answer(node, turn, blocks)
        tape.at(end)
        tape.put(ev.IterationFinished(node=node, number=self._number))
        tape.close(node, timed=took is not None)

    def _since(self, stamp: Any) -> float | None:
        at = moment(stamp)
        return at - self._start if at is not None and self._start is not None else None

    def _ask(self, node: str, turn: Turn, blocks: list[Block], end: float | None) -> None:
        tape, lm, response = self._tape, f"{node}.lm", words(turn.response)
        prior, fresh = self._fresh(turn.prompt, response)
        self._amend([message.content for message in fresh if isinstance(message.content, str)])
        tape.open(lm, "lm", node, depth=self._depth, title=self._meta.model)
        tape.put(ev.LmRequested(node=lm, model=self._meta.model, messages=fresh, prior=prior))
        known = [seconds(block.result.execution_time if block.result else None) for block in blocks]
        if end is not None and None not in known:
            tape.at(end - sum(each or 0.0 for each in known))
        tape.put(ev.LmResponded(node=lm, text=response, latency_s=None))
        tape.close(lm, timed=False)
        form = self._form(turn, blocks)
        codes = tuple(words(block.code) for block in blocks)
        tape.put(ev.ResponseParsed(node=node, blocks=codes, final=form.final if form else None))

    def _amend(self, sent: list[str]) -> None:
        """Say of the blocks of the last iteration how much of their output the model was sent."""
        for node, pieces in self._outputs.items():
            self._tape.amend(node, seen(pieces, sent))
        self._outputs = {}

    def _fresh(self, prompt: msgspec.Raw, response: str) -> tuple[int, tuple[ev.StoredMessage, ...]]:
        """How many messages of a prompt were sent before, and those that are new."""
        raws = raw_messages(prompt)
        keys = [digest(raw) for raw in raws]
        prior = 0
        while prior < min(len(keys), len(self._messages)) and keys[prior] == self._messages[prior]:
            prior += 1
        fresh = [message_of(raw) for raw in raws[prior:]]
        spoken = [nth for nth, (role, _) in enumerate(fresh) if role == "assistant"]
        expected = 1 if self._messages else 0
        if self.is_captured and len(spoken) > expected and fresh[spoken[expected]][1] == response:
            self._told.lost(self.node, ALIASED)
            fresh = fresh[: spoken[expected]]
        self._messages = keys[: prior + len(fresh)]
        return prior, tuple(ev.StoredMessage(role, text) for role, text in fresh)

    def _form(self, turn: Turn, blocks: list[Block]) -> Ended | None:
        results = [block.result for block in blocks if block.result is not None]
        called = any(result.final_answer is not None for result in results)
        return ended(turn.final_answer, words(turn.response), called, bool(results) and is_ready(results[-1].locals))

    def _block(self, node: str, parent: str, block: Block) -> None:
        tape, result = self._tape, block.result or Result()
        self._told.blocks += 1
        begun, took = tape.t, seconds(result.execution_time)
        tape.open(node, "code", parent, depth=self._depth)
        tape.put(ev.CodeStarted(node=node, code=words(block.code), number=self._told.blocks))
        self._calls(node, [*(result.rlm_calls or ()), *(result.llm_calls or ())])
        tape.at(begun + took if took is not None else None)
        stderr, error = error_at_end(words(result.stderr))
        stdout, changes = words(result.stdout), self.names.changes(values_of(result.locals))
        self._outputs[node] = stdout, stderr, f"{error.type}: {error.message}" if error else ""
        tape.put(
            ev.CodeFinished(
                node=node,
                status="error" if error else "ok",
                stdout=stdout,
                stderr=stderr,
                error=error,
                changes=changes,
                elapsed_s=took,
            )
        )
        tape.close(node, outcome="error" if error else "ok", timed=took is not None)

    def _calls(self, block: str, calls: list[Call]) -> None:
        """One after another, as the log lists them; equal times in a row are those of a batch."""
        done = 0
        while done < len(calls):
            size = _batch_size(calls, done)
            if size > 1:
                self._batch(block, calls[done : done + size], done)
            else:
                self._call(f"{block}.s{done + 1}", block, calls[done])
            done += size

    def _batch(self, block: str, calls: list[Call], before: int) -> None:
        tape = self._tape
        self._told.lost(self.node, BATCHED)
        nodes = [f"{block}.s{before + nth}" for nth in range(1, len(calls) + 1)]
        batch = nodes[0]
        for nth, (node, call) in enumerate(zip(nodes, calls, strict=True)):
            tape.open(node, "subcall", block, depth=self._depth, title="llm_query_batched")
            asked = _request(node, call, "llm_query_batched")
            tape.put(msgspec.structs.replace(asked, batch=batch, index=nth, batch_size=len(calls)))
        tape.at(tape.t + len(calls) * (seconds(calls[0].execution_time) or 0.0))
        for node, call in zip(nodes, calls, strict=True):
            tape.put(ev.SubcallFinished(node=node, text=words(call.response), latency_s=None))
            tape.close(node, timed=False)

    def _call(self, node: str, block: str, call: Call) -> None:
        tape, took, used = self._tape, seconds(call.execution_time), usage(call.usage_summary)
        child = child_of(call.metadata)
        begun = tape.t
        tape.open(node, "subcall", block, depth=self._depth, title="rlm_query" if child else "llm_query")
        tape.put(_request(node, call, "rlm_query" if child else "llm_query"))
        if child is not None:
            used = less(used, self._descend(node, child))
        else:
            self.spent += used
        tape.at(begun + took if took is not None else None)
        tape.put(ev.SubcallFinished(node=node, text=words(call.response), usage=used, latency_s=took))
        tape.close(node, timed=took is not None)

    def _descend(self, subcall: str, child: Child) -> ev.Usage:
        """Put the RLM below a sub-call; gives what its plain sub-calls used, which its call counts too."""
        node = f"{subcall}.r"
        self._tape.open(node, "rlm", subcall, depth=self._depth + 1, title="child RLM")
        self._told.lost(node, CHILD_USAGE)
        run = Run(self._told, node, Meta.of(child.run_metadata), start=self._start, depth=self._depth + 1)
        run.is_captured = True
        for turn in child.iterations or ():
            run.turn(turn)
        self._tape.close(node)
        return run.spent

    def _answer(self, node: str, turn: Turn, blocks: list[Block]) -> None:
        form = self._form(turn, blocks)
        if form is None:
            return
        cap = self._meta.iterations
        if not blocks and turn.iteration_time is None and cap is not None and self._number > cap:
            self._is_exhausted, form = True, form._replace(via="exhausted")
            self._tape.put(ev.LimitHit(node=node, limit="iterations", value=cap, cap=cap))
        elif form.final is not None and form.final.kind == "var" and form.text == form.final.value:
            form = self._resolved(form, blocks)
        self._amend([])
        self._tape.put(ev.AnswerGiven(node=node, text=form.text, via=form.via))
        self._ended, self.is_answered = form, True

    def _resolved(self, form: Ended, blocks: list[Block]) -> Ended:
        """Very old logs hold the name of the variable in place of its value."""
        values = values_of(blocks[-1].result.locals) if blocks and blocks[-1].result else {}
        if form.text in values:
            return form._replace(text=words(decode(values[form.text], object)))
        if form.text.isidentifier():
            self._told.lost(self.node, FINAL_LOST.format(form.text))
        return form


def _request(node: str, call: Call, function: str) -> ev.SubcallRequested:
    return ev.SubcallRequested(node=node, function=function, prompt=words(call.prompt), model=words(call.root_model))


def _batch_size(calls: list[Call], start: int) -> int:
    """How many calls from `start` took exactly as long as the first, which only those of a batch do."""
    took = seconds(calls[start].execution_time)
    size = 1
    while took and start + size < len(calls):
        call = calls[start + size]
        if seconds(call.execution_time) != took or bytes(memoryview(call.metadata)[:1]) != b"n":
            break
        size += 1
    return size


def _context(first: Turn | None, messages: list[tuple[str, str]], tape: Tape) -> ev.ContextInfo:
    """The context as the first block left it, whose text goes on the tape; or its size as the prompt tells it."""
    texts, is_list = context_texts(first)
    if texts:
        return tape.document(*texts, is_list=is_list)
    told = context_size(messages)
    return ev.ContextInfo((ev.ContextPart("context", told[0], told[1], ""),)) if told else ev.ContextInfo()
