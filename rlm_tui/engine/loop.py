"""The root loop: ask, parse, run the code, offer the answer; turn after turn until there is one or a limit."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from rlm_tui import events as ev
from rlm_tui.engine import prompts
from rlm_tui.engine.ask import Reply, RootAsker
from rlm_tui.engine.blocks import AskAgainError, Blocks, Ran
from rlm_tui.engine.broker import Broker
from rlm_tui.engine.compaction import Compaction
from rlm_tui.engine.config import Run
from rlm_tui.engine.consent import Consent
from rlm_tui.engine.ending import Ending
from rlm_tui.engine.gate import Pending
from rlm_tui.engine.parser import Parsed, parse
from rlm_tui.engine.shape import shape_of
from rlm_tui.engine.talk import Talk
from rlm_tui.lm.base import Message, held_to
from rlm_tui.repl.base import Offer
from rlm_tui.trajectory.limits import describe_limit

_PARTIAL = 4_000


class Earlier(NamedTuple):
    """What was before a question: all that was said, and what the model is told of it."""

    said: tuple[Message, ...] = ()
    told: str = ""
    loaded: tuple[ev.VarChange, ...] = ()
    """What stands in the REPL of it: `history` and later contexts."""


NOTHING = Earlier()


def opening(run: Run, query: str, earlier: Earlier = NOTHING) -> Talk:
    """The conversation with which a question begins: the rules of the dialect, and what is asked of which context."""
    dialect = run.config.dialect
    first = prompts.first_message(query, dialect, run.context, earlier.told)
    return Talk(
        Message("system", prompts.system_prompt(dialect, run.context, run.tools.tools)),
        Message("user", f"{first}\n{prompts.AS_JSON}" if _is_held_to_json(run) else first),
        past=earlier.said,
        queued=run.queued,
    )


def _is_held_to_json(run: Run) -> bool:
    config = run.config
    return config.constrain and shape_of(config.dialect) is not None and "JSON" in held_to(run.root_lm)


class RootLoop:
    """One RLM: its conversation and its turns."""

    def __init__(self, run: Run, node: str, broker: Broker, talk: Talk) -> None:
        self._run = run
        self._node = node
        self._broker = broker
        self.talk = talk
        self.asker = RootAsker(run, self.talk)
        self._compaction = Compaction(run, self.talk)
        self._consent = Consent(run)
        self.blocks = Blocks(run, broker)
        self.iteration = ""
        self._turns = 0
        self._refused = ""
        self._before: tuple[tuple[str, ...], list[str]] = ((), [])
        self._blocks_before = run.blocks
        self._is_last = False
        self._writes_json = _is_held_to_json(run)

    @property
    def is_asking(self) -> bool:
        """Whether a request is under way."""
        return self.asker.is_asking or self._compaction.is_asking

    def interrupt(self) -> str:
        """Cancel the request that is under way; the engine then waits for the person. Returns its node, or ""."""
        return self.asker.interrupt() or self._compaction.interrupt()

    async def run(self) -> Ending:
        """Turns until an answer stands or a limit is reached."""
        self._compaction.check()
        while True:
            if (overfull := self._compaction.overfull) is not None:
                return await self._last_turn("window", *overfull)
            limit = self._run.budget.exceeded(self._run.errors)
            if limit is not None and not await self._consent.raised(self._node, *limit):
                return await self._last_turn(*limit)
            if limit is not None:
                continue
            ending = await self._turn()
            if ending is not None:
                return ending

    async def _turn(self) -> Ending | None:
        run = self._run
        self._turns += 1
        run.budget.iterations += 1
        number, self._refused = self._turns, ""
        self.iteration = run.open("iteration", self._node)
        run.emit(ev.IterationStarted(node=self.iteration, number=number))
        ending = await self._work()
        run.emit(ev.IterationFinished(node=self.iteration, number=number, refused=self._refused))
        run.nodes.close(self.iteration, "error" if run.errors and ending is None else "ok")
        return ending

    async def _work(self) -> Ending | None:
        """Ask and act on the reply, again for as long as a person asks for another one."""
        if self._compaction.is_due():
            await self._compaction.compact(self.iteration)
        before = len(self.talk.messages)
        while True:
            try:
                return await self._attempt()
            except AskAgainError as again:
                self.talk.drop_after(before)
                self.asker.wants_another = True
                if again.ran:
                    self.talk.queued.announce(prompts.ran_before(again.ran))

    async def _attempt(self) -> Ending | None:
        reply = await self.asker.ask(self.iteration)
        self.talk.say("assistant", reply.text)
        if reply.skipped:
            self._refused = prompts.SKIPPED_RESPONSE
            self._reply_with([self._refused])
            return None
        if reply.is_cut:
            return await self._out_of_time(reply)
        parsed = parse(reply.text, self._run.config.dialect, reply.finish_reason, has_thought=reply.has_thought)
        self._emit_parsed(parsed, reply.held_to)
        ran = await self.blocks.run_all(self.iteration, parsed.blocks)
        if self._broker.fatal is not None:
            raise self._broker.fatal
        offer = self._in_time(await self._offer(parsed, ran), ran)
        if offer is not None:
            ending = await self._offered(offer, ran)
            if ending is not None:
                nothing = reply.found_nothing and ending.via != "user"
                return replace(ending, status="no_answer") if nothing else ending
            self._refuse(prompts.SKIPPED_ANSWER, ran)
        self._count_trouble(parsed, ran)
        if self._writes_json and not reply.held_to:
            self._writes_json = False
            ran.messages.append(prompts.NOT_AS_JSON)
        repeated = [prompts.REPEATED] if self._is_repeated(parsed, ran) else []
        self._reply_with([*ran.messages, *([parsed.problem] if parsed.problem else []), *repeated])
        return None

    def _is_repeated(self, parsed: Parsed, ran: Ran) -> bool:
        """Whether the very same code came to the very same end as a turn ago; small models go round in circles."""
        outcome = [message.partition("\n")[2] for message in ran.messages]
        before, self._before = self._before, (parsed.blocks, outcome)
        return bool(parsed.blocks) and before == self._before

    def _emit_parsed(self, parsed: Parsed, held_to: str) -> None:
        final = parsed.final
        self._run.emit(
            ev.ResponseParsed(
                node=self.iteration,
                blocks=parsed.blocks,
                final=ev.Final(final.kind, final.value) if final is not None else None,
                repairs=parsed.repairs,
                truncated=parsed.truncated,
                problem=parsed.problem,
                held_to=held_to,
            )
        )

    async def _offer(self, parsed: Parsed, ran: Ran) -> Offer | None:
        """The answer that a turn offers: the REPL's own first, then the final form of the response."""
        if ran.offer is not None:
            return self._worthy(ran.offer, ran)
        if parsed.final is None:
            return None
        if ran.failed or ran.skipped:
            self._refuse(prompts.FINAL_WAITED, ran)
            return None
        if parsed.final.kind == "text":
            return self._worthy(Offer(parsed.final.value, "FINAL"), ran)
        value = await self._run.repl.lookup(parsed.final.value)
        if value is None:
            names = await self._run.repl.names()
            self._refuse(prompts.no_such_variable(parsed.final.value, names, self._run.config.dialect), ran)
            ran.failed = True
            return None
        return self._worthy(Offer(value, "FINAL_VAR"), ran)

    def _in_time(self, offer: Offer | None, ran: Ran) -> Offer | None:
        """The offer, unless the dialect wants code or more turns before it; a last turn is late enough."""
        run = self._run
        early = prompts.too_early(run.config.dialect, self._turns, run.blocks - self._blocks_before)
        if offer is None or not early or self._is_last:
            return offer
        self._refuse(early, ran)
        ran.failed = True
        return None

    def _worthy(self, offer: Offer, ran: Ran) -> Offer | None:
        text = offer.value.strip()
        if text and text not in self._broker.failures:
            return offer
        self._refuse(prompts.ERROR_ANSWER if text else prompts.EMPTY_ANSWER, ran)
        ran.failed = True
        return None

    async def _offered(self, offer: Offer, ran: Ran) -> Ending | None:
        """Put an answer to the gate; None when a person refuses it."""
        pending = Pending(self.iteration, offer.value, parent=self._node)
        verdict = await self._run.pass_("before_final", pending)
        if verdict.how == "retry":
            raise AskAgainError(ran.messages)
        if verdict.how == "skip":
            return None
        via: ev.Via = "user" if verdict.edited else offer.via
        by: ev.Author = "user" if verdict.edited else "model"
        self._run.emit(ev.AnswerGiven(node=self.iteration, text=verdict.content, via=via, by=by))
        return Ending("answered", verdict.content, via)

    def _refuse(self, why: str, ran: Ran) -> None:
        """An answer does not count, and the model is told so."""
        self._refused = why
        ran.messages.append(why)

    def _count_trouble(self, parsed: Parsed, ran: Ran) -> None:
        is_useless = not parsed.blocks and parsed.final is None
        self._run.errors = self._run.errors + 1 if ran.failed or is_useless else 0

    def _reply_with(self, messages: list[str]) -> None:
        left = self._run.budget.left()
        self.talk.say("user", "\n\n".join([*messages, *([left] if left else [])]))

    async def _last_turn(self, name: str, value: float, cap: float) -> Ending:
        reason = self._hit(name, value, cap)
        self.talk.say("user", prompts.last_turn(reason.split(";")[0] + ".", self._run.config.dialect))
        self._is_last = True
        if name == "seconds" or self._run.deadline.is_over:
            await self._run.deadline.allow_last_turn()
        ending = await self._turn()
        if ending is not None:
            return Ending("limit", ending.answer, ending.via, reason)
        return await self._given_up(reason)

    async def _out_of_time(self, reply: Reply) -> Ending:
        """The time ended the request itself: an answer that had come by then counts, its code is not run."""
        budget = self._run.budget
        cap = budget.limits.seconds or 0.0
        reason = describe_limit("seconds", cap) if self._is_last else self._hit("seconds", budget.seconds, cap)
        parsed = parse(reply.text, self._run.config.dialect, None)
        if reply.text:
            self._emit_parsed(replace(parsed, truncated=True, problem=""), reply.held_to)
        ran = Ran(skipped=bool(parsed.blocks))
        offer = self._in_time(await self._offer(parsed, ran), ran)
        ending = await self._offered(offer, ran) if offer is not None else None
        return Ending("limit", ending.answer, ending.via, reason) if ending else await self._given_up(reason)

    def _hit(self, name: str, value: float, cap: float) -> str:
        """Tell of a limit; returns it in words."""
        self._run.emit(ev.LimitHit(node=self._node, limit=name, value=value, cap=cap))
        return describe_limit(name, cap)

    async def _given_up(self, reason: str) -> Ending:
        partial = await self._best_partial()
        if partial:
            self._run.emit(ev.AnswerGiven(node=self._node, text=partial, via="exhausted", by="engine"))
        return Ending("limit", partial or None, "exhausted" if partial else None, reason)

    async def _best_partial(self) -> str:
        """The nearest thing to an answer that there is: the answer dict's content, else what the model said last."""
        content = await self._run.repl.lookup("answer") or ""
        if content.strip() and content.strip() not in self._broker.failures:
            return content[:_PARTIAL]
        said = [prompts.prose(m.content) for m in self.talk.messages if m.role == "assistant"]
        return next((text[:_PARTIAL] for text in reversed(said) if text), "")
