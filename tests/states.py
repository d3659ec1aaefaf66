"""Sessions that stay in one of the states that must look different; nothing in them varies."""

from __future__ import annotations

from typing import Any

from rlm_tui import events as ev
from rlm_tui.context.document import Document, Heading, Part
from rlm_tui.engine.breakpoints import Breakpoint
from rlm_tui.engine.gate import refused
from rlm_tui.session import commands as cmd
from rlm_tui.session.base import Attachment, Capability, LiveText, Origin, Phase
from tests.trajectories import RUNS, Recorder, StillSession, peeked

PAGES = (
    "Annual report\nof the works",
    "Salaries\nAlice, engineer: 75,000",
    "Charlie, engineer: 85,000\nBob, cook: 40,000",
)
REFUSED = "The server at 127.0.0.1:11434 refused the connection: start it, or choose another model."
_AT_A_HOLD = (cmd.Run, cmd.Step, cmd.Edit, cmd.Revert, cmd.Skip, cmd.Retry, cmd.Answer)
_WHILE_IT_RUNS = (cmd.Pause, cmd.Resume, cmd.Tell, cmd.Interrupt, cmd.Stop)
_REFUSED_BY_GATE = (cmd.Skip, cmd.Retry, cmd.Answer)
_REFUSED: dict[Phase, dict[str, tuple[type[cmd.SessionCommand], ...]]] = {
    "question": {"Nothing is held right now.": _AT_A_HOLD, "Nothing runs.": (*_WHILE_IT_RUNS, cmd.Inject)},
    "interrupting": {"Nothing is held right now.": _AT_A_HOLD, "A question is being worked on.": (cmd.Start,)},
    "running": {"Nothing is held right now.": _AT_A_HOLD, "A question is being worked on.": (cmd.Start,)},
    "held": {"A question is being worked on.": (cmd.Start,), "No block runs right now.": (cmd.Interrupt,)},
    "finished": {"Nothing is held right now.": _AT_A_HOLD, "Nothing runs.": _WHILE_IT_RUNS},
    "replay": {"This is a recorded run.": (*_AT_A_HOLD, *_WHILE_IT_RUNS, cmd.Start, cmd.Inject)},
}


ASKS = "answers = llm_query_batched([f'What does it say? {page}' for page in context])"
LOOP = "while True:\n    pass"


class Later(StillSession):
    """Its clock has gone on since the last event."""

    @property
    def now(self) -> float:
        return self.view.t + 2.0


def document() -> Document:
    """Three pages with a heading."""
    part = Part("report.pdf", "pdf")
    part.append_pages(PAGES, first=True)
    part.headings = [Heading("Salaries", 1, part.pages[1])]
    return Document([part])


def still(run: Recorder, phase: Phase, kind: type[StillSession] = StillSession, **more: Any) -> StillSession:
    """A session that stays at the end of a run, and refuses what a live one in its phase would."""
    reasons = {kind: Capability(False, why) for why, kinds in _REFUSED[phase].items() for kind in kinds}
    for hold in run.trajectory.now().holds()[:1] if phase == "held" else ():
        whys = {each: refused(each.__name__.lower(), hold.checkpoint, hold.has_failed) for each in _REFUSED_BY_GATE}
        reasons |= {each: Capability(False, why) for each, why in whys.items() if why}
    return kind(run, document(), phase, reasons=reasons, **more)


def asked() -> StillSession:
    """Nothing has been asked yet."""
    return still(Recorder(), "question")


def running() -> StillSession:
    """The root LM writes its second response."""
    run = peeked()
    two = run.iteration(2)
    lm = run.open(f"{two}.lm1", "lm", two, title="ollama/qwen2.5:7b")
    run.emit(ev.LmRequested(node=lm, model="ollama/qwen2.5:7b", messages=(), prior=2), 1.0)
    live = LiveText({(lm, "text"): "I will look for the salaries of the engin"})
    return still(run, "running", Later, live=live)


def held() -> StillSession:
    """The code of iteration 3 waits."""
    return still(RUNS["held"](), "held")


def at_breakpoint() -> StillSession:
    """A breakpoint holds the code of iteration 2; another one is switched off."""
    run = peeked()
    two = run.iteration(2)
    run.ask(two, f"I ask about every page.\n```repl\n{ASKS}\n```", prior=2)
    run.parsed(two, ASKS)
    code = run.open(f"{two}.code1", "code", two, title="answers = …")
    why = 'breakpoint 1: ~code "llm_query", hit 1'
    run.emit(ev.Held(node=code, hold=1, checkpoint="before_code", why=why, content=ASKS))
    breaks = (Breakpoint(1, '~code "llm_query"', hits=1), Breakpoint(2, "~error", is_on=False))
    return still(run, "held", breakpoints=breaks)


def large_batch() -> StillSession:
    """A large batch of sub-calls waits, and a person asks for fewer."""
    run = peeked()
    two = run.iteration(2)
    run.ask(two, f"I ask about every page.\n```repl\n{ASKS}\n```", prior=2)
    run.parsed(two, ASKS)
    node = run.begin_block(two, ASKS, 2)
    why = "a batch of 412 sub-calls, ≈1.2M tokens to send, ≈$0.31 with the answers"
    run.emit(ev.Held(node=node, hold=1, checkpoint="before_batch", why=why, content="412"))
    return still(run, "held")


