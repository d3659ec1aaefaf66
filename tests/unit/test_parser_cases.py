"""What the parser makes of responses, rule by rule; each case is one sentence of "Reading a response"."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlm_tui.engine.parser import Parsed, parse

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "malformed_responses.json").read_text("utf-8"))


def names(parsed: Parsed) -> set[str]:
    return {repair.name for repair in parsed.repairs}


def final_of(parsed: Parsed) -> tuple[str, str] | None:
    return (parsed.final.kind, parsed.final.value) if parsed.final else None


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["id"])
def test_golden(case: dict) -> None:
    expect = case["expect"]
    parsed = parse(case["response"])
    assert list(parsed.blocks) == expect["code_blocks"]
    assert final_of(parsed) == ((expect["final"]["kind"], expect["final"]["value"]) if expect["final"] else None)
    assert parsed.truncated == expect.get("truncated", False)
    assert parsed.repairs or not expect.get("warn")
    assert bool(parsed.problem) == ((not parsed.blocks and parsed.final is None) or parsed.truncated)


CODE = {
    # native forms, nothing to mend
    "upper": ("```REPL\nx\n```", ["x"], set()),
    "mixed case": ("```Repl\nx\n```", ["x"], set()),
    "blank before tag": ("``` repl\nx\n```", ["x"], set()),
    "four backticks": ("````repl\nx\n````", ["x"], set()),
    "four hold three": ("````repl\nx = 1\n```\ny = 2\n````", ["x = 1\n```\ny = 2"], set()),
    "longer close": ("```repl\nx\n`````", ["x"], set()),
    "tildes": ("~~~repl\nx\n~~~", ["x"], set()),
    "tildes hold backticks": ("~~~repl\nx\n```\ny\n~~~", ["x\n```\ny"], set()),
    "indented": ("1. look\n   ```repl\n   for i in x:\n       print(i)\n   ```", ["for i in x:\n    print(i)"], set()),
    "fence indented alone": ("  ```repl\nif x:\n    y\n  ```", ["if x:\n    y"], set()),
    "tab": ("\t```repl\n\tx\n\t```", ["x"], set()),
    "bom": ("\ufeff```repl\nx\n```", ["x"], set()),
    "control bytes": ("\x00\x1b[0m```repl\nx\n\x07```", ["x"], set()),
    "zero width": ("\u200b```repl\nx\n```", ["x"], set()),
    "crlf": ("```repl\r\nx\r\ny\r\n```\r\n", ["x\ny"], set()),
    "lone cr": ("```repl\rx\ry\r```\r", ["x\ny"], set()),
    "attributes": ("```repl title=x\ny\n```", ["y"], set()),
    "attribute words": ('```repl {.line} name="a b"\ny\n```', ["y"], set()),
    "trailing blanks": ("```repl  \nx\n```  \n", ["x"], set()),
    "blank edges": ("```repl\n\n\nx\n\n\n```", ["x"], set()),
    "inner blank lines": ("```repl\nx\n\ny\n```", ["x\n\ny"], set()),
    "token after close": ("```repl\nx\n```<|im_end|>", ["x"], {"leaked-token"}),
    # rule 2, repairs
    "python": ("```python\nx\n```", ["x"], {"python-block"}),
    "py": ("```py\nx\n```", ["x"], {"python-block"}),
    "python3": ("```Python3\nx\n```", ["x"], {"python-block"}),
    "bare": ("```\nx\n```", ["x"], {"bare-block"}),
    "one line": ("```repl x=1```", ["x=1"], {"one-line-block"}),
    "one line bare": ("```print(1)```", ["print(1)"], {"one-line-block"}),
    "one line python": ("``` python print(1) ```", ["print(1)"], {"one-line-block"}),
    "one line prose": ("```this is a quote```", [], {"nothing-usable"}),
    "tags": ("<repl>\nx\n</repl>", ["x"], {"tag-block"}),
    "tags upper, one line": ("<REPL>x</REPL>", ["x"], {"tag-block"}),
    "tags round a fence": ("<repl>\n```python\nx\n```\n</repl>", ["x"], {"tag-block"}),
    "tool call": ('<tool_call>{"code": "a = 1\\nb"}</tool_call>', ["a = 1\nb"], {"tool-call-block"}),
    "tool call nested": (
        '<tool_call>\n{"name": "python", "arguments": {"code": "x"}}\n</tool_call>',
        ["x"],
        {"tool-call-block"},
    ),
    "tool call as text": (
        '<tool_call>{"name": "p", "arguments": "{\\"code\\": \\"x\\"}"}</tool_call>',
        ["x"],
        {"tool-call-block"},
    ),
    "tool call raw newline": ('<tool_call>{"code": "a\nb"}</tool_call>', ["a\nb"], {"tool-call-block"}),
    "tool call without close": ('<tool_call>{"code": "x"}', ["x"], {"tool-call-block"}),
    "tool call of no code": ('<tool_call>{"name": "search"}</tool_call>', [], {"other-fence"}),
    "transcript": (
        ">>> for i in x:\n...     print(i)\n...\n0\n1\n>>> y = 2",
        ["for i in x:\n    print(i)\n\ny = 2"],
        {"transcript-block"},
    ),
    "transcript in a fence": ("```repl\n>>> x = 1\n>>> x\n1\n```", ["x = 1\nx"], {"transcript"}),
    "late fence": ("Here: ```repl\nx\n```\nBye.", ["x"], {"late-fence"}),
    "fence in a bullet": ("- ```repl\n  x\n  y\n  ```", ["x\ny"], {"late-fence"}),
    "quoted fence": ("> ```repl\n> x\n> ```", [], {"nothing-usable"}),
    "mention of the fence": ("I use ```repl fences.\n```repl\nx\n```", ["x"], set()),
    "code on the fence line": ("```repl print(1)\nprint(2)\n```", ["print(1)\nprint(2)"], {"code-on-fence-line"}),
    "margin": ("```repl\n    x\n    y\n```", ["x\ny"], {"dedent"}),
    "python beside repl": ("```python\nno\n```\n```repl\nx\n```", ["x"], {"example-block"}),
    "bare beside repl": ("```repl\nx\n```\nprints\n```\n42\n```", ["x"], {"example-block"}),
    "tag beside repl": ("<repl>no</repl>\n```repl\nx\n```", ["x"], {"example-block"}),
    "other language": ("```json\n{}\n```", [], {"other-fence"}),
    "blank": ("```repl\n\n```\n```repl\nx\n```", ["x"], {"blank-block"}),
    "empty": ("```repl\n```", [], {"blank-block"}),
    "blank repl beside python": ("```repl\n\n```\n```python\nx\n```", [], {"blank-block", "example-block"}),
    # rule 3
    "single triple": ("```repl\nx = '''\n```\n'''\ny\n```", ["x = '''\n```\n'''\ny"], set()),
    "raw triple": ('```repl\nx = r"""\n```\n"""\n```', ['x = r"""\n```\n"""'], set()),
    "escaped quote": ('```repl\nx = """\\"""\n```\n"""\n```', ['x = """\\"""\n```\n"""'], set()),
    "backticks in a line": ("```repl\nx = 'a```b' # ``` c\ny\n```", ["x = 'a```b' # ``` c\ny"], set()),
    "quote in a comment": ('```repl\n# don\'t """\nx\n```\nDone.', ['# don\'t """\nx'], set()),
    "quote in a string": ("```repl\nx = \"'''\"\n```\n", ["x = \"'''\""], set()),
    "endless string": ('```repl\nx = """a\n```\nprose', ['x = """a'], set()),
    "endless string, second": (
        "```repl\nx = '''a\n```\n```repl\ny\n```",
        ["x = '''a", "y"],
        set(),
    ),
    "tag in a string": ('```repl\nx = """\n```repl\nz\n```\n"""\n```', ['x = """\n```repl\nz\n```\n"""'], set()),
    "close on the last line": ("```repl\nprint(1)```", ["print(1)"], {"missing-fence"}),
    "next opens before close": ("```repl\nx\n```repl\ny\n```", ["x", "y"], {"missing-fence"}),
    "stray fence": ("```repl\nx\n```\n```\n", ["x"], {"stray-fence"}),
    # rule 1
    "think": ("<think>```repl\nno\n```\nFINAL(1)</think>\n```repl\nx\n```", ["x"], set()),
    "thinking": ("<Thinking>\n```repl\nno\n```\n</THINKING>```repl\nx\n```\n```repl\ny\n```", ["x", "y"], set()),
    "think text in code": (
        "```repl\nx = '<think>'\n```\n```repl\ny = '</think>'\n```",
        ["x = '<think>'", "y = '</think>'"],
        set(),
    ),
    "nested think": ("<think>a<think>b</think>```repl\nno\n```\n</think>\n```repl\nx\n```", ["x"], {"unopened-think"}),
    "two thinks": ("<think>a</think>\n```repl\nx\n```\n<think>b</think>\n```repl\ny\n```", ["x", "y"], set()),
    "unopened, on a fence": ("I could\n```repl\nno\n```</think>\n```repl\nx\n```", ["x"], {"unopened-think"}),
    "unopened": ("I could\n```repl\nno\n```\n</think>\n```repl\nx\n```", ["x"], {"unopened-think"}),
    "quoted think": ("The `<think>` tag.\n```repl\nx\n```", ["x"], set()),
    "kimi": ("◁think▷a◁/think▷\n```repl\nx\n```", ["x"], set()),
    "magistral": ("[THINK]a[/THINK]\n```repl\nx\n```", ["x"], set()),
    # rule 5
    "invented": ("```repl\nx\n```\nREPL output:\n1\n```repl\ny\n```\nFINAL(1)", ["x"], {"invented-output"}),
    "label before code": ("Output:\n```repl\nx\n```", ["x"], set()),
    "label in code": ("```repl\nx = '''\nOutput:\n'''\n```\n```repl\ny\n```", ["x = '''\nOutput:\n'''", "y"], set()),
    "output fence": ("```repl\nx\n```\n```output\n1\n```\nFINAL(1)", ["x"], {"invented-output"}),
    "token": ("```repl\nx\n```\n<|im_end|>\n```repl\ny\n```", ["x"], {"leaked-token"}),
    "token at the start": ("<|im_start|>assistant\n```repl\nx\n```", ["x"], {"leaked-token"}),
    "tokens at the start": (
        "<|start_header_id|>assistant<|end_header_id|>\n\n```repl\nx\n```",
        ["x"],
        {"leaked-token"},
    ),
    "token in code": ("```repl\nx = '<|im_end|>'\n```", ["x = '<|im_end|>'"], set()),
    "harmony": (
        "<|channel|>analysis<|message|>hm\n```repl\nno\n```<|end|><|start|>assistant<|channel|>final<|message|>\n```repl\nx\n```",
        ["x"],
        {"leaked-token"},
    ),
    "raw code": ("import re\nprint(re)", [], {"unfenced-code"}),
}


