"""The options that `open` and `run` share, and the Setup that they mean."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rlm_tui.errors import UsageError

if TYPE_CHECKING:
    from rlm_tui.session.setup import Setup


def _positive(kind: Callable[[str], float], name: str) -> Callable[[str], float]:
    def convert(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = -1
        if not math.isfinite(value) or value <= 0:
            raise argparse.ArgumentTypeError(f"{text!r} is not {name} above 0")
        return value

    return convert


count = _positive(int, "a whole number")
amount = _positive(float, "a number")
_LEAST_MB, _MOST_MB = 64, 1 << 20


def memory(text: str) -> int:
    """Megabytes in which a worker can start, and which the kernel can be told."""
    value = count(text)
    if not _LEAST_MB <= value <= _MOST_MB:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not from {_LEAST_MB} to {_MOST_MB} megabytes")
    return int(value)


def add_document(parser: argparse.ArgumentParser) -> None:
    """The document and the question."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="pdf, text or markdown files, folders, or - for stdin")
    parser.add_argument("-q", "--query", default="", metavar="QUESTION", help="what you want to know")
    parser.add_argument(
        "-m", "--model", default="", metavar="MODEL", help="provider/name, offline, human, scripted:FILE"
    )
    parser.add_argument("--sub-model", default="", metavar="MODEL", help="the model of sub-calls (default: the same)")
    parser.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server")
    parser.add_argument("--dialect", default="auto", metavar="D", help="auto, paper or rlms")


def add_plain(parser: argparse.ArgumentParser) -> None:
    """The linear mode of `open` and `replay`."""
    parser.add_argument(
        "--plain", action="store_true", help="lines instead of a screen: for screen readers, dumb terminals and pipes"
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """What a run may spend."""
    group = parser.add_argument_group("limits")
    group.add_argument("--max-iterations", type=count, metavar="N", help="turns of the root LM (20)")
    group.add_argument("--max-subcalls", type=count, metavar="N", help="sub-calls in all (200)")
    group.add_argument("--max-concurrency", type=count, metavar="N", help="sub-calls at once (16)")
    group.add_argument("--max-tokens", type=count, metavar="N", help="tokens in all (no limit)")
    group.add_argument("--max-seconds", type=amount, metavar="S", help="seconds, without those held (no limit)")
    group.add_argument("--max-errors", type=count, metavar="N", help="turns in a row that fail (5)")
    group.add_argument("--block-timeout", type=amount, metavar="S", help="seconds of a block's own time (120)")
    group.add_argument("--memory", type=memory, metavar="MB", default=2048, help="memory of the REPL worker (2048)")


def add_run(parser: argparse.ArgumentParser) -> None:
    """How it runs and where the trace goes."""
    parser.add_argument(
        "--sandbox", choices=("auto", "strong", "none"), default="auto", help="the walls round the REPL"
    )
    parser.add_argument("--trace", type=Path, metavar="FILE", help="where to save the trace")
    parser.add_argument("--no-trace", action="store_true", help="save no trace")
    parser.add_argument("--seed", type=int, metavar="N", help="sent to models that take one")
    parser.add_argument("--silence", type=amount, metavar="S", help="seconds that a model server may say nothing (600)")
    parser.add_argument("--temperature", type=float, metavar="T", help="sent to models that take one")


def make_setup(arguments: argparse.Namespace, *, model: str, is_attended: bool) -> Setup:
    """The Setup that a command line means; UsageError for what cannot be meant, before anything starts."""
    from rlm_tui.events import Limits
    from rlm_tui.lm.registry import check_spec
    from rlm_tui.repl.sandbox import choose
    from rlm_tui.session.setup import Setup

    sub_model = (arguments.sub_model or os.environ.get("RLM_TUI_SUB_MODEL", "")).strip()
    if arguments.dialect != "auto":
        from rlm_tui.engine.config import choose_dialect

        choose_dialect(arguments.dialect, model)
    choose(arguments.sandbox)
    for spec in filter(None, (model, sub_model)):
        check_spec(spec, base_url=arguments.base_url)
    if arguments.trace and arguments.no_trace:
        raise UsageError("--trace and --no-trace contradict each other; leave one out.")
    defaults = Limits()
    limits = Limits(
        iterations=_whole(arguments.max_iterations, defaults.iterations),
        subcalls=_whole(arguments.max_subcalls, defaults.subcalls),
        concurrency=_whole(arguments.max_concurrency, defaults.concurrency) or defaults.concurrency,
        tokens=_whole(arguments.max_tokens, None),
        seconds=arguments.max_seconds,
        errors=_whole(arguments.max_errors, defaults.errors),
        block_timeout_s=arguments.block_timeout or defaults.block_timeout_s,
    )
    return Setup(
        model=model,
        sub_model=sub_model,
        base_url=arguments.base_url,
        dialect=arguments.dialect,
        limits=limits,
        temperature=arguments.temperature,
        seed=arguments.seed,
        silence_s=arguments.silence,
        sandbox=arguments.sandbox,
        memory_mb=int(arguments.memory),
        step=getattr(arguments, "step", False),
        is_attended=is_attended,
        trace=arguments.trace,
        is_traced=not arguments.no_trace,
    )


def _whole(value: float | None, default: int | None) -> int | None:
    return default if value is None else int(value)


def chosen_model(arguments: argparse.Namespace) -> str:
    """The model by option, else by `RLM_TUI_MODEL`, else none."""
    model: str = arguments.model or os.environ.get("RLM_TUI_MODEL", "")
    return model.strip()


def resolve_paths(paths: list[str]) -> list[str]:
    """Paths with every `sample:NAME` replaced by the bundled file."""
    from rlm_tui import resources

    return [
        str(resources.sample(path.removeprefix("sample:"))) if path.startswith("sample:") else path for path in paths
    ]


def title_of(paths: list[str]) -> str:
    """What to call the documents in the header."""
    first = "standard input" if paths[0] == "-" else Path(paths[0]).name or paths[0]
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
