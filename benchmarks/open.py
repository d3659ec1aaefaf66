"""How long a person waits for something large: first paint, what they read first, the whole; and the peak memory.

Run it with the interpreter of a real install (compiled bytecode), for all cases or those that are named:
`PYTHONPATH=. python benchmarks/open.py [pdf] …`. Every case prints its figures beside a bare peer of the same run, the
two in turn, or beside a limit. A new case is a function that returns its figures, named in CASES.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pdfs import long_pdf
from benchmarks.traces import write_trace
from tests.foreign_logs import big
from tests.terminal import Terminal

RLM_TUI = str(Path(sys.executable).with_name("rlm-tui"))
ROUNDS = 3
PAINTS = 9
PATIENCE_S = 120.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, the value and its limit in `unit`; with `least` the limit is a lower one."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    peer: float | None = None
    least: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the value, or its ratio to the peer where there is one, keeps to the limit."""
        if self.limit is None:
            return True
        measured = self.value / self.peer if self.peer else self.value
        return measured >= self.limit if self.least else measured <= self.limit

    def line(self) -> str:
        """The figure as it is printed."""
        words = f"{self.name:46} {self.value:10.2f} {self.unit:8}"
        if self.peer:
            words += f" peer {self.peer:10.2f}  ratio {self.value / self.peer:5.2f}"
        if self.limit is not None:
            words += f"  limit {'≥ ' if self.least else ''}{self.limit:g}  {'ok' if self.is_kept else 'OVER'}"
        return words.rstrip()


@dataclass(frozen=True, slots=True)
class Opened:
    """Seconds from the start of the command to each text on the screen, and the app's peak memory in MB."""

    seconds: tuple[float, ...]
    peak_mb: float


def opened(arguments: Sequence[str], *texts: str, gone: str = "") -> Opened:
    """Open something in a terminal of 120x36 and time when texts come, in this order, and at last one goes."""
    begun, seconds = time.perf_counter(), []
    with Terminal([RLM_TUI, *arguments]) as terminal:
        for text in texts:
            terminal.wait(text)
            seconds.append(time.perf_counter() - begun)
        if gone:
            terminal.wait(gone, gone=True)
            seconds.append(time.perf_counter() - begun)
        peak = peak_mb(terminal.pid)
        terminal.press("ctrl+q")
    return Opened(tuple(seconds), peak)


def written(arguments: Sequence[str], *texts: str) -> Opened:
    """As `opened`, by the bytes that are written: drawing what they mean takes a third of a second itself."""
    begun, seconds, seen = time.perf_counter(), [], ""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(RLM_TUI, [RLM_TUI, *arguments])  # noqa: S606
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    for text in texts:
        while text not in seen:
            assert select.select([fd], [], [], PATIENCE_S)[0], f"{text!r} never came"
            seen = seen[-20_000:] + _ESCAPES.sub("", os.read(fd, 1 << 16).decode("utf-8", "replace"))
        seconds.append(time.perf_counter() - begun)
    peak = peak_mb(pid)
    os.kill(pid, signal.SIGTERM)
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if select.select([fd], [], [], 0.05)[0]:
            with suppress(OSError):  # the terminal is gone with its program
                os.read(fd, 1 << 16)
    os.close(fd)
    return Opened(tuple(seconds), peak)


def peak_mb(pid: int) -> float:
    """The most memory that a process has had, in MB (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def bare(code: str, *arguments: str) -> tuple[float, float]:
    """Seconds from `begun`, which `code` sets after its imports, to its end in a fresh interpreter, and its peak MB."""
    tail = "print(time.perf_counter() - begun, open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    program = f"import sys, time\n{code}\n{tail}"
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    seconds, kilobytes = done.stdout.split()
    return float(seconds), float(kilobytes) / 1024


PAGES, OPENED = 2_400, 7
_OURS = """
from rlm_tui.context.load import load_document
begun = time.perf_counter()
load_document([sys.argv[1]])
"""
_PDFIUM = """
import pypdfium2
begun = time.perf_counter()
texts = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(sys.argv[1])]
"""
_IN_A_CHILD = """
import subprocess
program = "import sys, pypdfium2; document = pypdfium2.PdfDocument(sys.argv[1]); "
program += "[sys.stdout.write(page.get_textpage().get_text_range() + chr(12)) for page in document]"
begun = time.perf_counter()
command = [sys.executable, "-X", "utf8", "-c", program, sys.argv[1]]
texts = subprocess.run(command, capture_output=True, check=True).stdout.decode().split(chr(12))
"""


def pdf(folder: Path) -> list[Figure]:
    """A PDF of 2,400 pages: readable from its first page while the rest is read, then from the cache."""
    path = folder / "many-pages.pdf"
    path.write_bytes(long_pdf(PAGES))
    ours, peer, inside, screens, cached = [], [], [], [], []
    for turn in range(OPENED):
        os.environ["RLM_TUI_HOME"] = str(folder / f"home-{turn}")  # nothing is cached yet
        screens.append(written(["open", str(path)], path.name, "This is page 1.", f"{PAGES:,} p ·"))
        cached.append(written(["open", str(path)], f"{PAGES:,} p ·").seconds[0])
        os.environ["RLM_TUI_HOME"] = str(folder / f"empty-{turn}")
        ours.append(bare(_OURS, str(path)))
        peer.append(bare(_PDFIUM, str(path)))
        inside.append(bare(_IN_A_CHILD, str(path)))
    paint, whole = (statistics.median(screen.seconds[nth] for screen in screens) for nth in (0, 2))
    page = statistics.median(screen.seconds[1] - screen.seconds[0] for screen in screens)
    loaded, pdfium, child = (statistics.median(seconds for seconds, _ in runs) for runs in (ours, peer, inside))
    return [
        Figure("first paint", paint, "s"),
        Figure("first page, after the first paint", page, "s", 0.3),
        Figure("whole, in the app", whole, "s"),
        Figure("whole, in the app, from the cache", statistics.median(cached), "s"),
        Figure("pages a second, loaded without a screen", PAGES / loaded, "pages/s", 250, least=True),
        Figure("the same / bare pypdfium2", loaded, "s", 1.15, pdfium),
        Figure("the same / bare pypdfium2 in a child", loaded, "s", 1.15, child),
        Figure("peak memory of the app", max(screen.peak_mb for screen in screens), "MB"),
        Figure("peak memory without a screen / bare pypdfium2", ours[-1][1], "MB", None, peer[-1][1]),
    ]


LOG_TURNS, LOG_LINE, LOG_LINES = 21, "The quick brown fox jumps over the lazy dog, line of a report.\n", 160_000
_REPLAY = """
from pathlib import Path
from rlm_tui.session.replay import ReplaySession
begun = time.perf_counter()
session = ReplaySession(Path(sys.argv[1]))
session.read_whole()
session.close()
"""
_ORJSON = """
import orjson
begun = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    for line in file:
        orjson.loads(line)
