"""What is said of a folder before anything is shown: what a short look tells, and never a long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui.context import sources
from rlm_tui.context.sources import check_sources, find_sources
from rlm_tui.errors import DocumentError


def _folder(path: Path, count: int) -> str:
    path.mkdir()
    for number in range(count):
        (path / f"{number:04}.bin").write_bytes(b"\x89PNG\r\n\x1a\n")
    return str(path)


def test_a_small_folder_with_nothing_to_read_is_refused_at_once(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "images", 3)
    for check in (check_sources, find_sources):
        with pytest.raises(DocumentError, match="holds nothing to read"):
            check([folder])


def test_what_is_missing_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="does not exist"):
        check_sources([str(tmp_path / "gone")])


def test_of_a_large_folder_only_a_part_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, looked, why_skip = _folder(tmp_path / "images", 250), list[Path](), sources._why_skip

    def look(path: Path) -> str | None:
        looked.append(path)
        return why_skip(path)

    monkeypatch.setattr(sources, "_why_skip", look)
    check_sources([folder])
    assert len(looked) == 200
    (tmp_path / "images" / "a.txt").write_text("text")
    assert [source.name for source in find_sources([folder]).files] == ["a.txt"]
