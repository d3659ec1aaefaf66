"""The registry of actions: one list that keys, bars, help and palette are drawn from."""

from collections import Counter

import pytest

from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.actions import ACTIONS, BY_ID, key_name, keys_of, reason, valid_now, works_while_typing
from rlm_tui.ui.app import RlmTuiApp
from rlm_tui.ui.state import GUARD_S, PANES, KeyGuard, UiState
from rlm_tui.ui.verbs import FOOTER_GROUPS, GATE_GROUPS, verbs


def test_ids_are_unique_and_name_a_method(recorded: ReplaySession) -> None:
    assert len(BY_ID) == len(ACTIONS)
    app = RlmTuiApp(recorded)
    assert [action.id for action in ACTIONS if not callable(app.method_of(action.id))] == []


def test_no_key_means_two_things() -> None:
    counts = Counter(key for action in ACTIONS for key in action.keys)
    assert [key for key, count in counts.items() if count > 1] == []


def test_every_action_says_what_it_does() -> None:
    assert [action.id for action in ACTIONS if not action.label or not action.tooltip] == []


def test_keys_that_terminals_confuse_are_not_used() -> None:
    avoided = {"ctrl+enter", "ctrl+a", "ctrl+b", "ctrl+h", "ctrl+j", "ctrl+m", "ctrl+i"}
    assert [action.id for action in ACTIONS if avoided & set(action.keys)] == []


def test_every_pane_has_its_number() -> None:
    assert [BY_ID[f"pane.{name}"].keys for name in PANES] == [(str(number),) for number in range(1, 7)]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("comma", ","),
        ("question_mark", "?"),
        ("ctrl+p", "Ctrl+P"),
        ("shift+f11", "Shift+F11"),
        ("G", "G"),
        ("f5", "F5"),
    ],
)
def test_keys_are_named_as_a_person_knows_them(key: str, shown: str) -> None:
    assert key_name(key) == shown


def test_a_remapped_action_shows_its_new_key_everywhere(recorded: ReplaySession) -> None:
    keymap = {"walk.back": ("b", "f3")}
    assert keys_of(BY_ID["walk.back"], keymap) == ("b", "f3")
    assert keys_of(BY_ID["walk.back"], keymap, typing=True) == ("f3",)
    shown = verbs(recorded, UiState(), GATE_GROUPS, keymap)
    assert ("walk.back", "b") in [(verb.action, verb.key) for verb in shown]


def test_a_recorded_run_offers_no_key_that_cannot_act(recorded: ReplaySession) -> None:
    ui = UiState()
    assert [action.id for action in valid_now(recorded, ui, ["at the gate"])] == []
    assert reason(recorded, ui, "gate.run") == "This is a recorded run; nothing in it can be changed."
    assert [verb.label for verb in verbs(recorded, ui, GATE_GROUPS, {})] == ["back"]
    assert "REPL" not in [verb.label for verb in verbs(recorded, ui, FOOTER_GROUPS, {})]


def test_while_typing_only_keys_that_are_no_text_are_shown(recorded: ReplaySession) -> None:
    ui = UiState(typing=True)
    for group in (GATE_GROUPS, FOOTER_GROUPS):
        assert all(len(verb.key) > 1 for verb in verbs(recorded, ui, group, {}))
    assert [key for action in ACTIONS for key in keys_of(action, {}, typing=True) if not works_while_typing(key)] == []


def test_letters_wait_after_a_hold_appears_and_f_keys_with_them() -> None:
    guard = KeyGuard()
    guard.hold_appeared(1.0)
    for key in ("a", "f10"):
        guard.saw(key, 1.0 + GUARD_S / 2, typing=False)
        assert not guard.allows
    guard.saw("f10", 1.0 + GUARD_S, typing=False)
    assert guard.allows


def test_a_key_that_comes_too_early_starts_the_wait_anew() -> None:
    guard = KeyGuard()
    guard.hold_appeared(0.0)
    for beat in range(1, 10):
        guard.saw("a", beat * GUARD_S * 0.9, typing=False)
        assert not guard.allows
    guard.saw("a", 9 * GUARD_S * 0.9 + GUARD_S, typing=False)
    assert guard.allows


def test_letters_wait_after_a_typed_key_and_f_keys_do_not() -> None:
    guard = KeyGuard()
    guard.saw("x", 5.0, typing=True)
    guard.saw("a", 5.0 + GUARD_S / 2, typing=False)
    assert not guard.allows
    guard.saw("f10", 5.0 + GUARD_S / 2 + 0.01, typing=False)
    assert guard.allows


def test_a_key_pressed_before_a_hold_does_not_answer_it_however_late_it_is_looked_at() -> None:
    guard = KeyGuard()
    guard.hold_appeared(1.0)
    for key in ("a", "f10"):
        guard.saw(key, 0.5, typing=False)
        assert not guard.allows
    guard.saw("a", 1.0 + GUARD_S / 2, typing=False)
    assert not guard.allows, "what came earlier shortens no wait"
