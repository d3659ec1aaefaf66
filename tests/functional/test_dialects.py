"""The dialects: each teaches what its rules read, auto chooses by the model, a person adds one as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlm_tui import RLM, ScriptedLM, paths
from rlm_tui.engine.config import choose_dialect
from rlm_tui.engine.dialect import READINGS, Dialect, Reading, built_in, dialect
from rlm_tui.engine.parser import parse
from rlm_tui.engine.prompts import system_prompt
from rlm_tui.errors import UsageError
from rlm_tui.events import ContextInfo, Limits
from tests.driving import block, live

OWN = """
about = "terse"
reads_like = "paper"
system = "Look at `context`, {context}. {habits}"
code_example = "```repl\\nprint(1)\\n```"
final_example = "FINAL(x)"
first = "Go."
min_steps = 2
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a person's dialects, with one in it."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    folder = paths.dialects_dir()
    folder.mkdir(parents=True)
    (folder / "terse.toml").write_text(OWN)
    return folder


@pytest.mark.parametrize("name", READINGS)
def test_what_a_dialect_teaches_is_what_its_rules_read(name: Reading) -> None:
    spoken = built_in(name)
    assert spoken.reads_like == name
    code = parse(spoken.code_example, spoken)
    assert (len(code.blocks), code.repairs) == (1, ())
    final = parse(spoken.final_example, spoken)
    assert (final.final is not None) != bool(final.blocks)
    assert final.repairs == ()
    assert spoken.final_example in spoken.system or final.blocks or "FINAL" in spoken.system


@pytest.mark.parametrize("name", READINGS)
def test_a_system_prompt_has_no_place_left_open(name: Reading) -> None:
    for is_list in (False, True):
        said = system_prompt(built_in(name), ContextInfo(is_list=is_list))
        assert not any(mark in said for mark in ("{context}", "{basics}", "{habits}"))
        assert "context" in said or "`P`" in said


@pytest.mark.parametrize(
    ("model", "base_url", "name"),
    [
        ("offline", None, "paper"),
        ("scripted:x.json", None, "paper"),
        ("human", None, "paper"),
        ("ollama/qwen2.5:7b", None, "strict"),
        ("llamacpp/any", None, "strict"),
        ("openai/gpt-4o", None, "rlms"),
        ("openai/gpt-4o", "http://127.0.0.1:9/v1", "strict"),
        ("anthropic/claude", None, "rlms"),
        ("vllm/any", "https://gpu.example.com/v1", "rlms"),
    ],
)
def test_auto_takes_the_dialect_that_fits_the_model_and_says_why(model: str, base_url: str | None, name: str) -> None:
    chosen, why = choose_dialect("auto", model, base_url)
    assert chosen.name == name
    assert why.startswith("auto: ")


def test_a_person_adds_a_dialect_as_a_file(own: Path) -> None:
    terse = dialect("terse")
    assert terse.name == "terse"
    assert system_prompt(terse, ContextInfo()).startswith("Look at `context`, a str. Only the first")
    assert dialect(str(own / "terse.toml")) == terse
    assert parse("", terse).problem.endswith("print(1)\n```")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OWN + "min_step = 3", "is wrong: it has no key 'min_step'; did you mean 'min_steps'?"),
        (OWN + "zz = 3", "is wrong: it has no key 'zz'; there are about, reads_like, system, "),
        (OWN.replace('"paper"', '"papyrus"'), "reads_like is 'papyrus'; there are paper, rlms, runtime, dspy, strict."),
        (OWN.replace("min_steps = 2", 'min_steps = "two"'), "is wrong: min_steps: expected int, got str."),
        (OWN.replace("min_steps = 2", "min_steps = -1"), "is wrong: min_steps: expected int >= 0."),
        (OWN + 'question_variable = "context"', "'context', which means something else in the REPL"),
        (OWN + 'question_variable = "llm_query"', "'llm_query', which means something else in the REPL"),
        (OWN + 'question_variable = "print"', "'print', which means something else in the REPL"),
        (OWN + 'question_variable = "context_0"', "'context_0', which means something else in the REPL"),
        (OWN + 'question_variable = "context_12"', "'context_12', which means something else in the REPL"),
        (OWN + 'question_variable = "_result_1"', "'_result_1', which means something else in the REPL"),
        (OWN + 'question_variable = "\uff4c\uff4c\uff4d_query"', "'llm_query', which means something else in the REPL"),
        (OWN + 'question_variable = "import"', "'import', which is no name of a variable"),
        (OWN + 'question_variable = "a b"', "'a b', which is no name of a variable"),
        (OWN + 'stop = ["x", ""]', "stop holds an empty text"),
        ('about = "x"', "is wrong: it lacks reads_like, system, code_example, final_example."),
        ("", "is wrong: it is empty."),
        ("about = ", "is no TOML"),
    ],
)
def test_a_dialect_that_is_wrong_says_what_is(own: Path, text: str, said: str) -> None:
    (own / "terse.toml").write_text(text)
    with pytest.raises(UsageError, match=r"terse\.toml") as caught:
        dialect("terse")
    assert said in str(caught.value)
    assert str(caught.value)[-1] in ".?"
    assert not str(caught.value).endswith("?.")
    assert "\n" not in str(caught.value).strip()


