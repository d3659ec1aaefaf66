"""The options that `open` and `run` share, and the Setup that they mean."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui import config
from rlm_tui.config import Setting, Settings, Value
from rlm_tui.errors import UsageError

if TYPE_CHECKING:
    from rlm_tui.events import Limits
    from rlm_tui.session.setup import Setup
    from rlm_tui.tools.box import Toolbox


def converter(setting: Setting) -> Callable[[str], Value]:
    """What argparse makes of the text that a setting is given by."""

    def convert(text: str) -> Value:
        try:
            return config.parse(setting, text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text[:20]!r} is not {config.wanted(setting, text)}") from None

    return convert


def add_setting(group: argparse._ActionsContainer, name: str, *flags: str) -> None:
    """The option of a setting; without it, environment and settings file decide."""
    setting = config.BY_NAME[name]
    words = f"{setting.doc} ({setting.shown(setting.default)})".replace("%", "%%")
    metavar = "|".join(setting.choices) or setting.metavar
    group.add_argument(*flags, setting.option, type=converter(setting), metavar=metavar, help=words)


def add_document(parser: argparse.ArgumentParser) -> None:
    """The document and the question."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files (pdf, docx, html, text, data, source), folders, patterns, - for stdin",
    )
    parser.add_argument("-q", "--query", default="", metavar="QUESTION", help="what you want to know")
    add_setting(parser, "model", "-m")
    for name in ("sub_model", "base_url", "env_file", "dialect", "think", "constrain"):
        add_setting(parser, name)


