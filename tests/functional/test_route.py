"""`--route auto`: what fits the window comfortably goes straight to the model, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from tests.driving import block, live
from tests.ui_kit import on_screen

TEXT = "The magic number is 7481. " * 10


def test_a_context_that_fits_goes_straight_to_the_model_and_it_is_said(tmp_path: Path) -> None:
    with live(tmp_path, [" 7481\n"], text=TEXT, window=8_192, route=True) as run:
        finished = run.start("What is the magic number?").end()
        assert (finished.status, finished.answer, finished.via) == ("answered", "7481", "direct")
        (request,) = run.of(ev.LmRequested)
        assert TEXT in run.session.log.text(request.messages[1].content)
        assert "What is the magic number?" in run.session.log.text(request.messages[1].content)
        (note,) = [note.text for note in run.of(ev.Note) if "straight to the model" in note.text]
        assert "of 8k tokens" in note
        assert not run.of(ev.CodeStarted)
        assert run.of(ev.RunStarted)[0].is_direct


@pytest.mark.parametrize(
    "more",
    [
        {"route": False, "window": 8_192},
        {"route": True, "said": "window of scripted:"},
        {"route": True, "window": 1_200, "text": TEXT * 30, "said": "up to 2.6k tokens, and the window has"},
        {"route": True, "window": 8_192, "text": "工程师" * 1_400, "said": "may not fit comfortably"},
    ],
)
def test_otherwise_it_stays_a_variable_and_it_is_said_why(tmp_path: Path, more: dict[str, Any]) -> None:
    said = more.pop("said", None)
    with live(tmp_path, ["FINAL(7)"], **{"text": TEXT, **more}) as run:
        finished = run.start().end()
        assert (finished.answer, finished.via) == ("7", "FINAL")
        assert TEXT not in "".join(run.said())
        assert not run.of(ev.RunStarted)[0].is_direct
        notes = [note.text for note in run.of(ev.Note) if "stays a variable" in note.text]
        assert len(notes) == (said is not None)
        assert said is None or said in notes[0]


@pytest.mark.parametrize("first", ["", "  \n"])
def test_without_an_answer_the_run_goes_on_with_the_repl(tmp_path: Path, first: str) -> None:
    with live(tmp_path, [first, block("x = 7"), "FINAL_VAR(x)"], text=TEXT, window=8_192, route=True) as run:
        assert run.start().end().answer == "7"
        assert [note.level for note in run.of(ev.Note) if "does not stand" in note.text] == ["warning"]


def test_an_answer_that_a_person_refuses_leads_to_the_repl(tmp_path: Path) -> None:
    with live(tmp_path, ["7481", "FINAL(8)"], text=TEXT, window=8_192, route=True, step=True) as run:
        run.start()
        run.send(cmd.Skip(run.hold("before_final").id))
        run.until(lambda: len(run.of(ev.Released)) == 1)
        run.send(cmd.Run(run.hold("before_final").id))
        assert run.end().answer == "8"


def test_a_second_question_goes_on_with_the_conversation(tmp_path: Path) -> None:
    with live(tmp_path, ["7481", "FINAL(8)"], text=TEXT, window=8_192, route=True) as run:
        run.start().end()
        run.start("And then?")
        run.until(lambda: len(run.of(ev.RunFinished)) == 2)
        assert run.of(ev.RunFinished)[1].via == "FINAL"


async def test_the_header_says_so(tmp_path: Path) -> None:
    with live(tmp_path, ["7481"], text=TEXT, window=8_192, route=True) as run:
        async with on_screen(run.session) as hand:
            run.session.send(cmd.Start("What?"))
            await hand.until(lambda: "DIRECT" in hand.bar("Header"))
