"""What holds for any response: totality, determinism, dialects, cuts, and a bounded number of stops."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.cli import parse as command
from rlm_tui.engine.lexer import MAX_STOPS
from rlm_tui.engine.parser import NATIVE, Parsed, parse
from rlm_tui.errors import DocumentError

PIECES = [
    "```", "```repl", "```python", "~~~", "````", "\n", "\r\n", "\r", " ", "x = 1", "print(1)", '"""', "'''", '"', "'",
    "#", "\\", "<think>", "</think>", "<thinking>", "<repl>", "</repl>", "<tool_call>", '{"code": "x"}', "</tool_call>",
    "<|im_end|>",
    "FINAL(", "FINAL_VAR(", "FINAL:", ")", "(", "**", "answer", "Output:", ">>> ", "... ", "\ufeff",
    "\x00", "\u202e", "é",
]  # fmt: skip
RESPONSES = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join)
REASONS = st.sampled_from([None, "stop", "length", "stop_sequence", "end_turn"])


def names(parsed: Parsed) -> set[str]:
    return {repair.name for repair in parsed.repairs}


@settings(deadline=None, max_examples=400)
@given(text=RESPONSES, dialect=st.sampled_from(sorted(NATIVE)), reason=REASONS)
def test_any_text_has_one_reading(text: str, dialect: str, reason: str | None) -> None:
    parsed = parse(text, dialect, reason)
    assert parsed == parse(text, dialect, reason)
    assert all(block.strip() and "\r" not in block for block in parsed.blocks)
    assert all(repair.name and repair.detail for repair in parsed.repairs)
    if parsed.final is None and not parsed.blocks:
        assert parsed.problem
        assert parsed.repairs
    if parsed.final is not None:
        assert parsed.final.value.strip()
        assert parsed.final.kind == "text" or parsed.final.value.isidentifier()
    assert reason != "length" or parsed.truncated


@settings(deadline=None, max_examples=200)
@given(text=RESPONSES)
def test_line_endings_do_not_matter(text: str) -> None:
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    assert parse(unix.replace("\n", "\r\n")) == parse(unix)


@settings(deadline=None, max_examples=200)
@given(
    code=st.lists(st.sampled_from(["x = 1", "print('a')", "# it's", "s = '''\n```\n'''", 't = "```"', ""]), min_size=1)
)
def test_whole_code_comes_out_as_it_went_in(code: list[str]) -> None:
    body = "\n".join(code).strip("\n")
    assert parse(f"Text.\n```repl\n{body}\n```\nText.").blocks == ((body,) if body.strip() else ())


@pytest.mark.parametrize("reason", [None, "length", "end_turn", "max_tokens"])
def test_an_unclosed_last_block_does_not_run(reason: str | None) -> None:
    parsed = parse("```repl\nx\n```\n```repl\ny", finish_reason=reason)
    assert parsed.blocks == ("x",)
    assert parsed.truncated
    assert "cut off inside a code block" in parsed.problem


@pytest.mark.parametrize("reason", ["stop", "STOP", "stop_sequence"])
def test_a_stop_sequence_may_take_the_fence(reason: str) -> None:
    parsed = parse("```repl\nx = f(1)\nprint(x)", finish_reason=reason)
    assert parsed.blocks == ("x = f(1)\nprint(x)",)
    assert names(parsed) == {"missing-fence"}
    assert not parsed.truncated
    assert not parsed.problem


@pytest.mark.parametrize(
    "code", ["for i in range(", "for i in x:", "x = ", "x = 'abc", 'x = """abc', "f(1,", "", "x and", "x \\", "import"]
)
def test_half_a_block_never_runs(code: str) -> None:
    parsed = parse(f"```repl\n{code}", finish_reason="stop")
    assert parsed.blocks == ()
    assert parsed.truncated


@pytest.mark.parametrize(
    "code", ["x = 'abc'", "f('(')  # (", 'x = """a\nb"""', "d = {\n 1: 2,\n}", "x  # and", "return"]
)
def test_complete_code_runs_without_its_fence(code: str) -> None:
    assert parse(f"```repl\n{code}", finish_reason="stop").blocks == (code,)


