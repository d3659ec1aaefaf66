"""What a model is told when its response could not be used: one sentence that names what was wrong, and an example."""

from __future__ import annotations

import pytest

from rlm_tui.engine.dialect import READINGS, Reading, built_in
from rlm_tui.engine.parser import parse

HABITS = {
    "": "was empty",
    "<think>hm</think>": "You thought and then wrote nothing",
    "<think> </think>": "was empty",
    "I think the text is about salaries.": "neither code to run nor a final answer",
    "```repl\n\n```": "blank",
    "The answer would be FINAL(42), I suppose.": "start of a line of its own",
    "<think>So much to think about": "cut off inside your reasoning",
    "```repl\nprint(1)\n": "cut off inside a code block",
    "```repl\nprint(1)\n```\nREPL output:\n1": "wrote the output of the REPL yourself",
    "FINAL(": "",
}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("response", HABITS)
def test_each_habit_is_named_in_one_sentence_with_an_example(response: str, reading: Reading) -> None:
    problem = parse(response, reading).problem
    sentence, _, example = problem.partition("\n")
    assert HABITS[response] in sentence
    assert "like this:" in sentence
    assert example.strip()
    assert ". " not in sentence


@pytest.mark.parametrize(
    ("response", "named"),
    [
        ("```repl\na = 1\n```\n```repl\nb = 2\n```", "Only your first code block was run"),
        ("FINAL(42)", "FINAL(text) does not count here"),
        ("FINAL: 42", "with a colon does not count here"),
        ("FINAL_VAR: answer", "with a colon does not count here"),
        ("FINAL_VAR(a + b)", "the name of one variable and nothing else"),
    ],
)
def test_what_strict_refuses_is_named_with_how_it_is_done(response: str, named: str) -> None:
    problem = parse(response, "strict").problem
    assert named in problem.partition("\n")[0]
    assert problem.endswith(("FINAL_VAR(answer)", built_in("strict").code_example))


@pytest.mark.parametrize("code", ["x = 1\nprint(x)", "for i in range(3):\n    print(i)"])
def test_a_stop_sequence_may_eat_the_closing_fence(code: str) -> None:
    parsed = parse(f"I look.\n```repl\n{code}\n", "strict", "stop")
    assert parsed.blocks == (code,)
    assert [repair.name for repair in parsed.repairs] == ["missing-fence"]
