"""Finds the document of a recorded run: what a trace names is a hint, and only equal bytes count."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from rlm_tui import files, resources
from rlm_tui.context.document import Document, Part
from rlm_tui.context.load import load_document
from rlm_tui.context.sources import STDIN, Source, find_sources
from rlm_tui.errors import DocumentError, UsageError
from rlm_tui.events import ContextInfo, ContextPart
from rlm_tui.session.base import NOT_NAMED, Attachment
from rlm_tui.text import plural, short_bytes

SEARCHING: Final = Attachment("searching", "looking for it")
_SHORT: Final = 8
_PIECE: Final = 1 << 20
IsOver: TypeAlias = Callable[[], bool]


def _never() -> bool:
    return False


class _Seen(NamedTuple):
    """A file that may be a part: whether it is, else in what it differs."""

    path: str
    is_same: bool
    other: str = ""


def find_document(context: ContextInfo, beside: Path, is_over: IsOver = _never) -> Attachment:
    """Look for every part where the trace says, beside the trace, and among the bundled samples.

    Once `is_over` is true no more is read: nobody waits for what is found.
    """
    if not context.parts:
        return Attachment("none", f"{NOT_NAMED}.")
    seen = [_find(part, beside, is_over) for part in context.parts]
    found = tuple(one.path for one in seen if one is not None and one.is_same)
    if len(found) == len(seen):
        return Attachment("found", f"equal bytes in {os.path.dirname(found[0]) or '.'}", found)
    other = next((one for one in seen if one is not None and not one.is_same), None)
    if other is not None:
        return Attachment("differs", f"{other.path} is another one: {other.other}")
    known = f"; {len(found)} of {len(seen)} are at hand" if found else ""
    return Attachment("missing", f"not at hand{known}; replay --context PATH shows it")


def held_document(context: ContextInfo, texts: Sequence[str]) -> Document:
    """The document whose texts stand in the log itself, under the names that the run's context has."""
    names = [part.name for part in context.parts]
    parts = [
        Part(names[nth] if nth < len(names) else f"context {nth + 1}", text=text) for nth, text in enumerate(texts)
    ]
    return Document(parts, is_list=context.is_list)


def given_document(context: ContextInfo, paths: Sequence[str]) -> Attachment:
    """The documents that a person names for a trace; UsageError unless each part is among them with equal bytes."""
    if STDIN in paths:
        raise UsageError("--context needs a file or a folder; standard input cannot be read twice.")
    sources = find_sources(paths).files
    if not any(part.sha256 or part.file_sha256 for part in context.parts):
        return Attachment("unchecked", f"as you named it; {NOT_NAMED[0].lower()}{NOT_NAMED[1:]}", tuple(paths))
    found, wrong = list[str](), list[str]()
    for part in context.parts:
        path, why = _among(part, sources, alone=len(context.parts) == 1)
        (wrong if why else found).append(why or path)
    if wrong:
        some = f"{len(found)} of {plural(len(context.parts), 'document')} match, but " if len(context.parts) > 1 else ""
        raise UsageError(f"--context: {some}{'; '.join(wrong[:5])}. Name the files that the run had.")
    return Attachment("found", "equal bytes, as you named it", tuple(found))


def _among(part: ContextPart, sources: Sequence[Source], *, alone: bool) -> tuple[str, str]:
    """The path of a part among some files, or why none of them is it."""
    paths = [str(source.path) for source in sources if source.path is not None]
    name = os.path.basename(part.name)
    likely = [path for path in paths if os.path.basename(path) == name]
    seen: list[_Seen] = []
    for path in (*likely, *(path for path in paths if path not in likely)):
        one = _look(path, part, _never, by_text=alone or path in likely)
        if one is not None and one.is_same:
            return path, ""
        if one is not None and (path in likely or (alone and len(paths) == 1)):
            seen.append(one)
    return "", f"{seen[0].path} is not {part.name}: {seen[0].other}" if seen else f"{part.name} is not among the files"


def _find(part: ContextPart, beside: Path, is_over: IsOver) -> _Seen | None:
    name = os.path.basename(part.name)
    places = [part.path or "", str(beside / name), str(resources.folder("sample_traces") / "documents" / name)]
    seen = [one for place in places if place and (one := _look(place, part, is_over, by_text=False)) is not None]
    return next((one for one in seen if one.is_same), seen[0] if seen else None)


def _look(path: str, part: ContextPart, is_over: IsOver, *, by_text: bool) -> _Seen | None:
    """Compare a file with a part by its bytes, or where the trace knows only the text, by that; None: no file."""
    try:
        fd = files.open_regular(path)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not part.file_sha256:
            return _look_at_text(path, part) if by_text else None
        if status.st_size != part.bytes and not by_text:
            return _Seen(
                path, False, f"it has {short_bytes(status.st_size)}, the run's had {short_bytes(part.bytes or 0)}"
            )
        digest = _sha256(file, is_over)
    return _Seen(path, digest == part.file_sha256, _differs(digest, part.file_sha256))


def _sha256(file: BinaryIO, is_over: IsOver) -> str:
    digest = hashlib.sha256()
    while not is_over() and (piece := file.read(_PIECE)):
        digest.update(piece)
    return digest.hexdigest()


def _look_at_text(path: str, part: ContextPart) -> _Seen:
    try:
        digest = load_document([path]).parts[0].sha256
    except DocumentError as error:
        return _Seen(path, False, str(error))
    return _Seen(path, digest == part.sha256, _differs(digest, part.sha256))


def _differs(digest: str, wanted: str) -> str:
    return f"its sha256 is {digest[:_SHORT]}, the run's was {wanted[:_SHORT]}"
