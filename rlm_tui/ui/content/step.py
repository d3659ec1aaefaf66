"""The Step pane: what was selected, in reading order: said, read as, code, output, answer."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from rlm_tui import events as ev
from rlm_tui.engine.parser import OUT_OF_TOKENS
from rlm_tui.text import one_line, plural, short_count, short_seconds, thoughts_and_words, wordless
from rlm_tui.trajectory import Node
from rlm_tui.trajectory.facts import newest
from rlm_tui.ui.content.asked import MARK_CELLS, asked_row, writing_mark
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.content.block import answer, block, held_mark, held_rows
from rlm_tui.ui.content.calls import held_text
from rlm_tui.ui.content.edits import ANSWERED, ASKED_AGAIN, Edit, edit_of, mark_of, was, was_asked_again
from rlm_tui.ui.content.numbers import number_at
from rlm_tui.ui.content.parts import (
    HELD,
    LABEL,
    MARGIN,
    Page,
    beside,
    folded,
    hold_at,
    label,
    note,
    numbered,
    prose,
    response_of,
    sections,
    streaming,
    turn_of,
    verbatim,
)
from rlm_tui.ui.content.reading import below
from rlm_tui.ui.content.remarks import remarks
from rlm_tui.ui.content.root import root
from rlm_tui.ui.content.subcall import batch, subcall
from rlm_tui.ui.content.told import addressed, queued, told, told_back
from rlm_tui.ui.lines import BLANK, Piece, Rows, clip, line, wrap_text
from rlm_tui.ui.rows import Joined
from rlm_tui.ui.selecting import interesting
from rlm_tui.ui.states import cut_off
from rlm_tui.ui.words import child_name

_EMPTY = "What the model says, the code it writes and what comes of it appear here."
_SAYS_ROWS = 60
_NOTES = frozenset({"Note"})
_REMARK = 11
_PROMPT_ROWS = 20
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n.*?(^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


def step(page: Page, selection: str | None) -> Rows:
    """The rows of a selection: a node id, the calls of a batch, or None for what matters now."""
    chosen = selection if selection is not None else interesting(page.view)
    node_id, in_batch = split_key(chosen or "")
    node = page.view.node(node_id)
    if node is None:
        return wrap_text(_EMPTY, page.width, "dim")
    noted = _noted(page, node)
    rows = batch(page, chosen or "") if in_batch else _of_node(page, node)
    asked = number_at(page, node)
    return Joined((*noted, rows, asked)) if noted or len(asked) else rows


def _noted(page: Page, node: Node) -> list[Rows]:
    """A person's note on a node, and those on what is right below it."""
    parts: list[Rows] = []
    for each in (node, *page.view.children(node)):
        if each.id in page.notes:
            about = "" if each is node else f"{each.type} · "
            parts += [beside("NOTE", prose(f"¶ {about}{page.notes[each.id]}", page, "user"), page.width), [BLANK]]
    return parts


def _of_node(page: Page, node: Node) -> Rows:
    match node.type:
        case "rlm":
            return root(page, node) if not node.parent else _child(page, node)
        case "iteration":
            return sections(iteration(page, node))
        case "lm":
            return sections(exchange(page, node))
        case "code":
            turn = turn_of(page.view, node)
            return sections(iteration(page, turn)) if turn is not node else block(page, node)
        case "subcall":
            return subcall(page, node)


def _child(page: Page, node: Node) -> Rows:
    """An RLM below a sub-call: what it was asked and what it answered."""
    turns = sum(child.type == "iteration" for child in page.view.children(node))
    said: Piece = (f"{child_name(page.view, node.id)} · depth {node.depth} · {plural(turns, 'iteration')}", "root")
    call = page.view.node(node.parent)
    asked = subcall(page, call) if call is not None and call.type == "subcall" else []
    return Joined(([label("RLM", said, width=page.width)], [BLANK], asked))


def iteration(page: Page, node: Node) -> Iterator[Rows]:
    """A turn: the LM's words, what was read in them, each block, the answer."""
    children = page.view.children(node)
    lms = [child for child in children if child.type == "lm"]
    if not children:
        begun = ("The turn begins; the model has not been asked yet.", "dim")
        yield [label("SAYS", cut_off("not asked") if page.is_cut else begun, width=page.width)]
    for lm in lms:
        yield told(page, lm)
        read = (read_as(page, node), told_back(page, node)) if lm is lms[-1] else ()
        is_answered = page.view.fact(lm, ev.LmResponded) is not None
        yield Joined((says(page, lm), *read, remarks(page, lm, _NOTES) if is_answered else ()))
    yield cut_code(page, node, lms)
    for child in below(page.view, node):
        if child.type == "code":
            yield block(page, child)
    yield answer(page, node)
    yield queued(page, node)
    yield remarks(page, node)


