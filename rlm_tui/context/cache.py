"""Keeps the text that was extracted from documents, by the sha256 of their bytes; a lost or broken entry is no loss.

An entry is one file: a line with the SHA-256 of the rest, a line of JSON with pages and headings, and the text.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from rlm_tui import files, paths
from rlm_tui.context.isolated import site_folders

_FORMAT = 1  # raise it when what an extractor makes of the same bytes changes
_LIBRARIES = {
    "pdf": ("pypdfium2_raw", "pypdfium2"),
    "docx": ("docx", "python_docx"),
    "html": ("selectolax", "selectolax"),
}
_MAX_ENTRY = 256 << 20
_MAX_FILE = 2 * _MAX_ENTRY  # with its pages and headings
_MAX_ALL = 1 << 30


class Entry(msgspec.Struct):
    """What was extracted: the text, where its pages begin, headings as (title, level, offset), remarks."""

    text: str = ""
    pages: list[int] = []
    headings: list[tuple[str, int, int]] = []
    remarks: list[str] = []
    shape: str = ""


def look_up(digest: str, kind: str) -> Entry | None:
    """What was kept of a document with this sha256; None when nothing whole was."""
    path = _path(digest, kind)
    try:
        data = files.read_bytes(path, _MAX_FILE)
    except OSError:
        return None
    with contextlib.suppress(OSError):  # a cache that cannot be written can be read
        os.utime(path)  # the oldest by last use goes first
    check, _, rest = data.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != check:
        return None
    head, _, text = rest.partition(b"\n")
    try:
        entry = msgspec.json.decode(head, type=Entry)
        entry.text = text.decode()
    except (ValueError, RecursionError):
        return None
    return entry


def keep(digest: str, kind: str, entry: Entry) -> None:
    """Keep what was extracted, if the disk lets us."""
    text = entry.text.encode()
    if len(text) > _MAX_ENTRY:
        return
    head = msgspec.json.encode(msgspec.structs.replace(entry, text=""))
    path = _path(digest, kind)
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, [head, b"\n", text])


def _path(digest: str, kind: str) -> Path:
    return paths.cache_dir() / "documents" / f"{digest}.{kind}-{_FORMAT}-{_version(*_LIBRARIES[kind])}"


def _version(module: str, package: str) -> str:
    """The version of an installed package; importlib.metadata takes as long to import as a page to read."""
    site = next(iter(site_folders(module) or ()), "")
    found = glob.glob(f"{glob.escape(site)}/{package}-[0-9]*.dist-info") if site else []
    return os.path.basename(found[0]).removesuffix(".dist-info").partition("-")[2] if found else "0"


def _write(path: Path, pieces: list[bytes]) -> None:
    """Whole or not at all: another process may read it at any time."""
    check = hashlib.sha256()
    for piece in pieces:
        check.update(piece)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(check.hexdigest().encode() + b"\n")
            file.writelines(pieces)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise


def trim() -> None:
    """Drop what was not used for the longest time until the rest keeps to the bound."""
    with contextlib.suppress(OSError):
        folder = paths.cache_dir() / "documents"
        found = ((entry.stat(follow_symlinks=False), entry.path) for entry in os.scandir(folder))
        entries = sorted((stat.st_mtime, stat.st_size, path) for stat, path in found)
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= _MAX_ALL:
                return
            os.unlink(path)
            total -= size
