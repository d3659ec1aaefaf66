"""What a response of an LM means: code blocks to run, a final answer, and what had to be mended to see them.

`parse` is a pure function in linear time that never raises on any text. The scan is in `lexer`; here the dialect
decides which of the things found count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rlm_tui.engine import fences, nudges
from rlm_tui.engine.dialect import Dialect, Reading, built_in
from rlm_tui.engine.fences import Form, Region
from rlm_tui.engine.finals import Final, FinalForm
from rlm_tui.engine.grammar import LINE
from rlm_tui.engine.lexer import Item, Label, Lexer, Scan
from rlm_tui.engine.shape import unwrapped
from rlm_tui.events import Repair
from rlm_tui.text import one_line, plural

NATIVE: dict[Reading, frozenset[Form]] = {
    "paper": frozenset(("repl",)),
    "rlms": frozenset(("repl",)),
    "runtime": frozenset(("repl", "python", "bare")),
    "dspy": frozenset(("python", "bare")),
    "strict": frozenset(("repl",)),
}
_FALLBACK: dict[Form, str] = {
    "repl": "a repl block was taken as code",
    "python": "a python block was taken as code",
    "bare": "a block without a tag was taken as code",
    "one-line": "a fence that opens and closes on one line was taken as code",
    "tag": "text between <repl> tags was taken as code",
    "tool-call": "the code in a tool call was taken as code",
    "transcript": "a >>> transcript was taken as code",
}
_STOP_SEQUENCE = frozenset(("stop", "stop_sequence"))
OUT_OF_TOKENS = frozenset(
    ("length", "max_tokens", "max_output_tokens", "model_length", "token_limit", "model_context_window_exceeded")
)
_LOOK_AT = 4_000
_JSON_FORM = "a JSON object with thought and code was taken for a sentence and a block"
_MENTION = re.compile(r"[Ff](?<=\b.)(?i:INAL(?:_VAR)?\b[ \t]*[(:])")
_SUBMIT = re.compile(r"^[ \t*`]*SUBMIT\(", re.MULTILINE)
_NOTHING: dict[str, tuple[str, Callable[[Dialect], str]]] = {
    "blank-block": ("a blank block was left out", nudges.blank),
    "empty-response": ("the response holds no text", nudges.empty),
    "only-thoughts": ("the model thought and then said nothing", nudges.only_thoughts),
    "submit-as-text": ("SUBMIT stands outside a code block", nudges.submit_as_text),
    "final-mention": ("FINAL is mentioned, but not as a line of its own in capitals", nudges.mention),
    "other-fence": ("no fence is tagged as code", nudges.other_fence),
    "unfenced-code": ("code stands outside a fence", nudges.unfenced),
    "nothing-usable": ("there is neither code nor a final answer", nudges.nothing),
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was seen in a response; `problem` is one sentence for the model, empty when all of it could be used.

    `repairs` holds repairs and remarks alike, in the order in which they were noticed. `truncated` says that the
    response was cut off somewhere, even when complete blocks stood before the cut.
    """

    blocks: tuple[str, ...] = ()
    final: Final | None = None
    repairs: tuple[Repair, ...] = ()
    truncated: bool = False
    problem: str = ""


def parse(
    text: str | None,
    dialect: Dialect | Reading = "paper",
    finish_reason: str | None = None,
    *,
    has_thought: bool = False,
) -> Parsed:
    """Read a response in a dialect, which may be given as the name of a built-in one; None is an empty response.

    `finish_reason` is the provider's word: a stop sequence may have eaten the closing fence, and a token limit
    means that the response was cut. `has_thought` says that the provider told of reasoning beside the text.
    """
    spoken = dialect if isinstance(dialect, Dialect) else built_in(dialect)
    lines = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    plain = unwrapped(lines, spoken.reads_like)
    repairs = [] if plain is None else [Repair("json-form", _JSON_FORM)]
    scan = Lexer(lines if plain is None else plain).scan()
    scan.has_thought |= has_thought
    return _Reading(spoken, (finish_reason or "").lower(), scan, repairs).parsed()