def exchange(page: Page, lm: Node) -> Iterator[Rows]:
    """One LM call: what was new in the request, and the whole response as it came."""
    yield _sent(page, lm)
    yield _whole_response(page, lm)
    yield remarks(page, lm)


def says(page: Page, lm: Node) -> Rows:
    """What the LM said outside its code, as it comes or as it came."""
    response = response_of(page.view, page.log, lm)
    if response is None:
        return _waiting(page, lm)
    edit = edit_of(page, lm, "response")
    text = page.log.text(response.text) if edit is None else edit.after
    words, right = _outside_code(thoughts_and_words(text)[1]), _whose(response, edit)
    right = (ASKED_AGAIN,) if was_asked_again(page, lm) else right
    hold = hold_at(page.view, lm)
    if hold is not None and hold.checkpoint == "after_response":
        heading = label("SAYS", held_mark(hold), width=page.width, right=right, key=HELD)
        return Joined(([heading], _held_text(page, lm, "text"), was(page, lm, "response", edit)))
    shown = (
        prose(words, page, "text", right=_REMARK)
        if words
        else [clip(line(" " * LABEL, (wordless(text, has_thought=bool(response.reasoning)), "dim")), page.width)]
    )
    thoughts = _thoughts(page, response, lm)
    said = beside("SAYS", folded(shown, _SAYS_ROWS, f"{lm.id}.says", page), page.width, right)
    return Joined((thoughts, said, was(page, lm, "response", edit)))


def _whose(response: ev.LmResponded, edit: Edit | None) -> tuple[Piece, ...]:
    """Whose words a response has, where they are a person's; else how fast it came."""
    return mark_of(edit) or (ANSWERED if response.by == "user" else _speed(response))


def cut_code(page: Page, node: Node, lms: list[Node]) -> Rows:
    """The code at the end of a response that was cut off in it; it never ran."""
    parsed = newest(page.view, page.log, node, ev.ResponseParsed)
    response = response_of(page.view, page.log, lms[-1]) if lms else None
    if response is None or parsed is None or not parsed.truncated:
        return []
    last = deque(_FENCED.finditer(thoughts_and_words(page.log.text(response.text))[1]), maxlen=1)
    code = last[0][0].strip("\n").partition("\n")[2] if last and not last[0][2] else ""
    if not code.strip():
        return []
    heading = label("CODE", ("cut off, never run", "careful"), width=page.width)
    return Joined(([heading], folded(numbered(code, page, "dim"), _SAYS_ROWS, f"{node.id}.cut", page, MARGIN)))


def _outside_code(text: str) -> str:
    words = _FENCED.sub("", text).strip()
    return re.sub(r"\n{3,}", "\n\n", words)


def _thoughts(page: Page, response: ev.LmResponded, lm: Node, *, whole: bool = False) -> Rows:
    aloud = "" if whole else thoughts_and_words(page.log.text(response.text))[0]
    reasoning = page.log.text(response.reasoning) or aloud
    if not reasoning.strip():
        return []
    return beside("THINKS", folded(prose(reasoning, page, "dim"), 3, f"{lm.id}.thinks", page), page.width)


def _speed(response: ev.LmResponded) -> tuple[Piece, ...]:
    tokens, seconds = response.usage.output_tokens, response.latency_s
    if response.cached:
        return (("from the cache", "dim"),)
    if tokens and seconds is not None and seconds >= 0.05:
        return ((f"{tokens / seconds:.0f} tok/s", "dim"),)
    return ((short_seconds(seconds), "dim"),)


def _waiting(page: Page, lm: Node) -> Rows:
    """What can be seen of a response before it is there."""
    hold = hold_at(page.view, lm)
    if hold is not None:
        failed = (remarks(page, lm), [BLANK]) if hold.has_failed else ()
        return Joined((*failed, held_rows(page, lm, hold.checkpoint, "PROMPT") or []))
    thinks, text = page.live.text(lm.id, "reasoning"), page.live.text(lm.id, "text")
    rows: list[Rows] = []
    mark = writing_mark(page, lm, "writing" if text else "thinking")
    narrower = page._replace(width=page.width - MARK_CELLS - 1)
    if thinks and not text:
        rows.append(beside("THINKS", streaming(thinks, narrower, "dim", LABEL), page.width, (mark,)))
    elif text:
        rows.append(beside("SAYS", streaming(text, narrower, "text", LABEL), page.width, (mark,)))
    elif page.view.outcome(lm) is None and page.view.fact(lm, ev.LmRequested):
        rows.append([asked_row(page, lm, "SAYS", "asked; no word of the answer yet")])
    return Joined((*rows, remarks(page, lm)))


