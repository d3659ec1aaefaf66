"""The form of a turn in `strict`, for servers that can hold a model to it: a grammar, or JSON that is read back.

GBNF is llama.cpp's notation (its grammars/README); what a turn consists of has an end, as small models write the same
line for ever. vLLM, LM Studio and Ollama take a JSON schema.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress

from rlm_tui.engine.dialect import Dialect, Reading
from rlm_tui.lm.base import Shape
from rlm_tui.text import one_line

TURN_RULES = r"""
think ::= ([^<] | "<" [^/] | "</" [^t] | "</t" [^h])* "</think>" "\n"*
turn ::= thought "\n" (block | final)
thought ::= [^`<\n] [^`<\n]{0,800}
block ::= "```repl\n" [^` \t\r\n] rest "\n" line{0,200} "```"
line ::= [^`\n] rest "\n" | "\n"
rest ::= [^\n]{0,600}
final ::= "FINAL_VAR(" [a-zA-Z_] [a-zA-Z0-9_]{0,60} ")"
"""
_GRAMMAR = f"""root ::= ("<think>" think)? turn{TURN_RULES}"""
_THINKING = f"""root ::= think turn{TURN_RULES}"""
_SCHEMA = {
    "type": "object",
    "properties": {"thought": {"type": "string"}, "code": {"type": "string"}},
    "required": ["thought", "code"],
    "additionalProperties": False,
}
TURN = Shape(_GRAMMAR, json.dumps(_SCHEMA), _THINKING)
_FINAL = re.compile(r"\s*FINAL_VAR\(\s*[\"']?([^\W\d]\w*)[\"']?\s*\)\s*")
_FENCED = re.compile(r"\s*(`{3,})[^\n`]*\n(.*?)\n?\1\s*", re.DOTALL)
_MOST = 4_000_000


def shape_of(dialect: Dialect) -> Shape | None:
    """What a server is asked to hold a turn to; only `strict` has one form."""
    return TURN if dialect.reads_like == "strict" else None


def unwrapped(text: str, reading: Reading) -> str | None:
    """A response that is `{"thought": …, "code": …}` as the dialect writes it, or None when it is not."""
    stripped = text.strip()
    if not (stripped.startswith("{") and stripped.endswith("}")) or len(stripped) > _MOST:
        return None
    turn: object = None
    with suppress(ValueError, RecursionError):
        turn = json.loads(stripped, strict=False)
    if not isinstance(turn, dict):
        return None
    code, thought = turn.get("code"), turn.get("thought", "")
    if not isinstance(code, str) or not isinstance(thought, str):
        return None
    return "\n".join(part for part in (_sentence(thought), *_parts(code, reading)) if part)


def _sentence(thought: str) -> str:
    """A thought that can be taken for nothing but prose."""
    said = one_line(thought).replace("`", "'")
    return f"· {said}" if said.startswith(("FINAL", "~", ">", "<")) else said


def _parts(code: str, reading: Reading) -> list[str]:
    """A block, and the final form that ended the code."""
    code = code.replace("\r\n", "\n").replace("\r", "\n")
    fenced = _FENCED.fullmatch(code)
    lines = (fenced[2] if fenced else code).rstrip().split("\n")
    last = _FINAL.fullmatch(lines[-1])
    body = "\n".join(lines[:-1] if last else lines)
    final = [f"FINAL_VAR({last[1]})"] if last else []
    if not body.strip():
        return final
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
    tag = "python" if reading == "dspy" else "repl"
    return [f"{fence}{tag}\n{body}\n{fence}", *final]
