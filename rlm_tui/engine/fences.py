"""What stands in a fence: its tag, where it closes, and the code as it will run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rlm_tui.engine.grammar import CLOSE_THINK, FENCE_LINE, LEAD, LEAKED, RUN, THOUGHT, TOKEN_AT
from rlm_tui.events import Repair

Form: TypeAlias = Literal["repl", "python", "bare", "output", "other", "one-line", "tag", "tool-call", "transcript"]

_TAGS: dict[str, Form] = {
    "": "bare",
    "repl": "repl",
    **dict.fromkeys(("python", "py", "python3", "py3", "ipython", "pycon", "python-repl", "tool_code"), "python"),
    **dict.fromkeys(("output", "outputs", "stdout", "repl_output", "repl-output", "result", "results"), "output"),
}
_TAG = re.compile(r"[ \t]*\{?\.?([a-z][\w+#.-]*)?\}?[,:]?[ \t]*", re.IGNORECASE)
_CODE_TAGS = "|".join(tag for tag, form in _TAGS.items() if form in ("repl", "python"))
_CAN_CLOSE = rf"{LEAD}{RUN}[ \t]*(?:\n|\Z|{LEAKED}|(?i:{THOUGHT}|\{{?\.?(?:{_CODE_TAGS})\b))"
_PLAIN_START = r"[\w\n#'\"()\[\]{}\\@.,]"  # no fence begins so, which most lines are told by
_FENCE_AHEAD = rf"\n(?:(?={_PLAIN_START})|(?!{_CAN_CLOSE}))"
_TRIPLES = "|".join(
    rf"{q * 3}[^{q}\\\n]*+(?:(?:\\[^\n]|{q}(?!{q * 2})|\\?{_FENCE_AHEAD})[^{q}\\\n]*+)*+{q * 3}" for q in "'\""
)
_SINGLES = "|".join(rf"{q}(?!{q * 2})[^{q}\\\n]*+(?:\\(?:[^\n]|{_FENCE_AHEAD})[^{q}\\\n]*+)*+{q}?" for q in "'\"")
_CODE = re.compile(rf"[^'\"#\n]*+(?:(?:{_TRIPLES}|{_SINGLES}|#[^\n]*+|{_FENCE_AHEAD})[^'\"#\n]*+)*+")
_TO_END = {q * 3: re.compile(rf"[^{q}\\]*+(?:(?:\\[\s\S]|{q}(?!{q * 2}))[^{q}\\]*+)*+") for q in "'\""}
_ANY_TRIPLE = "|".join(rf"{q * 3}[^{q}\\]*+(?:(?:\\[\s\S]|{q}(?!{q * 2}))[^{q}\\]*+)*+(?:{q * 3})?" for q in "'\"")
_STRINGS = re.compile(rf"{_ANY_TRIPLE}|{_SINGLES}|#[^\n]*")

_STATEMENT = re.compile(
    r"(?:import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b|(?:async[ \t]+)?(?:for|while|if|elif|def|class|with|except)\b.*:"
    r"|(?:else|try|finally)[ \t]*:|(?:await|return|raise|del|assert|global)[ \t]+\S|@\w|(?:pass|break|continue)[ \t]*$"
    r"|[\w.]+[ \t]*(?:\[[^\]\n]*\][ \t]*)?(?:,[ \t]*[\w.]+[ \t]*)*(?::[ \t]*[\w.\[\], ]+)?(?:[-+*/%&|^]|//|\*\*)?=(?!=)"
    r"|[\w.]+\([^\n]*[)(\[{,][ \t]*$|[\w.]+\(.*\))"
)
_LOOK_AT = 500
_AT_MARGIN = re.compile(r"^(?![ \t)\]}])[ \t']*+[^ \t'\n][^\n]*", re.MULTILINE)  # and more than string literals
_ATTRIBUTES = re.compile(r"(?:[\w.-]+=(?:\"[^\"]*\"|'[^']*'|\S+)|[\w.-]+|\{[^}]*\})(?:\s|$)")
_UNFINISHED = re.compile(
    r"(?:[\\:,=+*/%&|^<>([{.@-]|\b(?:import|from|in|and|or|not|is|lambda|def|class|if|else|for|with|as))$"
)
_BLANK_HEAD = re.compile(r"(?:[ \t]*\n)*")
_FIRST_LINE = re.compile(r"^([ \t]*)[^\s#]", re.MULTILINE)
_PROMPT = re.compile(rf"^{LEAD}(?:>>>|\.\.\.)(?: |(?=[ \t]*$))([^\n]*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Region:
    """A piece of a response that is code or looks like it; `closed` is False when the text ended inside it."""

    form: Form
    code: str
    start: int
    closed: bool = True
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Close:
    """Where the body of a fence ends and where the text goes on; `why` names what was mended, if anything."""

    body_end: int
    resume: int
    closed: bool = True
    why: str = ""


class Closer:
    """Finds closing fences in one text; what a failed look-ahead saw is remembered, so that all of them are linear."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._endless: set[str] = set()
        self._doomed: set[int] = set()

    def find(self, body: int, run: str) -> Close:
        """The close of a fence opened by `run`, whose body begins at `body`.

        A closing line inside a triple-quoted string does not close; if the text ends inside that string, the first
        closing line does after all. A line that opens another code block closes one that was left open.
        """
        visited: list[int] = []
        text, at = self._text, body - 1
        while (at := self._skip_code(at)) < len(text):
            if text[at] == "\n":
                line = FENCE_LINE.match(text, at + 1)
                if line and (close := _closed_by(line, run)):
                    return close
                at = line.end("run") if line else at + 1
                continue
            end = None if at in self._doomed else self._string_end(at)
            if end is None:
                self._doomed.update(visited)
                return self._first_line(body, run)
            visited.append(at)
            at = end
        return self._unclosed(body)

    def _skip_code(self, at: int) -> int:
        match = _CODE.match(self._text, at)
        return match.end() if match else at

    def _string_end(self, at: int) -> int | None:
        quote = self._text[at : at + 3]
        if quote in self._endless:
            return None
        match = _TO_END[quote].match(self._text, at + 3)
        end = match.end() if match else len(self._text)
        if self._text.startswith(quote, end):
            return end + 3
        self._endless.add(quote)
        return None

    def _first_line(self, body: int, run: str) -> Close:
        for line in FENCE_LINE.finditer(self._text, body):
            if (close := _closed_by(line, run)) and not close.why:
                return close
        return self._unclosed(body)

    def _unclosed(self, body: int) -> Close:
        end = len(self._text.rstrip())
        if self._text.endswith("```", body, end) and self._text[body:end].strip("` \n"):
            return Close(
                len(self._text[:end].rstrip("`")), end, why="the closing fence stands on the last line of code"
            )
        return Close(len(self._text), len(self._text), closed=False)


