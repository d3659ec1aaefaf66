"""A message is drawn line by line as it was sent, and a person's own lines in it are theirs to the end, no others."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.ui import long_text
from rlm_tui.ui.content.message import body

LINES = st.lists(st.tuples(st.sampled_from(["a", "bcd", "", "```", "… 3 characters left out …"]), st.integers(0, 2)))


@pytest.mark.parametrize("part", [1 << 14, 40])
@given(blocks=LINES)
@settings(deadline=None)
def test_a_person_s_own_lines_are_marked_where_they_begin_and_no_line_is_lost(
    part: int, blocks: list[tuple[str, int]]
) -> None:
    lines, own, at = ["first"], list[tuple[int, int]](), len("first")
    for text, theirs in [*blocks, ("last", 0)]:
        said = "\n".join(["mine", text, "mine"][: theirs + 1]) if theirs else text
        lines.append(said)
        if theirs:
            own.append((at + 1, at + 1 + len(said)))
        at += 1 + len(said)
    whole = "\n".join(lines)
    with patch.object(long_text, "PART", part):
        rows = list(body.__wrapped__(whole, "user", 80, tuple(own)))
    assert [row.text.removeprefix("✎ ").removeprefix("  ") for row in rows] == whole.split("\n")
    offset = 0
    for row, line in zip(rows, whole.split("\n"), strict=True):
        is_own = any(begin <= offset < end for begin, end in own)
        assert row.text.startswith("✎ ") == any(begin == offset for begin, _ in own)
        if line:
            assert (row.spans[-1].role == "user") == is_own
        offset += len(line) + 1