"""


def rlms(folder: Path) -> list[Figure]:
    """A log of `rlms` of 430 MB: 21 iterations, each with a context of 10 MB twice."""
    path, small = folder / "long.jsonl", folder / "short.jsonl"
    big(path, turns=LOG_TURNS, context=LOG_LINE * LOG_LINES)
    big(small, turns=LOG_TURNS, context=LOG_LINE)
    os.environ["RLM_TUI_HOME"] = str(folder / "home")
    ours, peer, screens, shorts = [], [], [], []
    for _ in range(ROUNDS):
        screens.append(opened(["open", str(path)], "REPLAY", "the end", gone="indexing"))
        shorts.append(opened(["open", str(small)], "REPLAY", "the end"))
        ours.append(bare(_REPLAY, str(path)))
        peer.append(bare(_ORJSON, str(path)))
    paint, _, whole = (statistics.median(times) for times in zip(*(s.seconds for s in screens), strict=True))
    short = statistics.median(screen.seconds[0] for screen in shorts)
    read, decoded = (statistics.median(seconds for seconds, _ in runs) for runs in (ours, peer))
    return [
        Figure("first paint / that of a log of 60 kB", paint, "s", 2, short),
        Figure("whole, in the app", whole, "s"),
        Figure("whole, without a screen / bare orjson lines", read, "s", None, decoded),
        Figure("peak memory of the app", max(screen.peak_mb for screen in screens), "MB", 300),
        Figure("peak memory without a screen / bare orjson lines", ours[-1][1], "MB", None, peer[-1][1]),
    ]


TRACE_BYTES, LONG, SHORT = 300_000_000, 20_000, 60


def trace(folder: Path) -> list[Figure]:
    """A trace of 300 MB: sub-calls with prompts of 20,000 characters, 76,000 events."""
    return _traces(folder, LONG, peak=150)


def events(folder: Path) -> list[Figure]:
    """A trace of 300 MB of short events only, 1.7 million: the most that a screen has to fold."""
    return _traces(folder, SHORT, peak=600)


def _traces(folder: Path, prompt: int, *, peak: float) -> list[Figure]:
    path, small = folder / "long.rlm.jsonl", folder / "short.rlm.jsonl"
    write_trace(path, TRACE_BYTES, prompt)
    write_trace(small, 10_000, prompt)
    os.environ["RLM_TUI_HOME"] = str(folder / "home")
    ours, peer, screens = [], [], []
    names = (path, small) * PAINTS
    paints = [written(["replay", str(name)], name.name).seconds[0] for name in names]
    for _ in range(ROUNDS):
        screens.append(written(["replay", str(path)], path.name, "What is the number?", "answered after"))
        ours.append(bare(_REPLAY, str(path)))
        peer.append(bare(_ORJSON, str(path)))
    _, heads, whole = (statistics.median(times) for times in zip(*(s.seconds for s in screens), strict=True))
    paint, short = (statistics.median(paints[nth::2]) for nth in (0, 1))
    read, decoded = (statistics.median(seconds for seconds, _ in runs) for runs in (ours, peer))
    return [
        Figure("first paint / that of a trace of 10 kB", paint, "s", 1.5, short),
        Figure("the question is on the screen", heads, "s"),
        Figure("whole, in the app", whole, "s"),
        Figure("whole, without a screen / bare orjson lines", read, "s", None, decoded),
        Figure("peak memory of the app", max(screen.peak_mb for screen in screens), "MB", peak),
        Figure("peak memory without a screen / bare orjson lines", ours[-1][1], "MB", None, peer[-1][1]),
    ]


CASES: dict[str, Callable[[Path], list[Figure]]] = {"pdf": pdf, "rlms": rlms, "trace": trace, "events": events}


def main(names: Sequence[str]) -> int:
    """Measure the named cases, or all; 1 when a limit is broken."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    kept = True
    for name in names or CASES:
        print(f"{name}: {(CASES[name].__doc__ or '').splitlines()[0]}")
        with tempfile.TemporaryDirectory() as folder:
            for figure in CASES[name](Path(folder)):
                print(f"  {figure.line()}")
                kept = kept and figure.is_kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
