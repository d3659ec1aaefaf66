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
    entries = [*_samples("documents"), *_samples()]
    found = _named(name, entries)
    if found is None:
        raise UsageError(f"There is no sample {name!r}; there are: {_names(entries)}.")
    return found


def sample_trace(name: str) -> Path:
    """The path of the bundled trace that `sample:NAME` means; of a document UsageError says how it is opened."""
    found = _named(name, _samples())
    if found is not None:
        return found
    if _named(name, _samples("documents")):
        raise UsageError(f"sample:{name} is a document and no trace; rlm-tui open sample:{name} opens it.")
    raise UsageError(f"There is no trace among the samples named {name!r}; there are: {_names(_samples())}.")


def _samples(inside: str = "") -> list[Path]:
    return [path for path in sorted((folder("sample_traces") / inside).iterdir()) if _is_sample(path)]


def _named(name: str, entries: list[Path]) -> Path | None:
    return next((path for path in entries if name in (path.name, path.name.split(".")[0])), None)


def _names(entries: list[Path]) -> str:
    return ", ".join(path.name.split(".")[0] for path in entries)


def _is_sample(path: Path) -> bool:
    """README files and hidden files are no samples, nor is the folder that holds the documents."""
    return not path.name.startswith((".", "_", "README")) and path.name != "documents"
