"""Whatever stands in a foreign file: it opens with what can be read, or one sentence says why not."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trace.opening import is_trace, open_trace
from rlm_tui.trace.recover import _Structure
from rlm_tui.trajectory import Trajectory
from tests.foreign_logs import GOLDEN, META, block, imported, iteration, of, write
from tests.seen import snapshot

FILES = sorted(path.name for path in GOLDEN.iterdir())
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


def records(name: str) -> list[Any]:
    """The JSON values of a real file, one a line or one in all."""
    text = (GOLDEN / name).read_text()
    return [json.loads(line) for line in text.splitlines()] if name.endswith("l") else [json.loads(text)]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def opens(data: bytes) -> None:
    """Import some bytes: no error but a TraceError, and events that presuppose only what came before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(data)
        if not is_trace(str(path)):
            return
        try:
            reader = open_trace(path)
        except TraceError:
            return
        with reader:
            events = list(reader)
            assert [reader.event(event.seq) for event in events] == events
    checks = _Structure()
    found = [problem for event in events for problem in checks.take(event)]
    # A log whose runs are mixed up may name a new one before the last is over.
    wrong = [problem.message for problem in found if ": a run " not in problem.message]
    assert not wrong, wrong
    snapshot(Trajectory(events).now())


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_any_value_may_be_another_one(name: str, data: st.DataObject) -> None:
    values = copy.deepcopy(records(name))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(values)[1:]))
        holder = values
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = data.draw(VALUES)
        if not isinstance(values, list) or not values:
            return
    opens("\n".join(json.dumps(value) for value in values).encode())


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_any_bytes_may_be_other_ones(name: str, data: st.DataObject) -> None:
    whole = (GOLDEN / name).read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 40))
    opens(whole[:at] + data.draw(st.binary(max_size=6)) + whole[at + gone :])


@given(st.lists(VALUES | st.fixed_dictionaries({"type": st.just("iteration"), "iteration": VALUES}), max_size=4))
@settings(deadline=None, max_examples=25)
def test_any_lines_may_follow(tail: list[Any]) -> None:
    lines = [META, iteration(1), *tail, iteration(2, final_answer="x")]
    opens("\n".join(json.dumps(line) for line in lines).encode())


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "a", [META, iteration(1, final_answer="x")])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert imported(path)[1].problems == []


@pytest.mark.parametrize("name", FILES)
def test_what_an_editor_of_another_system_saved_is_the_same_run(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes((GOLDEN / name).read_bytes())
    with open_trace(path) as reader:
        wanted = list(reader)
    path.write_bytes(b"\xef\xbb\xbf" + (GOLDEN / name).read_bytes().replace(b"\n", b"\r\n"))
    with open_trace(path) as reader:
        assert list(reader) == wanted


def test_deep_nesting_costs_one_line(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    path = write(tmp_path / "a", [META, iteration(1, code_blocks=[block(locals={"x": "DEEP"})]), iteration(2)])
    path.write_text(path.read_text().replace('"DEEP"', deep))
    _, reader = imported(path)
    assert [problem.name for problem in reader.problems] == ["damaged", "unfinished"]


def test_a_first_line_that_is_damaged_hides_no_log(tmp_path: Path) -> None:
    path = write(tmp_path / "a", [META, iteration(1, final_answer="x")])
    path.write_bytes(b"\x00garbage" + path.read_bytes()[20:])
    events, reader = imported(path)
    assert [(problem.name, problem.line) for problem in reader.problems] == [("damaged", 1)]
    assert len(list(of(events, ev.IterationStarted))) == 1


@pytest.mark.parametrize("content", ["plain text", "%PDF-1.4", "# a title\n\n[a link](x)"])
def test_a_document_does_not_wait_for_the_importers(tmp_path: Path, content: str) -> None:
    path = tmp_path / "document"
    path.write_text(content)
    code = "import sys; from rlm_tui.trace.opening import is_trace; print(is_trace(sys.argv[1]))"
    code += "; print([name for name in sys.modules if 'importers' in name or 'orjson' in name])"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n[]\n"
