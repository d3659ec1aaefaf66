"""Finds the functions and classes of a source file by the words that declare them; linear, no parser a language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rlm_tui.context.document import Heading

_PYTHON = r"^(?P<in>[ \t]*)(?P<what>(?:async[ \t]+)?def|class)[ \t]+(?P<name>\w+)"
_MODIFIERS = (
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|sealed|async|unsafe|open|override|"
    r"data|inline|extern|virtual|partial|pub(?:\([\w ]{1,20}\))?|@\w{1,40})[ \t]+){0,6}"
)
_DECLARED = (
    rf"^(?P<in>[ \t]*){_MODIFIERS}(?P<what>class|interface|struct|enum|trait|impl(?:<[^>\n]{{0,80}}>)?|module|"
    r"namespace|object|record|protocol|extension|union|type|fn|func|function\*?|fun|def|sub|proc)[ \t]+"
    r"(?:\([^)\n]{0,80}\)[ \t]*)?(?P<name>[\w$.:~!?-]{1,100})"
)
_ARROW = r"^(?P<in>[ \t]*)(?:export[ \t]+)?(?P<what>const|let|var)[ \t]+(?P<name>[\w$]{1,100})[ \t]*=[ \t]*(?:async[ \t]*)?(?:function\b|\([^()\n]{0,200}\)[ \t]*=>|[\w$]{1,60}[ \t]*=>)"  # noqa: E501
_TYPED = (
    r"^(?P<in>[ \t]*)(?!(?:return|else|new|throw|case|goto|delete|typedef|if|for|while|switch|using)\b)"
    r"(?P<what>(?:[\w:<>,\[\]*&~]{1,80}[ \t]+){1,6})[*&]*(?P<name>[\w:~]{1,100})[ \t]*"
    r"\([^;{}]{0,400}\)[^;{}()=]{0,80}\{"
)
_SHELL = r"^(?P<in>[ \t]*)(?P<what>)(?:function[ \t]+)?(?P<name>[\w:.-]{1,100})[ \t]*\(\)[ \t]*\{?"
_SQL = (
    r"^(?P<in>[ \t]*)(?P<what>(?:create|alter)(?:[ \t]+or[ \t]+replace)?[ \t]+"
    r"(?:(?:temporary|unique)[ \t]+)?(?:table|view|function|procedure|index|trigger|type))[ \t]+"
    r"(?:if[ \t]+not[ \t]+exists[ \t]+)?(?P<name>[\w.\"`\[\]]{1,100})"
)
_SECTIONS = r"^(?P<in>)(?P<what>)\[{1,2}(?P<name>[^\]\n]{1,100})\]{1,2}[ \t]*$"
_TEX = r"^(?P<in>[ \t]*)\\(?P<what>(?:sub){0,2}section|chapter|part)\*?\{(?P<name>[^}\n]{1,200})\}"

_FAMILIES = {
    (_PYTHON,): "py pyi pyx",
    (_DECLARED,): "rs go rb swift kt kts scala php pl pm lua jl ex exs zig nim dart proto graphql ml fs vb r",
    (_DECLARED, _ARROW): "js mjs cjs jsx ts mts tsx vue svelte",
    (_DECLARED, _TYPED): "c h cc cpp cxx hpp hh java cs m mm groovy glsl",
    (_SHELL,): "sh bash zsh ksh",
    (_SQL,): "sql",
    (_SECTIONS,): "toml ini cfg conf",
    (_TEX,): "tex",
    (): "css scss less xml xsl svg yaml yml rst org adoc tf cmake mk gradle asm s clj lisp el hs erl diff patch",
}
_PATTERNS = {ending: patterns for patterns, endings in _FAMILIES.items() for ending in endings.split()}
_INDENT = 4
_MAX_LEVEL = 6
_MAX_HEADINGS = 5_000


def is_code(ending: str) -> bool:
    """Whether files with this ending (without its dot) are source files."""
    return ending in _PATTERNS


def code_headings(text: str, ending: str) -> list[Heading]:
    """What a source file declares, in order, `def read` or `class Reader`; deeper where it is indented."""
    found = {heading.offset: heading for heading in _headings(text, ending)}
    return [found[offset] for offset in sorted(found)][:_MAX_HEADINGS]


def _headings(text: str, ending: str) -> Iterator[Heading]:
    for pattern in _PATTERNS.get(ending, ()):
        for match in re.compile(pattern, re.MULTILINE | (re.IGNORECASE if ending == "sql" else 0)).finditer(text):
            indent = len(match["in"].expandtabs(_INDENT))
            what = match["what"].split()[-1] if pattern is not _TYPED and match["what"] else ""
            title = f"{what} {match['name']}".strip()
            start = match.start() + len(match["in"])
            yield Heading(title, min(_MAX_LEVEL, 1 + indent // _INDENT), start)
