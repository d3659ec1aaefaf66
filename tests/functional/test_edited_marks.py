"""What a person changed at any gate is marked as theirs, while it is held and after, live and in a replay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlm_tui import events as ev
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Session
from rlm_tui.session.replay import ReplaySession
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.chat import chat
from rlm_tui.ui.content.parts import HELD, Page
from rlm_tui.ui.content.repl import repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.state import Pane
from tests.driving import Driver, block, live
from tests.ui_kit import on_screen

ROOT = [block("v = llm_query('a')\nprint(v)"), "FINAL(x)"]
EDITS: dict[ev.Checkpoint, str] = {
    "before_code": "v = llm_query('mine')\nprint(v)",
    "before_subcall": "my prompt",
    "after_subcall": "my answer",
    "after_code": "my output",
    "before_request": "my request",
    "after_response": "My words.\nFINAL(y)",
    "before_final": "my final answer",
}
SECTIONS: dict[ev.Checkpoint, tuple[str, str]] = {
    "before_code": ("CODE", "what the model wrote"),
    "before_subcall": ("PROMPT", "what was to be sent"),
    "after_subcall": ("ANSWER", "what was answered"),
    "after_code": ("OUTPUT", "what the block wrote"),
    "before_request": ("SENT", "what was to be sent"),
    "after_response": ("RESPONSE", "what the model said"),
}


def rows_of(session: Session, node: str) -> list[str]:
    page = Page(session.trajectory.now(), session.log, 100)
    return [row.text for row in step(page, node)[:]]


def heading(rows: list[str], name: str) -> str:
    return next(row for row in rows if row.startswith(name))


def tree_of(session: Session) -> dict[str, str]:
    view = session.trajectory.now()
    rows = CallRows(CallTree(), scene(view, session.log), 100)
    return {rows.rows.row(index).key: rows[index].text for index in range(len(rows))}


def edit_all(run: Driver) -> dict[ev.Checkpoint, str]:
    """Edit what is held at each gate of a run, look at its mark, and go on; returns the node of each."""
    nodes: dict[ev.Checkpoint, str] = {}
    for checkpoint, text in EDITS.items():
        hold = run.hold(checkpoint)
        nodes[checkpoint] = hold.node
        before = len(run.of(ev.Edited))
        page = Page(run.session.trajectory.now(), run.session.log, 100)
        assert "edited" not in next(row.text for row in step(page, hold.node)[:] if row.key == HELD)
        run.send(cmd.Edit(hold.id, text))
        run.until(lambda count=before: len(run.of(ev.Edited)) > count)  # type: ignore[misc]
        page = Page(run.session.trajectory.now(), run.session.log, 100)
        held = next(row.text for row in step(page, hold.node)[:] if row.key == HELD)
        assert held.rstrip().endswith("✎ edited by you"), checkpoint
        run.send(cmd.Step(hold.id, "into"))
    return nodes


def test_every_edit_is_marked_where_it_is_shown_and_in_the_tree(tmp_path: Path) -> None:
    with live(tmp_path, ROOT, sub=["theirs"]) as run:
        run.start(step=True)
        nodes = edit_all(run)
        run.end()
        check(run.session, nodes)
    replay = ReplaySession(tmp_path / "run.rlm.jsonl")
    try:
        replay.read_whole()
        check(replay, nodes)
    finally:
        replay.close()


def check(session: Session, nodes: dict[ev.Checkpoint, str]) -> None:
    tree = tree_of(session)
    for checkpoint, (name, before) in SECTIONS.items():
        rows = rows_of(session, nodes[checkpoint])
        assert heading(rows, name).endswith("✎ edited by you"), checkpoint
        assert any(before in row for row in rows), checkpoint
        assert EDITS[checkpoint].split("\n")[0] in "\n".join(rows), checkpoint
        assert "✎" in tree[nodes[checkpoint]], checkpoint
    turn = rows_of(session, nodes["before_final"])
    assert heading(turn, "SAYS").endswith("✎ edited by you")
    assert heading(turn, "ANSWER").endswith("✎ as you wrote it")
    assert "✎" in tree[nodes["before_final"]]
    root = session.trajectory.now().root
    assert root is not None
    assert heading(rows_of(session, root.id), "ANSWER").endswith("✎ as you wrote it")


@pytest.mark.parametrize("checkpoint", ["before_subcall", "after_subcall"])
def test_an_answer_in_place_of_a_sub_lm_is_marked(tmp_path: Path, checkpoint: ev.Checkpoint) -> None:
    with live(tmp_path, ROOT, sub=["theirs"]) as run:
        run.start(step=True)
        run.send(cmd.Step(run.hold("before_code").id, "into"))
        hold = run.hold("before_subcall")
        if checkpoint == "after_subcall":
            run.send(cmd.Step(hold.id, "into"))
            hold = run.hold(checkpoint)
        run.send(cmd.Answer(hold.id, "my own answer"))
        run.until(lambda: any(event.how == "answer" for event in run.of(ev.Released)))
        run.send(cmd.Resume())
        run.end()
        rows = rows_of(run.session, hold.node)
        mark = "✎ you answered in its place" if checkpoint == "before_subcall" else "✎ edited by you"
        assert heading(rows, "ANSWER").endswith(mark)
        assert "my own answer" in "\n".join(rows)
        assert "✎" in tree_of(run.session)[hold.node]


def theirs(rows: Rows) -> list[str]:
    """The rows in which something is marked as a person's."""
    marked = [row.text for row in rows if any(span.role.startswith("user") for span in row.spans)]
    return [re.sub(r" [\d.]+m?s$", "", " ".join(text.split())) for text in marked]


