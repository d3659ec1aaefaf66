"""Law 3: what the panes say of a live run and of its replay is the same, at the end and at every step."""

from __future__ import annotations

from pathlib import Path

from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.parts import page_of
from rlm_tui.ui.content.repl import repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.content.vars import variables
from rlm_tui.ui.lines import Line
from tests.driving import block, live

ROOT = [
    block("hits = [context.count(w) for w in ('a', 'b')]\nprint(hits)"),
    block("answers = llm_query_batched(['one', 'two', 'three'])\nprint(answers)"),
    block("print(1 / 0)"),
    "FINAL(three)",
]
SUB = ["first", "second", "third"]


def contents(session: Session) -> dict[str, list[Line]]:
    """What every pane says of every node."""
    page = page_of(session, 90)._replace(now=session.view.t)
    said = {
        "calls": list(CallRows(CallTree(), scene(session.view, session.log), 40)),
        "chat": list(chat(page, None).rows),
        "repl": list(repl(page).rows),
        "vars": list(variables(page)),
    }
    return said | {node: list(step(page, node)) for node in session.trajectory.nodes}


def test_a_replay_says_what_the_live_run_said(tmp_path: Path) -> None:
    seen: list[tuple[int, dict[str, list[Line]]]] = []
    with live(tmp_path, ROOT, sub=SUB) as driver:
        driver.send(cmd.Start("What is there?", step=True))
        for edit in ("hits = [1, 2]\nprint(hits)", None, None):
            hold = driver.hold("before_code")
            if edit:
                driver.send(cmd.Edit(hold.id, edit))
                driver.until(lambda: "Edited" in driver.kinds())
            seen.append((driver.session.view.seq, contents(driver.session)))
            driver.send(cmd.Run(hold.id))
            hold = driver.hold("after_code")
            seen.append((driver.session.view.seq, contents(driver.session)))
            driver.send(cmd.Run(hold.id))
        driver.send(cmd.Run(driver.hold("before_final").id))
        driver.end()
        seen.append((driver.session.view.seq, contents(driver.session)))
        path = Path(driver.session.trace_path)
    replay = ReplaySession(path)
    try:
        replay.read_whole()
        for seq, said in seen:
            replay.send(cmd.Seek(seq))
            again = contents(replay)
            for pane, rows in said.items():
                assert again[pane] == rows, pane
    finally:
        replay.close()