@pytest.mark.parametrize(("text", "blocks", "expected"), CODE.values(), ids=CODE.keys())
def test_code(text: str, blocks: list[str], expected: set[str]) -> None:
    parsed = parse(text)
    assert list(parsed.blocks) == blocks
    assert names(parsed) == expected
    assert parsed.final is None
    assert not parsed.truncated


@pytest.mark.parametrize(
    "label",
    [
        "REPL output:", "Output:", "output:", "**Output:**", "### Output:", "Output of block 1:", "Code output:",
        "Execution result:", "Result:", "stdout:", "[REPL output]:", "> Output:", "REPL Output (truncated):",
        "Observation: 42", "Output: 42", "Out[1]: 42", "The output:", "The output is:",
        "Expected output:", "Execution results:",
        "### REPL Output", "**Output**", "Output",
    ],
)  # fmt: skip
def test_a_label_after_code_is_an_invention(label: str) -> None:
    parsed = parse(f"```repl\nx\n```\n\n{label}\n42\n\nFINAL(42)")
    assert parsed.blocks == ("x",)
    assert parsed.final is None
    assert "invented-output" in names(parsed)
    assert "wait for the real output" in parsed.problem


@pytest.mark.parametrize(
    "line",
    [
        "The output will be short.",
        "The output is",
        "The output is short.",
        "Outputs are printed.",
        "Results so far: none",
        "Outputting: x",
    ],
)
def test_prose_about_output_is_not_an_invention(line: str) -> None:
    parsed = parse(f"```repl\nx\n```\n{line}\nFINAL(42)")
    assert final_of(parsed) == ("text", "42")
    assert not parsed.repairs


@pytest.mark.parametrize(
    "token",
    ["<|im_end|>", "<|eot_id|>", "</s>", "<end_of_turn>", "<|endoftext|>", "[/INST]", "<｜end▁of▁sentence｜>", "<eos>"],
)
def test_a_token_ends_the_response(token: str) -> None:
    assert final_of(parse(f"FINAL(42){token}\nFINAL(43)")) == ("text", "42")
    parsed = parse(f"Hello {token}\nFINAL(42)")
    assert parsed.final is None
    assert "leaked-token" in names(parsed)
    assert final_of(parse(f"{token}\nFINAL(42)")) == ("text", "42")
