"""The Calls pane: the exact tree, one line a node: state, what it did, time, tokens."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from rlm_tui import events as ev
from rlm_tui.session.log import Log
from rlm_tui.session.notebook import Notebook
from rlm_tui.text import least_count, one_line, short_count, short_seconds, thoughts_and_words, wordless
from rlm_tui.trajectory import Node, View
from rlm_tui.trajectory.facts import is_amiss, is_by_hand, newest
from rlm_tui.ui.content.batches import BATCH, QUEUED, members, split_key
from rlm_tui.ui.content.edits import Moment, edit_of, was_asked_again
from rlm_tui.ui.content.narrowed import NarrowedRows
from rlm_tui.ui.content.tally import Tally
from rlm_tui.ui.content.tree import CallTree, Facts, TreeRows
from rlm_tui.ui.content.twigs import Row
from rlm_tui.ui.lines import Line, line, rjust, split, wrap_text
from rlm_tui.ui.rows import Provider
from rlm_tui.ui.states import ENDS, UNFINISHED
from rlm_tui.ui.words import MARK, NOTED, child_name

_EMPTY = "The tree of calls grows here once a question is asked."
_NUMBER = 6
_TOKENS_FROM = 26
_GIST = 120
CACHED = "cached"
_OUTCOMES: dict[ev.Outcome, tuple[str, str]] = {
    "ok": ("✓", "done"),
    "error": ("✗", "failed"),
    "skipped": ("○", "dim"),
    "interrupted": ("✗", "careful"),
    "cancelled": ("○", "dim"),
}
_NAMES: dict[ev.Asks, str] = {"": "llm", "lm": "llm", "rlm": "rlm", "tool": "tool"}
_HELD, _RUNNING, _RETRY, _AMISS = ("‖", "careful"), ("●", "running"), ("↻", "careful"), ("⚠", "careful")


def empty(width: int, narrowed: str = "") -> list[Line]:
    """What the pane says before there is a tree, or when a filter finds nothing in it."""
    return wrap_text(f"Nothing matches {narrowed}; Esc shows all." if narrowed else _EMPTY, width, "dim")


class Scene(NamedTuple):
    """A moment to draw: the view, its log, the clock for what still runs, and what is held."""

    view: View
    log: Log
    now: float
    held: frozenset[str]
    signs: Mapping[str, str] = MappingProxyType({})
    """What a person put on nodes: marks and notes, as symbols by node id."""
    is_cut: bool = False
    """Whether the trace stops here without an end."""


def signs_of(view: View, notebook: Notebook) -> dict[str, str]:
    """The symbols of a person's marks and notes, by the node on which they stand."""
    steps, signs = view.tree.steps, dict[str, str]()
    for seq in notebook.marks:
        at = bisect_left(steps, seq, key=lambda step: step.seq)
        if at < len(steps) and steps[at].seq == seq:
            signs[steps[at].node] = MARK
    for node in notebook.notes:
        signs[node] = signs.get(node, "") + NOTED
    return signs


def scene(
    view: View, log: Log, now: float | None = None, notebook: Notebook | None = None, is_cut: bool = False
) -> Scene:
    """The moment of a view, with what is held in it."""
    clock = view.t if now is None else max(now, view.t)
    signs = signs_of(view, notebook) if notebook is not None else {}
    return Scene(view, log, clock, held_nodes(view), signs, is_cut)


def held_nodes(view: View) -> frozenset[str]:
    """The nodes that wait: what holds a held node counts as held too, up to its RLM."""
    held: set[str] = set()
    for hold in view.holds():
        node = view.node(hold.node)
        while node is not None and node.type != "rlm":
            held.add(node.id)
            node = view.node(node.parent)
    return frozenset(held)


