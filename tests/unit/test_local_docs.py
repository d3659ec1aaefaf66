"""docs/local-models.md names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from rlm_tui.lm.providers import PROVIDERS

TEXT = (Path(__file__).parents[2] / "docs" / "local-models.md").read_text()


def test_every_local_provider_stands_with_its_command_and_its_address() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    for name, provider in PROVIDERS.items():
        if provider.hosted:
            continue
        (row,) = [row for row in rows if f"`{name}/" in row]
        assert f"`{provider.start}`" in row
        assert provider.base_url.removeprefix("http://").removesuffix("/v1") in row


def test_every_option_is_one_of_open() -> None:
    import argparse

    from rlm_tui.cli import open as command

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    known = {option for action in parser._actions for option in action.option_strings}
    ours = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) - {
        "--context-length",
        "--parallel",
        "--max-model-len",
        "--models-dir",
    }
    assert ours
    assert ours <= known
