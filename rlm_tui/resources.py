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
    """The path of the bundled document, folder or trace that `sample:NAME` means (with or without its ending)."""
    root = folder("sample_traces")
    entries = [path for place in (root / "documents", root) for path in sorted(place.iterdir()) if _is_sample(path)]
    for path in entries:
        if name in (path.name, path.name.split(".")[0]):
            return path
    known = ", ".join(path.name.split(".")[0] for path in entries)
    raise UsageError(f"There is no sample {name!r}; there are: {known}.")


def _is_sample(path: Path) -> bool:
    """README files and hidden files are no samples, nor is the folder that holds the documents."""
    return not path.name.startswith((".", "_", "README")) and path.name != "documents"
