"""Lets a part grow by the pages of a PDF, and goes round a page that kills the reader."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from time import monotonic

from rlm_tui.context.document import Document, Heading, Part
from rlm_tui.context.pdf import PdfCrashError, PdfNews, read_pdf
from rlm_tui.errors import DocumentError
from rlm_tui.text import plural, scrub

MAX_CHARS = 500_000_000
_MAX_CRASHES = 3
_SHOW_EVERY_S = 0.1
_MANY = 10  # one page in ten without text is worth a note


class PdfGrowth:
    """One PDF on its way into a document."""

    def __init__(self, document: Document, part: Part) -> None:
        self.total: int | None = None
        self._document = document
        self._part = part
        self._pending: list[str] = []
        self._pending_chars = 0
        self._done = 0
        self._empty = self._void = 0
        self._lost: list[int] = []
        self._replaced = 0
        self._shown_at = 0.0

    @property
    def done(self) -> int:
        """Pages read so far."""
        return self._done

    def read(self, source: int, wake: int) -> Generator[None]:
        """Read the PDF behind a descriptor, giving way after each piece of news; ends when `wake` is readable."""
        first: int | None = 0
        while first is not None:
            try:
                with closing(read_pdf(source, self._part.name, wake, first=first)) as arriving:
                    for news in arriving:
                        self._take(news)
                        yield
                return
            except PdfCrashError as crash:
                first = self._survive(crash)

    def _take(self, news: PdfNews) -> None:
        """Add what arrived; pages are shown in batches, as each batch copies the text that was there before."""
        if news.count is not None:
            self.total = news.count
        self._void += news.void
        for page in news.pages:
            self._add(page)
        is_due = monotonic() - self._shown_at > _SHOW_EVERY_S or self._pending_chars > len(self._part.text) // 8
        if self._pending and is_due:
            self._show()
        if news.is_end:
            self._show()
        pages = self._part.pages
        self._part.headings += [Heading(t, level, pages[n]) for t, level, n in news.bookmarks if n < len(pages)]

    def _survive(self, crash: PdfCrashError) -> int | None:
        """The page, from 0, to go on with after a crash; None when all were read; raises when it is hopeless."""
        if self.total is None or len(self._lost) >= _MAX_CRASHES:
            raise crash
        if self._done < self.total:
            self._add(None)
        self._show()
        return self._done if self._done < self.total else None

    def finish(self) -> list[str]:
        """What was lost, each going on from the name of the file; DocumentError when there is no text at all."""
        self._show()
        name, count, remarks = self._part.name, self._done, []
        if count == self._empty:
            self._document.parts = [part for part in self._document.parts if part is not self._part]
            raise DocumentError(f"{name} has {self._no_text()}.")
        if self._lost:
            lost = ", ".join(str(page) for page in self._lost[:10]) + ("…" if len(self._lost) > 10 else "")
            remarks.append(f": {plural(len(self._lost), 'page')} could not be read (p. {lost}).")
        blank = self._empty - len(self._lost)
        if blank * _MANY >= count:
            remarks.append(f": {blank} of {count} pages have no text; scanned pages need OCR first.")
        if self._replaced:
            remarks.append(f": {plural(self._replaced, 'broken character')} became U+FFFD.")
        return remarks

    def _no_text(self) -> str:
        """Why there is no text: a scan is pages with pictures, which a broken file has not."""
        if not self._done:
            return "no pages"
        count = plural(self._done, "page")
        if self._void + len(self._lost) == self._done:
            return f"{count} with nothing that can be read, not even a picture: it is empty or broken"
        return f"{count} but no text: it is a scan and needs OCR first"

    @property
    def is_whole(self) -> bool:
        """Whether every page could be read, so that the text is worth keeping."""
        return not self._lost

    def _add(self, page: str | None) -> None:
        text, replaced = scrub(page or "")
        self._done += 1
        self._replaced += replaced
        self._empty += not text.strip()
        if page is None:
            self._lost.append(self._done)
        self._pending.append(text)
        self._pending_chars += len(text)
        if len(self._part.text) + self._pending_chars > MAX_CHARS:
            raise DocumentError(f"{self._part.name} holds more than {MAX_CHARS:,} characters of text; split it.")

    def _show(self) -> None:
        if not self._pending:
            return
        is_first = self._part not in self._document.parts
        self._part.append_pages(self._pending, first=is_first)
        if is_first:
            self._document.parts.append(self._part)
        self._pending, self._pending_chars, self._shown_at = [], 0, monotonic()
