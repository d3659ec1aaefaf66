"""Writes the pages of docs/ that are made from the registry and the schema: `python -m tests.samples.keys`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rlm_tui.cli.plain.typed import INSTEAD, Reader
from rlm_tui.config import SETTINGS, Setting
from rlm_tui.ui.actions import ACTIONS, GROUPS, key_name

DOCS = Path(__file__).parents[2] / "docs"
_KEYS = """\
# Keys

Every action has an id, and most have keys; all of them are in the palette (`{palette}`), also those that cannot act
now, with the reason. `?` shows the keys that act at the moment. A letter acts while the bar says KEYS; while it says
TYPING, function keys and Ctrl act, and Esc leaves.

In every pane: `j` `k` and the arrows move, `g` `G` go to the ends, Space and PgDn turn the page, Enter opens.

## Other keys

The settings (`{settings}`) give any action other keys, and `config.toml` does:

```toml
[keys]
"gate.run" = "Z"
"app.palette" = ["Ctrl+K", ":"]
"gate.skip" = ""  # none: only the palette has it
```

A key that would mean two things is refused, naming both. The footer, the help, the palette and every sentence show the
keys of now. The keys that move in every pane stay.
"""
_SETTINGS = """\
# Settings

A setting is taken from the command line, else from the environment, else from `config.toml`, else it is the default.
The settings screen (`{settings}`) shows every value with where it comes from, changes it and saves it; comments in the
file stay. The file is `config.toml` in the user's configuration folder (`~/.config/rlm-tui` on Linux), or in the
folder that `RLM_TUI_HOME` names. What cannot be meant ends the start with one sentence and exit code 2. A
megabyte is a million bytes, here and wherever rlm-tui says MB.

```toml
model = "ollama/qwen2.5:7b"
max_iterations = 30
theme = "rlm-light"

[keys]
"gate.run" = "Z"
```
"""
_EVERY = """\
## Every action

What the app can do and what is typed for it here; where nothing is, why not.

"""
_AFTER = """
## Themes

`rlm-dark`, `rlm-light`, and `rlm-safe-dark` and `rlm-safe-light`, in which states differ also for eyes that confuse red
with green or blue with yellow. The palette goes through them, the settings keep one. A theme of your own is a file in
the folder `themes` beside `config.toml`, built as the files in `themes/` are, every role named once; one that is wrong
is reported and passed over. With `NO_COLOR` set the app uses no colour at all; symbols, weight and reversal remain.

## Attention

When a run waits for you, has an answer or failed, and its window has no focus, the window gets a title and the bell
rings once; terminals that show notifications (iTerm2, WezTerm, Ghostty, kitty, foot) show one. Progress calls nobody.
`attention` is `bell`, `title` for the title alone, or `off`.

## Keys

`[keys]` gives actions other keys by their id; [keys.md](keys.md) lists the ids.
"""


def keys_page() -> str:
    """docs/keys.md: every action of the registry by group."""
    parts = [_KEYS.format(palette=_key("app.palette"), settings=_key("app.settings"))]
    for group in GROUPS:
        rows = [
            (" ".join(f"`{key_name(key)}`" for key in action.keys) or "–", action.tooltip, f"`{action.id}`")
            for action in ACTIONS
            if action.group == group
        ]
        parts.append(f"\n## {group.capitalize()}\n\n{_table(('keys', 'what it does', 'id'), rows)}")
    return "".join(parts)


def settings_page() -> str:
    """docs/settings.md: every setting of the schema."""
    rows = [_row(setting) for setting in SETTINGS]
    table = _table(("setting", "what it is", "takes", "default", "option", "variable"), rows)
    return f"{_SETTINGS.format(settings=_key('app.settings'))}\n{table}{_AFTER}"


def _row(setting: Setting) -> tuple[str, ...]:
    option = f"`{setting.option}`" if setting.option else "–"
    variables = " ".join(f"`{name}`" for name in setting.environment)
    return f"`{setting.name}`", setting.doc, setting.expects, setting.shown(setting.default), option, variables


def _key(action_id: str) -> str:
    return next(key_name(action.keys[0]) for action in ACTIONS if action.id == action_id)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in lines)


def plain_page() -> str:
    """docs/plain.md: what is written there by hand, and the table of every action."""
    above = (DOCS / "plain.md").read_text(encoding="utf-8").partition(_EVERY)[0]
    reader = Reader({})
    rows = [(f"`{action.id}`", action.label, _in_lines(reader, action.id)) for action in ACTIONS]
    return f"{above}{_EVERY}{_table(('id', 'in the app', 'in lines'), rows)}"


def _in_lines(reader: Reader, name: str) -> str:
    if name in INSTEAD:
        return f"none: {INSTEAD[name]}"
    label, _, key = reader.offer(name).partition(" (")
    return f"`{key.removesuffix(')')}` or `{label}`" if key else f"`{label}`"


PAGES = {"keys.md": keys_page, "settings.md": settings_page, "plain.md": plain_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
