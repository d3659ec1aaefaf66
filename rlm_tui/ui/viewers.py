"""Which command opens an original at a page, in the viewer that this desktop uses for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_PATIENCE_S = 2.0
_AT_PAGE: dict[str, tuple[str, ...]] = {
    "evince": ("evince", "--page-label={page}", "{path}"),
    "atril": ("atril", "--page-label={page}", "{path}"),
    "okular": ("okular", "-p", "{page}", "{path}"),
    "zathura": ("zathura", "-P", "{page}", "{path}"),
    "mupdf": ("mupdf", "{path}", "{page}"),
    "xpdf": ("xpdf", "{path}", "{page}"),
    "firefox": ("firefox", "{uri}#page={page}"),
    "chromium": ("chromium", "{uri}#page={page}"),
    "chrome": ("google-chrome", "{uri}#page={page}"),
}
"""How the usual viewers are told a page, by a word in the name under which a desktop knows them."""


class Viewing(NamedTuple):
    """A command, and whether it goes to the page by itself."""

    command: list[str]
    at_page: bool


def has_display(environment: Mapping[str, str]) -> bool:
    """Whether there is a desktop on which a viewer could appear."""
    return sys.platform == "darwin" or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def viewing(path: Path, page: int | None) -> Viewing | None:
    """The command that opens a file, at a page where the usual viewer can; None when nothing opens files here."""
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    if page is not None and opener == "xdg-open":
        usual = usual_viewer()
        form = next((form for name, form in _AT_PAGE.items() if name in usual and shutil.which(form[0])), None)
        if form is not None:
            return Viewing([part.format(path=path, page=page, uri=path.as_uri()) for part in form], at_page=True)
    return Viewing([opener, str(path)], at_page=False) if shutil.which(opener) else None


def usual_viewer() -> str:
    """The name of what this desktop opens a PDF with, in lower case; "" when it does not say."""
    command = ["xdg-mime", "query", "default", "application/pdf"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout.strip().lower()


def start(command: list[str]) -> tuple[subprocess.Popen[bytes] | None, str]:
    """Start a viewer that outlives us; returns it, and why it did not open, mostly nothing. Blocks for seconds."""
    null = subprocess.DEVNULL
    try:
        viewer = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)
        code = viewer.wait(_PATIENCE_S)
    except OSError as error:
        return None, (error.strerror or str(error)).lower()
    except subprocess.TimeoutExpired:
        return viewer, ""
    return None, f"{command[0]} ended with code {code}" if code else ""
