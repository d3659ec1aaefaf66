"""The child that reads html, docx, json, jsonl and csv, one document after another.

Its arguments are CONTROL_FD OUTPUT_FD SITE_PACKAGES…; over the control socket comes the kind of a document with the
descriptor to read it from. What it says of each:

t  a piece of the text, UTF-8          h  heading: level, offset, 4 bytes each, then the title
s  its shape in words                  r  a remark, which goes on from the name of the file
e  it could not be read: a word for why          .  the end (empty)
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable

from .data import read_csv, read_json, read_jsonl
from .found import Found, RefusedError
from .kit import PAIR, limit_all, limit_next_step, send

_MEMORY = 3 << 30
_TIMES = 12  # a tree takes about this many bytes for one of the document
_PIECE = 1 << 20
_MAX_REQUEST = 64
_TEXT = 1_000


def _read(kind: str, data: bytes) -> Found:
    if kind == "docx":
        from .docx import read_docx

        return read_docx(data)
    if kind == "html":
        from .html import read_html

        return read_html(str(data, "utf-8", "replace"))
    readers: dict[str, Callable[[str], Found]] = {"json": read_json, "jsonl": read_jsonl, "csv": read_csv}
    return readers[kind](str(data, "utf-8", "replace"))


def _answer(out: int, found: Found) -> None:
    for at in range(0, len(found.text), _PIECE):
        send(out, b"t", found.text[at : at + _PIECE].encode("utf-8", "replace"))
    for title, level, offset in found.headings:
        send(out, b"h", PAIR.pack(level, offset) + title.encode("utf-8", "replace")[:_TEXT])
    send(out, b"s", found.shape.encode("utf-8", "replace")[:_TEXT])
    for remark in found.remarks:
        send(out, b"r", remark.encode("utf-8", "replace")[:_TEXT])
    send(out, b".")


def _serve(out: int, kind: str, source: int) -> None:
    size = os.fstat(source).st_size
    limit_all(_MEMORY + _TIMES * size)
    limit_next_step()
    try:
        _answer(out, _read(kind, os.pread(source, size, 0)))
    except RefusedError as why:
        send(out, b"e", str(why).encode())
    except MemoryError:
        send(out, b"e", b"memory")
    except RecursionError:
        send(out, b"e", b"deep")


def main(arguments: list[str]) -> None:
    """Answer requests until the parent closes its end."""
    control, out = socket.socket(fileno=int(arguments[0])), int(arguments[1])
    sys.path.extend(arguments[2:])
    while True:
        kind, fds, _, _ = socket.recv_fds(control, _MAX_REQUEST, 1)
        if not fds:
            os._exit(0)
        _serve(out, kind.decode(), fds[0])
        os.close(fds[0])
