"""Themes and samples: inside the package of a wheel, at the top of the repository in an editable install."""

from __future__ import annotations

from pathlib import Path

from rlm_tui.errors import UsageError

_PACKAGE = Path(__file__).parent
_PLACES = (_PACKAGE, _PACKAGE.parent)


def folder(name: str) -> Path:
    """The folder `themes` or `sample_traces`, wherever this installation has it."""
    for place in _PLACES:
        if (place / name).is_dir():
            return place / name
    raise UsageError(f"The folder {name} is missing from this installation; install rlm-tui again.")


def sample(name: str) -> Path:
    """The path of the bundled document or trace that `sample:NAME` means (with or without its ending)."""
    root = folder("sample_traces")
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.suffix != ".md" or p.parent.name == "documents")
    for path in files:
        if path.is_file() and name in (path.name, path.name.split(".")[0]):
            return path
    known = ", ".join(p.name.split(".")[0] for p in files if p.is_file())
    raise UsageError(f"There is no sample {name!r}; there are: {known}.")
