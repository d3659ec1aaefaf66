"""Writes the bundled log of another engine, in the format of `rlms`: `python -m tests.samples.rlms_log`.

Question, context and all that the models say in it are invented here; nobody's words were recorded.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[2] / "sample_traces" / "rlms.jsonl"
_BEGUN = datetime.fromisoformat("2026-01-05T09:00:00")
_CONTEXT = """\
Boat hire on Lake Tarn, June
H01|skiff|12 hours
H02|canoe|31 hours
H03|skiff|8 hours
H04|punt|5 hours
H05|canoe|17 hours"""
_CANOES = "H02|canoe|31 hours\nH05|canoe|17 hours"


def _meta(model: str) -> dict[str, Any]:
    backend = {"backend": "openai", "backend_kwargs": {"model_name": model}, "environment_type": "local"}
    return {"root_model": model, "max_depth": 2, "max_iterations": 10, **backend, "environment_kwargs": {}}


def _block(code: str, stdout: str = "", seconds: float = 0.001, **more: Any) -> dict[str, Any]:
    result = {"stdout": stdout, "stderr": "", "locals": {}, "execution_time": seconds, "rlm_calls": []}
    return {"code": code, "result": {**result, "final_answer": None, **more}}


def _call(model: str, prompt: str, response: str, tokens: tuple[int, int], seconds: float) -> dict[str, Any]:
    used = {"total_calls": 1, "total_input_tokens": tokens[0], "total_output_tokens": tokens[1], "total_cost": 0.0}
    summary = {"model_usage_summaries": {model: used}, "total_cost": 0.0}
    told = {"root_model": model, "prompt": prompt, "response": response, "usage_summary": summary}
    return {**told, "execution_time": seconds}


class _Run:
    """One RLM whose prompt grows by what it said and what its blocks printed."""

    def __init__(self, question: str, context: str, begun: datetime) -> None:
        size = f"Your context is a str of {len(context)} total characters."
        self._prompt = [
            {
                "role": "system",
                "content": "You are an RLM: your context is a variable of a REPL. Write ```repl``` blocks.",
            },
            {"role": "user", "content": f"Answer the following: {question}\n\n{size}"},
        ]
        self._names: dict[str, Any] = {"context_0": context, "context": context}
        self._at = begun
        self.turns: list[dict[str, Any]] = []

    def turn(self, said: str, block: dict[str, Any], seconds: float, **names: Any) -> None:
        """One iteration: a response with one block, and the variables after it."""
        self._names = {**self._names, **names}
        self._at += timedelta(seconds=seconds)
        response = f"{said}\n\n```repl\n{block['code']}\n```"
        result = {**block["result"], "locals": self._names}
        record = {"type": "iteration", "iteration": len(self.turns) + 1, "timestamp": self._at.isoformat()}
        record |= {"prompt": list(self._prompt), "response": response}
        record |= {"code_blocks": [{**block, "result": result}], "final_answer": result["final_answer"]}
        self.turns.append({**record, "iteration_time": seconds})
        printed = result["stdout"] + result["stderr"]
        self._prompt += [{"role": "assistant", "content": response}]
        self._prompt += [{"role": "user", "content": f"REPL output:\n\n{printed}"}]


def _child() -> dict[str, Any]:
    """The child RLM that adds the hours up."""
    question = f"Add up the hours:\n{_CANOES}"
    run = _Run(question, _CANOES, _BEGUN + timedelta(seconds=5))
    code = 'hours = [int(line.split("|")[2].split()[0]) for line in context.splitlines()]\nprint(hours, sum(hours))'
    run.turn("I add the numbers up in code.", _block(code, "[31, 17] 48\n"), 0.9, hours=[31, 17])
    code = 'answer["content"] = str(sum(hours))\nanswer["ready"] = True'
    done = {"content": "48", "ready": True}
    run.turn("That is the sum.", _block(code, final_answer="48"), 0.6, answer=done)
    call = _call("small-model", question, "48", (412, 61), 1.6)
    return {**call, "metadata": {"run_metadata": _meta("small-model"), "iterations": run.turns}}


def records() -> list[dict[str, Any]]:
    """Metadata and four iterations: a look, an error, a batch with a child RLM, the answer."""
    run = _Run("How many hours were the canoes out in June?", _CONTEXT, _BEGUN)
    code = "print(len(context))\nprint(context[:60])"
    run.turn("I look at the context first.", _block(code, f"{len(_CONTEXT)}\n{_CONTEXT[:60]}\n"), 1.2)
    code = 'canoes = [line for line in context.splitlines() if line.split("|")[1] == "canoe"]'
    error = "\nIndexError: list index out of range"
    run.turn("Every line is a hire; I keep those of canoes.", _block(code, stderr=error), 1.1)
    code = (
        'lines = [line for line in context.splitlines() if "|" in line]\n'
        'kinds = llm_query_batched(["Which boat? " + line for line in lines])\n'
        'canoes = [line for line, kind in zip(lines, kinds) if kind == "canoe"]\n'
        'total = rlm_query("Add up the hours:\\n" + "\\n".join(canoes))\nprint(total)'
    )
    lines = [line for line in _CONTEXT.splitlines() if "|" in line]
    kinds = [line.split("|")[1] for line in lines]
    calls = [
        _call("small-model", f"Which boat? {line}", kind, (9, 1), 0.2) for line, kind in zip(lines, kinds, strict=True)
    ]
    block = _block(code, "48\n", 2.9, rlm_calls=[*calls, _child()])
    names = {"lines": lines, "kinds": kinds, "canoes": _CANOES.splitlines(), "total": "48"}
    run.turn(
        "The first line is a heading. I ask for the kind of each, and a child RLM for the sum.", block, 4.3, **names
    )
    code = 'answer["content"] = f"The canoes were out for {total} hours."\nanswer["ready"] = True'
    said = "The canoes were out for 48 hours."
    run.turn("The sum is there.", _block(code, final_answer=said), 0.7, answer={"content": said, "ready": True})
    return [{"type": "metadata", "timestamp": _BEGUN.isoformat(), **_meta("large-model")}, *run.turns]


def text() -> str:
    """The log, a record a line."""
    return "".join(json.dumps(record) + "\n" for record in records())


if __name__ == "__main__":
    OUT.write_text(text())