@pytest.mark.parametrize(
    "text", ["```text\nFINAL(42)", "<repl>\nx", '<tool_call>{"code": "x', "<think>a", "x <Reasoning>\n```repl\nx\n```"]
)
def test_what_stays_open_was_cut(text: str) -> None:
    parsed = parse(text)
    assert parsed.blocks == ()
    assert parsed.final is None
    assert parsed.truncated
    assert "cut off" in parsed.problem


def test_code_before_unclosed_reasoning_runs() -> None:
    parsed = parse("```repl\nx\n```\n<think>so FINAL(1)\nFINAL(2)")
    assert parsed.blocks == ("x",)
    assert parsed.final is None
    assert parsed.truncated


def test_the_token_limit_is_always_a_cut() -> None:
    parsed = parse("```repl\nx\n```", finish_reason="length")
    assert parsed.blocks == ("x",)
    assert parsed.truncated
    assert names(parsed) == {"cut-by-length"}
    assert "limit of output tokens" in parse("Well", finish_reason="length").problem


def test_runtime_takes_many_fences_and_raw_code() -> None:
    parsed = parse("```python\na\n```\n```repl\nb\n```\n```\nc\n```", "runtime")
    assert (parsed.blocks, parsed.repairs) == (("a", "b", "c"), ())
    parsed = parse("x = peek(10)\nfor c in x:\n    print(c)\nFINAL_VAR: x", "runtime")
    assert parsed.blocks == ("x = peek(10)\nfor c in x:\n    print(c)",)
    assert parsed.final is not None
    assert not parsed.repairs
    assert parse("I think the answer is near.", "runtime").blocks == ()
    assert parse("<think>hm</think>\nprint(1)", "runtime").blocks == ("print(1)",)


def test_dspy_takes_python_and_bare() -> None:
    assert parse("```python\na\n```\n```\nb\n```", "dspy").repairs == ()
    assert names(parse("```repl\na\n```", "dspy")) == {"repl-block"}


def test_strict_runs_the_first_block_only() -> None:
    parsed = parse("```repl\na\n```\n```repl\nb\n```\nFINAL_VAR(x)", "strict")
    assert parsed.blocks == ("a",)
    assert parsed.final is None
    assert names(parsed) == {"extra-blocks"}
    assert "exactly one" in parsed.problem


def test_the_example_fits_the_dialect() -> None:
    assert "```python" in parse("", "dspy").problem
    assert "```repl" in parse(None).problem
    assert 'answer["ready"]' in parse("hm", "rlms").problem


@pytest.mark.parametrize(
    "unit", ["```repl\nx\n```\n", "FINAL()\n", "</think>", "<think></think>", "<repl>x</repl>\n", "Output:\n"]
)
def test_the_scan_makes_a_bounded_number_of_stops(unit: str) -> None:
    parsed = parse(unit * (MAX_STOPS + 10))
    assert "too-many-marks" in names(parsed)
    assert len(parsed.blocks) <= MAX_STOPS


def run_command(monkeypatch: pytest.MonkeyPatch, data: bytes, **given: object) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert command.run(SimpleNamespace(**{"file": "-", "dialect": "paper", "finish_reason": None, **given})) == 0


def test_command_prints_one_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(monkeypatch, b"**FINAL(caf\xff)**")
    assert json.loads(capsys.readouterr().out) == {
        "blocks": [],
        "final": {"kind": "text", "value": "caf\ufffd"},
        "repairs": [{"name": "final-markup", "detail": "markup round FINAL was taken away"}],
        "truncated": False,
    }
    run_command(monkeypatch, b"```repl\nx", finish_reason="stop")
    assert json.loads(capsys.readouterr().out)["blocks"] == ["x"]


def test_command_reads_a_file(tmp_path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "response.txt"
    path.write_bytes(b"FINAL: x")
    run_command(monkeypatch, b"", file=str(path), dialect="runtime")
    assert json.loads(capsys.readouterr().out)["repairs"] == []


def test_command_names_a_file_it_cannot_read(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    with pytest.raises(DocumentError, match=r"none\.txt"):
        run_command(monkeypatch, b"", file=str(tmp_path / "none.txt"))
    with pytest.raises(DocumentError):
        run_command(monkeypatch, b"", file="a\0b")
