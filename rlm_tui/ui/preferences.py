"""Changing a setting while the app runs: check it, save it, and let it hold at once where that is possible."""

from __future__ import annotations

from collections.abc import Sequence

from rlm_tui import config
from rlm_tui.config import BY_NAME, Settings, Value, writing
from rlm_tui.errors import UsageError
from rlm_tui.text import one_line
from rlm_tui.ui.host import Host
from rlm_tui.ui.keymap import checked, keymap_of
from rlm_tui.ui.theme_file import DARK, chosen


def current(app: Host) -> Settings:
    """The settings that hold; read now when the app was made without."""
    if app.settings is None:
        app.settings = config.load()
    return app.settings


def choices_of(app: Host, name: str) -> tuple[str, ...]:
    """What a setting can be, where that is a few things; else nothing."""
    setting = BY_NAME[name]
    if setting.kind == "flag":
        return ("true", "false")
    return app.theme_names if name == "theme" else setting.choices


def change(app: Host, name: str, text: str | None) -> str:
    """Save what a text means for a setting (None or nothing: its default again); returns what to say.

    Raises UsageError for what cannot be meant or saved; nothing has changed then.
    """
    setting = BY_NAME[name]
    value = _meant(app, name, text) if text else None
    writing.save(name, value)
    _again(app)
    if name == "theme":
        app.theme = chosen(current(app)["theme"], app.theme_names, app.faults)
    source = current(app).source(name)
    if source in ("command line", "environment"):
        return f"Saved; for now the {source} goes before it."
    said = setting.shown(current(app)[name])
    return f"{name} is {one_line(said, 40)} from {setting.since} on." if value is not None else f"Its default: {said}."


def _meant(app: Host, name: str, text: str) -> Value:
    setting = BY_NAME[name]
    try:
        value = config.parse(setting, text)
    except ValueError:
        raise UsageError(f"{name} is not {one_line(text, 40)!r}; it takes {config.wanted(setting, text)}.") from None
    if name == "theme":
        chosen(str(value), app.theme_names)
    if name in ("model", "sub_model"):
        from rlm_tui.lm.registry import check_spec

        check_spec(str(value), base_url=current(app)["base_url"] or None)
    if name == "dialect":
        from rlm_tui.engine.config import choose_dialect

        choose_dialect(str(value), current(app)["model"])
    return value


def change_keys(app: Host, action_id: str, texts: Sequence[str] | None) -> str:
    """Save other keys for an action (None: those of the registry again); they act at once."""
    settings = current(app)
    keys = {other: given for other, given in settings.keys.items() if other != action_id}
    if texts is not None:
        keys[action_id] = tuple(texts)
    checked(keys, None)
    writing.save_keys(action_id, texts)
    _again(app)
    app.remap(keymap_of(current(app)))
    return f"{action_id} has {' '.join(texts) or 'no key'} now." if texts is not None else f"{action_id} as it was."


def _again(app: Host) -> None:
    """Read the file anew; what the command line said goes on holding."""
    old = current(app)
    names = [name for name in BY_NAME if old.source(name) == "command line"]
    app.settings = config.load({name: old[name] for name in names})


def next_choice(app: Host, name: str) -> str:
    """The choice after the one that holds, round and round."""
    choices = choices_of(app, name)
    now = BY_NAME[name].shown(current(app)[name])
    return choices[(choices.index(now) + 1) % len(choices)] if now in choices else (choices or (DARK,))[0]
