"""Drives the README's first command on a pseudo-terminal, from the held code to the answer and out."""

import sys

from tests.terminal import Terminal

with Terminal(sys.argv[1:]) as terminal:
    terminal.wait("HELD", "report.pdf")
    terminal.press_until("f5", "ANSWERED")
    terminal.wait("7481926")
    terminal.press("ctrl+q")
    code = terminal.finish()
sys.stdout.write(f"driven to the answer and quit; exit code {code}\n")
sys.exit(code)
