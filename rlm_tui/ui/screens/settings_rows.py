"""The rows of the settings screen: a setting or the keys of an action, its value, and where that comes from."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rlm_tui.config import BY_NAME, SETTINGS, Settings
from rlm_tui.config.schema import Setting
from rlm_tui.text import has_all, safe
from rlm_tui.ui.actions import ACTIONS, BY_ID, GROUPS, Action, Keymap, key_name, keys_of
from rlm_tui.ui.lines import BLANK, Line, clip, ending, line, pad, split, wrap_text

SETTING, KEY = "setting:", "key:"
_NAME, _VALUE, _SOURCE = 20, 24, 14
_WORDS_FROM = 100
_KEYS_NOTE = '[keys] "{}" · keys like Z, Ctrl+T or F6, several with spaces · acts at once'


def setting_rows(settings: Settings, keymap: Keymap, width: int, text: str = "") -> list[Line]:
    """Every setting by group, then the keys of every action; with a `text` only those in which all its words stand."""
    words, rows = text.casefold().split(), list[Line]()
    for group in dict.fromkeys(setting.group for setting in SETTINGS):
        found = [each for each in SETTINGS if each.group == group and has_all(words, _searched(each))]
        rows += _grouped(group.capitalize(), [_setting(settings, each.name, width) for each in found])
    for name in GROUPS:
        actions = [each for each in ACTIONS if each.group == name and has_all(words, _searched_keys(each, keymap))]
        rows += _grouped(f"Keys {name}", [_keys(settings, each, keymap, width) for each in actions])
    return rows[1:] or [BLANK, line(("  No setting has these words; Esc shows all.", "muted"))]


def _searched(setting: Setting) -> str:
    """What the words of a filter are looked for in: nothing that a change of the value would change."""
    return f"{setting.group} {setting.name} {setting.doc} {setting.expects} {' '.join(_places(setting))}"


def _searched_keys(action: Action, keymap: Keymap) -> str:
    return f"keys {action.group} {action.id} {action.label} {action.tooltip} {_named(action, keymap)}"


def _grouped(title: str, rows: list[Line]) -> list[Line]:
    return [BLANK, line((f" {title}", "muted bold")), *rows] if rows else []


def _setting(settings: Settings, name: str, width: int) -> Line:
    setting, value = BY_NAME[name], settings[name]
    source = settings.source(name)
    is_set = value is not None and value != ""
    return _row(name, setting.shown(value), source, setting.doc, width, is_dim=not is_set).with_key(SETTING + name)


def _keys(settings: Settings, action: Action, keymap: Keymap, width: int) -> Line:
    keys = _named(action, keymap)
    source = "file" if action.id in settings.keys else "default"
    row = _row(action.id, keys or "no key", source, action.tooltip, width, is_dim=not keys)
    return row.with_key(KEY + action.id)


def _named(action: Action, keymap: Keymap) -> str:
    return " ".join(key_name(key) for key in keys_of(action, keymap))


def _row(name: str, value: str, source: str, words: str, width: int, *, is_dim: bool) -> Line:
    """The words stand in the row where there is room; they are always below the list."""
    role = "dim" if is_dim else "text" if source == "default" else "accent"
    spans = [
        *pad(line((f"   {name}", "text")), _NAME + 3).spans,
        *pad(clip(line((value, role)), _VALUE - 1), _VALUE).spans,
        *pad(line((source, "dim" if source == "default" else "muted")), _SOURCE).spans,
    ]
    if width >= _WORDS_FROM:
        spans += line((words, "dim")).spans
    return clip(Line(tuple(spans)), width)


def about(settings: Settings, key: str, width: int) -> list[Line]:
    """What the row under the cursor is, in words, and what it takes from where; as high as the highest of all."""
    said = [line(" ", *row.spans) for text, role in _about(settings, key) for row in wrap_text(text, width - 2, role)]
    return [*said, *[BLANK] * (_highest(width) - len(said))]


@lru_cache(8)
def _highest(width: int) -> int:
    """So high that no setting's words are cut, and nothing moves from one row to the next."""
    texts = [(f"{each.doc}.", " · ".join(_places(each))) for each in SETTINGS]
    texts += [(f"{action.tooltip}.", _KEYS_NOTE.format(action.id)) for action in ACTIONS]
    return max(sum(len(wrap_text(text, width - 2)) for text in pair) for pair in texts)


def _about(settings: Settings, key: str) -> list[tuple[str, str]]:
    """Texts with their roles."""
    if key.startswith(KEY):
        action = BY_ID[key.removeprefix(KEY)]
        return [(f"{action.tooltip}.", "text"), (_KEYS_NOTE.format(action.id), "dim")]
    if not key.startswith(SETTING):
        return []
    setting = BY_NAME[key.removeprefix(SETTING)]
    source = settings.source(setting.name)
    is_over = source in ("command line", "environment")
    over = f" The {source} sets it now." if is_over else ""
    words = f"{setting.doc[0].upper()}{setting.doc[1:]}.{over}"
    return [(words, "careful" if is_over else "text"), (" · ".join(_places(setting)), "dim")]


def _places(setting: Setting) -> list[str]:
    """What a setting takes, and where else it can be given."""
    takes = f"takes {setting.expects} from {setting.since} on"
    return [takes, *filter(None, [setting.option]), setting.environment[0]]


def said_rows(notice: str, width: int) -> list[Line]:
    """What was just said, whole, in at least as many rows as what it stands in place of."""
    rows = [line(" ", *row.spans) for row in wrap_text(notice, width - 2, "careful")]
    return [*rows, *[BLANK] * (_highest(width) - len(rows))]


def title_row(file: Path, width: int) -> Line:
    """What this is, and the file that it writes; of a long path the end stays."""
    left = line((" Settings", "accent bold"))
    return split(left, line((f"{ending(safe(str(file)), max(8, width - left.cells - 4))} ", "dim")), width)
