"""A document belongs to a trace by its bytes alone; what differs is said with both sums."""

from __future__ import annotations

import hashlib
from itertools import chain, repeat
from pathlib import Path

import pytest

from rlm_tui.context.load import load_document
from rlm_tui.errors import UsageError
from rlm_tui.events import ContextInfo, ContextPart
from rlm_tui.session.attach import find_document, given_document


def files(folder: Path, **texts: str) -> list[str]:
    paths = [folder / f"{name}.txt" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return [str(path) for path in paths]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def test_what_a_person_names_is_taken_with_equal_bytes(tmp_path: Path) -> None:
    paths = files(tmp_path, a="one", b="two")
    context = load_document(paths).info()
    moved = tmp_path / "moved"
    moved.mkdir()
    again = files(moved, b="two", c="other", a="one")
    found = given_document(context, [str(moved)])
    assert (found.state, found.paths) == ("found", (again[2], again[0]))


def test_another_document_is_refused_with_both_sums(tmp_path: Path) -> None:
    context = load_document(files(tmp_path, a="one")).info()
    other = files(tmp_path, b="two")
    with pytest.raises(UsageError, match=f"b.txt is not a.txt: its sha256 is {sha('two')}, the run's was {sha('one')}"):
        given_document(context, other)


def test_a_partial_match_names_what_is_wrong_and_what_is_missing(tmp_path: Path) -> None:
    context = load_document(files(tmp_path, a="one", b="two", c="three")).info()
    given = files(tmp_path, a="one", b="TWO")
    with pytest.raises(UsageError, match=r"1 of 3 documents match, but .*b\.txt is not b\.txt.*; c\.txt is not among"):
        given_document(context, given)


def test_a_text_that_came_from_standard_input_is_compared_as_text(tmp_path: Path) -> None:
    path = files(tmp_path, a="piped")
    part = load_document(path).info().parts[0]
    piped = ContextInfo((ContextPart("standard input", "text", part.chars, part.sha256),))
    assert given_document(piped, path).state == "found"
    with pytest.raises(UsageError, match="is not standard input"):
        given_document(piped, files(tmp_path, b="other"))


def test_a_trace_that_names_no_document_takes_one_unchecked_and_says_so(tmp_path: Path) -> None:
    found = given_document(ContextInfo(), files(tmp_path, a="one"))
    assert found.state == "unchecked"
    assert "does not say which document" in found.words


def test_a_missing_path_and_standard_input_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        given_document(ContextInfo(), [str(tmp_path / "no")])
    with pytest.raises(UsageError, match="standard input"):
        given_document(ContextInfo(), ["-"])


def test_beside_the_trace_it_is_found_differs_or_is_missing(tmp_path: Path) -> None:
    paths = files(tmp_path, a="one")
    context = load_document(paths).info()
    assert find_document(context, tmp_path).state == "found"
    Path(paths[0]).write_text("two")
    assert sha("two") in find_document(context, tmp_path).words
    Path(paths[0]).write_text("longer")
    assert "6 B" in find_document(context, tmp_path).words
    Path(paths[0]).unlink()
    assert find_document(context, tmp_path).state == "missing"
    assert find_document(ContextInfo(), tmp_path).state == "none"


def test_once_nobody_waits_no_more_of_a_file_is_read(tmp_path: Path) -> None:
    paths = files(tmp_path, a="a" * (3 << 20))
    context = load_document(paths).info()
    asked = chain([False], repeat(True))
    assert sha("a" * (1 << 20)) in find_document(context, tmp_path, lambda: next(asked)).words
