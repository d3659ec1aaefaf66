"""What a reader found in a document, and the flowing text that it writes from blocks, lines and words."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_HEADINGS = 5_000
_MAX_TITLE = 200


class RefusedError(Exception):
    """A document that cannot be read; its one argument is the word by which the parent knows why."""


@dataclass(slots=True)
class Found:
    """Text (empty: the file is its own text), headings as (title, level from 1, offset), its shape, and remarks."""

    text: str = ""
    headings: list[tuple[str, int, int]] = field(default_factory=list)
    shape: str = ""
    remarks: list[str] = field(default_factory=list)


class Flow:
    """Flowing text: white space is folded, a break is as many newlines as the largest that was asked for."""

    def __init__(self) -> None:
        self.headings: list[tuple[str, int, int]] = []
        self.length = 0
        self._pieces: list[str] = []
        self._break = 0
        self._is_spaced = False
        self._prefix = ""
        self._heading: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join(self._pieces)

    def words(self, text: str) -> None:
        """Text in a line, its white space folded."""
        words = text.split()
        if not words:
            self._is_spaced = self._is_spaced or bool(text)
            return
        self._is_spaced = self._is_spaced or text[0].isspace()
        self.exact(" ".join(words))
        self._is_spaced = text[-1].isspace()

    def exact(self, text: str) -> None:
        """Text as it is, after the break or the space that is due."""
        if not text:
            return
        if self.length:
            self._put("\n" * self._break if self._break else " " if self._is_spaced else "")
        prefix, self._break, self._is_spaced, self._prefix = self._prefix, 0, False, ""
        self._put(prefix + text)

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self.length += len(text)

    def space(self) -> None:
        """At least a space before what follows."""
        self._is_spaced = True

    def newline(self, count: int = 1) -> None:
        """At least so many newlines before what follows; the mark of an item stays on the line of its words."""
        if not self._prefix:
            self._break = max(self._break, count)

    def cell(self) -> None:
        """What follows is another cell of the row."""
        self._is_spaced = True
        self.exact("|")
        self._is_spaced = True

    def item(self) -> None:
        """What follows is an item of a list, on its own line."""
        self.newline()
        self._prefix = "- "

    def begin_heading(self, level: int) -> None:
        """What follows is a heading."""
        self.newline(2)
        self._heading = level, len(self._pieces)

    @property
    def is_heading(self) -> bool:
        """Whether a heading was begun and not ended."""
        return self._heading is not None

    def end_heading(self) -> None:
        """The heading ends here; one without words is none."""
        if self._heading is not None:
            level, first = self._heading
            written = "".join(self._pieces[first:])
            title = " ".join(written.split())
            if title and len(self.headings) < MAX_HEADINGS:
                self.headings.append((title[:_MAX_TITLE], level, self.length - len(written.lstrip())))
        self._heading = None
        self.newline(2)

    def since(self, mark: int) -> str:
        """What was written since there were `mark` pieces."""
        return "".join(self._pieces[mark:])

    @property
    def mark(self) -> int:
        """Where `since` may begin."""
        return len(self._pieces)
