"""The Context pane: at once also on a large document, and led by outline and search."""

from __future__ import annotations

import threading

from rlm_tui.context.document import Document, Heading, Part
from rlm_tui.ui.widgets.context import ContextPane
from tests.functional.panes_kit import desk
from tests.trajectories import Recorder, StillSession, peeked


def pdf(count: int = 40) -> Document:
    part = Part("report.pdf", "pdf")
    part.append_pages((f"Page {n} opens\n" + f"and says {n}.\n" * 20 for n in range(1, count + 1)), first=True)
    part.headings = [Heading("Salaries", 1, part.pages[min(25, count - 1)])]
    return Document([part])


def text(lines: int) -> Document:
    part = Part("log.txt")
    part.append_pages(["".join(f"line {n} of a long log\n" for n in range(lines))], first=True)
    return Document([part])


async def test_outline_and_text_stand_side_by_side() -> None:
    async with desk(ContextPane(), StillSession(peeked(), pdf()), (100, 30)) as at:
        first = at.screen().split("\n")[0]
        assert "report.pdf" in first
        assert "p.1" in first
        assert "Page 1 opens" in first


async def test_what_is_still_read_says_what_will_be_there() -> None:
    document = Document([Part("log.txt")])
    async with desk(ContextPane(), StillSession(Recorder(), document, "loading"), (100, 30)) as at:
        assert "their text appear here" in at.screen()
        document.parts[0].append_pages(["It is here."], first=True)
        at.pane.show(at.session, None)
        await at.until(lambda: "It is here." in at.screen())
        assert "appear here" not in at.screen()


async def test_the_outline_has_what_the_text_leaves_free() -> None:
    document = pdf()
    heading = "What the engineers of each works earn"
    document.parts[0].headings = [Heading(heading, 1, document.parts[0].pages[1])]
    for columns, is_whole in ((150, True), (100, False), (60, True)):
        async with desk(ContextPane(), StillSession(peeked(), document), (columns, 30)) as at:
            assert (heading in at.screen()) is is_whole


async def test_the_outline_leads_through_the_text() -> None:
    async with desk(ContextPane(), StillSession(peeked(), pdf()), (100, 30)) as at:
        assert at.pane.outline.has_focus
        await at.press("G")
        assert "p.40   Page 40 opens" in at.screen()
        heading = next(index for index, row in enumerate(at.pane.outline.rows) if "Salaries" in row.text)
        at.pane.outline.move_cursor(heading - 1)
        await at.press("j", "enter")
        assert "p.26   Page 26 opens" in at.screen()
        assert at.pane.text.has_focus


async def test_a_search_marks_every_hit_and_goes_to_each() -> None:
    async with desk(ContextPane(), StillSession(peeked(), pdf()), (100, 30)) as at:
        at.pane.search("opens", at.session.document)
        await at.until(lambda: at.pane.finding is not None and at.pane.finding.total == 40)
        at.pane.show_hit(1)
        await at.until(lambda: "Page 2 opens" in at.screen())
        at.pane.show_hit(39)
        await at.until(lambda: "Page 40 opens" in at.screen())
        at.pane.search("", at.session.document)
        assert at.pane.finding is None


async def test_a_hit_that_is_not_there_moves_nothing() -> None:
    async with desk(ContextPane(), StillSession(peeked(), pdf()), (100, 30)) as at:
        at.pane.search("zebra", at.session.document)
        await at.until(lambda: at.pane.finding is not None and at.pane.finding.is_done)
        before = at.screen()
        at.pane.show_hit(0)
        await at.pilot.pause()
        assert at.screen() == before


async def test_a_long_text_is_there_before_it_is_indexed() -> None:
    document = text(400_000)
    async with desk(ContextPane(), StillSession(peeked(), document), (80, 20)) as at:
        assert "line 0 of a long log" in at.screen()
        at.pane.go_to(0, document.parts[0].text.index("line 399990 "))
        await at.until(lambda: "line 399990 of a long log" in at.screen())
        assert len(at.pane.text.rows) == 400_000


async def test_another_size_keeps_the_place() -> None:
    async with desk(ContextPane(), StillSession(peeked(), pdf()), (100, 30)) as at:
        at.pane.go_to(0, at.session.document.parts[0].pages[29])  # type: ignore[union-attr]
        await at.until(lambda: "Page 30 opens" in at.screen())
        await at.pilot.resize_terminal(60, 24)
        await at.show()
        await at.until(lambda: "Page 30 opens" in at.screen())


