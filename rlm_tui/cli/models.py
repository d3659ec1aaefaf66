"""`rlm-tui models`: the endpoints found, by keys in the environment and servers on this machine, and their names."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from rlm_tui.cli.diagnostics import say
from rlm_tui.cli.options import add_setting, settings_of
from rlm_tui.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rlm_tui.lm.discovery import Server
    from rlm_tui.lm.servers import Model

_HEADS = ("model", "window", "size", "what it is")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `models`."""
    parser.add_argument("--base-url", metavar="URL", help="look at this OpenAI-compatible server as well")
    add_setting(parser, "env_file")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """List what can be used: models on stdout, what is wrong with a server on stderr."""
    from rlm_tui.lm.discovery import find_servers
    from rlm_tui.lm.endpoint import check_url

    settings_of(argparse.Namespace(env_file=args.env_file))
    if args.base_url:
        check_url(args.base_url)
    servers = find_servers(args.base_url)
    entries = [*_built_in(), *_packages(), *_keys(), *(each for server in servers for each in _of_server(server))]
    if args.json:
        sys.stdout.writelines(json.dumps(entry) + "\n" for entry in entries)
        return ExitCode.OK
    sys.stdout.writelines(_table([_HEADS, *(_row(entry) for entry in entries if entry["model"])]))
    sys.stdout.flush()
    _talk(entries, servers)
    return ExitCode.OK


def _built_in() -> Iterator[dict[str, Any]]:
    from rlm_tui.lm.registry import describe

    for name in ("offline", "human"):
        yield {"model": name, "kind": "built-in", "words": describe(name)}


def _packages() -> Iterator[dict[str, Any]]:
    """Providers that installed packages add."""
    from rlm_tui.lm.plugins import families, package_of
    from rlm_tui.lm.providers import PROVIDERS

    for family in families():
        if family not in PROVIDERS:
            yield {"model": f"{family}/NAME", "kind": "package", "words": f"by the package {package_of(family)}"}


def _keys() -> Iterator[dict[str, Any]]:
    """Keys are named, never shown."""
    from rlm_tui.lm.registry import keys_found, resolve

    for provider, key in keys_found().items():
        host = resolve(f"{provider}/NAME").host
        yield {"model": f"{provider}/NAME", "kind": "key", "key": key, "words": f"your key in {key} · {host}"}


def _of_server(server: Server) -> Iterator[dict[str, Any]]:
    from rlm_tui.lm.endpoint import public

    url = public(server.base_url)
    about = {"kind": "server", "provider": server.provider, "base_url": url, "usual": server.is_usual}
    for model in server.models:
        yield {"model": server.spec(model), **about, **_facts(model), "words": _words(server, model, url)}
    if server.problem:
        yield {"model": None, **about, "problem": server.problem, "words": f"{server.host} {server.problem}"}


def _facts(model: Model) -> dict[str, Any]:
    return {
        "window": model.window,
        "largest_window": model.most,
        "window_words": model.window_words,
        "bytes": model.bytes,
        "loaded": model.loaded,
    }


def _words(server: Server, model: Model, url: str) -> str:
    at = f"at {server.host}" if server.is_usual else f"with --base-url {url}"
    return " · ".join(filter(None, (model.kind, "loaded" if model.loaded else "", at)))


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    from rlm_tui.text import one_line, short_bytes

    size = short_bytes(entry["bytes"]) if entry.get("bytes") else ""
    return one_line(entry["model"], 80), entry.get("window_words", ""), size, one_line(entry["words"], 120)


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip() + "\n"


def _talk(entries: list[dict[str, Any]], servers: list[Server]) -> None:
    for server in servers:
        if server.problem:
            say(f"{server.host} {server.problem}.")
    if not any(entry["model"] and entry["kind"] != "built-in" for entry in entries):
        from rlm_tui.lm.discovery import usual_servers

        hosts = ", ".join(
            f"{name} ({url.partition('//')[2].partition('/')[0]})" for url, name in usual_servers().items()
        )
        say(f"No key is set and no model server answers; looked for {hosts}.")
    say("Use one with -m MODEL, for example: rlm-tui open sample:report -m offline")
