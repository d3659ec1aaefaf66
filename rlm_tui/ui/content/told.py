"""What the model was told beside output: a person's words, and why its answer did not count."""

from __future__ import annotations

from bisect import bisect_left

from rlm_tui import events as ev
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content.parts import Page, beside, note, prose
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.rows import Joined


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


def _first_sentence(text: str) -> str:
    first, stop, _ = text.partition(". ")
    return first + stop.rstrip()
