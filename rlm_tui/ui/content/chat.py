"""The Chat pane: the conversation exactly as the root LM saw it, and what waits to be said."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rlm_tui import events as ev
from rlm_tui.text import one_line, plural
from rlm_tui.trajectory import Node, View
from rlm_tui.trajectory.facts import RESET
from rlm_tui.ui.content.asked import writing_mark
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.content.edits import ANSWERED, edit_of, mark_of
from rlm_tui.ui.content.message import body
from rlm_tui.ui.content.parts import MARGIN, NODE, Page, folded, note, prose, response_of, streaming
from rlm_tui.ui.content.requests import asked_before, asks_again, difference, sent_by
from rlm_tui.ui.content.told import Spans, by_person, unsent
from rlm_tui.ui.lazy import Kept, Parts, together
from rlm_tui.ui.lines import BLANK, Line, Piece, Rows, clip, line, split, wrap_text
from rlm_tui.ui.rows import Joined, text_rows
from rlm_tui.ui.states import cut_off

_EMPTY = "The conversation with the root LM appears here, as the model sees it."
_MESSAGE_ROWS = 24
_SYSTEM_ROWS = 4
_GUESS = 8
_NEWEST = 8
_CHILD = ("● LM of the child RLM", "sub")
_ROLES = {"system": ("○ system", "dim"), "user": ("↳ to the model", "output"), "assistant": ("● root LM", "root")}


@dataclass(slots=True)
class Messages:
    """The messages of an RLM: for each the event that sent it and its number there; and what was made of them.

    `sizes` says how many messages there were after each request. A request that changed earlier messages makes all
    that is known here useless for the time before it: `settled` is how many requests must be there at least.
    """

    kept: Kept = field(default_factory=lambda: Kept(_GUESS))
    seqs: array[int] = field(default_factory=lambda: array("Q"))
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    sizes: list[int] = field(default_factory=list)
    settled: int = 0
    key: tuple[str, int] = ("", 0)
    opened: frozenset[str] = frozenset()

    def fit(self, key: tuple[str, int], opened: frozenset[str]) -> None:
        """Forget what was made for another RLM or width, or for other folds."""
        if key != self.key:
            self.key = key
            self.reset()
        if opened != self.opened:
            self.opened, self.kept = opened, self.kept.redrawn()

    def reset(self) -> None:
        """Forget everything; rows that were given out stay as they are."""
        self.kept, self.seqs, self.numbers = Kept(_GUESS), array("Q"), array("Q")
        self.sizes.clear()
        self.settled = 0

    def take(self, seq: int, prior: int, count: int) -> None:
        """Add the messages that a request sent, behind the first `prior` ones."""
        if prior < len(self.seqs):
            self.kept, self.seqs, self.numbers = self.kept.until(prior), self.seqs[:prior], self.numbers[:prior]
            self.settled = len(self.sizes) + 1
        self.seqs.extend([seq] * count)
        self.numbers.extend(range(count))
        self.sizes.append(len(self.seqs))


@dataclass(frozen=True, slots=True)
class Talk:
    """The rows; the part of them with which the newest exchange begins, and where the one of an LM call does."""

    rows: Rows
    newest: int = 0
    part_of: Callable[[str], int | None] = lambda _lm: None

    def row_of(self, part: int) -> int:
        """The row at which a part begins, as far as one knows."""
        return self.rows.start(part) + (part > 0) if isinstance(self.rows, Parts) else 0

    def last_heading(self) -> int:
        """The row at which the newest message begins."""
        parts = self.rows.parts if isinstance(self.rows, Parts) else 0
        heads = (self.row_of(part) for part in range(parts - 1, max(-1, parts - _NEWEST), -1))
        return next((row for row in heads if self.rows[row].key.startswith(NODE)), 0)

    def head(self, lm: str) -> int | None:
        """The row at which the messages of an LM call begin."""
        part = self.part_of(lm)
        return None if part is None else self.row_of(part)


def chat(page: Page, selection: str | None, drawn: Messages | None = None) -> Talk:
    """The conversation of the RLM that a selection belongs to; `drawn` keeps what was made before."""
    rlm = page.view.tree.rlm_of(split_key(selection)[0]) if selection else None
    root = page.view.root
    owner = rlm if rlm and page.view.node(rlm) else root.id if root else None
    if owner is None:
        return Talk(wrap_text(_EMPTY, page.width, "dim"))
    messages, page = drawn or Messages(), page._replace(is_lazy=True)
    messages.fit((owner, page.width), page.opened)
    count = _sent(page, owner, messages)
    unsent = list(_unsent(page, owner))
    tail = [_spaced(part, count + nth) for nth, (_, part) in enumerate(unsent)]
    if not count and not tail:
        return Talk(wrap_text(_EMPTY, page.width, "dim"))
    heads = {lm: count + nth for nth, (lm, _) in reversed(list(enumerate(unsent))) if lm}
    first = max(0, count - 1 - messages.numbers[count - 1]) if count else 0
    seqs, numbers = messages.seqs, messages.numbers

    def part_of(lm: str) -> int | None:
        found = _first_sent(page.view, seqs, count, lm)
        return heads.get(lm) if found is None else found

    def make(part: int) -> tuple[Rows, int]:
        return _spaced(_part(page, owner, seqs[part], numbers[part]), part), 0

    newest = max((part for lm in heads if (part := part_of(lm)) is not None), default=first)
    return Talk(Parts(tail, messages.kept, count, make), newest, part_of)


def _spaced(rows: Rows, part: int) -> Rows:
    """A part below the one before it."""
    return together([BLANK], rows) if part else rows


def _first_sent(view: View, seqs: Sequence[int], count: int, lm: str) -> int | None:
    """The first message that an LM call sent and that is still in the conversation."""
    node = view.node(lm)
    for seq in view.facts(node, ev.LmRequested) if node is not None else ():
        part = bisect_left(seqs, seq, 0, count)
        if part < count and seqs[part] == seq:
            return part
    return None


def _sent(page: Page, owner: str, drawn: Messages) -> int:
    """Take in every request by now that is not known yet; returns how many messages there are."""
    requests = page.view.tree.requests.get(owner, [])
    count = bisect_right(requests, page.view.seq, key=lambda request: request[0])
    if count < drawn.settled:
        drawn.reset()
    for request in islice(requests, len(drawn.sizes), count):
        drawn.take(*request)
    return drawn.sizes[count - 1] if count else 0


def _part(page: Page, owner: str, seq: int, nth: int) -> Rows:
    """One message, with what stands above it."""
    event = page.log.event(seq)
    if not isinstance(event, ev.LmRequested) or nth >= len(event.messages):
        return [BLANK]
    message = event.messages[nth]
    text = page.log.text(message.content)
    own = by_person(page, owner, seq, text) if message.role == "user" else ()
    right = _whose(page, owner, seq, message.role, text)
    rows = _message(page, message.role, text, event.node, f"chat{seq}.{nth}", right, own)
    summed = [] if nth else _summed_up(page, owner, seq)
    return together(summed, [BLANK], rows) if summed else rows


def _whose(page: Page, owner: str, seq: int, role: str, text: str) -> tuple[Piece, ...]:
    """Whose a message of the request `seq` is, where a person changed it or wrote it in place of the LM."""
    requests = page.view.tree.requests.get(owner, [])
    at = bisect_left(requests, seq, key=lambda request: request[0])
    sent = requests[at - 1][0] if role == "assistant" and at else seq
    lm = page.view.node(page.log.event(sent).node)
    if lm is None:
        return ()
    said, whose = _said(page, lm) if role == "assistant" else _asked(page, lm)
    return whose if said == text else ()


def _said(page: Page, lm: Node) -> tuple[str, tuple[Piece, ...]]:
    """What an LM said as it counts, and that it is a person's, where it is."""
    response, edit = response_of(page.view, page.log, lm), edit_of(page, lm, "response")
    if response is None or edit is not None:
        return (edit.after if edit is not None else ""), mark_of(edit)
    return page.log.text(response.text), ANSWERED if response.by == "user" else ()


