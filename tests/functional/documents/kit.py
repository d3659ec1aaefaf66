"""What the tests of documents share: files to read, and what a refusal must look like."""

from __future__ import annotations

import io
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rlm_tui.context import pdf as pdf_module
from rlm_tui.context.document import Document
from rlm_tui.context.load import Loading, load_document
from rlm_tui.errors import DocumentError, ExitCode

PAGE = """<!doctype html><html><head><title>Annual  report</title><style>p { color: red }</style></head><body>
<nav><ul><li><a href="/home">Home</a><li><p>About &amp; contact</p></ul></nav>
<h1>Over<em>view</em></h1><p>Hello <b>wor</b>ld,<br>see <a href="https://example.org/a">the source</a>.</p>
<table><tr><th>Name<th>Age</tr><tr><td><p>Bob</p></td><td>5</td></tr></table>
<pre>a
  b</pre><script>steal()</script><!-- unseen --><h2>End</h2><img alt="A map" src="x"></body></html>"""


def write(path: Path, data: bytes | str) -> str:
    """A file with its folders; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def refused(*paths: str) -> str:
    """The one sentence with which documents are refused."""
    with pytest.raises(DocumentError) as caught:
        load_document(paths)
    message = str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE
    assert "\n" not in message
    assert message.endswith(".")
    return message


def is_refused(path: Path, data: bytes | str) -> str:
    """The sentence with which a document is refused, which names it."""
    message = refused(write(path, data))
    assert message.startswith(path.name)
    return message


def loaded(path: Path, data: bytes | str) -> Document:
    """A document of these bytes, loaded."""
    return load_document([write(path, data)])


def all_gone(children: list[subprocess.Popen[bytes]]) -> bool:
    """Whether every child was started and has ended."""
    return bool(children) and all(child.returncode is not None for child in children)


def until(loading: Loading, met: Callable[[], bool]) -> None:
    """Wait until a loading has come to something."""
    ticks = threading.Event()
    while not met() and not loading.finished:
        ticks.wait(0.002)
    assert met(), loading.error


def word_document() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("The report", 0)
    document.add_heading("Results", 1)
    paragraph = document.add_paragraph("Sales ")
    paragraph.add_run("rose").bold = True
    paragraph.add_run("\tby 7%\nin May")
    document.add_paragraph("first", style="List Bullet")
    table = document.add_table(2, 2)
    for row, names in zip(table.rows, (("Name", "Age"), ("Bob", "5")), strict=True):
        for cell, name in zip(row.cells, names, strict=True):
            cell.text = name
    document.add_heading("Details", 2)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def break_pdf_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prelude: str) -> None:
    """Runs the real child with a fault in it; `pdf_child` is its module."""
    real = pdf_module._CHILD
    write(
        tmp_path / "fault" / "fault.py",
        f"import os, signal, sys, time\nsys.path.insert(0, {str(real.parent.parent)!r})\n"
        f"from child import pdf as pdf_child\ndel sys.path[0]\n{prelude}\npdf_child.main(sys.argv[2:])\n",
    )
    monkeypatch.setattr(pdf_module, "_CHILD", tmp_path / "fault" / "fault.py")
