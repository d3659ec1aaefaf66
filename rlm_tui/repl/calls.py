"""Host calls of one block: each is a task of the loop; none outlives the block."""

from __future__ import annotations

import asyncio
from typing import Any

from rlm_tui.errors import RlmTuiError
from rlm_tui.repl.base import HostCall, HostHandler
from rlm_tui.repl.channel import Channel
from rlm_tui.repl.messages import Call
from rlm_tui.repl.watch import Watch
from rlm_tui.repl.worker import wire

_MAX_BYTES = 512 << 20
_MAX_NAME, _MAX_MODEL = 100, 1_000
_OVER = "the block that this call belongs to is over"


class Calls:
    """Answers the calls of a block; the block's own time stands still while one is outstanding."""

    def __init__(self, handler: HostHandler, channel: Channel, watch: Watch) -> None:
        self._handler = handler
        self._channel = channel
        self._watch = watch
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._bytes = 0
        self.failure: BaseException | None = None

    def start(self, call: Call, payload: bytes) -> None:
        """Begin to answer; FrameError when a call is none or too much is asked at once."""
        if len(call.sizes) > wire.MAX_TEXTS:
            raise wire.FrameError("too many prompts in one part")
        prompts = tuple(wire.split(call.sizes, payload))
        if call.id in self._tasks or not prompts or (len(prompts) > 1 and not call.is_batch):
            raise wire.FrameError("a call that is none")
        is_part = call.total > len(prompts)
        if call.start < 0 or (call.start and call.start + len(prompts) > call.total) or (is_part and not call.is_batch):
            raise wire.FrameError("a part of no batch")
        size = len(payload) + len(call.question)
        self._bytes += size
        if len(self._tasks) >= wire.MAX_CALLS or self._bytes > _MAX_BYTES:
            raise wire.FrameError("too many calls at once")
        self._watch.hold()
        of = (call.first, call.start, call.total) if is_part else ()
        model = call.model and call.model[:_MAX_MODEL]
        host_call = HostCall(call.function[:_MAX_NAME], prompts, model, call.is_batch, call.question, *of)
        self._tasks[call.id] = asyncio.create_task(self._answer(call.id, host_call, size))

    async def close(self) -> None:
        """Cancel what is outstanding and say so to the threads that wait for it."""
        tasks = dict(self._tasks)
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for call_id in tasks:
            refuse(self._channel, call_id)

    async def _answer(self, call_id: int, call: HostCall, size: int) -> None:
        try:
            reply, payload = await self._reply(call)
            self._channel.send({"op": "reply", "id": call_id, **reply}, payload)
        except Exception as exc:  # noqa: BLE001  # a fault of the handler ends the block and is raised by run()
            self.failure = self.failure or exc
            self._watch.kill()
        finally:
            self._tasks.pop(call_id, None)
            self._bytes -= size
            self._watch.release()

    async def _reply(self, call: HostCall) -> tuple[dict[str, Any], bytes]:
        try:
            answers = await self._handler(call)
        except RlmTuiError as exc:
            return {"error": str(exc)}, b""
        if len(answers) != len(call.prompts):
            raise RuntimeError(f"{len(answers)} answers to {len(call.prompts)} prompts of {call.function}")
        sizes, payload, _ = wire.join(answers)
        return {"sizes": sizes}, payload


def refuse(channel: Channel, call_id: int) -> None:
    """Answer a call that belongs to no running block."""
    channel.send({"op": "reply", "id": call_id, "error": _OVER})