def _asked(page: Page, lm: Node) -> tuple[str, tuple[Piece, ...]]:
    edit = edit_of(page, lm, "prompt")
    return (edit.after if edit is not None else ""), mark_of(edit)


def _summed_up(page: Page, owner: str, seq: int) -> list[Line]:
    """That earlier messages gave way to a summary since the request before the one at `seq`."""
    requests = page.view.tree.requests.get(owner, [])
    compacted: Sequence[int] = page.view.tree.counts.get("Compacted", ())
    at = bisect_left(requests, seq, key=lambda request: request[0])
    before = requests[at - 1][0] if at else 0
    found = compacted[bisect_right(compacted, before) : bisect_left(compacted, seq)]
    events = [page.log.event(at) for at in found]
    own = [each for each in events if isinstance(each, ev.Compacted) and page.view.tree.rlm_of(each.node) == owner]
    words = [f"{plural(each.dropped, 'message')} → {one_line(page.log.text(each.summary), 200)}" for each in own]
    return [clip(line((f"↻ summed up: {said}", "careful")), page.width) for said in words]


def _message(
    page: Page, role: str, text: str, lm: str, name: str, right: tuple[Piece, ...] = (), own: Spans = ()
) -> Rows:
    node = page.view.node(lm)
    is_child = role == "assistant" and node is not None and node.depth > 0
    title = _CHILD if is_child else _ROLES.get(role, (role, "muted"))
    size: tuple[Piece, ...] = right or ((plural(len(text), "character"), "dim"),)
    heading = split(line((title[0], f"{title[1]} bold"), key=f"{NODE}{lm}"), line(*size), page.width)
    limit = _SYSTEM_ROWS if role == "system" else _MESSAGE_ROWS
    return together([heading], folded(body(text, role, page.width, own), limit, name, page, MARGIN))


