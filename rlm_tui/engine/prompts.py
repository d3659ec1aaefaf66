"""Every word that the engine says to an LM, by dialect; the context itself is never among them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rlm_tui.engine.dialect import Dialect
from rlm_tui.events import ContextInfo
from rlm_tui.repl.base import BlockResult
from rlm_tui.text import plural
from rlm_tui.tools.tool import Tool

MAX_OUTPUT = 20_000
_LEAST_OUTPUT = 1_000
_OUTPUT_SHARE = 0.5  # characters a token of the window: an eighth of it, at four characters a token


def most_output(window: int | None) -> int:
    """Characters of an output that a model is shown: fewer where its window (in tokens) is small."""
    return MAX_OUTPUT if window is None else max(_LEAST_OUTPUT, min(MAX_OUTPUT, int(window * _OUTPUT_SHARE)))


def system_prompt(dialect: Dialect, context: ContextInfo, tools: Sequence[Tool] = ()) -> str:
    """The system prompt of a dialect, and the custom tools."""
    several = "a list of str, one a document" if context.is_list else "a str"
    system = dialect.system.replace("{context}", context.json_type or several)
    return "\n".join([system, "", _TOOLS, *map(_tool, tools)]) if tools else system


_TOOLS = "Made for this task and ready in the REPL, without an import; use them where they fit:"


def _tool(tool: Tool) -> str:
    """A tool in the system prompt: its signature, then what its docstring says."""
    if not tool.is_callable:
        return f"- `{tool.name}`: a value, {tool.told}" if tool.doc else f"- `{tool.name}`: a value"
    first, _, rest = tool.told.partition("\n")
    plain = " Takes and returns JSON values." if tool.runs == "host" else ""
    lines = [f"- `{tool.title}`: {first}{plain}" if first else f"- `{tool.title}`{plain}", *rest.strip().splitlines()]
    return "\n  ".join(line.rstrip() for line in lines)


def first_message(query: str, dialect: Dialect, context: ContextInfo, earlier: str = "") -> str:
    """The question and what is known of the context: kind, length, parts, never its text."""
    return "\n".join(part for part in (f"Query: {query}", describe_context(context), earlier, dialect.first) if part)


def continued(messages: int, contexts: Mapping[str, ContextInfo]) -> str:
    """Tells of the questions before: the REPL is the same, `history` holds what was said, and new contexts."""
    said = (
        "This goes on from earlier questions: your variables are still there, "
        f"and `history` holds the {plural(messages, 'message')} so far."
    )
    told = [describe_context(info, name) for name, info in contexts.items()]
    return "\n".join([said, *told])


def describe_context(context: ContextInfo, name: str = "context") -> str:
    """The context in one line, and one line a part where there are several (the first fifty)."""
    title = "Context" if name == "context" else f"Also `{name}`"
    if context.json_type:
        return f"{title}: {context.json_type}, {context.chars:,} characters as JSON"
    if not context.is_list:
        part = context.parts[0] if context.parts else None
        count = (part.pages or 0) if part else 0
        pages = f" in {plural(count, 'page')} separated by \\f" if count > 1 else ""
        file = f" ({part.name})" if part else ""
        return f"{title}: a str of {context.chars:,} characters{pages}{file}"
    lines = [f"{title}: a list of {len(context.parts)} str, {context.chars:,} characters in all"]
    lines += [f"  {name}[{i}]: {part.name}, {part.chars:,} characters" for i, part in enumerate(context.parts[:50])]
    if len(context.parts) > 50:
        lines.append(f"  … and {len(context.parts) - 50} more")
    return "\n".join(lines)


def raw_output(result: BlockResult) -> str:
    """What a block wrote: its output, its error output, its traceback and the worker's remarks."""
    parts = [result.stdout, result.stderr]
    if result.error is not None:
        why = f"{result.error.type}: {result.error.message}"
        parts.append(result.error.traceback or why)
        if result.error.traceback and result.status == "interrupted":
            parts.append(why)  # its traceback ends with a bare KeyboardInterrupt
    parts += [f"[{note}]" for note in result.notes]
    return "\n".join(part.rstrip("\n") for part in parts if part.strip()) or "(no output)"


def cut(text: str, limit: int = MAX_OUTPUT) -> tuple[str, int]:
    """A long output as its head and tail with the count of what is missing, and how many characters are shown."""
    if len(text) <= limit:
        return text, len(text)
    half = limit // 2
    missing = len(text) - 2 * half
    return f"{text[:half]}\n… {missing:,} characters left out …\n{text[-half:]}", 2 * half


