"""What the first bytes of a file tell of its shape: the members of its first JSON value, as far as they are seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

HEAD: Final = 64 * 1024  # bytes of a file that are looked at
_DEPTH: Final = 3
_TOKENS: Final = 4000  # enough to know a format by; a document is not read for it
_CLOSERS: Final = {b"{": b"}", b"[": b"]"}
_TOKEN = re.compile(rb'\s*("(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]++)', re.DOTALL)


class Shape(NamedTuple):
    """`members` maps each path seen (`trajectory[].code`, `[].kind` in a list) to its value where that is a scalar."""

    members: dict[str, str]
    is_list: bool

    def has(self, *paths: str) -> bool:
        """Whether all these members were seen."""
        return all(path in self.members for path in paths)


def shapes_of(head: bytes) -> list[Shape]:
    """The shape of the value that begins the file, and of its second and third line, as the first may be damaged."""
    lines = head.split(b"\n", 3)[:3]
    found = [shape_of(head), *map(shape_of, lines[1:])]
    return [shape for shape in found if shape.members]


def shape_of(head: bytes) -> Shape:
    """The members of the first JSON value in some bytes; nothing for what is no object or list of objects."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith((b"{", b"[")):
        return Shape({}, False)
    return Shape(_members(start), start.startswith(b"["))


def _members(text: bytes) -> dict[str, str]:
    members: dict[str, str] = {}
    stack: list[str] = []
    key, last = "", b""
    for token in islice(_tokens(text), _TOKENS):
        if token in (b"{", b"["):
            stack.append(key + "[]" if token == b"[" else key + ".")
            key = ""
        elif token in (b"}", b"]"):
            if not stack:
                return members
            stack.pop()
            if not stack:
                return members
            key = ""
        elif token == b":" and last.startswith(b'"'):
            key = last[1:-1].decode("utf-8", "replace")
            if len(stack) <= 2 * _DEPTH:
                members.setdefault(_path(stack, key), "")
        elif token == b",":
            key = ""
        elif last == b":" and len(stack) <= 2 * _DEPTH and len(token) < 200:
            members[_path(stack, key)] = members.get(_path(stack, key)) or token.decode("utf-8", "replace").strip('"')
        last = token
    return members


def mended(text: bytes) -> bytes | None:
    """JSON that stops too early, closed behind its last whole object or list; None for what is not such."""
    stack: list[bytes] = []
    at = end = 0
    closers: list[bytes] = []
    while found := _TOKEN.match(text, at):
        token, at = found[1], found.end()
        if token in _CLOSERS:
            stack.append(_CLOSERS[token])
        elif token in (b"}", b"]"):
            if not stack or stack.pop() != token:
                return None
            end, closers = at, stack[::-1]
    return b"".join((text[:end], *closers)) if stack and end else None


def _tokens(text: bytes) -> Iterator[bytes]:
    at = 0
    while found := _TOKEN.match(text, at):
        at = found.end()
        yield found[1]


def _path(stack: list[str], key: str) -> str:
    return "".join(stack).removeprefix(".") + key
