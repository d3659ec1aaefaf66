"""Puts a text on the person's clipboard: with the tool of their desktop, else through the terminal itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

_PATIENCE_S = 2.0
_OSC_52_BYTES = 74_000  # what most terminals take at once


class Tool(NamedTuple):
    """A command that reads a text from its standard input, and how it is named to a person."""

    command: tuple[str, ...]
    name: str


def tools(environment: Mapping[str, str]) -> list[Tool]:
    """The tools to try, in order; none over ssh, where they would fill the clipboard of another machine."""
    if environment.get("SSH_TTY") or environment.get("SSH_CONNECTION"):
        return []
    found = [Tool(("pbcopy",), "pbcopy")] if sys.platform == "darwin" else []
    if environment.get("WAYLAND_DISPLAY"):
        found.append(Tool(("wl-copy",), "wl-copy"))
    if environment.get("DISPLAY"):
        found.append(Tool(("xclip", "-selection", "clipboard"), "xclip"))
        found.append(Tool(("xsel", "--clipboard", "--input"), "xsel"))
    return found


def copy_with_tool(text: str) -> str:
    """Copy a text with the first tool that takes it; returns its name, or "" when none did. Blocks for seconds."""
    raw = text.encode("utf-8", "replace")
    takers = (tool.name for tool in tools(os.environ) if shutil.which(tool.command[0]) and _fed(tool, raw))
    return next(takers, "")


def through_terminal(text: str) -> str:
    """What is said when the terminal itself was asked to take a text (OSC 52)."""
    is_long = len(text.encode("utf-8", "replace")) > _OSC_52_BYTES
    return "through the terminal (OSC 52)" + (", which may refuse a text of this length" if is_long else "")


def _fed(tool: Tool, raw: bytes) -> bool:
    """Whether a tool took the text; its output goes nowhere, as some stay on to serve the clipboard."""
    null = subprocess.DEVNULL
    try:
        done = subprocess.run(tool.command, input=raw, stdout=null, stderr=null, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