class CallRows(Provider):
    """The open rows of the tree as lines, each made when it is looked at."""

    def __init__(self, tree: CallTree, moment: Scene, width: int, narrowed: NarrowedRows | None = None) -> None:
        self.rows: TreeRows | NarrowedRows = tree.at(moment.view) if narrowed is None else narrowed
        self._tree, self._scene, self._width = tree, moment, width

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, index: int) -> Line:
        """The line at an index."""
        row = self.rows.row(index)
        return draw(self._scene, row, self._width, self._tree)


def draw(moment: Scene, row: Row, width: int, tree: CallTree) -> Line:
    """One row of the tree."""
    if BATCH in row.key:
        symbol, label, seconds, tokens = _known_batch(moment, row.key, tree)
        has_more = True
    else:
        node = moment.view.tree.nodes[row.key]
        symbol, label = state(moment, node), _label(moment, node)
        seconds, tokens = time_of(moment, node), _tokens(moment, node)
        has_more = bool(moment.view.children(node))
    arrow = ("▾ " if tree.is_open(row.key) else "▸ ") if has_more else "  "
    margin = " " * row.depth
    left = line(margin, (arrow, "dim"), symbol, " ", *label, key=row.key)
    return split(left, _numbers(seconds, tokens, width), width)


def _numbers(seconds: str, tokens: str, width: int) -> Line:
    time = rjust(seconds, _NUMBER)
    return Line((time, rjust(tokens, _NUMBER)) if width >= _TOKENS_FROM else (time,))


def header(width: int) -> Line:
    """What the columns on the right are."""
    return split(line(), _numbers("time", "tok", width), width)


def state(moment: Scene, node: Node) -> tuple[str, str]:
    """The symbol and role of how a node stands."""
    if node.id in moment.held:
        return _HELD
    outcome = moment.view.outcome(node) or _ended(moment, node)
    if outcome in ("ok", "skipped") and was_asked_again(moment, node):
        return _RETRY
    if outcome == "ok" and node.type == "iteration" and is_amiss(moment.view, moment.log, node):
        return _AMISS
    if outcome is not None:
        over = newest(moment.view, moment.log, node, ev.RunFinished) if node.type == "rlm" else None
        return ENDS[over.status].sign if over is not None else _OUTCOMES[outcome]
    if moment.is_cut:
        return UNFINISHED.sign
    if node.type in ("lm", "subcall"):
        failed, asked = moment.view.fact(node, ev.LmFailed), moment.view.fact(node, ev.LmRequested)
        if failed and failed > (asked or 0):
            return _RETRY
    return _RUNNING


def _ended(moment: Scene, node: Node) -> ev.Outcome | None:
    """How a block ended that is not closed yet: the trace has its output a moment before."""
    if node.type != "code":
        return None
    over = newest(moment.view, moment.log, node, ev.CodeFinished)
    if over is None or over.seq < (moment.view.fact(node, ev.CodeStarted) or 0):
        return None
    return "ok" if over.status == "ok" else "interrupted" if over.status == "interrupted" else "error"


def time_of(moment: Scene, node: Node) -> str:
    """How long a node took without its waits for a person, that it is unknown, or that no LM was asked for it."""
    if is_cached(moment, node):
        return CACHED
    return short_seconds(moment.view.worked(node, moment.now))


def is_cached(moment: Scene, node: Node) -> bool:
    """Whether the cache answered a call."""
    if node.type not in ("lm", "subcall"):
        return False
    reply = newest(moment.view, moment.log, node, ev.LmResponded if node.type == "lm" else ev.SubcallFinished)
    return isinstance(reply, ev.LmResponded | ev.SubcallFinished) and reply.cached


def _tokens(moment: Scene, node: Node) -> str:
    used = moment.view.usage(node).tokens
    return "" if node.type == "code" and used is None else least_count(used, is_part=moment.view.is_partial(node))


