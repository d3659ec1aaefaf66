"""Keys remapped by action id: what the settings say, checked, in Textual's names of keys."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui.config import Settings, nearest, place
from rlm_tui.errors import UsageError
from rlm_tui.text import one_line
from rlm_tui.ui.actions import ACTIONS, BY_ID, Keymap, key_name, keys_of

if TYPE_CHECKING:
    from textual.binding import BindingsMap

OF_THE_PANES = (
    "j", "k", "g", "up", "down", "space", "pageup", "pagedown", "enter", "backspace", "delete",
)  # fmt: skip
_NAMES = {
    "esc": "escape", "return": "enter", "pgdn": "pagedown", "pgup": "pageup", "del": "delete", "ins": "insert",
    "←": "left", "→": "right", "↑": "up", "↓": "down",
}  # fmt: skip
_KNOWN = {
    "escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown", "up",
    "down", "left", "right", *(f"f{number}" for number in range(1, 25)),
}  # fmt: skip
_CHARACTERS = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
_ALIASES = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+left_square_bracket": "escape"}
_MODIFIERS = ("ctrl", "shift", "alt", "super", "meta", "hyper")


def bindings(keymap: Keymap) -> BindingsMap:
    """Every key of every action, as the app binds them."""
    from textual.binding import Binding, BindingsMap

    made = [
        Binding(key, f"act('{action.id}')", action.label, show=False, priority=action.priority, id=action.id)
        for action in ACTIONS
        for key in keys_of(action, keymap)
    ]
    return BindingsMap(made)


def keymap_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The keys that the settings give to actions.

    Raises UsageError for an action or a key that there is not, and for a key that would mean two things.
    """
    return checked(settings.keys, settings.file)


def checked(keys: Mapping[str, tuple[str, ...]], file: Path | None) -> dict[str, tuple[str, ...]]:
    """The keys by id in Textual's names; what is wrong is said with the place in `file`, if they stand in one."""
    found: dict[str, tuple[str, ...]] = {}
    for action_id, texts in keys.items():
        if action_id not in BY_ID:
            raise UsageError(f"{_place(file, action_id)}: there is no action {action_id!r}; {_near(action_id)}")
        found[action_id] = tuple(_key(text, action_id, file) for text in texts)
    _refuse_clashes(found, file)
    return found


def _place(file: Path | None, action_id: str) -> str:
    return place(file, action_id) if file is not None else action_id


def _near(action_id: str) -> str:
    words = nearest(action_id, list(BY_ID))
    return words if words.startswith("did") else "docs/keys.md lists them, and so do the settings in the app."


def _key(text: str, action_id: str, file: Path | None) -> str:
    key = key_named(text)
    if not key:
        shown = one_line(text, 20)
        raise UsageError(f'{_place(file, action_id)}: there is no key {shown!r}; write one like "Z", "Ctrl+T" or "F6".')
    if key in OF_THE_PANES:
        raise UsageError(
            f"{_place(file, action_id)}: {key_name(key)} moves in every pane; give {action_id} another key."
        )
    return key


def key_named(text: str) -> str:
    """A key in Textual's name: `,` is `comma`, `Ctrl+T` is `ctrl+t`; nothing when there is no such key."""
    text = text.strip()
    if len(text) == 1:
        return _NAMES.get(text) or _of_character(text)
    *words, last = text.split("+") if not text.endswith("++") else [*text[:-2].split("+"), "+"]
    modifiers = [word.strip().lower() for word in words]
    if not last or not set(modifiers) <= set(_MODIFIERS) or len(set(modifiers)) < len(modifiers):
        return ""
    if modifiers == ["shift"] and len(last) == 1 and last.isalpha():
        return last.upper()
    plain = _of_character(last.lower()) if len(last) == 1 else _NAMES.get(last.lower(), last.lower())
    key = "+".join([*modifiers, plain])
    return _ALIASES.get(key, key) if len(last) == 1 or plain in _KNOWN or _is_named(plain) else ""


def _of_character(character: str) -> str:
    """A character as Textual names its key: after Unicode, with shorter names for the commonest."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _CHARACTERS.get(name, name)


def _is_named(key: str) -> bool:
    """Whether a key is called as a character of a keyboard is: `comma`, `question_mark`."""
    return key in {_of_character(chr(code)) for code in range(33, 127)}


def _refuse_clashes(keymap: Keymap, file: Path | None) -> None:
    owners: dict[str, str] = {}
    for action in ACTIONS:
        for key in keys_of(action, keymap):
            other = owners.setdefault(key, action.id)
            if other != action.id:
                named = action.id if action.id in keymap else other
                raise UsageError(
                    f"{_place(file, named)}: {key_name(key)} would mean both {other} ({BY_ID[other].label}) and "
                    f"{action.id} ({action.label}); give one of them another key."
                )
