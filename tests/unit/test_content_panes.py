"""What Chat, REPL, Vars and Context say; and that no text of any event can harm the terminal in any of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import events as ev
from rlm_tui.context.document import Document, Heading, Part
from rlm_tui.session.base import LiveText
from rlm_tui.trajectory.facts import RESET
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.chat import Messages, chat
from rlm_tui.ui.content.context import DocumentRows, OutlineRows, absent
from rlm_tui.ui.content.parts import FOLD, NODE, Page, page_of
from rlm_tui.ui.content.repl import Blocks, repl
from rlm_tui.ui.content.step import step
from rlm_tui.ui.content.tree import CallTree
from rlm_tui.ui.content.vars import VAR, variables
from rlm_tui.ui.finding import Finding
from rlm_tui.ui.lines import Line, Rows
from rlm_tui.ui.rows import text_rows
from tests.trajectories import (
    PEEK,
    QUESTION,
    RUNS,
    Recorder,
    StillSession,
    batched,
    clean,
    edited,
    failing,
    held,
    peeked,
)

WIDTH = 80


def page(run: Recorder, **more: object) -> Page:
    return Page(run.trajectory.now(), run.log, WIDTH, **more)  # type: ignore[arg-type]


def texts(rows: Iterable[Line]) -> list[str]:
    return [row.text.rstrip() for row in rows]


def test_the_chat_is_what_the_model_saw_and_what_it_said_last() -> None:
    said = texts(chat(page(clean()), None).rows)
    heads = [row.split("  ")[0] for row in said if row and row[0] in "○↳●✎"]
    assert heads == ["○ system", "↳ to the model", "● root LM", "↳ to the model", "● root LM"]
    assert f"  Query: {QUESTION}" in said
    assert "  FINAL(160,000)" in said
    assert any("newest" in row for row in said)


def test_an_exchange_that_was_taken_back_is_not_in_the_chat() -> None:
    run = clean()
    again = run.open("1.2.lm2", "lm", "1.2")
    new = (ev.StoredMessage("user", "Look at p. 26 this time."),)
    before, messages = run.trajectory.last, Messages()
    run.emit(ev.LmRequested(node=again, model="m", messages=new, prior=3))
    after = run.trajectory.last
    for seq in (before, after, before, after, 5, after):
        now = Page(run.trajectory.at(seq), run.log, WIDTH)
        talk = chat(now, None, messages)
        heads = [index for index, row in enumerate(talk.rows) if row.key.startswith(NODE)]
        said = len(now.view.conversation("1")) + (seq == before)
        assert len(heads) == said
        assert any("Look at p. 26" in row.text for row in talk.rows) == (seq == after)
        found = {talk.head(node) for node in run.trajectory.nodes} - {None}
        assert found <= set(heads)
        assert (talk.head(again) is None) == (seq != after)


def test_the_step_counts_calls_under_way_queued_and_stopped_apart() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), "llm_query_batched(prompts)", 2)
    calls = [run.open(f"{code}.sub{n}", "subcall", code, depth=1, role="sub", batch="b") for n in (1, 2, 3)]
    run.emit(ev.SubcallRequested(node=calls[0], function="llm_query_batched", prompt="?", model="m", batch="b"))
    assert any("3 sub-calls · 1 under way · 2 queued" in text for text in texts(step(page(run), code)))
    for call in calls:
        run.emit(ev.NodeClosed(node=call, outcome="cancelled"))
    assert any("3 sub-calls · 3 stopped" in text for text in texts(step(page(run), code)))


def test_words_that_wait_are_queued_and_then_sent() -> None:
    run = edited()
    said = texts(chat(page(run), None).rows)
    assert said[-1] == "  The salaries stand on p. 26."
    assert "✎ you" in said[-2]
    assert "queued for its next message" in said[-2]
    four = run.iteration(4)
    run.ask(four, "Yes.", prior=5, new=(("user", "Output.\n\nThe user says: The salaries stand on p. 26."),))
    after = list(chat(page(run), None).rows)
    assert not any("queued" in row.text for row in after)
    spoken = next(row for row in after if "The user says" in row.text)
    assert {span.role for span in spoken.spans if span.text.strip()} == {"user"}


def test_code_truncation_and_long_messages_are_told_apart() -> None:
    run = peeked()
    output = "\n".join(["head"] * 40 + ["… 1,234 characters left out …"] + ["tail"] * 3)
    run.ask(run.iteration(2), f"Now:\n```repl\n{PEEK}\n```\nDone.", prior=2, new=(("user", output),))
    folded = list(chat(page(run), None).rows)
    fold = next(row for row in folded if row.key.startswith(FOLD))
    assert "more rows" in fold.text
    unfolded = list(chat(page(run, opened=frozenset({fold.key})), None).rows)
    assert [row.spans[-1].role for row in unfolded if "left out" in row.text] == ["careful"]
    assert [row.spans[-1].role for row in unfolded if "print(len" in row.text] == ["code"]
    assert [row.spans[-1].role for row in unfolded if "Done." in row.text] == ["text"]


def test_a_failure_stands_in_the_chat_where_messages_stand() -> None:
    said = texts(chat(page(failing()), None).rows)
    assert "✗ The server at 127.0.0.1:11434 refused the connection." in said


def test_a_response_is_in_the_chat_while_it_is_written() -> None:
    run = peeked()
    lm = run.open("1.2.lm1", "lm", run.iteration(2))
    run.emit(ev.LmRequested(node=lm, model="m", messages=(), prior=2))
    said = texts(chat(page(run, live=LiveText({(lm, "text"): "I will"})), None).rows)
    assert said[-1] == "  I will"
    assert said[-2].endswith("● writing")


def test_the_repl_holds_every_block_in_order() -> None:
    run = batched()
    code = run.begin_block("1.2", "len(hits)", 3, by="user", place=2)
    run.end_block(code, "12\n", shown=None)
    transcript = repl(page(run))
    said = texts(transcript.rows)
    assert [row[:3] for row in said if row.startswith("[")] == ["[1]", "[2]", "[3]"]
    heads = [transcript.head(node) for node in ("1.1.code1", "1.2.code1", code)]
    assert [said[head or 0][:3] for head in heads] == ["[1]", "[2]", "[3]"]
    assert "[3] ✎ you" in said[heads[2] or 0]
    assert said[(heads[2] or 0) + 1 : (heads[2] or 0) + 3] == ["  1 len(hits)", "  12"]


def test_a_block_that_runs_again_stands_there_twice() -> None:
    run = peeked()
    code = run.open("1.1.code2", "code", "1.1")
    for number, out in ((2, "first"), (3, "second")):
        run.emit(ev.CodeStarted(node=code, code="f()", number=number))
        run.emit(ev.CodeFinished(node=code, status="ok", stdout=out, shown=5))
    said = texts(repl(page(run)).rows)
    assert said.index("  first") < said.index("  second")


def test_variables_say_what_the_last_block_did() -> None:
    run = batched()
    rows = texts(variables(page(run)))
    assert rows[0].startswith("  context")
    assert "1.2 MB" in rows[0]
    assert rows[1].startswith("+ chunks")
    assert rows[2].startswith("+ answers")
    code = run.begin_block("1.2", "answers += ['x']; del chunks", 3, place=2)
    changed = ev.VarChange("answers", "changed", "list", 13, "['Alice 75,000', …, 'x']")
    run.end_block(code, "", changes=(changed, ev.VarChange("chunks", "removed")))
    rows = texts(variables(page(run)))
    assert rows[1].startswith("~ answers")
    assert rows[-1] == "- chunks"
    opened = texts(variables(page(run, opened=frozenset({f"{VAR}answers"}))))
    assert "    ['Alice 75,000', …, 'x']" in opened


@pytest.mark.parametrize("width", [28, 31, 42, 54, 78])
def test_a_short_value_is_whole_and_stands_apart_from_its_type(width: int) -> None:
    run = peeked()
    values = [
        ev.VarChange("total", "added", "int", None, "1135100"),
        ev.VarChange("search", "added", "function", None, "bm25(hits)"),
        ev.VarChange("pages", "added", "list", 40, "['a', …]"),
    ]
    run.end_block(run.begin_block(run.iteration(2), "x = 1", 2), "", changes=tuple(values))
    rows = [row.split() for row in texts(variables(page(run)._replace(width=width)))]
    assert rows[0][:3] == ["context", "str", "1.2"]
    assert rows[0][3] == "MB"
    assert rows[1][1:] == ["total", "int", "1135100"]
    assert rows[2][:2] == ["+", "search"]
    assert rows[2][2] == "function"
    assert rows[3][1:4] == ["pages", "list", "40"]


@pytest.mark.parametrize("name", RUNS)
def test_what_was_drawn_before_is_drawn_the_same_again(name: str) -> None:
    run = RUNS[name]()
    messages = Messages()
    blocks = Blocks()
    for seq in (*range(run.trajectory.last + 1), *range(run.trajectory.last, -1, -1)):
        now = Page(run.trajectory.at(seq), run.log, WIDTH)
        assert list(chat(now, None, messages).rows) == list(chat(now, None).rows)
        assert list(repl(now, blocks).rows) == list(repl(now).rows)


def test_empty_panes_say_what_will_be_there() -> None:
    empty = page(Recorder())
    for rows in (chat(empty, None).rows, repl(empty).rows, variables(empty), step(empty, None), absent(None, WIDTH)):
        assert "appear" in "".join(texts(rows))
    unnamed = ev.RunStarted(node="1", query="", model="", sub_model="", dialect="dspy", limits=ev.Limits())
    assert texts(absent(unnamed, WIDTH)) == ["The trace does not say which document it had."]
    started = peeked().trajectory.now().started
    assert texts(absent(started, WIDTH))[0] == "The document is not at hand: report.pdf, 1,203,441 characters."


def part(*pages: str, kind: str = "pdf") -> Part:
    made = Part("report.pdf", kind)
    made.append_pages(pages, first=True)
    return made


def test_pages_are_numbered_where_they_begin() -> None:
    made = part("one\ntwo", "three", "", "five")
    rows = texts(DocumentRows(made, 0, text_rows(made.text, 40)))
    assert rows == ["p.1    one", "       two", "p.2    three", "p.3", "p.4    five"]


def test_an_outline_leads_to_pages_and_headings() -> None:
    made = part("one", "two", "three")
    made.headings = [Heading("Salaries", 1, made.pages[1])]
    rows = OutlineRows(Document([made]), 30)
    assert texts(rows) == ["report.pdf", "    1  one", "Salaries                     2", "    3  three"]
    assert rows.entries[rows.row_of(0, made.pages[2])].page == 3
    assert rows.row_of(0, 0) == 1


def test_hits_are_counted_and_marked_across_rows() -> None:
    made = part("Alice earns 75,000", "and alice\nearns more")
    found = Finding(Document([made]), "alice earns")
    found.cancel()
    found = Finding(Document([made]), "alice earns")
    while not found.is_done:
        pass
    assert found.total == 2
    rows = DocumentRows(made, 0, text_rows(made.text, 40))
    rows.finding = found
    marked = ["".join(span.text for span in row.spans if "on careful" in span.role) for row in rows]
    assert marked == ["Alice earns", "alice", "earns"]
    assert found.hit(1).start == found.within(0, 20, 40)[0][0]


HOSTILE = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("ab \t\n\r\x1b\x9b\x07汉\u202e\u200b\u0301`")),
    max_size=60,
)


def everything(run: Recorder) -> Iterable[Rows]:
    now = page(run, live=LiveText({("1.3.lm1", "text"): "\x1b]0;x\x07", ("1.3.code1", "stdout"): "\x1b[2J"}))
    for node in (None, *run.trajectory.nodes, "1.1.code1#b"):
        yield step(now, node)
    yield CallRows(CallTree(), scene(now.view, run.log), WIDTH)
    yield chat(now, None).rows
    yield repl(now).rows
    yield variables(now._replace(opened=frozenset({f"{VAR}hits"})))


@settings(deadline=None, max_examples=60)
@given(HOSTILE)
def test_no_text_of_an_event_reaches_a_terminal_as_it_is(text: str) -> None:
    run = Recorder()
    run.start(text)
    one = run.iteration(1)
    run.emit(ev.Note(node=one, text=text, level="warning"))
    run.ask(one, text, new=(("system", text), ("user", text)))
    final = ev.Final("text", text)
    run.parsed(one, text, final=final, repairs=(ev.Repair(text, text),), problem=text)
    code = run.begin_block(one, text, 1)
    run.subcall(code, 1, text, batch="b", error=text)
    changes = (ev.VarChange("hits", "added", text, 1, text),)
    error = ev.CodeError(text, text, text)
    run.end_block(code, text, "error", stderr=text, error=error, notes=(text,), changes=changes)
    run.hold(one, "before_final", text)
    run.emit(ev.Told(node="1", text=text))
    run.end(text, "FINAL", "failed")
    for rows in everything(run):
        for row in rows:
            assert row.cells <= WIDTH
            assert not [char for char in row.text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")]


_KEPT = ("seq", "t", "hold", "body")


def with_numbers(value: Any, whole: int, amount: float) -> Any:
    """An event, or a value in one, all of whose numbers are these."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(with_numbers(item, whole, amount) for item in value)
    if not isinstance(value, msgspec.Struct):
        return value
    changes: dict[str, Any] = {}
    for name, hint in get_type_hints(type(value), include_extras=True).items():
        kinds = {hint, *get_args(hint)} if name not in _KEPT else set()
        if kinds & {ev.Count, ev.Whole}:
            changes[name] = whole
        elif kinds & {ev.Amount, float}:
            changes[name] = amount
        elif name not in _KEPT:
            changes[name] = with_numbers(getattr(value, name), whole, amount)
    return msgspec.structs.replace(value, **changes)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("whole", "amount"), [(0, 0.0), (ev.EXACT, 2.0**53), (ev.MOST, 1.7e308), (1, 5e-324)])
