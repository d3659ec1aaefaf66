"""Writes a PDF of N pages with text: `python -m benchmarks.pdfs N FILE`."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from tests.pdfs import make_pdf

_WORDS = "dome mirror night ridge lamp marsh ledger harbour copper signal ferry winter archive gauge north".split()  # noqa: SIM905


def long_pdf(pages: int, *, lines: int = 44, seed: int = 0) -> bytes:
    """A PDF of `pages` pages with about 3,000 characters each; page k says `This is page k.`"""
    rng = random.Random(seed)  # noqa: S311
    texts = [
        f"# Chapter {page}\nThis is page {page}.\n"
        + "\n".join(" ".join(rng.choices(_WORDS, k=11)) for _ in range(lines))
        for page in range(1, pages + 1)
    ]
    return make_pdf(texts, bookmarks=[(f"Chapter {page}", page) for page in range(1, pages + 1, 10)])


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(long_pdf(int(sys.argv[1])))