def _label(moment: Scene, node: Node) -> list[tuple[str, str]]:
    signs = ("✎" if is_by_hand(moment.view, moment.log, node) else "") + moment.signs.get(node.id, "")
    edited = [(f"{signs} ", "user")] if signs else []
    if was_asked_again(moment, node):
        edited.append(("asked again ", "user"))
    match node.type:
        case "rlm":
            return [*edited, (_rlm_name(moment.view, node), "root bold")]
        case "iteration":
            number = str(node.number) if moment.view.fact(node, ev.IterationStarted) else "…"
            return [*edited, (f"{number} ", "text"), (gist(moment, node), "muted")]
        case "lm":
            return [*edited, ("lm ", "root"), (node.title.rpartition("/")[2], "muted")]
        case "code":
            return [*edited, ("code ", "code"), (_code_gist(moment, node), "dim")]
        case "subcall":
            return [*edited, *_subcall(moment, node)]


def _rlm_name(view: View, node: Node) -> str:
    if node.parent:
        return child_name(view, node.id)
    questions = view.questions if len(view.roots) > 1 else []
    return "root" if len(questions) < 2 else f"root {questions.index(node) + 1}"


def gist(moment: Scene, iteration: Node) -> str:
    """What an iteration is about: the model's own words, or the beginning of its code."""
    children = moment.view.children(iteration)
    turns = [child for child in children if child.type == "lm" and child.title != ev.COMPACTION]
    answered = [lm for lm in turns if moment.view.fact(lm, ev.LmResponded) is not None]
    counts = answered[-1] if answered else None
    if counts is not None and (said := _words(moment, counts)):
        return said
    since = counts.opened if counts is not None else 0
    codes = [child for child in children if child.type == "code" and child.opened >= since]
    code = next((_code_gist(moment, code) for code in sorted(codes, key=lambda code: code.by == "user")), "")
    return code or (_wordless(moment, counts) if counts is not None else "")


def _words(moment: Scene, lm: Node) -> str:
    """The first line of a response outside its code, as it counts: a person may have changed it."""
    text = _response(moment, lm)[: 40 * _GIST]
    return one_line(thoughts_and_words(text)[1].partition("```")[0], _GIST)


def _response(moment: Scene, lm: Node) -> str:
    response, edit = newest(moment.view, moment.log, lm, ev.LmResponded), edit_of(moment, lm, "response")
    return edit.after if edit is not None else moment.log.text(response.text) if response is not None else ""


def _wordless(moment: Scene, lm: Node) -> str:
    """That a response is empty, or has thoughts alone; nothing of one with words or code, which may not stand yet."""
    text, response = _response(moment, lm), newest(moment.view, moment.log, lm, ev.LmResponded)
    if thoughts_and_words(text)[1].strip():
        return ""
    return wordless(text, has_thought=response is not None and bool(response.reasoning))


def _code_gist(moment: Scene, node: Node) -> str:
    code = code_of(moment.view, moment.log, node) or node.title
    lines = [text.strip() for text in code[: 8 * _GIST].split("\n")]
    return one_line(next((text for text in lines if text and not text.startswith("#")), ""), _GIST)


def code_of(view: View, log: Log, node: Node) -> str:
    """The code of a block as it runs, or as it is held."""
    event = newest(view, log, node, ev.CodeStarted)
    if event is not None:
        return log.text(event.code)
    held = held_text(view, log, node)
    return held[1] if held else ""


def held_text(view: View, log: Log, node: Node) -> tuple[str, str] | None:
    """What was last held at a node: as it came, and as it stands after edits."""
    held, edited = newest(view, log, node, ev.Held), newest(view, log, node, ev.Edited)
    if held is None:
        return None
    content = log.text(held.content)
    return content, log.text(edited.after) if edited is not None and edited.seq > held.seq else content


def held_prompt(moment: Moment, node: Node) -> str | None:
    """What a sub-call was to be sent, as it stood when it was held last; None where it never was."""
    events = (moment.log.event(seq) for seq in reversed(moment.view.facts(node, ev.Held)))
    held = next((each for each in events if isinstance(each, ev.Held) and each.checkpoint == "before_subcall"), None)
    edit = edit_of(moment, node, "prompt")
    return None if held is None else edit.after if edit is not None else moment.log.text(held.content)