def _unsent(page: Page, owner: str) -> Iterator[tuple[str, Rows]]:
    """What is said and not yet part of a request: the newest responses, and a person's words that wait."""
    requests = page.view.tree.requests.get(owner, [])
    count = bisect_right(requests, page.view.seq, key=lambda request: request[0])
    last = requests[count - 1][0] if count else 0
    for lm in _newest_lms(page, owner):
        yield from _newest(page, lm, last)
    rlm = page.view.node(owner)
    yield from _given(page, rlm)
    for _ in page.view.facts(rlm, ev.Reset) if rlm is not None else []:
        yield "", [clip(line((f"↻ {RESET}", "careful")), page.width)]
    root = page.view.root
    for seq in page.view.queued_words() if root is not None and owner == root.id else []:
        event = page.log.event(seq)
        if isinstance(event, ev.Told):
            right = line((unsent(page), "dim"))
            heading = split(line(("✎ you", "user bold")), right, page.width)
            words = text_rows(page.log.text(event.text), page.width, "user", True, MARGIN)
            yield "", Joined(([heading], words))


def _given(page: Page, rlm: Node | None) -> Iterator[tuple[str, Rows]]:
    """The final answer of the newest turn, where a person put theirs in its place; no LM was told of it yet."""
    turns = page.view.children(rlm)[-1:] if rlm is not None else []
    for edit in filter(None, (edit_of(page, turn, "answer") for turn in turns)):
        heading = split(line(("✎ the final answer", "user bold")), line(*edit.mark), page.width)
        text = prose(edit.after, page, "user", MARGIN)
        yield "", together([heading], folded(text, _MESSAGE_ROWS, "chat.answer", page, MARGIN))


def _newest_lms(page: Page, owner: str) -> list[Node]:
    """The LM calls of the last two turns; what they said may not have been sent on."""
    rlm = page.view.node(owner)
    turns = page.view.children(rlm)[-2:] if rlm else []
    return [child for turn in turns for child in page.view.children(turn) if child.type == "lm"]


def _again(page: Page, lm: Node, last: int) -> Iterator[tuple[str, Rows]]:
    """Where the newest request asks again: what differs from the one before it."""
    if page.view.fact(lm, ev.LmRequested) != last or not asks_again(page.view, lm):
        return
    sent, before = sent_by(page.view, page.log, lm), asked_before(page.view, page.log, lm)
    if sent is None or before is None:
        return
    changes = difference(before, sent)
    what = "it differs from the request before:" if changes else "the request is the same as before"
    rows: list[Rows] = [[line(("↻ asked again", "careful bold"), (f" · {what}", "dim"))]]
    if changes:
        roles = {"+": "done", "-": "failed", "@": "dim"}
        drawn = [text_rows(text, page.width, roles.get(text[:1], "muted"), False, MARGIN) for text in changes[2:]]
        rows.append(folded(Joined(drawn), _MESSAGE_ROWS, f"again.{lm.id}", page, MARGIN))
    yield lm.id, Joined(rows)


def _newest(page: Page, lm: Node, last: int) -> Iterator[tuple[str, Rows]]:
    """What an LM call said since the request `last`, or says right now."""
    yield from _again(page, lm, last)
    responded, failed = page.view.fact(lm, ev.LmResponded), page.view.fact(lm, ev.LmFailed)
    response = response_of(page.view, page.log, lm)
    if response is not None and responded is not None and responded > last:
        text, whose = _said(page, lm)
        yield lm.id, _message(page, "assistant", text, lm.id, f"chat.{lm.id}", whose or (("newest", "dim"),))
    text = page.live.text(lm.id, "text")
    if text:
        who, role = _CHILD if lm.depth > 0 else _ROLES["assistant"]
        heading = split(line((who, f"{role} bold")), line(writing_mark(page, lm)), page.width)
        yield lm.id, Joined(([heading], streaming(text, page, "text", MARGIN)))
    elif page.is_cut and response is None and page.view.fact(lm, ev.LmRequested) and not failed:
        yield lm.id, [clip(line(cut_off("no answer")), page.width)]
    event = page.log.event(failed) if failed is not None and failed > last else None
    if isinstance(event, ev.LmFailed):
        yield lm.id, note("✗", event.message, page, "failed", MARGIN)