def add_plain(parser: argparse.ArgumentParser) -> None:
    """The linear mode of `open` and `replay`."""
    parser.add_argument(
        "--plain", action="store_true", help="lines instead of a screen: for screen readers, dumb terminals and pipes"
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """What a run may spend."""
    group = parser.add_argument_group("limits")
    for setting in config.SETTINGS:
        if setting.group == "limits":
            add_setting(group, setting.name)


def add_run(parser: argparse.ArgumentParser) -> None:
    """How it runs and where the trace goes."""
    for name in ("route", "cache", "sandbox", "silence"):
        add_setting(parser, name)
    parser.add_argument("--offload", action="store_const", const=True, help=config.BY_NAME["offload"].doc)
    parser.add_argument("--trace", metavar="FILE", help="where to save the trace")
    parser.add_argument("--no-trace", action="store_true", help="save no trace")
    parser.add_argument(
        "--tools",
        action="append",
        default=[],
        metavar="FILE|MODULE:FUNCTION",
        help="functions that the model's code may call, run in the REPL worker; after host: they run on this machine",
    )
    parser.add_argument(
        "--break",
        dest="breaks",
        action="append",
        default=[],
        metavar="FILTER",
        help="hold where a filter matches, such as ~error or '~code llm_query #3'; may be given several times",
    )
    for sent in (config.SEED, config.TEMPERATURE):
        parser.add_argument(sent.option, type=converter(sent), metavar=sent.metavar, help=sent.doc)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings as the command line, the environment and the settings file have them."""
    given: dict[str, Value] = {setting.name: getattr(arguments, setting.name, None) for setting in config.SETTINGS}
    if hasattr(arguments, "no_trace"):
        if arguments.trace is not None and arguments.no_trace:
            raise UsageError("--trace and --no-trace contradict each other; leave one out.")
        given["save_trace"] = False if arguments.no_trace else None if arguments.trace is None else True
    return with_keys(config.load(given), given)


def say_theme(settings: Settings) -> None:
    """Tell of a theme that is set and cannot be, where no screen would: it is passed over."""
    from rlm_tui.cli.diagnostics import say
    from rlm_tui.ui.theme_file import trouble

    said = trouble(settings)
    if said:
        say(said)


def say_keys(settings: Settings) -> None:
    """Tell of keys in the settings that cannot be, where nothing is pressed: they are passed over."""
    if not settings.keys:
        return
    from rlm_tui.cli.diagnostics import say
    from rlm_tui.ui.keymap import keymap_of

    try:
        keymap_of(settings)
    except UsageError as error:
        say(f"{error} No key is needed here, so the run goes on.")


def with_keys(settings: Settings, given: Mapping[str, Value]) -> Settings:
    """The settings once the file of keys is read, if there is one: it may set other settings' variables, too."""
    if not settings["env_file"]:
        return settings
    from rlm_tui.config.env_file import read_into_environment

    read_into_environment(settings["env_file"], is_typed=settings.source("env_file") == "command line")
    return config.load(given)


def base_url_of(settings: Settings) -> str | None:
    """The address that holds for every model; one in the environment is of one provider, which looks there itself."""
    return None if settings.source("base_url") == "environment" else settings["base_url"] or None


def make_setup(arguments: argparse.Namespace, settings: Settings, *, model: str, is_attended: bool) -> Setup:
    """The Setup that a command line means; UsageError for what cannot be meant, before anything starts."""
    from rlm_tui.lm.registry import check_spec
    from rlm_tui.repl.sandbox import choose
    from rlm_tui.session.setup import Setup

    sub_model, base_url = settings["sub_model"], base_url_of(settings)
    choose(settings["sandbox"])
    if settings["dialect"] != "auto":
        from rlm_tui.engine.dialect import dialect

        dialect(settings["dialect"])
    for spec in filter(None, (model, sub_model)):
        check_spec(spec, base_url=base_url)
    trace = _trace(arguments, is_traced=settings["save_trace"])
    return Setup(
        model=model,
        sub_model=sub_model,
        base_url=base_url,
        dialect=settings["dialect"],
        limits=_limits(settings),
        temperature=arguments.temperature,
        seed=arguments.seed,
        sandbox=settings["sandbox"],
        silence_s=settings["silence"],
        cache=settings["cache"],
        window=settings["window"],
        offload=settings["offload"],
        think={"on": True, "off": False}.get(settings["think"]),
        constrain=settings["constrain"] == "auto",
        route=settings["route"] == "auto",
        fits_width=settings["max_concurrency"] is None,
        memory_mb=settings["memory"],
        step=getattr(arguments, "step", False),
        breaks=_checked_breaks(arguments.breaks),
        is_attended=is_attended,
        tools=_tools(arguments.tools),
        trace=trace,
        is_traced=settings["save_trace"],
    )


def _trace(arguments: argparse.Namespace, *, is_traced: bool) -> Path | None:
    """Where the trace is to be written, None for a name of its own; refused here where it cannot be."""
    from rlm_tui import paths
    from rlm_tui.trace.store import refuse_taken, refuse_unwritable

    name = arguments.trace
    if name is None:
        if is_traced:
            refuse_unwritable(paths.traces_dir(), paths.elsewhere())
        return None
    if not name.strip() or "\0" in name:
        raise UsageError("--trace needs the name of a file, as in --trace run.rlm.jsonl.")
    if os.path.isdir(name):
        raise UsageError(f"--trace {name} is a folder; name a file in it, as in {os.path.join(name, 'run.rlm.jsonl')}.")
    refuse_taken(Path(name))
    return Path(name)


def _checked_breaks(texts: list[str]) -> tuple[str, ...]:
    """The filters of breakpoints; FilterError for a wrong one."""
    if texts:
        from rlm_tui.filter import parse_counted

        for text in texts:
            parse_counted(text)
    return tuple(texts)


def _tools(specs: list[str]) -> Toolbox | None:
    """The custom tools that are named, checked; only those after `host:` are imported here."""
    if not specs:
        return None
    from rlm_tui.tools.making import toolbox

    return toolbox(specs)


def _limits(settings: Settings) -> Limits:
    from rlm_tui.events import Limits

    return Limits(
        iterations=settings["max_iterations"],
        subcalls=settings["max_subcalls"],
        concurrency=settings["max_concurrency"] or Limits().concurrency,
        depth=settings["max_depth"],
        cost_usd=settings["max_cost"],
        tokens=settings["max_tokens"],
        seconds=settings["max_seconds"],
        errors=settings["max_errors"],
        block_timeout_s=settings["block_timeout"],
    )


def resolve_paths(paths: list[str]) -> list[str]:
    """Paths with every `sample:NAME` replaced by the bundled file."""
    from rlm_tui import resources

    return [
        str(resources.sample(path.removeprefix("sample:"))) if path.startswith("sample:") else path for path in paths
    ]


def title_of(paths: list[str]) -> str:
    """What to call the documents in the header."""
    first = "standard input" if paths[0] == "-" else Path(paths[0]).name or paths[0]
    return first if len(paths) == 1 else f"{first}, …"