def test_every_number_that_a_trace_can_hold_is_drawn(name: str, whole: int, amount: float) -> None:
    made, run = RUNS[name](), Recorder()
    for seq in range(1, len(made.log) + 1):
        run.log.emit(with_numbers(made.log.event(seq), whole, amount))
    for rows in everything(run):
        assert all(row.cells <= WIDTH for row in rows)


@pytest.mark.parametrize("make", [clean, failing, batched, held, edited])
def test_a_page_of_a_session_has_its_transient_text_only_at_the_end(make: object) -> None:
    session = StillSession(make())  # type: ignore[operator]
    session.live.parts["1.1.lm1", "text"] = "x"
    assert page_of(session, WIDTH).live.text("1.1.lm1", "text") == "x"
    session.seq = 3
    assert page_of(session, WIDTH).live.text("1.1.lm1", "text") == ""


def test_the_panes_say_that_conversation_and_repl_were_forgotten() -> None:
    run = clean()
    run.emit(ev.Reset(node="1"))
    said = f"↻ {RESET}"
    assert texts(variables(page(run))) == ["The REPL was forgotten; it begins anew with the next question."]
    assert texts(repl(page(run)).rows)[-1] == said
    assert said in texts(chat(page(run), None).rows)
    assert any("↻ After it conversation and REPL are forgotten" in row for row in texts(step(page(run), "1")))
    run.start("And now?", node="2")
    code = run.begin_block(run.iteration(1, "2"), "print(2)", 3)
    run.end_block(code, "2\n")
    rows = texts(repl(page(run)).rows)
    assert rows.count(said) == 1
    assert rows.index(said) < next(at for at, row in enumerate(rows) if row.startswith("[3]"))
    assert not any("hits" in row for row in texts(variables(page(run))))
    assert said not in texts(chat(page(run), "2").rows)
