"""Runs the code blocks of a response: the two checkpoints round each, edits, retries, and what the model sees."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from rlm_tui import events as ev
from rlm_tui.engine import prompts
from rlm_tui.engine.broker import Broker
from rlm_tui.engine.config import Run
from rlm_tui.engine.gate import Pending
from rlm_tui.errors import ReplError
from rlm_tui.repl.base import BlockResult, Offer
from rlm_tui.repl.sandbox import NO_WALLS, NOT_SANDBOXED, RUN_IT

_NO_WALLS_WHY = f"{NOT_SANDBOXED}: this and all later {NO_WALLS}{RUN_IT}"
_OFFLOADED_FROM, _PREVIEW = 500, 200  # characters
_INJECTED_FINAL = "A final answer in a block of your own does not end the run."


class AskAgainError(Exception):
    """A person wants another response in the place of this one; `ran` is what the model must know had run of it."""

    def __init__(self, ran: list[str]) -> None:
        super().__init__()
        self.ran = ran


@dataclass(slots=True)
class Ran:
    """What the blocks of one response came to: messages for the model, an offered answer, whether one failed."""

    messages: list[str] = field(default_factory=list)
    offer: Offer | None = None
    failed: bool = False
    skipped: bool = False


class Blocks:
    """Runs blocks one at a time in the REPL; a person's own may come between two of the model's."""

    def __init__(self, run: Run, broker: Broker) -> None:
        self._run = run
        self._broker = broker
        self._turn = asyncio.Lock()

    @property
    def is_busy(self) -> bool:
        """Whether a block runs right now."""
        return self._turn.locked()

    async def run_all(self, iteration: str, codes: tuple[str, ...]) -> Ran:
        """Run the blocks in order; after an error or an offered answer the rest does not run."""
        ran = Ran()
        for code in codes:
            if ran.failed or ran.offer is not None:
                ran.messages.append(prompts.NOT_RUN)
                break
            await self._one(iteration, code, ran)
        return ran

    async def _one(self, iteration: str, code: str, ran: Ran) -> None:
        node = self._run.open("code", iteration)
        asks = self._asks_person(code)
        verdict = await self._run.pass_("before_code", Pending(node, code, parent=iteration, asks_person=asks))
        if verdict.how == "retry":
            self._run.nodes.close(node, "skipped")
            raise AskAgainError(ran.messages)
        if verdict.how == "skip":
            self._run.nodes.close(node, "skipped")
            ran.messages.append(prompts.SKIPPED_CODE)
            ran.skipped = True
            return
        if verdict.edited:
            ran.messages.append(prompts.edited_block(verdict.content))
        result, output = await self._until_accepted(node, iteration, verdict.content)
        ran.messages.append(output)
        taken = any(change.name == "answer" and change.change != "removed" for change in result.changes)
        if taken and self._run.config.dialect.reads_like == "rlms":
            ran.messages.append(prompts.ANSWER_REBOUND)
        ran.failed = result.status != "ok"
        ran.offer = result.offer
        self._run.nodes.close(node, _outcome(result))

    def _asks_person(self, code: str) -> str:
        """The red label is a question: once, and not for the offline model's own code."""
        config = self._run.config
        if self._run.asked.about_walls or not config.is_attended or config.sandbox != "auto" or not code:
            return ""
        if self._run.has_walls or config.model == "offline":
            return ""
        self._run.asked.about_walls = True
        return _NO_WALLS_WHY

    async def _until_accepted(self, node: str, iteration: str, code: str) -> tuple[BlockResult, str]:
        while True:
            number, result = await self._execute(node, code, "model")
            output = await self._shown(number, result)
            verdict = await self._run.pass_("after_code", Pending(node, output, parent=iteration))
            if verdict.how == "retry":
                self._run.emit(ev.Note(node=node, text="The block runs again; what it changed before is not undone."))
                continue
            if verdict.how == "skip":
                return result, prompts.SKIPPED_OUTPUT
            changed = "The user changed the output. " if verdict.edited else ""
            return result, changed + prompts.output_message(number, verdict.content)

    async def _shown(self, number: int, result: BlockResult) -> str:
        """What the model is shown of an output: its head and tail, or its beginning when the rest is offloaded."""
        raw = prompts.raw_output(result)
        if not self._offloads(result, raw):
            return prompts.cut(raw, self._run.most_output)[0]
        name = f"_result_{number}"
        await self._run.repl.load(name, raw)
        return prompts.offloaded(name, raw, _PREVIEW)

    def _offloads(self, result: BlockResult, raw: str) -> bool:
        return self._run.config.offload and result.status == "ok" and len(raw) > _OFFLOADED_FROM

    async def _execute(self, node: str, code: str, by: ev.Author) -> tuple[int, BlockResult]:
        run = self._run
        async with self._turn:
            run.blocks += 1
            number = run.blocks
            self._broker.block = node
            run.emit(ev.CodeStarted(node=node, code=code, number=number, by=by))
            with run.deadline.ends(run.repl.end):
                result = await self._result(node, code, by)
        self._finished(node, result, shown=by == "model")
        return number, result

    async def _result(self, node: str, code: str, by: ev.Author) -> BlockResult:
        """What the REPL makes of a block; that it cannot run at all ends the block in the trace, too."""
        run = self._run
        try:
            return await run.repl.run(
                code,
                timeout_s=run.config.limits.block_timeout_s,
                on_output=lambda piece: run.signal(node, "stdout", piece),
            )
        except ReplError as error:
            self._finished(node, BlockResult("died", error=ev.CodeError("ReplError", str(error))), shown=by == "model")
            raise

    def _finished(self, node: str, result: BlockResult, *, shown: bool) -> None:
        raw = prompts.raw_output(result)
        seen = _PREVIEW if self._offloads(result, raw) else prompts.cut(raw, self._run.most_output)[1]
        self._run.emit(
            ev.CodeFinished(
                node=node,
                status=result.status,
                stdout=result.stdout,
                stderr=result.stderr,
                error=result.error,
                changes=result.changes,
                elapsed_s=round(result.elapsed_s, 4),
                shown=seen if shown else None,
                notes=result.notes,
            )
        )

    async def inject(self, parent: str, code: str) -> str:
        """Run a person's own block below `parent`; returns what the model is told of it."""
        node = self._run.open("code", parent, title="injected", by="user")
        outcome: ev.Outcome = "error"
        try:
            _, result = await self._execute(node, code, "user")
            if result.offer is not None:
                self._run.emit(ev.Note(node=node, text=_INJECTED_FINAL))
            outcome = _outcome(result)
        finally:
            self._run.nodes.close(node, outcome)
        output, _ = prompts.cut(prompts.raw_output(result), self._run.most_output)
        return prompts.injected_block(code, output)


def _outcome(result: BlockResult) -> ev.Outcome:
    if result.status == "ok":
        return "ok"
    return "interrupted" if result.status == "interrupted" else "error"