def _held_text(page: Page, node: Node, role: str) -> Rows:
    held = held_text(page.view, page.log, node)
    return verbatim(held[1], page, role) if held else []


def read_as(page: Page, node: Node) -> Rows:
    """What the parser found: blocks, a final, every repair, or why nothing."""
    parsed = newest(page.view, page.log, node, ev.ResponseParsed)
    if parsed is None:
        return []
    found = [plural(len(parsed.blocks), "block")] if parsed.blocks else []
    if parsed.final:
        form = "FINAL" if parsed.final.kind == "text" else "FINAL_VAR"
        found.append(f"{form}({one_line(page.log.text(parsed.final.value), 60)})")
    if parsed.truncated:
        found.append("cut off at its end")
    usable = bool(parsed.blocks or parsed.final)
    said = (" · ".join(found), "text") if usable else (" · ".join(["nothing usable", *found]), "failed")
    held: tuple[Piece, ...] = ((f"held to {parsed.held_to}", "dim"),) if parsed.held_to else ()
    rows: list[Rows] = [[label("READ AS", said, width=page.width, right=held)]]
    ended = _ended_by(page, node) if parsed.truncated else ""
    if ended:
        rows.append(note("⚠", ended, page, "careful"))
    if parsed.problem:
        whom = addressed(page, node, parsed.seq)
        rows.append(note("⚠", f"{whom}: {parsed.problem}", page, "careful"))
    rows += [note("↻", f"{repair.detail} ({repair.name})", page) for repair in parsed.repairs]
    return Joined(rows)


def _ended_by(page: Page, node: Node) -> str:
    """Why a server ended a response that was cut off, in its own word and in ours."""
    lms = [child for child in page.view.children(node) if child.type == "lm"]
    response = response_of(page.view, page.log, lms[-1]) if lms else None
    word = response.finish_reason if response is not None else None
    if not word:
        return ""
    limit = ", at its limit of tokens for one response" if word in OUT_OF_TOKENS else ""
    return f"the server ended it by “{one_line(word, 40)}”{limit}"


def _sent(page: Page, lm: Node) -> Rows:
    held = held_rows(page, lm, "before_request", "PROMPT")
    if held is not None:
        return held
    request = newest(page.view, page.log, lm, ev.LmRequested)
    if request is None:
        return []
    before = f"{plural(request.prior, 'message')} before" if request.prior else "the first messages"
    edit = edit_of(page, lm, "prompt")
    right = mark_of(edit) or ((before, "dim"),)
    rows: list[Rows] = [[label("SENT", (request.model, "muted"), width=page.width, right=right)]]
    for nth, message in enumerate(request.messages):
        rows.append([line("  ", (message.role, "root" if message.role == "assistant" else "muted"))])
        text = verbatim(page.log.text(message.content), page, "output")
        rows.append(folded(text, _PROMPT_ROWS, f"{lm.id}.sent{nth}", page, MARGIN))
    return Joined((*rows, was(page, lm, "prompt", edit)))


def _whole_response(page: Page, lm: Node) -> Rows:
    response = response_of(page.view, page.log, lm)
    if response is None:
        return _waiting(page, lm) if page.view.fact(lm, ev.LmRequested) else []
    hold, edit = hold_at(page.view, lm), edit_of(page, lm, "response")
    mark: Piece = held_mark(hold) if hold is not None else _response_facts(response)
    heading = label("RESPONSE", mark, width=page.width, right=_whose(response, edit), key=HELD if hold else "")
    text = page.log.text(response.text) if edit is None else edit.after
    body = _held_text(page, lm, "text") if hold is not None else verbatim(text, page, "text")
    shown = folded(body, 4 * _SAYS_ROWS, f"{lm.id}.all", page)
    return Joined((_thoughts(page, response, lm, whole=True), [heading], shown, was(page, lm, "response", edit)))


def _response_facts(response: ev.LmResponded) -> Piece:
    used = response.usage
    parts = [f"{short_count(used.input_tokens)} in, {short_count(used.output_tokens)} out"]
    if response.finish_reason:
        parts.append(f"ended by {response.finish_reason}")
    return " · ".join(parts), "muted"
