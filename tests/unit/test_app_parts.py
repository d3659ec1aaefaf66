"""The parts of the screen that are arithmetic: layouts, slider, bars, the exact document of the editor."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.geometry import Size

from rlm_tui.resources import sample
from rlm_tui.session import commands as cmd
from rlm_tui.session.replay import ReplaySession
from rlm_tui.text import safe
from rlm_tui.trajectory import Step
from rlm_tui.ui.offers import found_offers
from rlm_tui.ui.state import PANES, Pane, UiState
from rlm_tui.ui.widgets.bar import Verb, VerbBar
from rlm_tui.ui.widgets.editor import ExactDocument
from rlm_tui.ui.widgets.header import header_line, question_line
from rlm_tui.ui.widgets.layout import plan
from rlm_tui.ui.widgets.prompt import is_complete
from rlm_tui.ui.widgets.slider import column_of, note, slider_line, step_at
from tests.driving import live
from tests.replaying import TRACE

sizes = st.builds(Size, st.integers(60, 300), st.integers(8, 90))
orders = st.permutations(PANES)


@given(sizes, orders, st.booleans())
@settings(deadline=None, max_examples=200)
def test_panes_lie_inside_and_never_on_each_other(size: Size, recent: list[Pane], zoomed: bool) -> None:
    made = plan(size, recent, zoomed=zoomed)
    regions = [*made.panes.values(), *(strip.region for strip in made.strips), *made.rules]
    assert all(size.region.contains_region(region) for region in regions)
    assert not any(a.overlaps(b) for index, a in enumerate(regions) for b in regions[:index])


@given(sizes, orders, st.booleans())
@settings(deadline=None, max_examples=200)
def test_the_pane_one_is_in_is_on_screen_and_every_pane_has_a_title(
    size: Size, recent: list[Pane], zoomed: bool
) -> None:
    made = plan(size, recent, zoomed=zoomed)
    assert recent[0] in made.panes
    assert sorted(pane for strip in made.strips for pane in strip.panes) == sorted(PANES)


def test_the_three_sizes_of_the_design() -> None:
    recent = UiState().recent
    assert list(plan(Size(80, 18), recent, zoomed=False).panes) == ["step"]
    assert set(plan(Size(120, 29), recent, zoomed=False).panes) == {"calls", "vars", "step"}
    assert set(plan(Size(200, 53), recent, zoomed=False).panes) == {"calls", "step", "chat", "vars", "context"}


@given(st.integers(1, 5000), st.integers(2, 300))
@settings(deadline=None)
def test_steps_stand_on_the_slider_in_order_and_are_found_there(count: int, width: int) -> None:
    columns = [column_of(index, count, width) for index in range(count)]
    assert columns == sorted(columns)
    assert all(0 <= column < width for column in columns)
    found = [step_at(column, count, width) for column in range(width)]
    assert found == sorted(found)
    if count <= width // 2:
        assert [step_at(column, count, width) for column in columns] == list(range(count))


@given(st.integers(0, 400), st.integers(0, 400), st.integers(60, 250))
@settings(deadline=None)
def test_the_slider_keeps_its_width(count: int, number: int, width: int) -> None:
    steps = [Step(index + 1, "1", "before_code" if index % 3 else "output") for index in range(count)]
    row = slider_line(steps, min(number, count), f"step {number} of {count} · live", width)
    assert row.cells <= width


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_header_and_question_keep_their_width_and_never_lose_state_and_sandbox(width: int) -> None:
    session = ReplaySession(TRACE)
    session.read_whole()
    header, question = header_line(session, width), question_line(session, width)
    session.close()
    assert header.cells <= width
    assert question.cells <= width
    assert "REPLAY" in header.text
    assert "SANDBOXED" in header.text


def test_the_pages_of_a_replay_stand_by_the_name_of_the_document() -> None:
    session = ReplaySession(sample("batch"))
    session.read_whole()
    assert session._loading is not None
    session._loading.join()  # its pages are counted as they are read
    rows = {width: question_line(session, width).text for width in (80, 120, 200)}
    session.close()
    assert all(" report.pdf 40 p " in row for row in rows.values())
    assert [width for width, row in rows.items() if "batch.rlm.jsonl" in row] == [120, 200]


@given(st.lists(st.text("abc", min_size=1, max_size=12), max_size=20), st.integers(10, 200))
@settings(deadline=None)
def test_a_bar_shows_at_most_eight_verbs_and_only_whole_ones(labels: list[str], width: int) -> None:
    shown = VerbBar().verbs_line([Verb("x", "k", label) for label in labels], width, 0)
    assert shown.cells <= width
    assert shown.text.split() == [word for label in labels for word in ("k", label)][: len(shown.text.split())]
    assert shown.text.split().count("k") <= 8


texts = st.text(st.sampled_from("ab \n\r\t\f\v\x1c\u2028\x85é漢"), max_size=30)


@given(texts)
@settings(deadline=None)
def test_an_editor_gives_every_text_back(text: str) -> None:
    assert ExactDocument(text).text == text


@given(texts, texts, st.data())
@settings(deadline=None)
def test_an_edit_changes_its_range_and_nothing_else(text: str, new: str, data: st.DataObject) -> None:
    document = ExactDocument(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    result = document.replace_range(document.get_location_from_index(start), document.get_location_from_index(end), new)
    assert document.text == text[:start] + new + text[end:]
    assert result.replaced_text == text[start:end]
    assert document.get_index_from_location(result.end_location) == start + len(new)
    drawn = [safe(each, multiline=True) for each in document.text.split("\n")]
    assert document.lines == document[:] == drawn
    assert document.get_size(4) == (max(cell_len(each.expandtabs(4)) for each in drawn), len(drawn))


@pytest.mark.parametrize(
    ("code", "row", "complete"),
    [
        ("x = 1", 0, True),
        ("for i in y:", 0, False),
        ("for i in y:\n    pass", 1, False),
        ("if x:\n    y\n", 2, True),
        ("if x:\n    ", 1, False),
    ],
)
def test_enter_runs_a_block_that_is_complete(code: str, row: int, complete: bool) -> None:
    assert is_complete(code, row) is complete


def test_a_key_in_the_environment_is_only_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert [offer.spec for offer in found_offers()] == ["offline"]
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    offers = found_offers("human")
    assert [(offer.spec, offer.is_whole) for offer in offers] == [
        ("human", True),
        ("anthropic/", False),
        ("offline", True),
    ], "the stand-in comes after what is a model"
    assert "secret" not in str(offers)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_the_same_fields_stand_in_the_header_at_every_step_of_a_recorded_run(width: int) -> None:
    session = ReplaySession(sample("misbehaves"))
    session.read_whole()
    seen = set()
    for step in session.trajectory.steps:
        session.seek(step.seq)
        right = header_line(session, width).text.partition("  ")[2]
        seen.add(tuple(name in right for name in (" it ", " calls ", ":0", "NOT SANDBOXED")))
    session.close()
    assert len(seen) == 1


def test_the_dots_of_the_slider_stand_still_while_one_walks() -> None:
    session = ReplaySession(sample("misbehaves"))
    session.read_whole()
    widths = set()
    for step in session.trajectory.steps:
        session.seek(step.seq)
        widths.add(len(note(session)))
    session.close()
    assert len(widths) == 1


def test_a_question_that_waits_for_the_document_is_shown_at_once(tmp_path: Path) -> None:
    with live(tmp_path, ["FINAL(1)"]) as driver:
        assert driver.session.asked == ""
        driver.send(cmd.Start("What is it?"))
        assert driver.session.phase == "loading"
        assert question_line(driver.session, 80).text.startswith(" ? What is it?")
        driver.until(lambda: driver.session.phase == "finished")
        assert driver.session.asked == ""