@dataclass(slots=True)
class _Reading:
    """The choice, in one dialect, among what a scan found."""

    dialect: Dialect
    reason: str
    scan: Scan
    repairs: list[Repair] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    truncated: bool = False

    def parsed(self) -> Parsed:
        """Apply the rules in their order."""
        self.repairs.extend(self.scan.remarks)
        if self.scan.cut:
            self._cut(nudges.cut_in_reasoning(self.dialect))
        items = self._with_raw_code()
        code = self._code_among(items)
        end = self._end_of_reading(items, code)
        items = [item for item in items if item.start < end]
        blocks = tuple(self._run(region) for region in code if region.start < end and self._runs(region))
        self._see_other_cut(items, code)
        final = self._final([item for item in items if isinstance(item, FinalForm)])
        usable = bool(blocks) or final is not None
        self._see_length(usable)
        if not usable and not self.problems:
            self._see_nothing(items)
        return Parsed(blocks, final, tuple(self.repairs), self.truncated, next(iter(self.problems), ""))

    def _with_raw_code(self) -> list[Item]:
        """In `runtime` a response without a fence may be code as it stands, up to a final or a label."""
        items = self.scan.items
        if self.dialect.reads_like != "runtime" or any(isinstance(item, Region) for item in items):
            return items
        outside = f"\n{self.scan.outside}"
        marks = (mark.start() for mark in LINE.finditer(outside) if mark["final"] or mark["label"])
        raw = outside[: next(marks, None) if items else None].strip("\ufeff\n ")
        return [Region("bare", raw, -1), *items] if fences.is_code(raw) else items

    def _code_among(self, items: list[Item]) -> list[Region]:
        """The regions that count as code: the dialect's own, or if there are none, what can be taken for it."""
        regions = [item for item in items if isinstance(item, Region)]
        native = [region for region in regions if region.form in NATIVE[self.dialect.reads_like]]
        if not native:
            return [region for region in regions if region.form in _FALLBACK]
        examples = sum(region.form in _FALLBACK for region in regions) - len(native)
        if examples:
            tags = " or ".join(sorted(NATIVE[self.dialect.reads_like]))
            self._remark("example-block", f"{plural(examples, 'block')} beside a {tags} block did not count as code")
        return native

    def _end_of_reading(self, items: list[Item], code: list[Region]) -> float:
        """Where the response stops to count: at output that the model invented, in `strict` at a second block."""
        if not code:
            return math.inf
        for item in items:
            if item.start > code[0].start and (isinstance(item, Label) or _is_output(item)):
                line = item.line if isinstance(item, Label) else "an output block"
                self._remark(
                    "invented-output", f"the model wrote {one_line(line, 60)!r} itself; what follows was dropped"
                )
                self.problems.append(nudges.invented(self.dialect))
                return item.start
            if self.dialect.reads_like == "strict" and item in code[1:2]:
                self._remark("extra-blocks", "only the first block of a turn counts; what follows was dropped")
                self.problems.append(nudges.one_block(self.dialect))
                return item.start
        return math.inf

    def _runs(self, region: Region) -> bool:
        if not region.closed and not self._lacks_only_its_fence(region):
            self._remark("cut-block", "the last block is not closed, so it does not run")
            self._cut(nudges.cut_in_block(self.dialect))
            return False
        if not region.code.strip():
            self._remark("blank-block", "a blank block was left out")
            return False
        return True

    def _run(self, region: Region) -> str:
        self.repairs.extend(region.repairs)
        if region.form not in NATIVE[self.dialect.reads_like]:
            self._remark(f"{region.form}-block", _FALLBACK[region.form])
        if not region.closed:
            self._remark("missing-fence", "a stop sequence took the closing fence")
        return region.code

    def _lacks_only_its_fence(self, region: Region) -> bool:
        return self.reason in _STOP_SEQUENCE and fences.is_complete(region.code)

    def _see_other_cut(self, items: list[Item], code: list[Region]) -> None:
        last = items[-1] if items else None
        if isinstance(last, Region) and not last.closed and last not in code[-1:]:
            self._remark("cut-block", "the last block is not closed")
            self._cut(nudges.cut_in_block(self.dialect))

    def _final(self, forms: list[FinalForm]) -> Final | None:
        """The first form that can be an answer."""
        for number, form in enumerate(forms, 1):
            final = form.rescue if form.rescue and self.reason in _STOP_SEQUENCE else form.final
            if final is None or self._refused(form):
                self._refuse(form)
                continue
            self.repairs.extend(form.repairs)
            self._see_form(form)
            if final is form.rescue:
                self._remark("unbalanced-final", "a parenthesis was left open; the last one of the response was taken")
            if number < len(forms):
                self._remark("later-final", "of several final answers the first counts")
            return final
        return None

    def _refused(self, form: FinalForm) -> bool:
        if form.colon and form.at_end and not form.is_var and self.reason in OUT_OF_TOKENS:
            return True
        return self.dialect.reads_like == "strict" and (form.colon or not form.is_var)

    def _refuse(self, form: FinalForm) -> None:
        if form.refusal == "cut" or (not form.refusal and self.dialect.reads_like != "strict"):
            self._remark("cut-final", "the final answer is not complete")
            self._cut(nudges.cut_in_final(self.dialect))
            return
        refusal = form.refusal or ("colon" if form.colon else "text")
        self._remark(f"refused-final-{refusal}", nudges.WHY_REFUSED[refusal])
        self.problems.append(nudges.refused(refusal, self.dialect))

    def _see_form(self, form: FinalForm) -> None:
        if form.colon and self.dialect.reads_like != "runtime":
            self._remark("colon-form", "the form with a colon was taken for the one with parentheses")
        elif self.dialect.reads_like in ("rlms", "dspy"):
            self._remark("text-final", f"{'FINAL_VAR' if form.is_var else 'FINAL'} is not how this dialect ends a run")

    def _see_length(self, usable: bool) -> None:
        if self.reason not in OUT_OF_TOKENS:
            return
        if not self.truncated:
            self._remark("cut-by-length", "the response was cut off at the limit of output tokens")
        self.truncated = True
        if not usable and not self.problems:
            self.problems.append(nudges.cut_by_length(self.dialect))

    def _see_nothing(self, items: list[Item]) -> None:
        name = self._why_nothing([item for item in items if isinstance(item, Region)])
        detail, nudge = _NOTHING[name]
        if not any(repair.name == name for repair in self.repairs):
            self._remark(name, detail)
        self.problems.append(nudge(self.dialect))

    def _why_nothing(self, regions: list[Region]) -> str:
        text = self.scan.outside
        if any(region.form in _FALLBACK and not region.code.strip() for region in regions):
            return "blank-block"
        if not text.strip():
            return "only-thoughts" if self.scan.has_thought else "empty-response"
        if "SUBMIT(" in text and _SUBMIT.search(text):
            return "submit-as-text"
        if _MENTION.search(text):
            return "final-mention"
        if regions:
            return "other-fence"
        return "unfenced-code" if fences.is_code(text.strip()[:_LOOK_AT]) else "nothing-usable"

    def _cut(self, problem: str) -> None:
        self.truncated = True
        self.problems.insert(0, problem)

    def _remark(self, name: str, detail: str) -> None:
        self.repairs.append(Repair(name, detail))


def _is_output(item: Item) -> bool:
    return isinstance(item, Region) and item.form == "output"
