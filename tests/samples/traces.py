"""Records the bundled sample traces with the app's own engine: `python -m tests.samples.traces`.

The models are offline or scripted, so anyone can record them again; only times and pauses differ.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rlm_tui import events as ev
from rlm_tui.context.load import Loading
from rlm_tui.session import commands as cmd
from rlm_tui.session.live import LiveSession
from rlm_tui.session.setup import Setup
from tests.driving import Driver

ROOT = Path(__file__).parents[2]
OUT = ROOT / "sample_traces"
DOCUMENTS = OUT / "documents"
SCRIPTS = "tests/samples"
RIGHT_CODE = """\
import re
rows = re.findall(r"Name: (.+?) \\| Department: Engineering \\|.*?Salary: ([\\d,]+)", context)
total = sum(int(salary.replace(",", "")) for _, salary in rows)
print(len(rows), "engineers,", f"{total:,}")"""
WORDS = "A record is one line: Name: … | Department: Engineering | … | Salary: 72,900. Count every one of them."


@contextmanager
def _recording(name: str, document: str, model: str, *, step: bool = False) -> Iterator[Driver]:
    path = OUT / f"{name}.rlm.jsonl"
    path.unlink(missing_ok=True)
    loading = Loading([str(DOCUMENTS / document)])
    loading.run()
    for part in loading.document.parts:
        part.path = None  # a bundled trace names no folder of the machine that recorded it
    session = LiveSession(Setup(model=model, step=step, sandbox="none", trace=path), loading, title=document)
    try:
        yield Driver(session)
    finally:
        session.close()
        path.chmod(0o644)


def clean() -> None:
    """A run without trouble: the offline model finds a number in a report of forty pages."""
    with _recording("clean", "report.pdf", "offline") as run:
        assert "7481926" in str(run.start("What is the magic number?").end().answer)


def misbehaves() -> None:
    """A weak model goes wrong in five ways; a person's words and one edited block put it right."""
    with _recording("misbehaves", "report.pdf", f"scripted:{SCRIPTS}/misbehaves.json", step=True) as run:
        run.start("What do the engineers earn in total?")
        asked = 0
        while run.session.is_running:
            run.until(lambda: bool(run.holds()) or not run.session.is_running)
            for hold in run.holds():
                asked = run.of(ev.IterationStarted)[-1].number
                if asked == 3 and hold.checkpoint == "after_code" and not run.of(ev.Told):
                    run.send(cmd.Tell(WORDS))
                    run.until(lambda: bool(run.of(ev.Told)))
                if asked == 6 and hold.checkpoint == "before_code":
                    run.send(cmd.Edit(hold.id, RIGHT_CODE))
                if asked == 6 and hold.checkpoint == "after_code":
                    run.send(cmd.Inject("print(rows[:2])"))
                    run.until(lambda: run.of(ev.CodeFinished)[-1].shown is None)
                run.send(cmd.Run(hold.id))
                run.until(lambda: hold.id not in [each.id for each in run.holds()])  # noqa: B023
        assert "1,135,100" in str(run.end().answer)


def batch() -> None:
    """A batch of sub-calls over the pages, one of which fails, and an error in a block."""
    with _recording("batch", "report.pdf", f"scripted:{SCRIPTS}/batch.json") as run:
        assert run.start("Who wrote the report, and when was the bridge opened?").end().status == "answered"


if __name__ == "__main__":
    os.chdir(ROOT)
    for record in (clean, misbehaves, batch):
        record()
