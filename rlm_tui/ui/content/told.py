"""What the model was told beside output: a person's words, and why its answer did not count."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TypeAlias

from rlm_tui import events as ev
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content.parts import Page, beside, note, prose
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.rows import Joined

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""From where to where, in characters."""


def told(page: Page, lm: Node) -> Rows:
    """A person's words that went out with the request of an LM call."""
    asked = page.view.facts(lm, ev.LmRequested)
    sent = page.view.tree.told_out
    index = bisect_left(sent, asked[0]) if asked else len(sent)
    if index == len(sent) or sent[index] != asked[0]:
        return []
    before = sent[index - 1] if index else 0
    return _words(page, [seq for seq in page.view.tree.told if before < seq < asked[0]], "")


def queued(page: Page, iteration: Node) -> Rows:
    """A person's words that wait, in the newest iteration of the root."""
    root = page.view.root
    newest = page.view.children(root)[-1:] if root is not None else []
    return _words(page, page.view.queued_words(), unsent(page)) if newest == [iteration] else []


def unsent(page: Page) -> str:
    """What is said beside a person's words that no request took along."""
    return "never sent" if page.is_cut else "queued for its next message"


def _words(page: Page, seqs: list[int], state: str) -> Rows:
    rows: list[Rows] = []
    for seq in seqs:
        event = page.log.event(seq)
        if isinstance(event, ev.Told):
            words = prose(f"by you: {page.log.text(event.text)}", page, "user", right=len(state) + 1 if state else 0)
            rows.append(beside("✎ TOLD", words, page.width, ((state, "dim"),) if state else ()))
    return Joined(rows)


def told_back(page: Page, iteration: Node) -> Rows:
    """Why the answer or the response of an iteration did not count, as the next request tells the model."""
    over = newest(page.view, page.log, iteration, ev.IterationFinished)
    if over is None or not over.refused:
        return []
    why = _first_sentence(page.log.text(over.refused))
    return note("↳", f"{addressed(page, iteration, over.seq)}: {why}", page)


def addressed(page: Page, iteration: Node, seq: int) -> str:
    """That words of the event `seq` are for the model and not for the person, and whether a request took them along."""
    requests = page.view.tree.requests.get(iteration.parent, [])
    is_told = any(seq < sent <= page.view.seq for sent, _, _ in requests)
    return "the model was told" if is_told else "for the model"


def by_person(page: Page, rlm: str, seq: int, text: str) -> Spans:
    """Where in a message of an RLM's request `seq` a person's words, blocks and changes stand, whole lines each."""
    lines, ends = f"\n{text}\n", dict[str, int]()
    spans: list[tuple[int, int]] = []
    for theirs in _theirs(page, rlm, seq):
        begin = lines.find(f"\n{theirs}\n", ends.get(theirs, 0))
        if begin >= 0:
            ends[theirs] = begin + len(theirs)
            spans.append((begin, ends[theirs]))
    return tuple(sorted(spans))


def _theirs(page: Page, rlm: str, seq: int) -> Iterator[str]:
    """How the engine tells of what a person did since the messages before those of a request went out."""
    from rlm_tui.engine import prompts

    requests, deeds = page.view.tree.requests.get(rlm, []), page.view.tree.deeds
    at = bisect_left(requests, seq, key=lambda request: request[0])
    prior = requests[at][1] if at < len(requests) else 0
    before = (sent for sent, first, count in reversed(requests[:at]) if first + count <= prior)
    since = next(before, 0)
    for deed in deeds[bisect_right(deeds, since) : bisect_left(deeds, seq)]:
        event = page.log.event(deed)
        match event:
            case ev.Told():
                yield f"The user says: {page.log.text(event.text)}"
            case ev.CodeStarted():
                yield prompts.injected_block(page.log.text(event.code), "").removesuffix("\nIts output:\n")
            case ev.Edited(what="code"):
                yield prompts.edited_block(page.log.text(event.after))
            case ev.Edited(what="output"):
                node = page.view.node(event.node)
                shown = prompts.output_message(node.number if node is not None else 0, page.log.text(event.after))
                yield f"The user changed the output. {shown}"


def _first_sentence(text: str) -> str:
    first, stop, _ = text.partition(". ")
    return first + stop.rstrip()
