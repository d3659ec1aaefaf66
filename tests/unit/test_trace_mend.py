"""Repair, convert and export: a new file each, the old one untouched, and what is lost is said."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_examples import a_run, lines_of, write_trace

from rlm_tui import events as ev
from rlm_tui.cli import main
from rlm_tui.errors import TraceError
from rlm_tui.resources import sample
from rlm_tui.trace import codec, migrate
from rlm_tui.trace.codec import Header, encode_header
from rlm_tui.trace.convert import convert
from rlm_tui.trace.export import pieces
from rlm_tui.trace.reader import TraceReader
from rlm_tui.trace.recover import verify
from rlm_tui.trace.repair import LOST_TEXT, repair
from rlm_tui.trace.store import TraceStore


def events_of(path: Path) -> list[ev.TraceEvent]:
    with TraceReader(path) as reader:
        return list(reader)


def test_a_whole_trace_is_repaired_to_an_equal_one(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "a.rlm.jsonl")
    done = repair(path, tmp_path / "b.rlm.jsonl")
    assert (done.kept, done.lost, done.problems) == (len(a_run()), (), ())
    assert (tmp_path / "b.rlm.jsonl").read_bytes() == path.read_bytes()


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_whatever_lines_are_damaged_the_rest_is_kept_and_numbers_have_no_gaps(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mend")
    header, *lines = lines_of(a_run())
    hit = data.draw(st.sets(st.integers(0, len(lines) - 1), min_size=1, max_size=6))
    path = folder / "a.rlm.jsonl"
    path.write_bytes(header + b"".join(b"x" + line if at in hit else line for at, line in enumerate(lines)))
    before = path.read_bytes()
    done = repair(path, folder / "b.rlm.jsonl")
    assert path.read_bytes() == before
    mended = events_of(folder / "b.rlm.jsonl")
    assert [event.seq for event in mended] == list(range(1, len(mended) + 1))
    last = max((at for at in range(len(lines)) if at not in hit), default=-1)
    assert done.lost == tuple(sorted(at + 1 for at in hit if at < last))
    assert [event for event in mended if event.seq not in done.lost] == [
        event for at, event in enumerate(a_run()) if at not in hit
    ]
    assert not {"gap", "damaged", "order", "torn"} & {problem.name for problem in verify(folder / "b.rlm.jsonl")}


def test_a_lost_text_is_named_where_it_stood(tmp_path: Path) -> None:
    header, *lines = lines_of(a_run())
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(header + b"".join(line for line in lines if b"body.stored" not in line))
    assert repair(path, tmp_path / "b.rlm.jsonl").lost == (6,)
    with TraceReader(tmp_path / "b.rlm.jsonl") as reader:
        reader.index()
        assert reader.text(ev.BodyRef(6)) == LOST_TEXT
    assert verify(tmp_path / "b.rlm.jsonl") == []


def test_a_torn_end_and_a_missing_line_end_are_mended(tmp_path: Path) -> None:
    whole = write_trace(tmp_path / "a.rlm.jsonl").read_bytes()
    for name, data, kept in (("torn", whole[:-9], len(a_run()) - 1), ("bare", whole[:-1], len(a_run()))):
        path = tmp_path / f"{name}.rlm.jsonl"
        path.write_bytes(data)
        assert repair(path, tmp_path / f"{name}-mended.rlm.jsonl").kept == kept
        names = {problem.name for problem in verify(tmp_path / f"{name}-mended.rlm.jsonl")}
        assert names == ({"unfinished"} if name == "torn" else set())


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "a.rlm.jsonl")
    for command in (repair, convert):
        packed = tmp_path / "p.rlm.jsonl.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        with pytest.raises(TraceError, match=r"exists already .*; name another file to write\.$"):
            command(packed, path)
    assert path.read_bytes() == write_trace(tmp_path / "again.rlm.jsonl").read_bytes()


def test_half_of_a_new_trace_is_never_left_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = tmp_path / "a.rlm.jsonl.gz", tmp_path / "b.rlm.jsonl"
    path.write_bytes(gzip.compress(sample("clean").read_bytes()))
    written = 0

    def fill(self: TraceStore, line: bytes) -> None:
        nonlocal written
        written += 1
        if written > 5:
            raise TraceError("the disk is full")

    monkeypatch.setattr(TraceStore, "append", fill)
    for make in (convert, repair):
        written = 0
        with pytest.raises(TraceError, match="the disk is full"):
            make(path, out)
        assert not out.exists()


def test_a_packed_trace_is_converted_to_its_lines(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "a.rlm.jsonl")
    packed = tmp_path / "a.rlm.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    convert(packed, tmp_path / "b.rlm.jsonl")
    assert (tmp_path / "b.rlm.jsonl").read_bytes() == path.read_bytes()
    with pytest.raises(TraceError, match="already"):
        convert(path, tmp_path / "c.rlm.jsonl")


def test_an_older_format_is_converted_to_the_one_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "old.rlm.jsonl"
    old.write_bytes(b"".join(lines_of(a_run(), Header(version=1))))
    for module in ("codec", "reader", "convert", "repair"):
        monkeypatch.setattr(f"rlm_tui.trace.{module}.VERSION", 2, raising=False)
    monkeypatch.setattr(migrate, "STEPS", {1: lambda record: {**record, "t": 0.0}})
    with pytest.raises(TraceError, match="convert"):
        repair(old, tmp_path / "x.rlm.jsonl")
    convert(old, tmp_path / "new.rlm.jsonl")
    with TraceReader(tmp_path / "new.rlm.jsonl") as reader:
        assert reader.header.version == 2
        assert {event.t for event in reader} == {0.0}
    assert codec.VERSION == 2


def test_the_markdown_report_tells_the_whole_run() -> None:
    report = "".join(pieces(sample("misbehaves"), "markdown"))
    for words in (
        "# What do the engineers earn in total?",
        "- **Status**: answered",
        "- **Cost**: unknown",
        "The 17 engineers earn 1,135,100 crowns a year in total.",
        "## Iteration 2",
        "NameError: name 'contxt' is not defined",
        "edited by a person",
        "Read as: the model wrote 'Output:' itself",
        "The model was told: You wrote the output of the REPL yourself",
        "It did not count. The model was told: FINAL\\_VAR(total\\_salary) names no variable",
        "```python",
    ):
        assert words in report, words
    assert "→" in "".join(pieces(sample("batch"), "markdown"))


def test_the_json_report_is_one_object_that_holds_every_iteration() -> None:
    told = json.loads("".join(pieces(sample("batch"), "json")))
    assert told["status"] == "answered"
    assert [turn["number"] for turn in told["turns"]] == list(range(1, told["iterations"] + 1))
    calls = [call for turn in told["turns"] for block in turn["blocks"] for call in block["sub_calls"]]
    assert len(calls) == told["sub_calls"]
    assert any(call["error"] for call in calls)


@pytest.mark.parametrize("form", ["markdown", "json"])
def test_a_report_of_a_trace_that_has_lost_texts_is_whole_but_for_these(tmp_path: Path, form: str) -> None:
    lines = sample("clean").read_bytes().splitlines(keepends=True)
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(b"".join(line for line in lines if not line.startswith(b'{"kind":"body.stored"')))
    whole, report = ("".join(pieces(each, form)) for each in (sample("clean"), path))
    assert LOST_TEXT in report
    if form == "json":
        numbers = [[turn["number"] for turn in json.loads(text)["turns"]] for text in (whole, report)]
        assert numbers[0] == numbers[1]
    else:
        assert report.count("## Iteration") == whole.count("## Iteration")


def test_nothing_in_a_run_ends_its_fence_or_becomes_markup(tmp_path: Path) -> None:
    evil = "x\n```\n# heading\n<script>\n````\n\x1b[2J"
    run = [
        ev.NodeOpened(seq=1, node="r", type="rlm"),
        ev.RunStarted(seq=2, node="r", query="<b>*q*</b>\n# h", model="m", sub_model="s", dialect="paper"),
        ev.RunFinished(seq=3, node="r", status="answered", answer=evil, via="FINAL"),
    ]
    report = "".join(pieces(write_trace(tmp_path / "a.rlm.jsonl", run), "markdown"))
    assert report.startswith("# \\<b\\>\\*q\\*\\</b\\> \\# h\n")
    assert "`````\nx\n```\n# heading" in report
    assert "\x1b" not in report


def test_the_commands_say_what_they_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header, *lines = lines_of(a_run())
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(header + b"".join(lines[:5] + lines[6:]))
    assert main(["trace", "repair", str(path), str(tmp_path / "b.rlm.jsonl")]) == 0
    assert "30 events kept, 1 lost (number 6)" in capsys.readouterr().err
    out = tmp_path / "report.md"
    assert main(["trace", "export", "sample:clean", "-o", str(out)]) == 0
    assert out.read_text().startswith("# What is the magic number?")
    assert main(["trace", "export", "sample:clean", "-o", str(out)]) == 2
    said = io.StringIO()
    with redirect_stdout(said):
        assert main(["trace", "export", "sample:clean", "--as", "json"]) == 0
    assert json.loads(said.getvalue())["status"] == "answered"


def exported(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["trace", "export", "sample:misbehaves", *options]) == 0
    return capsys.readouterr().out


def test_an_export_holds_the_iterations_that_a_filter_finds(capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.loads(exported(capsys, "--as", "json"))
    some = json.loads(exported(capsys, "--as", "json", "--filter", "~code print"))
    assert some["turns"] == [
        turn for turn in whole["turns"] if any("print" in block["code"] for block in turn["blocks"])
    ]
    assert 0 < len(some["turns"]) < len(whole["turns"])
    assert exported(capsys, "--filter", "~all") == exported(capsys)
    assert "## Iteration" not in exported(capsys, "--filter", "!~all")


def test_an_export_holds_an_iteration_in_which_only_something_below_is_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["trace", "export", "sample:batch", "--as", "json"]) == 0
    whole = json.loads(capsys.readouterr().out)["turns"]
    assert main(["trace", "export", "sample:batch", "--as", "json", "--filter", "~kind subcall"]) == 0
    some = json.loads(capsys.readouterr().out)["turns"]
    assert some == [turn for turn in whole if any(block["sub_calls"] for block in turn["blocks"])]
    assert 0 < len(some) < len(whole)


def test_a_wrong_filter_of_an_export_is_shown_with_its_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "export", "sample:misbehaves", "--filter", "~error & ~cod x"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "  ~error & ~cod x\n           ^^^^\n" in said.err


def test_a_trace_cut_after_its_header_is_repaired_to_a_header(tmp_path: Path) -> None:
    path = tmp_path / "a.rlm.jsonl"
    path.write_bytes(encode_header(Header(app="x")))
    assert repair(path, tmp_path / "b.rlm.jsonl").kept == 0
