"""The dictionary of an `rlms` completion (`RLMChatCompletion.to_dict()`): one run, its log inside `metadata`.

One JSON object, several in a list, or one a line. What was asked of (`prompt`) is the context of the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.trace.importers.base import Feed, Importer, Tape, damage, decode, words
from rlm_tui.trace.importers.rlms import CLOCK, ENGINE, NO_QUESTION, TYPES
from rlm_tui.trace.importers.rlms_records import Call, Meta, child_of, first_moment, usage
from rlm_tui.trace.importers.rlms_run import Run, Told
from rlm_tui.trace.importers.shape import Shape

PLAIN = "The completion holds no iterations: only what was asked and answered is known."
USAGE = "Tokens are those of the whole completion; the file does not tell them by iteration."


class _Completions:
    """The completions of one file, each a run."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._tape = Tape()
        self._told = Told(feed, self._tape)
        self._runs = 0

    def read(self) -> Iterator[ev.TraceEvent]:
        """The events of every completion."""
        for call in _calls(self._feed):
            self._put(call)
            yield from self._tape.take()

    def _put(self, call: Call) -> None:
        self._runs += 1
        node, tape = f"r{self._runs}", self._tape
        child = child_of(call.metadata)
        turns = (child.iterations or []) if child is not None else []
        meta = Meta.of(child.run_metadata if child is not None else None)
        meta = meta if meta.model else meta._replace(model=words(call.root_model))
        start = first_moment(turns)
        run = Run(self._told, node, meta, start=None if start is None else start - tape.t)
        run.is_captured = True
        run.begin(
            turns[0] if turns else None, context=tape.document(call.prompt) if isinstance(call.prompt, str) else None
        )
        self._told.lost(node, USAGE if turns else PLAIN)
        for text in (*((CLOCK, TYPES) if turns else ()), *(() if run.query else (NO_QUESTION,))):
            self._told.lost(node, text)
        for turn in turns:
            run.turn(turn)
        run.finish(answer=None if call.response is None else words(call.response), used=usage(call.usage_summary))


def _calls(feed: Feed) -> Iterator[Call]:
    lines = feed.lines()
    first = next(lines, None)
    if first is None:
        return
    try:
        yield decode(first.data, Call)
    except TraceError:
        found = feed.value(Call, list[Call])
        yield from found if isinstance(found, list) else [found]
        return
    for line in lines:
        try:
            yield decode(line.data, Call)
        except TraceError as error:
            feed.problem(*damage(line, error))


def _is_completion(shape: Shape) -> bool:
    path = "[]." if shape.is_list else ""
    names = [name.removeprefix(path) for name in shape.members if name.startswith(path)]
    if "root_model" not in names or "prompt" not in names or "type" in names:
        return False
    # The prompt may be the whole context, and what follows it out of sight.
    last = names[-1] == "prompt" or names[-1].startswith("prompt.")
    return last or "response" in names


COMPLETION = Importer("rlms-completion", ENGINE, _is_completion, lambda feed: _Completions(feed).read())