def test_an_unknown_dialect_names_those_there_are(own: Path) -> None:
    with pytest.raises(UsageError, match="auto, paper, rlms, runtime, dspy, strict, terse"):
        dialect("klingon")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"There is no file nosuch\.toml"):
        dialect("nosuch.toml")


def test_the_person_s_dialect_reaches_the_model_and_its_minimum_of_turns_holds(tmp_path: Path, own: Path) -> None:
    with live(tmp_path, ["FINAL(too early)", block("print(1)"), "FINAL(in time)"], dialect="terse") as run:
        finished = run.start().end()
        assert finished.answer == "in time"
        assert run.said()[0].startswith("Look at `context`")
        assert run.said()[1].endswith("\nGo.")
        assert any("counts from turn 2 on" in said for said in run.said())


def test_strict_wants_a_block_before_an_answer(tmp_path: Path) -> None:
    root = ["FINAL_VAR(context)", block("x = 'seven'"), "FINAL_VAR(x)"]
    with live(tmp_path, root, dialect="strict") as run:
        finished = run.start().end()
        assert finished.answer == "seven"
        assert any("only after code has looked" in said for said in run.said())


def test_in_runtime_the_text_is_p(tmp_path: Path) -> None:
    root = ["```python\nfound = ctx.find('magic')[0][0]\nprint(peek(3), lenP())\n```", "FINAL_VAR: found"]
    with live(tmp_path, root, text="the magic", dialect="runtime") as run:
        assert run.start().end().answer == "4"
        assert "the 9" in run.said()[-1]


def test_in_dspy_the_question_is_a_variable_and_submit_ends_the_run(tmp_path: Path) -> None:
    root = ["```python\nSUBMIT(answer=question.upper())\n```"]
    with live(tmp_path, root, dialect="dspy") as run:
        finished = run.start("who?").end()
        assert (finished.answer, finished.via) == ("WHO?", "SUBMIT")


def test_at_a_limit_the_dialect_does_not_stand_in_the_way_of_the_last_turn(tmp_path: Path) -> None:
    with live(
        tmp_path, ["no code", "FINAL_VAR(context)"], dialect="strict", limits=Limits(iterations=1), is_attended=False
    ) as run:
        finished = run.start().end()
        assert (finished.status, finished.answer) == ("limit", "a long text")


def test_the_strict_example_of_a_variable_named_answer_holds_over_later_blocks(tmp_path: Path) -> None:
    root = [block("answer = 'seven'"), block("print(answer.upper())"), "FINAL_VAR(answer)"]
    with live(tmp_path, root, dialect="strict") as run:
        assert run.start().end().answer == "seven"
        assert "SEVEN" in run.said()[-1]


def test_in_rlms_a_rebound_answer_is_told_how_to_end_with_it(tmp_path: Path) -> None:
    root = [block("answer = 'seven'"), block("answer = {'content': answer, 'ready': True}")]
    with live(tmp_path, root, dialect="rlms") as run:
        assert run.start().end().answer == "seven"
        assert 'answer = {"content": answer, "ready": True}' in run.said()[-1]


@pytest.mark.parametrize(
    "root",
    [
        [block("found = llm_query('a')"), "FINAL_VAR(found)"],
        [block("found = llm_query('a')\nFINAL(found)")],
        [block("answer.update(content=llm_query('a'), ready=True)")],
    ],
)
def test_the_error_of_a_sub_call_is_never_the_answer(tmp_path: Path, root: list[str]) -> None:
    with live(tmp_path, [*root, "FINAL(found)"], sub=[{"error": {"status": 400}}] * 9) as run:
        assert run.start().end().answer == "found"
        assert any("the error of a sub-call, not an answer" in said for said in run.said())


def test_in_dspy_the_input_fields_are_variables_by_name() -> None:
    lm = ScriptedLM(["```python\nSUBMIT(answer=f'{report} {year} {list((1,))}')\n```"])
    fields = {"report": "all is well", "year": 2026, "list": "not Python's", "two words": 1, "id": 5}
    result = RLM(lm, dialect="dspy").completion("Well?", fields)
    assert result.answer == "all is well 2026 [1]"


def test_an_input_field_may_be_the_answer_and_gives_way_to_a_variable_of_its_name() -> None:
    assert RLM(ScriptedLM(["FINAL_VAR(report)"])).completion("?", {"report": "x"}).answer == "x"
    code = "```repl\nreport = 'mine'\n```"
    assert RLM(ScriptedLM([code, "FINAL_VAR(report)"])).completion("?", {"report": "x"}).answer == "mine"


def test_the_page_on_dialects_shows_one_that_works_and_names_every_key(own: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text("utf-8")
    shown = page.split("```toml\n", 1)[1].split("\n```\n\n| key", 1)[0]
    (own / "mine.toml").write_text(shown, "utf-8")
    mine = dialect("mine")
    assert parse(mine.code_example, mine).blocks
    assert parse(mine.final_example, mine).final is not None
    keys = page.split("| key", 1)[1]
    assert [name for name in Dialect.__struct_fields__ if f"`{name}`" not in keys] == ["name"]
    assert [name for name in READINGS if f"| `{name}` |" not in page] == []