def at_limit() -> StillSession:
    """The limit of iterations is reached."""
    run = peeked()
    why = "The limit of 20 iterations was reached"
    run.emit(ev.Held(node="1", hold=1, checkpoint="at_limit", why=why, content="20"))
    return still(run, "held")


def edited() -> StillSession:
    """The code that waits is a person's, who also has words for the model."""
    return still(RUNS["edited"](), "held")


def finished() -> StillSession:
    """The answer is there."""
    return still(RUNS["clean"](), "finished")


def failed() -> StillSession:
    """The server refused the connection."""
    run = peeked()
    two = run.iteration(2)
    lm = run.open(f"{two}.lm1", "lm", two, title="ollama/qwen2.5:7b")
    run.emit(ev.LmRequested(node=lm, model="ollama/qwen2.5:7b", messages=(), prior=2))
    run.emit(ev.LmFailed(node=lm, message=REFUSED, status=None))
    run.close(lm, "error")
    run.close(two, "error")
    run.emit(
        ev.RunFinished(node="1", status="failed", answer=None, via=None, usage=ev.Usage(1_100, 240), detail=REFUSED)
    )
    run.close("1", "error")
    return still(run, "finished")


def interrupting() -> StillSession:
    """The block that runs is asked to stop."""
    run = peeked()
    two = run.iteration(2)
    run.ask(two, f"I look on.\n```repl\n{LOOP}\n```", prior=2)
    run.parsed(two, LOOP)
    run.begin_block(two, LOOP, 2)
    return still(run, "interrupting", Later)


def limited() -> StillSession:
    """A limit ended the run before there was an answer."""
    run = peeked()
    detail = "The limit of 1 iterations was reached before there was an answer; raise --max-iterations and ask again."
    run.emit(ev.LimitHit(node="1", limit="iterations", value=1, cap=1))
    run.emit(ev.RunFinished(node="1", status="limit", answer=None, via=None, usage=ev.Usage(1_100, 240), detail=detail))
    run.close("1", "error")
    return still(run, "finished")


def looking_back() -> StillSession:
    """Code is held, and a person looks at the step before; one step is marked, and a node has a note."""
    session = held()
    steps = session.trajectory.steps
    session.seq = steps[-2].seq
    session.notebook.toggle(steps[0].seq)
    session.notebook.write(steps[-2].node, "why not the table on p. 26?")
    return session


def batched() -> StillSession:
    """A recorded batch of sub-calls, one of which failed."""
    return still(RUNS["batched"](), "replay")


def origin(state: str, words: str) -> Origin:
    """Where a recorded run comes from, its document in some state."""
    attachment = Attachment(state, words)  # type: ignore[arg-type]
    return Origin("run.rlm.jsonl", 25_400, "rlm-tui 0.1.0", "2026-01-01T12:00:00+00:00", False, (), attachment)


def summed() -> StillSession:
    """A recorded run in which much went wrong and a person took a hand."""
    run = RUNS["edited"]()
    run.release("1.3.code1", "before_code")
    run.emit(ev.Note(node="1", text="The document has a page without text: p. 9.", level="warning"))
    return still(run, "replay", origin=origin("found", "equal bytes in reports"))


def indexing() -> StillSession:
    """A long trace of which the beginning is read."""
    return still(peeked(), "replay", origin=origin("searching", "looking for it"), waiting="indexing 41% of 300.0 MB")


def lacking() -> StillSession:
    """A recorded run whose document is another one now."""
    why = "report.pdf is another one: its sha256 is 0123abcd, the run's was 00000000"
    return StillSession(RUNS["batched"](), None, "replay", origin=origin("differs", why))


def wordy() -> StillSession:
    """Names, question and counts that are too long for any header."""
    run = Recorder()
    run.open("1", "rlm", title="?")
    long = ev.ContextPart(
        name=f"{'annual-report-' * 9}.pdf", kind="pdf", chars=987_654_321, sha256="0" * 64, pages=98_765
    )
    run.emit(
        ev.RunStarted(
            node="1",
            query="What do 工程师 and engineers of every department earn in total, " * 4,
            model="openrouter/some-vendor/an-extraordinarily-long-model-name-instruct-70b",
            sub_model="openrouter/some-vendor/another-extraordinarily-long-model-name-7b",
            dialect="paper",
            dialect_reason="as you asked",
            context=ev.ContextInfo((long,)),
            sandbox="NOT SANDBOXED · no tool was found",
        )
    )
    one = run.iteration(1)
    run.ask(one, "工程" * 200, new=(("user", "long " * 300),))
    code = run.open(f"{one}.code1", "code", one, title="x = 1")
    run.hold(code, "before_code", f"x = '{'工程师' * 80}'")
    return StillSession(run, None, "held", title="工程-" * 40)


_ALL = (asked, running, held, interrupting, edited, looking_back, finished, limited, failed, batched, wordy)
STATES = {made.__name__: made for made in _ALL}