def output_message(number: int, output: str) -> str:
    """The output of block `number` of the run, labelled."""
    return f"Output of block {number}:\n{output}"


def edited_block(code: str) -> str:
    """Announces that a person's code ran in the place of the model's."""
    return f"The user changed the code; this ran:\n```repl\n{code}\n```"


def injected_block(code: str, output: str) -> str:
    """Announces a block of the person's own."""
    return f"The user ran a block of their own:\n```repl\n{code}\n```\nIts output:\n{output}"


NOT_ASKED = "Error: this sub-call was not asked; the user let only the first calls of its batch run."
SUMMARISE = (
    "This conversation is about to outgrow your window. Sum it up for yourself, so that you can go on without it: what "
    "is asked, what you found and where, which REPL variables hold what, what failed, what to do next. No code."
)


def so_far(summary: str) -> str:
    """What stands in the place of messages that were summed up."""
    return f"What happened so far, as you summed it up (every message is in `history` in the REPL):\n{summary}"


def offloaded(name: str, output: str, shown: int) -> str:
    """A long output that went to a variable, with its beginning."""
    return f"{output[:shown]}\n… the output has {len(output):,} characters; all of it is in the variable `{name}`."


REPEATED = (
    "This is the same code as before with the same outcome. Running it again changes nothing: try another way, look "
    "at another part, or answer from what you have."
)
CHILD_QUERY = "Do what the context asks: answer its question or follow its instruction, with what it holds."


def question_about(question: str, text: str) -> str:
    """One question over one text, for a sub-LM."""
    return f"Answer the question from the text below. If the text does not tell, say so.\n\n{question}\n\n{text}"


def partial_answer(text: str) -> str:
    """Marks the answer of a child RLM that was stopped at a limit."""
    return f"{text}\n(A limit ended this search early; the answer may not be complete.)"


DIRECT = "You answer a question about a text. Answer from the text alone, briefly, and give nothing but the answer."
AS_JSON = (
    'Write each turn as JSON of two members: {"thought": "one short sentence", "code": "Python code without fences"}. '
    "When a variable holds the answer, the code is FINAL_VAR(name)."
)
NOT_AS_JSON = "Write no JSON from now on: one short sentence, then one block between ```repl and ```."
SKIPPED_CODE = "The block was skipped by the user; it did not run."
SKIPPED_RESPONSE = "Your last message was skipped by the user; nothing of it ran."
SKIPPED_OUTPUT = "The block ran; its output was skipped by the user."
SKIPPED_ANSWER = "The user does not accept that answer. Go on and find a better one."
NOT_RUN = "Your code did not run, as an earlier block of the same message failed or gave the answer."
FINAL_WAITED = "Your final answer did not count, as code in the same message did not run to its end. See to that first."
ERROR_ANSWER = "That is the error of a sub-call, not an answer. Ask again, or find it in another way."
ANSWER_REBOUND = '`answer` is a plain variable now. To end with it: answer = {"content": answer, "ready": True}'
EMPTY_ANSWER = "An empty answer is not an answer. Go on, or say what you found."


def ran_before(messages: list[str]) -> str:
    """Tells a model that is asked again what had run of the message that was dropped."""
    return "You are asked again. Of your dropped message this had already run:\n" + "\n\n".join(messages)


def prose(text: str) -> str:
    """What a message says beside its code blocks."""
    return re.sub(r"(?ms)^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", "", text).strip()


def no_such_variable(name: str, names: list[str], dialect: Dialect) -> str:
    """Answers a FINAL_VAR that names nothing."""
    known = ", ".join(names[:40]) if names else "none yet"
    fence = dialect.code_example.partition("\n")[0]
    return (
        f"FINAL_VAR({name}) names no variable of the REPL. There are: {known}. Set it first, like this:\n"
        f'{fence}\n{name} = "the answer"\n```\nand in your next turn:\nFINAL_VAR({name})'
    )


def last_turn(reason: str, dialect: Dialect) -> str:
    """Asks for the answer from what is there, as a limit was reached."""
    return f"{reason} This is your last turn. Answer now from what you have, like this:\n{dialect.final_example}"


def too_early(dialect: Dialect, turns: int, blocks: int) -> str:
    """Refuses an answer that came before the dialect lets it count; empty when it may."""
    if dialect.require_repl_before_final and not blocks:
        return (
            f"An answer counts only after code has looked at the context. Write a block first:\n{dialect.code_example}"
        )
    if turns < dialect.min_steps:
        return (
            f"An answer counts from turn {dialect.min_steps} on, and this is turn {turns}. Look further, then answer."
        )
    return ""
