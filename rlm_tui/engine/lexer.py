"""One scan of a response from left to right; whatever opens first wins.

Inside a code block tags, labels and tokens are text; inside reasoning fences and FINAL are; inside a FINAL that
closes both are. The scan makes a bounded number of stops, and each costs time in proportion to what it passes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from rlm_tui.engine import fences
from rlm_tui.engine.fences import Close, Closer, Form, Region
from rlm_tui.engine.finals import FinalForm, read_final
from rlm_tui.engine.grammar import BOUND, CLOSE_THINK, FENCE_LINE, INLINE, LINE, LINE_HERE, ROLE, closing_tag
from rlm_tui.events import Repair

MAX_STOPS = 5_000
_CODE_KEYS = ("code", "python", "source", "script", "input", "command")
_MAX_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Label:
    """A line such as `REPL output:`, which only the REPL may write."""

    start: int
    line: str


Item: TypeAlias = Region | FinalForm | Label


@dataclass(slots=True)
class Scan:
    """What one scan found, in order; `outside` is the text that is neither reasoning nor after the response's end."""

    items: list[Item] = field(default_factory=list)
    remarks: list[Repair] = field(default_factory=list)
    outside: str = ""
    cut: bool = False
    has_thought: bool = False
    """Whether there was reasoning, with words in it."""


