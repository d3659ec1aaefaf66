"""How long a person waits: `--help` beside a bare interpreter, first paint beside a minimal Textual app.

Run it with the interpreter of a real install (compiled bytecode): `PYTHONPATH=. python benchmarks/startup.py`.
Commands are timed in turn, A B A B …, and medians are compared, so that a machine whose speed drifts is no matter.
First paint is timed under tmux, as most people see it who work on servers, and on a bare pseudo-terminal.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from benchmarks.pdfs import long_pdf

TERMINALS = ("tmux", "bare") if shutil.which("tmux") else ("bare",)
RLM_TUI = str(Path(sys.executable).with_name("rlm-tui"))
MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("minimal-app-is-here")
Minimal().run()
"""


def whole(command: list[str]) -> float:
    """Seconds that a command takes from start to end."""
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def until_text(command: list[str], text: bytes) -> float:
    """Seconds until a command in a terminal of 120x36 has written `text`."""
    begun = time.perf_counter()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execvp(command[0], command)  # noqa: S606
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    seen = b""
    while text not in seen and time.perf_counter() - begun < 30:
        if select.select([fd], [], [], 30)[0]:
            seen += os.read(fd, 1 << 16)
    took = time.perf_counter() - begun
    if command[0] == "tmux":
        subprocess.run([*command[:3], "kill-server"], check=False, capture_output=True)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(fd)
    return took


def first_paint(terminal: str, command: list[str], text: bytes) -> float:
    """The same, in the bare terminal or in a tmux server of its own inside it."""
    if terminal == "bare":
        return until_text(command, text)
    server = f"rlm-tui-{time.monotonic_ns()}"
    return until_text(["tmux", "-L", server, "-f", os.devnull, "new-session", *command], text)


def compare(name: str, limit: float, ours: tuple[float, ...], peer: tuple[float, ...]) -> bool:
    """Print one line of figures; whether the ratio of medians keeps to the limit."""
    a, b = statistics.median(ours), statistics.median(peer)
    verdict = "ok" if a <= limit * b else "OVER"
    spread = f"{min(ours) * 1000:.0f}–{max(ours) * 1000:.0f}"
    print(
        f"{name:34} {a * 1000:7.1f} ms ({spread})  peer {b * 1000:7.1f} ms  ratio {a / b:5.2f}  limit {limit} {verdict}"
    )
    return verdict == "ok"


def main(rounds: int) -> int:
    """Compare everything; 1 when a limit is broken."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RLM_TUI_HOME"] = folder
        whole(
            [RLM_TUI, "run", "sample:report", "-q", "What is the magic number?", "-m", "offline"]
        )  # leaves bytecode of every module
        document = Path(folder) / "three-hundred-pages.pdf"
        document.write_bytes(long_pdf(300))
        helped = [(whole([RLM_TUI, "--help"]), whole([sys.executable, "-c", "pass"])) for _ in range(rounds * 2)]
        painted = {
            name: [tuple(first_paint(name, command, text) for command, text in paints(document)) for _ in range(rounds)]
            for name in TERMINALS
        }
    kept = [compare("--help / python -c pass", 3.0, *zip(*helped, strict=True))]
    for name, times in painted.items():
        opens, minimals, replays = zip(*times, strict=True)
        kept.append(compare(f"open / minimal app, {name}", 1.3, opens, minimals))
        kept.append(compare(f"replay / minimal app, {name}", 1.3, replays, minimals))
    return 0 if all(kept) else 1


def paints(document: Path) -> list[tuple[list[str], bytes]]:
    """The three programs whose first paint is compared, each with the text that ends the wait."""
    return [
        ([RLM_TUI, "open", str(document), "-q", "Who?", "-m", "offline"], document.name.encode()),
        ([sys.executable, "-c", MINIMAL], b"minimal-app-is-here"),
        ([RLM_TUI, "replay", "sample:clean"], b"clean.rlm.jsonl"),
    ]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
