"""The Chat pane: the conversation exactly as the root LM saw it, and what waits to be said."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rlm_tui import events as ev
from rlm_tui.text import plural
from rlm_tui.trajectory import Node
from rlm_tui.ui.content.parts import FOLD, MARGIN, NODE, Page, folded, note, response_of, streaming
from rlm_tui.ui.content.tree import split_key
from rlm_tui.ui.lines import BLANK, Piece, Rows, line, split, wrap_text
from rlm_tui.ui.rows import Joined, text_rows

_EMPTY = "The conversation with the root LM appears here, as the model sees it."
_MESSAGE_ROWS = 24
_SYSTEM_ROWS = 4
_ROLES = {"system": ("○ system", "dim"), "user": ("↳ to the model", "output"), "assistant": ("● root LM", "root")}
_BODY = {"system": "dim", "user": "output", "assistant": "text"}
_PERSON = ("The user says: ", "The user changed ", "The user ran ")
_CUT = "characters left out"
Messages: TypeAlias = dict[tuple[int, int, int, bool], Rows]


class Talk(NamedTuple):
    """The rows, and where the messages of each LM call begin in them."""

    rows: Rows
    heads: dict[str, int]


def chat(page: Page, selection: str | None, drawn: Messages | None = None) -> Talk:
    """The conversation of the RLM that a selection belongs to; `drawn` keeps what was drawn before."""
    rlm = page.view.tree.rlm_of(split_key(selection)[0]) if selection else None
    root = page.view.root
    owner = rlm if rlm and page.view.node(rlm) else root.id if root else None
    if owner is None:
        return Talk(wrap_text(_EMPTY, page.width, "dim"), {})
    rows: list[Rows] = []
    heads: dict[str, int] = {}
    at = 0
    for lm, part in (*_sent(page, owner, {} if drawn is None else drawn), *_unsent(page, owner)):
        heads.setdefault(lm, at)
        rows += [part, [BLANK]]
        at += len(part) + 1
    return Talk(Joined(rows[:-1]) if rows else wrap_text(_EMPTY, page.width, "dim"), heads)


def _sent(page: Page, owner: str, drawn: Messages) -> Iterator[tuple[str, Rows]]:
    """Every message that a request carried, with the LM call that first sent it."""
    for seq, nth in page.view.conversation(owner):
        event = page.log.event(seq)
        if not isinstance(event, ev.LmRequested) or nth >= len(event.messages):
            continue
        name = f"chat{seq}.{nth}"
        key = seq, nth, page.width, f"{FOLD}{name}" in page.opened
        if key not in drawn:
            message = event.messages[nth]
            drawn[key] = _message(page, message.role, page.log.text(message.content), event.node, name)
        yield event.node, drawn[key]


def _message(page: Page, role: str, text: str, lm: str, name: str, right: tuple[Piece, ...] = ()) -> Rows:
    title = _ROLES.get(role, (role, "muted"))
    size: tuple[Piece, ...] = right or ((plural(len(text), "character"), "dim"),)
    heading = split(line((title[0], f"{title[1]} bold"), key=f"{NODE}{lm}"), line(*size), page.width)
    limit = _SYSTEM_ROWS if role == "system" else _MESSAGE_ROWS
    return Joined(([heading], folded(_body(text, role, page.width), limit, name, page, MARGIN)))


@lru_cache(128)
def _body(text: str, role: str, width: int) -> Rows:
    """A message with code, a person's words and marks of truncation each in their own role."""
    parts: list[Rows] = []
    for kind, piece in _pieces(text, _BODY.get(role, "text"), fences=role == "assistant"):
        parts.append(text_rows(piece, width, kind, kind not in ("code", "output"), MARGIN) if piece else [BLANK])
    return Joined(parts)


def _pieces(text: str, plain: str, *, fences: bool) -> Iterator[tuple[str, str]]:
    kind, lines = plain, list[str]()
    in_code = False
    for text_line in text.split("\n"):
        is_fence = text_line.lstrip().startswith(("```", "~~~"))
        wanted = _role_of(text_line, plain) if not (in_code or (is_fence and fences)) else "code"
        if wanted != kind and lines:
            yield kind, "\n".join(lines)
            lines = []
        kind = wanted
        lines.append(text_line)
        in_code = in_code != (is_fence and fences)
    yield kind, "\n".join(lines)


def _role_of(text_line: str, plain: str) -> str:
    if text_line.startswith(_PERSON):
        return "user"
    return "careful" if text_line.startswith("… ") and _CUT in text_line else plain


def _unsent(page: Page, owner: str) -> Iterator[tuple[str, Rows]]:
    """What is said and not yet part of a request: the newest response, and a person's words that wait."""
    lm = _newest_lm(page, owner)
    if lm is not None:
        yield from _newest(page, lm)
    for seq in page.view.queued_words() if lm is None or page.view.tree.rlm_of(lm.id) == owner else []:
        event = page.log.event(seq)
        if isinstance(event, ev.Told):
            right = line(("queued for its next message", "dim"))
            heading = split(line(("✎ you", "user bold")), right, page.width)
            words = text_rows(page.log.text(event.text), page.width, "user", True, MARGIN)
            yield "", Joined(([heading], words))


def _newest_lm(page: Page, owner: str) -> Node | None:
    rlm = page.view.node(owner)
    for iteration in reversed(page.view.children(rlm)[-3:]) if rlm else []:
        for child in reversed(page.view.children(iteration)):
            if child.type == "lm":
                return child
    return None


def _newest(page: Page, lm: Node) -> Iterator[tuple[str, Rows]]:
    response = response_of(page.view, page.log, lm)
    if response is not None:
        text, name = page.log.text(response.text), f"chat.{lm.id}"
        yield lm.id, _message(page, "assistant", text, lm.id, name, (("newest", "dim"),))
        return
    text = page.live.text(lm.id, "text")
    if text:
        heading = split(line(("● root LM", "root bold")), line(("● writing", "running")), page.width)
        yield lm.id, Joined(([heading], streaming(text, page, "text", MARGIN)))
    failed = page.view.fact(lm, ev.LmFailed)
    event = page.log.event(failed) if failed else None
    if isinstance(event, ev.LmFailed):
        yield lm.id, note("✗", event.message, page, "failed")
