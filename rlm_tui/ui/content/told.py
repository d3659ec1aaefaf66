"""What the model was told beside output: a person's words, and why its answer did not count."""

from __future__ import annotations

from bisect import bisect_left

from rlm_tui import events as ev
from rlm_tui.engine import prompts
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content.parts import Page, beside, note, prose
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.rows import Joined

_REFUSALS = (prompts.FINAL_WAITED, prompts.EMPTY_ANSWER, prompts.SKIPPED_ANSWER, prompts.SKIPPED_RESPONSE)
_QUEUED = "queued for its next message"


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
    return _words(page, page.view.queued_words(), _QUEUED) if newest == [iteration] else []


def _words(page: Page, seqs: list[int], state: str) -> Rows:
    rows: list[Rows] = []
    for seq in seqs:
        event = page.log.event(seq)
        if isinstance(event, ev.Told):
            words = prose(f"by you: {page.log.text(event.text)}", page, "user", right=len(state) + 1 if state else 0)
            rows.append(beside("✎ TOLD", words, page.width, ((state, "dim"),) if state else ()))
    return Joined(rows)


def told_back(page: Page, iteration: Node) -> Rows:
    """Why the answer or the response of an iteration did not count, as the model was told with the next request."""
    text = _next_message(page, iteration)
    lines = text.split("\n") if text else []
    found = [line for line in lines if line.startswith(_refusals(page, iteration))]
    return note("↳", f"the model was told: {_first_sentence(found[-1])}", page) if found else []


def _refusals(page: Page, iteration: Node) -> tuple[str, ...]:
    parsed = newest(page.view, page.log, iteration, ev.ResponseParsed)
    if parsed is None or parsed.final is None or parsed.final.kind == "text":
        return _REFUSALS
    return (*_REFUSALS, prompts.no_such_variable(parsed.final.value, []).partition(". ")[0])


def _first_sentence(text: str) -> str:
    first, stop, _ = text.partition(". ")
    return first + stop.rstrip()


def _next_message(page: Page, iteration: Node) -> str:
    """The last user message of the first request behind an iteration, or nothing while there is none."""
    requests = page.view.tree.requests.get(iteration.parent, [])
    over = iteration.closed if iteration.done(page.view.seq) else None
    later = (seq for seq, _, _ in requests if over is not None and over < seq <= page.view.seq)
    seq = next(later, None)
    event = page.log.event(seq) if seq else None
    messages = event.messages if isinstance(event, ev.LmRequested) else ()
    return next((page.log.text(m.content) for m in reversed(messages) if m.role == "user"), "")