def _subcall(moment: Scene, node: Node) -> list[tuple[str, str]]:
    view, log = moment.view, moment.log
    request, answer = newest(view, log, node, ev.SubcallRequested), newest(view, log, node, ev.SubcallFinished)
    name, place, said, role = _NAMES[node.asks], "", node.title, "muted"
    if request is not None and not is_tool(node):
        place = f" {request.index + 1}" if request.batch else ""
        said = _quoted(log.text(request.prompt))
    elif request is None and (prompt := held_prompt(moment, node)) is not None:
        said = _quoted(prompt)
    if answer is not None:
        said, role = (one_line(answer.error), "failed") if answer.error else (_quoted(log.text(answer.text)), "muted")
        if is_tool(node):
            said = f"{node.title} {one_line(answer.error or log.text(answer.text), _GIST)}"
    return [(f"{name}{place} ", "sub"), (said, role)]


def is_tool(node: Node) -> bool:
    """Whether a sub-call is the call of a host tool."""
    return node.asks == "tool"


def _quoted(text: str) -> str:
    return f"“{one_line(text, _GIST)}”"


def _known_batch(moment: Scene, key: str, tree: CallTree) -> Facts:
    """The facts of a batch; once its block is over they are looked up once."""
    if not moment.view.tree.nodes[split_key(key)[0]].done(moment.view.seq):
        return _batch(moment, key, tree)
    if key not in tree.batches:
        tree.batches[key] = _batch(moment, key, tree)
    return tree.batches[key]


def _batch(moment: Scene, key: str, tree: CallTree) -> Facts:
    if split_key(key)[1] == QUEUED:
        is_over = moment.is_cut or moment.view.tree.nodes[split_key(key)[0]].done(moment.view.seq)
        return (
            _OUTCOMES["cancelled"],
            [_queued(moment, key, tree), ("not asked" if is_over else "queued", "dim")],
            "",
            "",
        )
    view, held, tally = moment.view, moment.held, _tally(moment, key, tree)
    label = [(f"{_NAMES[tally.asks]} ×{tally.count} ", "sub")]
    if tally.still:
        label.append((f"{tally.done} done ", "dim"))
    if tally.cached:
        label.append((f"{tally.cached} {CACHED} ", "dim"))
    if tally.failed:
        label.append((f"✗ {tally.failed}", "failed"))
    if tally.stopped:
        label.append((f"{' ' if tally.failed else ''}{tally.stopped} stopped", "dim"))
    if tally.skipped:
        label.append((f"{' ' if tally.failed or tally.stopped else ''}{tally.skipped} skipped", "dim"))
    if held and any(call.id in held for call in tally.still):
        symbol = _HELD
    elif tally.still:
        symbol = UNFINISHED.sign if moment.is_cut else _RUNNING
    else:
        symbol = _OUTCOMES[tally.outcome]
    return symbol, label, short_seconds(tally.seconds(view, moment.now)), short_count(tally.used(view).tokens)


def _queued(moment: Scene, key: str, tree: CallTree) -> tuple[str, str]:
    twig, nodes = tree.calls(key), moment.view.tree.nodes
    calls = [call.id for call in members(moment.view, key)] if twig is None else twig.below
    asks = next((_NAMES[nodes[call].asks] for call in calls), "llm")
    return f"{asks} ×{len(calls)} ", "sub"


def _tally(moment: Scene, key: str, tree: CallTree) -> Tally:
    """The count of a batch; while its block is under way it goes on from the last one."""
    twig = tree.calls(key)
    if twig is None:
        tally = Tally()
        tally.add(moment.view, members(moment.view, key))
    else:
        tally = tree.tallies.setdefault(key, Tally())
        tally.at(moment.view, twig)
    return tally