async def test_a_document_that_grows_is_shown_as_far_as_it_is_there() -> None:
    document = pdf(3)
    async with desk(ContextPane(), StillSession(peeked(), document), (100, 30)) as at:
        document.parts[0].append_pages(["Page 4 opens"], first=False)
        await at.show()
        await at.press("G")
        await at.until(lambda: "Page 4 opens" in at.screen())


async def test_without_a_document_the_pane_says_so() -> None:
    async with desk(ContextPane(), StillSession(peeked()), (80, 20)) as at:
        assert "The document is not at hand: report.pdf" in at.screen()


async def test_no_thread_outlives_the_pane() -> None:
    async with desk(ContextPane(), StillSession(peeked(), text(200_000)), (80, 20)) as at:
        at.pane.search("log", at.session.document)
    assert [thread.name for thread in threading.enumerate() if thread.name == "rlm-tui-find"] == []


async def test_rows_are_made_for_the_width_that_there_is() -> None:
    async with desk(ContextPane(), StillSession(peeked(), pdf()), (60, 24)) as at:
        for width in (100, 60, 80):
            await at.pilot.resize_terminal(width, 24)
            await at.until(lambda: at.pane.text.rows.text.width == at.pane.text.columns - 7)  # type: ignore[attr-defined]
            await at.until(lambda: all(row.cells <= at.pane.outline.columns for row in at.pane.outline.rows))


async def test_an_outline_that_is_dear_to_make_is_made_for_the_new_width_a_little_later() -> None:
    async with desk(ContextPane(), StillSession(peeked(), pdf()), (100, 24)) as at:
        wide, before = at.pane.outline.rows, at.pane.outline.columns
        at.pane._outline_cost = 3600.0  # as if it had cost an hour: three days may go by before it is made again
        await at.pilot.resize_terminal(60, 24)
        await at.until(lambda: at.pane.outline.columns != before)
        await at.show()
        at.pane._beat()
        assert at.pane.outline.rows is wide
        at.pane._outline_cost = 0.0  # as if these days were over: the beat has not rested, and makes it by itself
        await at.until(lambda: at.pane.outline.rows is not wide)


async def test_a_folder_is_led_through_by_its_outline() -> None:
    parts = []
    for name in ("a.txt", "b.md"):
        part = Part(name)
        part.append_pages([f"All of {name}\n" * 30], first=True)
        parts.append(part)
    async with desk(ContextPane(), StillSession(peeked(), Document(parts, is_list=True)), (80, 24)) as at:
        assert "All of a.txt" in at.screen()
        await at.press("G")
        await at.until(lambda: "All of b.md" in at.screen())
        at.pane.search("a.txt", at.session.document)
        await at.until(lambda: at.pane.finding is not None and at.pane.finding.total == 30)
        at.pane.show_hit(0)
        await at.until(lambda: "All of a.txt" in at.screen())


async def test_what_a_person_should_know_of_the_documents_stands_above_their_text() -> None:
    document = text(50)
    document.parts[0].shape = "JSON lines, 50 objects: id, name"
    document.notes = ["log.txt is not UTF-8; it was read as Windows-1252, so check that it reads well."]
    document.warnings = ["The context needs 3.1 GB to be loaded."]
    async with desk(ContextPane(), StillSession(peeked(), document), (100, 30)) as at:
        rows = [row.strip() for row in at.screen().split("\n")]
        assert rows[0] == "JSON lines, 50 objects: id, name"
        assert rows[1] == "⚠ The context needs 3.1 GB to be loaded."
        assert rows[2].startswith("· log.txt is not UTF-8")
        assert "line 0 of a long log" in rows[3]
        assert at.pane.pane_note == "1.1 kB in the REPL"


async def test_many_notes_leave_the_room_to_the_text() -> None:
    document = text(50)
    document.notes = [f"Note {number}." for number in range(20)]
    async with desk(ContextPane(), StillSession(peeked(), document), (60, 20)) as at:
        rows = at.screen().split("\n")
        assert [row.strip() for row in rows[:4]] == ["· Note 0.", "· Note 1.", "· Note 2.", "· Note 3. …"]
        assert "line 0 of a long log" in rows[4]
        document.notes.clear()
        at.pane.show(StillSession(peeked(), document), None)
        await at.until(lambda: "line 0 of a long log" in at.screen().split("\n")[0])
