"""What a typed line means in the linear mode."""

from __future__ import annotations

import pytest

from rlm_tui.cli.plain.typed import ACTIONS, INSTEAD, OWN, Reader, Typed
from rlm_tui.ui.actions import BY_ID

read = Reader({}).read


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("", Typed("where")),
        ("a", Typed("gate.run")),
        ("run", Typed("gate.run")),
        ("RUN", Typed("gate.run")),
        ("t be careful", Typed("gate.tell", "be careful")),
        ("tell be careful", Typed("gate.tell", "be careful")),
        ("tell the model be careful", Typed("gate.tell", "be careful")),
        ("ask again", Typed("gate.retry")),
        ("ask who?", Typed("gate.ask", "who?")),
        ("go on", Typed("gate.go_on")),
        ("s", Typed("gate.step")),
        ("S", Typed("gate.into")),
        ("step", Typed("gate.step")),
        (",", Typed("walk.back")),
        (".", Typed("walk.forward")),
        ("> 1 + 1", Typed("look.prompt", "1 + 1")),
        (">1 + 1", Typed("look.prompt", "1 + 1")),
        ("/magic", Typed("look.find", "magic")),
        ("find magic number", Typed("look.find", "magic number")),
        ("5 12", Typed("pane.context", "12")),
        ("context 12", Typed("pane.context", "12")),
        ("?", Typed("app.help")),
        ("q", Typed("app.quit")),
        ("show 3", Typed("show", "3")),
        ("model offline", Typed("model", "offline")),
        ("xyzzy", None),
    ],
)
def test_a_line_means_an_action_by_key_or_words(line: str, meant: Typed | None) -> None:
    assert read(line) == meant


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_can_be_named_by_its_label_or_its_id(name: str) -> None:
    words = {BY_ID[name].label, name.partition(".")[2].replace("_", " ")}
    assert name in {meant.action for word in words if (meant := read(word)) is not None} or name in {
        meant.action for key in "123456>" if (meant := read(key)) is not None
    }


def test_every_action_has_something_that_does_it() -> None:
    from rlm_tui.cli.plain.front import Front
    from rlm_tui.cli.plain.lines_in import LinesIn
    from rlm_tui.ui.opening import Opening

    methods = Front(Opening("a"), LinesIn())._doing._methods
    assert set(methods) == {*ACTIONS, *OWN}


def test_every_action_of_the_registry_is_a_command_or_says_why_not() -> None:
    assert {*ACTIONS, *INSTEAD} == set(BY_ID)
    assert not set(ACTIONS) & set(INSTEAD)


@pytest.mark.parametrize("line", ["z", "F", "R", ":", "=", "leave", "next pane", "suspend", "next theme"])
def test_what_is_no_command_is_known_by_its_key_or_its_words(line: str) -> None:
    meant = read(line)
    assert meant is not None
    assert meant.action in INSTEAD


@pytest.mark.parametrize("name", INSTEAD)
def test_what_is_no_command_says_what_is_done_instead(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from rlm_tui.cli.plain.front import Front
    from rlm_tui.cli.plain.lines_in import LinesIn
    from rlm_tui.ui.opening import Opening

    front = Front(Opening("a"), LinesIn())
    front._act(Typed(name), name)
    assert capsys.readouterr().out == f"note: {INSTEAD[name]}\n"


def test_remapped_keys_are_typed_and_offered() -> None:
    reader = Reader({"gate.run": ("z",), "walk.back": ("left_square_bracket",), "gate.skip": ("f9",)})
    assert reader.read("z") == Typed("gate.run")
    assert reader.read("a") is None
    assert reader.read("[") == Typed("walk.back")
    assert reader.offer("gate.run") == "run (z)"
    assert reader.offer("gate.skip") == "skip"