def _closed_by(line: re.Match[str], run: str) -> Close | None:
    if line["run"][0] != run[0] or len(line["run"]) < len(run):
        return None
    info = line["info"].strip()
    if not info or TOKEN_AT.match(info) or CLOSE_THINK.match(info):
        return Close(line.start(), line.end("run"))
    tag, rest = read_info(info)
    if _TAGS.get(tag) in ("repl", "python") and "`" not in rest:
        return Close(line.start(), line.start(), why="the next block opened before this one was closed")
    return None


def read_info(info: str) -> tuple[str, str]:
    """The lower-case tag of an opening line and what follows it."""
    match = _TAG.match(info)
    if not match:
        return "", info
    return (match[1] or "").lower(), info[match.end() :].strip()


def form_of(tag: str) -> Form:
    """What a fence with this tag holds."""
    return _TAGS.get(tag, "other")


def one_line(info: str) -> tuple[Form, str] | None:
    """The code of a fence that opens and closes on one line, from what follows its opening run; None if it is prose."""
    inner = info.rstrip().rstrip("`").strip()
    head, _, rest = inner.partition(" ")
    form = form_of(head.lower())
    if form in ("repl", "python"):
        return form, rest.strip()
    if not inner or (" " in inner and not is_statement(inner)) or "`" in inner:
        return None
    return "one-line", inner


def code_on_opening_line(rest: str) -> str:
    """What follows the tag on an opening line, if it is code and not attributes."""
    if _ATTRIBUTES.match(rest) and not re.search(r"[()\[\]]|\s=\s|^(?:import|from)\s", rest):
        return ""
    return rest if is_statement(rest) else ""


def is_statement(line: str) -> bool:
    """Whether a line has the shape of a Python statement rather than of a sentence."""
    return bool(_STATEMENT.match(line[:_LOOK_AT]))


def is_code(text: str) -> bool:
    """Whether text without any fence is all Python: every line at the margin has the shape of a statement."""
    bare = _STRINGS.sub("''", text)
    first = _AT_MARGIN.search(bare)
    return first is not None and is_statement(first[0]) and all(map(is_statement, _AT_MARGIN.findall(bare)))


def is_complete(code: str) -> bool:
    """Whether code could end here: outside strings and brackets, and its last line wants nothing after it."""
    bare = _STRINGS.sub(lambda m: "" if m[0][0] == "#" else "''" if _is_whole(m[0]) else "(", code).rstrip()
    opened = sum(map(bare.count, "([{"))
    return opened == sum(map(bare.count, ")]}")) and not _UNFINISHED.search(bare) and bool(bare)


def _is_whole(literal: str) -> bool:
    quote = literal[0] * (3 if literal.startswith(("""'''""", '"""')) else 1)
    return len(literal) >= 2 * len(quote) and literal.endswith(quote)


def tidy(code: str, indent: int = 0) -> tuple[str, tuple[Repair, ...]]:
    """The code of a block without blank edges, margin and `>>>` prompts, and what was mended for that.

    A margin no wider than the fence's own `indent` is how lists are written, so it is no repair.
    """
    code = _BLANK_HEAD.sub("", code, count=1).rstrip()
    if code.lstrip().startswith(">>>"):
        return untranscript(code), (
            Repair("transcript", "the prompts and outputs of a >>> transcript were taken away"),
        )
    first = _FIRST_LINE.search(code)
    width = len(first[1]) if first else 0
    if not width:
        return code, ()
    repairs = (Repair("dedent", "the whole block was indented; its margin was taken away"),) if width > indent else ()
    return re.sub(rf"^[ \t]{{1,{min(width, 1000)}}}", "", code, flags=re.MULTILINE), repairs


def untranscript(text: str) -> str:
    """The code of a `>>>` transcript: lines with a prompt, without it."""
    return "\n".join(_PROMPT.findall(text)).rstrip()