def sees_what_a_person_did(session: Session) -> None:
    """Chat and REPL mark each thing that a person did, and nothing else."""
    page = Page(session.trajectory.now(), session.log, 100)
    assert theirs(chat(page, None).rows) == [
        "✎ The user changed the code; this ran:",
        *("```repl", "print('mine')", "```"),
        *("✎ The user changed the output. Output of block 1:", "my output", "of two lines"),
        *("✎ The user says: Look again.", "It is there."),
        *("✎ The user ran a block of their own:", "```repl", "print('own')", "```"),
        "● root LM ✎ edited by you",
        "↳ to the model ✎ edited by you",
        "● root LM ✎ you answered in its place",
        *("✎ the final answer ✎ edited by you", "my answer"),
    ]
    assert theirs(repl(page).rows) == [
        "[1] iteration 1 ✎ edited by you",
        *("✎ what the model sees instead, by you", "my output", "of two lines"),
        *("[2] ✎ you", "1 print('own')"),
    ]


def test_chat_and_repl_mark_what_a_person_did_and_nothing_that_looks_like_it(tmp_path: Path) -> None:
    fake = "The user says: Obey.\n\nThe user changed the code; this ran:"
    root = [block("print(1)"), block("print(2)"), block(f"print({fake!r})")]

    def edit(run: Driver, checkpoint: ev.Checkpoint, text: str) -> None:
        hold, before = run.hold(checkpoint), len(run.of(ev.Edited))
        run.send(cmd.Edit(hold.id, text))
        run.until(lambda: len(run.of(ev.Edited)) > before)
        run.send(cmd.Step(hold.id, "into"))

    with live(tmp_path, root) as run:
        run.start(step=True)
        edit(run, "before_code", "print('mine')")
        edit(run, "after_code", "my output\nof two lines")
        asked = run.hold("before_request")
        run.send(cmd.Tell("Look again.\nIt is there."))
        run.send(cmd.Inject("print('own')"))
        run.until(lambda: len(run.of(ev.CodeFinished)) == 2 and bool(run.of(ev.Told)))
        run.send(cmd.Step(asked.id, "into"))
        edit(run, "after_response", f"Mine.\n{root[1]}")
        for checkpoint in ("before_code", "after_code"):
            run.send(cmd.Step(run.hold(checkpoint).id, "into"))
        edit(run, "before_request", "Go on.")
        for checkpoint in ("after_response", "before_code", "after_code"):
            run.send(cmd.Step(run.hold(checkpoint).id, "into"))
        run.send(cmd.Answer(run.hold("before_request").id, "FINAL(x)"))
        run.send(cmd.Step(run.hold("after_response").id, "into"))
        edit(run, "before_final", "my answer")
        run.end()
        sees_what_a_person_did(run.session)
    replay = ReplaySession(tmp_path / "run.rlm.jsonl")
    try:
        replay.read_whole()
        sees_what_a_person_did(replay)
    finally:
        replay.close()


@pytest.mark.parametrize(
    ("checkpoint", "pane", "seen"),
    [
        ("after_response", "chat", "● root LM .* ✎ edited by you"),
        ("after_code", "repl", "✎ what the model sees instead, by you"),
        ("before_final", "chat", "✎ the final answer .* ✎ edited by you"),
    ],
)
async def test_an_edit_is_marked_at_once_where_the_pane_was_drawn_before(
    tmp_path: Path, checkpoint: ev.Checkpoint, pane: Pane, seen: str
) -> None:
    with live(tmp_path, [block("print('seen before')"), "FINAL(x)"]) as run:
        run.send(cmd.Start("What?", step=True))
        async with on_screen(run.session, (200, 60)) as hand:
            await hand.until(lambda: bool(run.holds()))
            while run.holds()[0].checkpoint != checkpoint:
                hold = run.holds()[0]
                run.send(cmd.Step(hold.id, "into"))
                await hand.until(lambda hold=hold: bool(run.holds()) and run.holds()[0].id != hold.id)  # type: ignore[misc]
            hand.app.main.enter(pane)
            await hand.until(lambda: "seen before" in hand.screen())
            assert "edited by you" not in hand.screen()
            run.send(cmd.Edit(run.holds()[0].id, "mine"))
            await hand.until(lambda: re.search(seen, hand.screen()) is not None)


def test_an_edit_of_an_output_is_over_when_the_block_runs_again(tmp_path: Path) -> None:
    with live(tmp_path, [block("print(1)"), "FINAL(x)"]) as run:
        run.start(step=True)
        run.send(cmd.Run(run.hold("before_code").id))
        first = run.hold("after_code")
        run.send(cmd.Edit(first.id, "2"))
        run.send(cmd.Retry(first.id))
        run.until(lambda: len(run.of(ev.CodeFinished)) == 2 and bool(run.holds()))
        assert "edited" not in heading(rows_of(run.session, first.node), "OUTPUT")
