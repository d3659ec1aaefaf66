"""Without its document, a recorded run shows in Context the passages that the trace itself holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Attachment, Origin
from tests.trajectories import RUNS, Recorder, StillSession
from tests.ui_kit import Hand, on_screen

ABSENT = Origin("run.rlm.jsonl", 1, "rlm-tui", "", False, (), Attachment("missing", "it is elsewhere"))


@asynccontextmanager
async def context_of(run: Recorder, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Hand]:
    async with on_screen(StillSession(run, None, "replay", origin=ABSENT), size) as hand:
        await hand.press("5", "z")
        await hand.until(lambda: "passage" in hand.screen())
        yield hand


async def test_it_says_that_the_document_is_not_at_hand_and_what_is_shown() -> None:
    async with context_of(RUNS["batched"]()) as hand:
        said = " ".join(hand.screen().split())
        assert "report.pdf is not at hand (it is elsewhere)" in said
        assert "the 14 passages that the trace itself holds" in said
        assert "it 1 printed 120" in said


async def test_the_cursor_leads_through_the_passages() -> None:
    async with context_of(RUNS["batched"]()) as hand:
        await hand.press("j", "k", "k")
        assert "it 1 printed  60 characters" in hand.screen()
        assert "Salaries stand on p. 26." in hand.screen()
        await hand.press("j", "j")
        assert "it 2 to sub-LM  72 characters" in hand.screen()
        assert "Chunk 2 of the report: Alice 75,000" in hand.screen()


async def test_the_selected_node_leads_to_its_passage() -> None:
    async with context_of(RUNS["batched"]()) as hand:
        hand.app.look_at("1.2.code1.sub3", pinned=True)
        await hand.until(lambda: "Chunk 3 of the report" in hand.screen())


async def test_at_an_earlier_moment_only_what_had_happened_is_there() -> None:
    async with context_of(RUNS["batched"]()) as hand:
        hand.app.session.send(cmd.Seek(14))
        hand.app.redraw()
        await hand.until(lambda: "the 1 passage that" in hand.screen() or "Shown: the 1 passage" in hand.screen())


async def test_a_document_that_comes_takes_the_place_of_the_passages() -> None:
    from tests.states import document

    async with context_of(RUNS["batched"]()) as hand:
        session = hand.app.session
        assert isinstance(session, StillSession)
        session.document = document()
        hand.app.redraw()
        await hand.until(lambda: "not at hand" not in hand.screen() and "of the works" in hand.screen())
