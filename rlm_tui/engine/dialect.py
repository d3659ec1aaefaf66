"""What a dialect is: how a model is taught to write code and answers, and by which rules its responses are read.

The ones that come with rlm-tui are `dialects/*.toml`; a person adds one as a TOML file with the same keys, in the
folder `dialects` beside the settings, or names the file itself.
"""

from __future__ import annotations

import builtins
import difflib
import keyword
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args
from unicodedata import normalize

import msgspec

from rlm_tui import files, paths
from rlm_tui.errors import UsageError
from rlm_tui.text import one_line

Reading: TypeAlias = Literal["paper", "rlms", "runtime", "dspy", "strict"]
READINGS: tuple[Reading, ...] = get_args(Reading)
_BUILT_IN = Path(__file__).with_name("dialects")
_MOST_BYTES = 1 << 20
_MOST_STEPS = 1000
_TAKEN = re.compile(r"__|context_\d+$|_result_\d+$")
"""Names that the REPL gives to contexts and to long outputs, and those that are Python's own."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way for a model and the REPL to talk to each other.

    `system` is the system prompt; `{context}` in it becomes what the variable is, `{basics}` and `{habits}` the
    paragraphs that the built-in dialects share. The examples stand at the end of a nudge.
    """

    name: str = ""
    about: str = ""
    reads_like: Reading
    system: str
    code_example: str
    final_example: str
    first: str = "Begin by looking at the context."
    """The last sentence of the first message."""
    stop: tuple[str, ...] = ()
    """Stop sequences: what a model writes when it begins to make up the output of its code."""
    question_variable: str = ""
    """The name under which the REPL has the question, if any."""
    require_repl_before_final: bool = False
    """Whether an answer counts only after a block has run."""
    min_steps: Annotated[int, msgspec.Meta(ge=0, le=_MOST_STEPS)] = 0
    """The number of turns before an answer counts."""


def names() -> list[str]:
    """The dialects that `--dialect` takes by name: the built-in ones, then the person's own."""
    own = sorted(path.stem for path in paths.dialects_dir().glob("*.toml"))
    return [*READINGS, *(name for name in own if name not in READINGS)]


def dialect(name: str) -> Dialect:
    """The dialect of this name, or in this TOML file; UsageError when there is none or its file is wrong."""
    if name in READINGS:
        return built_in(name)
    path = Path(name) if name.endswith(".toml") else paths.dialects_dir() / f"{name}.toml"
    if name.endswith(".toml") and not os.path.lexists(path):
        raise UsageError(f"There is no file {one_line(name)}, which would be the dialect.")
    if not os.path.lexists(path):
        raise UsageError(
            f"There is no dialect {one_line(name, 60)!r}; there are auto, {', '.join(names())}, or a .toml file."
        )
    return _read(path)


@cache
def built_in(name: str) -> Dialect:
    """One of the dialects that come with rlm-tui."""
    return _read(_BUILT_IN / f"{name}.toml")


def _read(path: Path) -> Dialect:
    try:
        data = files.read_toml(path, _MOST_BYTES)
    except OSError as error:
        raise UsageError(f"The dialect {path} cannot be read: {files.why(error)}.") from error
    except ValueError as error:
        raise UsageError(f"The dialect {path} is no TOML: {files.why(error)}.") from error
    try:
        read = msgspec.convert({**data, "name": path.stem}, Dialect)
        read = msgspec.structs.replace(read, question_variable=normalize("NFKC", read.question_variable))
    except msgspec.ValidationError as error:
        raise UsageError(f"The dialect {path} is wrong: {_fault(error, data)}") from error
    if fault := _unfit(read):
        raise UsageError(f"The dialect {path} is wrong: {fault}")
    texts = {key: getattr(read, key).strip() for key in ("system", "code_example", "final_example")}
    shared = {key: (_BUILT_IN / f"{key}.txt").read_text("utf-8").strip() for key in ("basics", "habits")}
    for key, text in shared.items():
        texts["system"] = texts["system"].replace(f"{{{key}}}", text)
    return msgspec.structs.replace(read, **texts)


def _unfit(read: Dialect) -> str:
    """Why what a file says cannot be meant, though its kinds are right, as the end of a sentence; "" where it can."""
    from rlm_tui.repl.worker.helpers import names as offered

    name = read.question_variable
    if name and (not name.isidentifier() or keyword.iskeyword(name)):
        return f"question_variable is {one_line(name, 40)!r}, which is no name of a variable."
    if name in offered() - {"question"} or hasattr(builtins, name) or _TAKEN.match(name):
        return f"question_variable is {name!r}, which means something else in the REPL; take another name."
    if "" in read.stop:
        return "stop holds an empty text, at which every response would end."
    empty = [key for key in ("system", "code_example", "final_example") if not getattr(read, key).strip()]
    return f"{empty[0]} is empty." if empty else ""


def _fault(error: msgspec.ValidationError, data: dict[str, Any]) -> str:
    """What is wrong with a file, as the end of a sentence; an unknown key is told with the nearest known one."""
    if not data:
        return "it is empty."
    known = [field.name for field in msgspec.structs.fields(Dialect) if field.name != "name"]
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            return f"it has no key {key!r}; " + (
                f"did you mean {near[0]!r}?" if near else f"there are {_listed(known)}."
            )
    needed = [field.name for field in msgspec.structs.fields(Dialect) if field.required and field.name not in data]
    if needed:
        return f"it lacks {_listed(needed)}."
    what, _, key = str(error).partition(" - at `$.")
    if key == "reads_like`":
        return f"reads_like is {data['reads_like']!r}; there are {_listed(READINGS)}."
    return f"{key.rstrip('`')}: {what.replace('`', '').lower()}."


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)
