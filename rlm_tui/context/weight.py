"""What a text takes in memory: Python holds it at one, two or four bytes a character, by the widest of them."""

from __future__ import annotations

import re

from rlm_tui.context.document import Document

_WIDEST = re.compile("[^\x00-\uffff]")


def widest_place(document: Document) -> tuple[str, str] | None:
    """The first character that makes the largest part take four bytes each, and where it stands; None: it does not."""
    parts = [(len(part.text), index) for index, part in enumerate(document.parts) if part.width == 4]
    if not parts:
        return None
    index = max(parts)[1]
    match = _WIDEST.search(document.parts[index].text)
    return (match.group(), document.place(index, match.start())) if match else None
