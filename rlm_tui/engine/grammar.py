"""The marks that a response is read by: fences, reasoning tags, chat-template tokens, labels, FINAL.

Every pattern runs in linear time: repeats are unrolled so that no character can be matched in two ways.
"""

from __future__ import annotations

import re

# What may stand before a mark on its line: blanks, a BOM, zero-width and control characters, terminal colours.
_BLANKS = "[ \t\xa0\ufeff\u200b-\u200f\u2060\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]*+"
LEAD = rf"{_BLANKS}(?:\x1b(?:\[[0-9;]{{0,20}}m)?{_BLANKS}){{0,16}}"
RUN = "(?:`{3,}|~{3,})"

_KIN = "think(?:ing)?|thoughts?|reasoning|reflection|scratchpad|analysis|antthinking"
_OPEN_THINK = rf"(?:(?<=<)(?P<think>{_KIN})(?:\s[^<>\n]{{0,200}}+)?+(?<!/)>|(?<=\[)think\]|(?<=◁)think▷)"
_HARMONY = r"(?<=<)\|channel\|>(?:analysis|commentary)[^<\n]{0,100}<\|message\|>"
_CLOSE_REST = rf"(?:(?<=<)/(?:{_KIN})\s*>|(?<=\[)/think\]|(?<=◁)/think▷)"
_LEAKED_REST = (
    r"(?:(?<=<)(?:\|[a-z_][\w /-]{0,40}\|>|｜[^<｜\n]{1,40}｜>|/?s>|(?:start|end)_of_turn>|[be]os>|eot>|</?SYS>>)"
    r"|(?<=\[)/?INST\])"
)
LEAKED = rf"[<\[]{_LEAKED_REST}"
THOUGHT = rf"[<\[◁](?:{_CLOSE_REST})"

_WHOSE = "repl|code|execution|console|program|terminal|python|cell|actual|expected|simulated|tool|interpreter|standard"
_OF_BLOCK = r"(?:[ \t]+(?:of|for|from)[ \t]+(?:the[ \t]+)?(?:(?:code|repl)[ \t]+)?(?:block|cell|code)[ \t]*#?\d{0,6})?"
_ASIDE = r"(?:[ \t]*\([^()\n]{0,80}\))?"
_IS = r"(?:[ \t]+(?:is|was|(?:will|would)[ \t]+be)(?=[*_]{0,4}[ \t]*[:：]))?"
LABEL = (
    r"[#>*_\[ \t-]{0,12}+(?=[aceioprst])(?:(?!results?\b)"
    rf"(?:(?:the[ \t]+)?(?:(?:{_WHOSE})[ _-]++){{0,2}}+(?:outputs?|stdout){_IS}|observation"
    rf"|(?:(?:{_WHOSE})[ _-]++){{1,2}}+results?|out[ \t]?\[\d{{1,6}}\]){_OF_BLOCK}{_ASIDE}[*_\]]{{0,4}}"
    r"[ \t]*(?:[:：]|$)|results?[*_]{0,3}[ \t]*:[*_]{0,3}[ \t]*$)"
)
_FINAL = (
    r"(?P<mark>(?:#{1,6}+[ \t]++)?+[*_`]{0,6}+)(?-i:FINAL(?P<var>_VAR)?)"
    r"(?P<bold>[*`]{0,3})(?P<gap>[ \t]*)(?P<form>[(:])"
)

# The first character of any mark: most lines are told apart by it alone.
_GATE = r"(?=[`~#*_>\[<a-fioprst-])"

# What may follow the first character of a mark inside a line, for the same reason.
_INLINE_GATE = r"(?=/?[abefirst][>cehnotu]|\|[a-z_][\w /-]{0,40}+\|>|｜|</?SYS|``[a-z])"

_MARK = (
    rf"(?P<indent>{LEAD}){_GATE}(?:(?P<fence>{RUN})|(?P<final>{_FINAL})|(?P<prompt>>>>(?=[ \t\n]|\Z))"
    rf"|(?P<tag><(?:repl|python)>)|(?P<label>{LABEL}))"
)
LINE = re.compile(rf"\n{_MARK}", re.MULTILINE | re.IGNORECASE)
LINE_HERE = re.compile(_MARK, re.MULTILINE | re.IGNORECASE)
# A tag right after a single backtick is quoted in prose: it is spoken about, not used.
INLINE = re.compile(
    rf"[<\[◁`]{_INLINE_GATE}(?<![^`]`.)(?:(?P<open>(?=[trsa]){_OPEN_THINK}|(?P<harmony>{_HARMONY}))|(?P<close>(?=/){_CLOSE_REST})"
    rf"|(?P<call>(?=[tf])(?P<caller>tool_call|function_call|tool_use)>)|(?P<token>{_LEAKED_REST})"
    r"|(?P<late>(?<=`)``(?:repl|python|py)[ \t]*(?=\n)))",
    re.IGNORECASE,
)
CLOSE_THINK = re.compile(THOUGHT, re.IGNORECASE)
TOKEN_AT = re.compile(LEAKED, re.IGNORECASE)
FENCE_LINE = re.compile(rf"^{LEAD}(?P<run>{RUN})(?P<info>[^\n]*)", re.MULTILINE)
# Where a paragraph ends for a FINAL or a transcript that has no better end; a line with a prompt is no label.
BOUND = re.compile(
    rf"\n(?!>>>[ \t])(?=[ \t]*\n|{LEAD}{_GATE}(?:{RUN}|{_FINAL.replace('?P<', '?P<x')}|{LABEL}))|{LEAKED}",
    re.IGNORECASE,
)
ROLE = re.compile(r"\s*(?:assistant|model|final)?(?=\s|<|\Z)\s*", re.IGNORECASE)


def closing_tag(opened: re.Match[str]) -> re.Pattern[str]:
    """The pattern that closes the reasoning which this match of INLINE opened."""
    if opened["harmony"]:
        return _END_HARMONY
    return _CLOSERS[(opened["think"] or "").lower()]


_END_HARMONY = re.compile(r"<\|(?:end|return|call)\|>|(?=<\|channel\|>final)")
_NAMES = (
    "think",
    "thinking",
    "thought",
    "thoughts",
    "reasoning",
    "reflection",
    "scratchpad",
    "analysis",
    "antthinking",
)
_CLOSERS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _NAMES} | {
    "": re.compile(r"\[/think\]|◁/think▷", re.IGNORECASE)
}
