"""Reads html, docx, json, jsonl and csv through a child process: a hostile file can end the child, never the app."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rlm_tui.context.document import Heading
from rlm_tui.context.isolated import ChildGoneError, ended, frames, site_folders, spawned
from rlm_tui.errors import DocumentError
from rlm_tui.text import scrub

STALL_S = 90.0
_CHILD = Path(__file__).with_name("child") / "__main__.py"
_PLACE = struct.Struct(">II")
_NEEDS = {
    "docx": ("docx", "python-docx", "pip install 'rlm-tui[docx]'"),
    "html": ("selectolax", "selectolax", "pip install rlm-tui again"),
}
_SITE = ("selectolax", "docx", "lxml", "typing_extensions")
_WHY_NOT = {
    "locked": "{name} is locked with a password; save a copy without one and open that.",
    "old": "{name} is an old office document (doc); save it as docx and open that.",
    "other": "{name} is a zip archive but no Word document; unpack or convert it to docx, PDF or txt and open that.",
    "broken": "{name} is not a Word document that can be read: it is broken or cut off; get the file again.",
    "entities": "{name} has entities that expand to far more than a document holds, so it was not read.",
    "bomb": "{name} unpacks to far more than a document holds, like a zip bomb; it was not opened.",
    "scripts": "{name} has no text of its own, as scripts fetch it; open the page in a browser and save it as PDF.",
    "memory": "{name} takes too much memory to be read; split it and open the parts you need.",
    "tags": "{name} has more than 5 million tags, too many to be read as a page; split it, or convert it to txt.",
    "deep": "{name} is nested too deeply to be read; convert it to PDF or txt and open that.",
}
_WHY_ELSE = "{name} cannot be read; convert it to PDF or txt and open that."


@dataclass(slots=True)
class Extract:
    """What the child made of a document; `text` is empty for kinds whose file is its own text."""

    text: str = ""
    headings: list[Heading] = field(default_factory=list)
    shape: str = ""
    remarks: list[str] = field(default_factory=list)


def check_needs(kind: str, name: str) -> None:
    """DocumentError naming what to install when the library for a kind is missing."""
    module, package, how = _NEEDS.get(kind, ("", "", ""))
    if module and site_folders(module) is None:
        raise DocumentError(f"{name} needs {package}: {how}.")


class Reader:
    """One child for all documents of a loading, started when the first needs it and again after it died."""

    def __init__(self, wake: int) -> None:
        self._wake = wake
        self._child: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._inlet = -1

    def read(self, kind: str, source: int, name: str) -> Extract | None:
        """What the document behind a descriptor holds; None when cancelled, DocumentError when it cannot be read."""
        check_needs(kind, name)
        try:
            if self._child is None:
                self._start()
            extract = self._ask(kind, source, name)
        except (ChildGoneError, OSError, ValueError, struct.error) as error:
            self.close()
            how = str(error) if type(error) is ChildGoneError else "failed"
            raise DocumentError(
                f"{name} cannot be read: the reader of {kind} {how} on it; convert it to PDF or txt and open that."
            ) from None
        if extract is None:
            self.close()
        return extract

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        self._inlet, outlet = os.pipe()
        folders = dict.fromkeys(folder for module in _SITE for folder in site_folders(module) or ())
        fds = (theirs.fileno(), outlet)
        try:
            self._child = spawned(_CHILD, ["reader", str(fds[0]), str(fds[1]), *folders], fds)
        finally:
            theirs.close()
            os.close(outlet)

    def _ask(self, kind: str, source: int, name: str) -> Extract | None:
        if self._control is None:
            return None
        socket.send_fds(self._control, [kind.encode()], [source])
        extract, pieces = Extract(), []
        for arrived in frames(self._inlet, self._wake, STALL_S):
            for mark, payload in arrived:
                match mark:
                    case b"t":
                        pieces.append(payload.decode())
                    case b".":
                        extract.text = "".join(pieces)
                        return extract
                    case _:
                        _take(extract, mark, payload, name)
        return None

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            with ended(self._child):
                os.close(self._inlet)
        if self._control is not None:
            self._control.close()
        self._child = self._control = None


def _take(extract: Extract, mark: bytes, payload: bytes, name: str) -> None:
    match mark:
        case b"h":
            level, offset = _PLACE.unpack_from(payload)
            extract.headings.append(Heading(_text(payload[_PLACE.size :]), level, offset))
        case b"s":
            extract.shape = _text(payload)
        case b"r":
            extract.remarks.append(f" {_text(payload)}.")
        case _:
            raise DocumentError(_WHY_NOT.get(_text(payload), _WHY_ELSE).format(name=name))


def _text(payload: bytes) -> str:
    return scrub(payload.decode("utf-8", "replace"))[0]


@contextmanager
def reader(wake: int) -> Generator[Reader]:
    """A Reader whose child is gone at the end of the block."""
    made = Reader(wake)
    try:
        yield made
    finally:
        made.close()
