"""Keys by action id, as the settings give them: names of keys, unknown ids, and keys that would mean two things."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.keys import _character_to_key

from rlm_tui.errors import UsageError
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.actions import ACTIONS, key_name, key_of
from rlm_tui.ui.bar_words import sentence
from rlm_tui.ui.keymap import bindings, checked, key_named
from rlm_tui.ui.state import UiState
from tests.replaying import TRACE
from tests.states import held

FILE = Path("/nowhere/config.toml")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("z", "z"),
        (",", "comma"),
        ("comma", "comma"),
        ("Ctrl+T", "ctrl+t"),
        ("F6", "f6"),
        ("Ctrl++", "ctrl+plus"),
        ("Shift+F11", "shift+f11"),
        ("Shift+a", "A"),
        ("Esc", "escape"),
        ("Ctrl+I", "tab"),
        ("é", "é"),
        ("nokey", ""),
        ("Hyperspace+x", ""),
        ("F99", ""),
        ("Ctrl+", ""),
        ("", ""),
    ],
)
def test_keys_are_written_as_a_person_knows_them(text: str, key: str) -> None:
    assert key_named(text) == key


def test_every_key_of_the_registry_can_be_written_as_it_is_shown() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert [key for key in keys if key_named(key_name(key)) != key] == []


def test_characters_are_named_as_the_screen_names_them() -> None:
    characters = [*map(chr, range(33, 127)), *"äß€´«é"]
    assert [text for text in characters if key_named(text) != _character_to_key(text)] == []
    assert [text for text in characters if key_name(key_named(text)) != text] == []
    for key in ("ctrl+t", "shift+f11", "f6", "alt+comma", "ctrl+pagedown", "tab", "delete"):
        assert key_named(key_name(key)) == key


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"gate.rum": ("z",)}, "no action 'gate.rum'; did you mean gate.run"),
        ({"zzzz": ("z",)}, "no action 'zzzz'; docs/keys.md lists them"),
        ({"gate.run": ("nokey",)}, "no key 'nokey'"),
        ({"gate.run": ("Ctrl+Ctrl+X",)}, "no key 'Ctrl+Ctrl+X'"),
        ({"gate.run": ("j",)}, "j moves in every pane"),
        ({"gate.run": ("i",)}, "i would mean both gate.run (run) and gate.edit (edit)"),
        ({"gate.run": ("Z",), "gate.edit": ("Z",)}, "Z would mean both gate.run (run) and gate.edit (edit)"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(keys: dict[str, tuple[str, ...]], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(keys, FILE)
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(FILE))


def test_two_actions_may_change_places_and_one_may_lose_its_key() -> None:
    keymap = checked({"gate.run": ("i",), "gate.edit": ("a",), "gate.tell": (), "gate.stop": ("Ctrl+X",)}, FILE)
    made = bindings(keymap)
    assert [made.key_to_bindings[key][0].action for key in ("i", "a", "ctrl+x")] == [
        "act('gate.run')",
        "act('gate.edit')",
        "act('gate.stop')",
    ]
    assert "t" not in made.key_to_bindings


def test_sentences_name_the_key_of_now() -> None:
    ui = UiState(screen="main")
    assert key_of("gate.answer", ui) == "w"
    ui.keymap = {"gate.answer": ("f6",)}
    assert key_of("gate.answer", ui) == "F6"
    ui.keymap = {"gate.answer": ()}
    assert key_of("gate.answer", ui) == "“write it yourself”"


def test_no_sentence_of_a_reason_names_a_key_by_itself() -> None:
    """With every key moved, no reason and no sentence still says the old one."""
    session = ReplaySession(TRACE)
    session.read_whole()
    ui = UiState(screen="main", keymap={action.id: ("f12",) for action in ACTIONS})
    reasons = [action.enabled(shown, ui).reason for action in ACTIONS for shown in (session, held())]
    reasons += [sentence(shown, ui)[0] for shown in (session, held())]
    session.close()
    named = {f" {key_name(key)} " for action in ACTIONS for key in action.keys if key_name(key) not in ("a", "A", "I")}
    assert [reason for reason in reasons if any(key in f" {reason} " for key in named)] == []
