"""Which files the given paths mean: files, folders to their last level, patterns, `-` for standard input."""

from __future__ import annotations

import codecs
import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from rlm_tui import files
from rlm_tui.context.code import is_code
from rlm_tui.context.decode import what_binary
from rlm_tui.errors import DocumentError
from rlm_tui.text import plural, scrub

STDIN = "-"
PDF_MAGIC = b"%PDF-"
_PDF_MAGIC_WITHIN = 1024
PACKED = ("pdf", "docx")
HEAD = 1 << 12
_MAX_FILES = 20_000
_LOOKED_AT = 200
_KINDS = {
    "markdown": "md markdown mdown mkd",
    "html": "html htm xhtml shtml",
    "json": "json geojson ipynb webmanifest",
    "jsonl": "jsonl ndjson jsonlines",
    "csv": "csv tsv",
}
_LEFT_OUT, _TOLD = "Left out: ", 3
_HOLDS = {"html": "a web page", "docx": "a Word document"}
_WORD = ("docx", "docm", "dotx")
_ENDINGS = {ending: kind for kind, endings in _KINDS.items() for ending in endings.split()}
_ZIP = b"PK\x03\x04"
_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, by the name a person sees; `path` is None for standard input.

    One that cannot be read is passed over with a note, unless it is the only one that was named.
    """

    name: str
    path: Path | None
    is_named: bool = True


@dataclass(slots=True)
class Sources:
    """The files in path order; `is_list` when the context will be a list."""

    files: list[Source] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_list: bool = False


def kind_of(name: str, head: bytes | bytearray) -> str:
    """`pdf` and `docx` by content (a PDF with junk before it only if the name says so, too), `html` also by content
    where the ending says nothing; `markdown`, `json`, `jsonl`, `csv` and `code` by ending; else `text`."""
    ending = Path(name).suffix.lower().removeprefix(".")
    start = bytes(head[:_PDF_MAGIC_WITHIN])
    if start.lstrip().startswith(PDF_MAGIC) or (ending == "pdf" and PDF_MAGIC in start):
        return "pdf"
    if ending in _WORD or (start.startswith(_ZIP) and b"word/" in head):
        return "docx"
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if is_code(ending):
        return "code"
    return "html" if ending in ("", "txt", "pdf") and _PAGE.match(start.removeprefix(codecs.BOM_UTF8)) else "text"


def belied(name: str, kind: str) -> list[str]:
    """The note on a file whose name promises a PDF and which holds something else, as servers send for an error."""
    is_pdf = name.lower().endswith(".pdf")
    return [f"{name} is named as a PDF but holds {_HOLDS.get(kind, 'text')}."] if is_pdf and kind != "pdf" else []


def find_sources(paths: Sequence[str]) -> Sources:
    """The files that the paths mean; DocumentError when one of them is missing or there is nothing to read.

    Of several paths a folder or a pattern with nothing in it is left out, with a note.
    """
    if not paths:
        raise DocumentError("No document was given; name a file or a folder, or - for standard input.")
    if list(paths).count(STDIN) > 1:
        raise DocumentError("Standard input (-) can be read only once; name it once.")
    found = Sources(is_list=len(paths) > 1)
    for path in paths:
        is_folder = path != STDIN and os.path.isdir(path)
        if not is_folder and not _is_pattern(path):
            found.files.append(_source(path))
            continue
        try:
            if is_folder:
                found.is_list = True
                _add_folder(found, Path(path), prefix=len(paths) > 1)
            else:
                _add_matches(found, path)
        except (DocumentError, OSError) as error:
            if len(paths) == 1:
                raise
            found.notes.append(left_out(error))
    found.files = _distinct(found.files)
    return found


def unreadable(error: OSError) -> DocumentError:
    """What the system refused, as a sentence."""
    what = error.filename if isinstance(error.filename, str | Path) else "The document"
    why = (error.strerror or type(error).__name__).lower()
    return DocumentError(f"{what} cannot be read ({why}); check the path and its permissions.")


def left_out(error: DocumentError | OSError) -> str:
    """The note on one of several documents that cannot be read."""
    return f"{_LEFT_OUT}{unreadable(error) if isinstance(error, OSError) else error}"


def nothing_in(paths: Sequence[str], notes: Sequence[str]) -> str:
    """That nothing among several documents can be read, and why the first few of them were left out."""
    why = [note.removeprefix(_LEFT_OUT) for note in notes if note.startswith(_LEFT_OUT)]
    what = f"{paths[0]} holds nothing" if len(paths) == 1 else "There is nothing among the documents"
    more = f" {plural(len(why) - _TOLD, 'more document')} cannot be read either." if len(why) > _TOLD else ""
    return f"{what} that can be read: {' '.join(why[:_TOLD])}{more}"


def check_sources(paths: Sequence[str]) -> None:
    """DocumentError as `find_sources` has it, as far as a short look tells: a large folder is not looked through."""
    if not all(map(_has_source, paths)):
        find_sources(paths)


def _has_source(path: str) -> bool:
    """Whether there is something to read, or too much to be looked through at once."""
    if not os.path.isdir(path):
        return os.path.isfile(path)
    for looked, found in enumerate(_walk(Path(path), Counter(), []), 1):
        if looked > _LOOKED_AT or _why_skip(found) is None:
            return True
    return False


def _source(path: str) -> Source:
    if path == STDIN:
        return Source("standard input", None)
    if not path or "\0" in path:
        raise DocumentError("An empty path, or one with a NUL in it, names no document; check the path.")
    if not os.path.lexists(path):
        raise DocumentError(f"{path} does not exist; check the path.")
    return Source(_clean(Path(path).name or path), Path(path))


def _clean(name: str) -> str:
    """File names may hold bytes that are no UTF-8; what a trace records may not."""
    return scrub(name)[0]


def _distinct(files: list[Source]) -> list[Source]:
    """Files of one name are told apart by their paths."""
    count = Counter(source.name for source in files)
    return [
        replace(file, name=_clean(str(file.path))) if file.path and count[file.name] > 1 else file for file in files
    ]


def _is_pattern(path: str) -> bool:
    """Whether a path is a pattern that no shell expanded; a file that is really called so goes before."""
    return bool(path) and "\0" not in path and glob.has_magic(path) and not os.path.lexists(path)


def _add_matches(found: Sources, pattern: str) -> None:
    """The files that match, as the shell would give them: a list when there are several; `**` is any folders."""
    matches = sorted(islice(glob.iglob(os.path.expanduser(pattern), recursive=True), _MAX_FILES + 1))
    if len(matches) > _MAX_FILES:
        raise DocumentError(f"{pattern} matches more than {_MAX_FILES:,} files; make it match fewer.")
    root = os.path.dirname(pattern[: min(pattern.find(sign) for sign in "*?[" if sign in pattern)])
    skipped: Counter[str] = Counter()
    files: list[Source] = []
    for match in filter(os.path.isfile, matches):
        why = _why_skip(Path(match) if "**" in pattern else Path(match).resolve())
        if why:
            skipped[why] += 1
        else:
            name = os.path.relpath(match, os.path.expanduser(root) or ".")
            files.append(Source(_clean(name), Path(match), is_named=False))
    told = _told(skipped)
    if not files:
        raise DocumentError(f"{pattern} matches nothing to read{f' ({told})' if told else ''}; check the pattern.")
    found.is_list = found.is_list or len(files) > 1
    found.notes += [f"Skipped of {_clean(pattern)}: {told}."] if told else []
    found.files += files


def _told(skipped: Counter[str]) -> str:
    return ", ".join(plural(skipped[why], f"{why} file") for why in sorted(skipped) if skipped[why])


def _add_folder(found: Sources, folder: Path, *, prefix: bool) -> None:
    skipped: Counter[str] = Counter()
    files: list[Source] = []
    for path in _walk(folder, skipped, found.notes):
        why = _why_skip(path)
        if why:
            skipped[why] += 1
        else:
            relative = path.relative_to(folder).as_posix()
            name = f"{folder.resolve().name}/{relative}" if prefix else relative
            files.append(Source(_clean(name), path, is_named=False))
    told = _told(skipped)
    if not files:
        raise DocumentError(f"{folder} holds nothing to read{f' ({told})' if told else ''}; open another folder.")
    if told:
        found.notes.append(f"Skipped in {_clean(folder.name or str(folder))}: {told}.")
    found.files += sorted(files, key=lambda source: source.path.parts if source.path else ())


def _walk(folder: Path, skipped: Counter[str], notes: list[str]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise error
        notes.append(left_out(error))

    seen = 0
    for root, folders, names in os.walk(folder, onerror=refuse):
        hidden = [name for name in folders + names if name.startswith(".")]
        skipped.update(hidden=len(hidden))
        folders[:] = [name for name in folders if not name.startswith(".")]
        skipped.update(linked=sum((Path(root) / name).is_symlink() for name in folders))
        yield from (Path(root) / name for name in names if not name.startswith("."))
        seen += len(names)
        if seen > _MAX_FILES:
            raise DocumentError(f"{folder} holds more than {_MAX_FILES:,} files; open a folder inside it.")


def _head(path: Path) -> bytes:
    fd = files.open_regular(path)
    try:
        return os.read(fd, HEAD)
    finally:
        os.close(fd)


def _why_skip(path: Path) -> str | None:
    """Why a file is passed over and only counted; one that cannot be read is not, as its loading names it."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "linked"
    if not stat.S_ISREG(mode):
        return "special"
    try:
        head = _head(path)
    except OSError:
        return None
    if not head:
        return "empty"
    return None if kind_of(path.name, head) in PACKED or not what_binary(head) else "binary"