class Lexer:
    """Reads one text once; make one, call `scan()`, throw it away."""

    def __init__(self, text: str) -> None:
        text = f"\n{text}"  # so that a newline stands before every line, which makes lines quick to find
        self._text = text
        self._at = self._shown = 1
        self._outside: list[str] = []
        self._closer = Closer(text)
        self._unclosed: set[str] = set()
        self._line: re.Match[str] | None = LINE.search(text)
        self._inline: re.Match[str] | None = INLINE.search(text)
        self._final_cut = False
        self._block_end = 0
        self._found = Scan()

    def scan(self) -> Scan:
        """All blocks, finals and labels of the text."""
        handlers: dict[str, Callable[[re.Match[str]], None]] = {
            "fence": self._on_fence,
            "final": self._on_final,
            "prompt": self._on_prompt,
            "tag": self._on_tag,
            "label": self._on_label,
            "open": self._on_open,
            "close": self._on_close,
            "call": self._on_call,
            "token": self._on_token,
            "late": self._on_late_fence,
        }
        for _ in range(MAX_STOPS):
            mark = self._next()
            if mark is None:
                break
            handlers[str(mark.lastgroup)](mark)
        else:
            self._end(
                self._at, Repair("too-many-marks", f"only the first {MAX_STOPS:,} marks of the response were read")
            )
        self._found.outside = "".join((*self._outside, self._text[self._shown :]))
        return self._found

    def _next(self) -> re.Match[str] | None:
        """The mark that opens first from here on; each of the two lanes is searched once over the whole text."""
        if self._line and self._line.start() < self._at - 1:
            self._line = LINE.search(self._text, self._at - 1)
        if self._inline and self._inline.start() < self._at:
            self._inline = INLINE.search(self._text, self._at)
        if self._line and self._inline:
            return self._line if self._line.start() <= self._inline.start() else self._inline
        return self._line or self._inline

    def _on_fence(self, mark: re.Match[str]) -> None:
        start, after = mark.start("indent"), mark.end()
        info = self._text[after : self._end_of_line(after)]
        if mark["fence"][0] == "`" and "`" in info:
            self._fence_on_one_line(start, info)
            self._at = after + len(info)
            return
        close = self._closer.find(min(after + len(info) + 1, len(self._text)), mark["fence"])
        if not close.closed and not info.strip() and self._follows_block(start):
            self._remark("stray-fence", "a closing fence stood there twice")
            self._at = after
            return
        self._add_fence(start, info, after, close, len(mark["indent"]))

    def _on_late_fence(self, mark: re.Match[str]) -> None:
        after = mark.start() + 3
        before = self._text[self._text.rfind("\n", 0, mark.start()) + 1 : mark.start()]
        if before.lstrip().startswith(">"):
            self._at = mark.end()
            return
        close = self._closer.find(mark.end() + 1, "```")
        self._add_fence(mark.start(), mark["late"][2:], after, close, mark.end())
        self._remark("late-fence", "the opening fence stood behind other text on its line")

    def _add_fence(self, start: int, info: str, after: int, close: Close, indent: int) -> None:
        tag, rest = fences.read_info(info)
        form = fences.form_of(tag)
        first = fences.code_on_opening_line(rest) if form in ("repl", "python") else ""
        code, repairs = fences.tidy(self._text[after + len(info) : close.body_end], indent)
        if first:
            code = f"{first}\n{code}".rstrip()
            repairs += (Repair("code-on-fence-line", "code stood on the line that opens the fence"),)
        if close.why:
            repairs += (Repair("missing-fence", close.why),)
        self._at = close.resume
        self._add(form, code, start, closed=close.closed, repairs=repairs)

    def _end_of_line(self, at: int) -> int:
        end = self._text.find("\n", at)
        return end if end >= 0 else len(self._text)

    def _fence_on_one_line(self, start: int, info: str) -> None:
        if not info.rstrip().endswith("```"):
            return
        if found := fences.one_line(info):
            self._add("one-line", found[1], start)

    def _follows_block(self, start: int) -> bool:
        items = self._found.items
        return bool(items) and isinstance(items[-1], Region) and not self._text[self._block_end : start].strip()

    def _add(self, form: Form, code: str, start: int, *, closed: bool = True, repairs: tuple[Repair, ...] = ()) -> None:
        self._found.items.append(Region(form, code, start, closed, repairs))
        self._block_end = self._at

    def _on_final(self, mark: re.Match[str]) -> None:
        if self._final_cut:
            self._at = mark.end()
            return
        form = read_final(self._text, mark)
        self._found.items.append(form)
        self._final_cut = form.refusal == "cut"
        self._at = mark.end() if self._final_cut else max(form.end, mark.end())

    def _on_prompt(self, mark: re.Match[str]) -> None:
        bound = BOUND.search(self._text, mark.end())
        self._at = bound.start() if bound else len(self._text)
        self._add("transcript", fences.untranscript(self._text[mark.start() : self._at]), mark.start())

    def _on_tag(self, mark: re.Match[str]) -> None:
        end, closed = self._closing(f"</{mark['tag'][1:]}", mark.end())
        code, repairs = fences.tidy(self._text[mark.end() : end], len(mark["indent"]))
        if FENCE_LINE.match(code) and "\n" in code:
            code, repairs = fences.tidy(code[code.index("\n") + 1 :].rstrip().rstrip("`~"))
        self._add("tag", code, mark.start(), closed=closed, repairs=repairs)

    def _on_call(self, mark: re.Match[str]) -> None:
        end, closed = self._closing(f"</{mark['caller']}>", mark.end())
        code = _code_of_call(self._text[mark.end() : end])
        self._add("tool-call" if code or not closed else "other", code, mark.start(), closed=closed or bool(code))

    def _closing(self, tag: str, start: int) -> tuple[int, bool]:
        """Where the text before a closing tag ends, and whether there is one; reading goes on after it."""
        found = re.compile(re.escape(tag), re.IGNORECASE).search(self._text, start)
        self._at = found.end() if found else len(self._text)
        return (found.start() if found else len(self._text)), found is not None

    def _on_label(self, mark: re.Match[str]) -> None:
        self._found.items.append(Label(mark.start(), mark["label"].strip()))
        self._at = mark.end()

    def _on_open(self, mark: re.Match[str]) -> None:
        end = None
        for pattern in (closing_tag(mark), CLOSE_THINK):
            if pattern.pattern not in self._unclosed and (end := pattern.search(self._text, mark.end())):
                break
            self._unclosed.add(pattern.pattern)
        self._outside.append(self._text[self._shown : mark.start()])
        blank_before = not self._text[self._text.rfind("\n", 0, mark.start()) : mark.start()].strip()
        self._at = self._shown = end.end() if end else len(self._text)
        self._found.has_thought |= bool(self._text[mark.end() : end.start() if end else None].strip())
        if blank_before:
            self._begin_line()
        if not end:
            self._found.cut = True
            self._remark("unclosed-think", "the response ended inside its reasoning")

    def _on_close(self, mark: re.Match[str]) -> None:
        self._found.items.clear()
        self._found.remarks.clear()
        self._outside.clear()
        self._final_cut = False
        self._found.has_thought |= bool(self._text[: mark.start()].strip())
        self._remark("unopened-think", f"everything before {mark[0]} was taken as reasoning")
        self._at = self._shown = mark.end()
        self._begin_line()

    def _begin_line(self) -> None:
        """What was taken away stood first on its line, so that the rest of it is read as a line of its own."""
        self._line = LINE_HERE.match(self._text, self._at) or self._line

    def _on_token(self, mark: re.Match[str]) -> None:
        before = (*self._outside, self._text[self._shown : mark.start()])
        if self._found.items or any(part.strip() for part in before):
            self._end(mark.start(), Repair("leaked-token", f"the response was taken to end at {mark[0]}"))
            return
        role = ROLE.match(self._text, mark.end())
        self._at = self._shown = role.end() if role else mark.end()
        self._begin_line()
        if not any(remark.name == "leaked-token" for remark in self._found.remarks):
            self._remark("leaked-token", f"{mark[0]} at the start was taken away")

    def _end(self, at: int, why: Repair) -> None:
        self._outside.append(self._text[self._shown : at])
        self._found.remarks.append(why)
        self._at = self._shown = len(self._text)
        self._line = self._inline = None

    def _remark(self, name: str, detail: str) -> None:
        self._found.remarks.append(Repair(name, detail))


def _code_of_call(body: str) -> str:
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(body.lstrip())
    except (ValueError, RecursionError):
        return ""
    return fences.tidy(_code_in(value, _MAX_DEPTH))[0]


def _code_in(value: object, depth: int) -> str:
    """The code in the arguments of a tool call, however they are nested."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict) or not depth:
        return ""
    for key in _CODE_KEYS:
        if isinstance(value.get(key), str):
            return str(value[key])
    for key in ("arguments", "parameters", "args", "input", "function"):
        inner = value.get(key)
        if isinstance(inner, str):
            return _code_of_call(inner) or (inner if key == "arguments" else "")
        if code := _code_in(inner, depth - 1):
            return code
    return ""
