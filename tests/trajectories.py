"""Believable runs built by hand, event by event: what the panes, exports and detectors are tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rlm_tui import events as ev
from rlm_tui.context.document import Document
from rlm_tui.engine.breakpoints import Breakpoint
from rlm_tui.session.base import YES, Batch, Capability, LiveText, Origin, Phase, Terms
from rlm_tui.session.commands import Seek, SessionCommand
from rlm_tui.session.log import EventLog
from rlm_tui.session.notebook import Notebook
from rlm_tui.trace.store import MemoryLines
from rlm_tui.trajectory import Trajectory, View

QUESTION = "What do the engineers earn in total?"
PART = ev.ContextPart(name="report.pdf", kind="pdf", chars=1_203_441, sha256="0" * 64, pages=412)
PEEK = "print(len(context))\nprint(context[:200])"
SEARCH = "hits = [i for i in range(0, len(context), 1000) if 'salary' in context[i:i+1000]]\nprint(len(hits))"
BATCH = (
    "chunks = [context[i:i+20000] for i in range(0, len(context), 20000)]\n"
    'answers = llm_query_batch([f"Salary of engineers? {c}" for c in chunks])\n'
    "print(answers)"
)


class Recorder:
    """Emits events into a log in memory and folds them; time moves half a second an event."""

    def __init__(self) -> None:
        self.time = 0.0
        self.log = EventLog(MemoryLines(), lambda: self.time)
        self.trajectory = Trajectory()
        self.log.on_event = self.trajectory.fold

    def emit(self, event: ev.TraceEvent, after: float = 0.5) -> int:
        self.time += after
        return self.log.emit(event)

    def open(self, node: str, kind: ev.NodeType, parent: str = "", **more: object) -> str:
        self.emit(ev.NodeOpened(node=node, type=kind, parent=parent, **more), 0.0)  # type: ignore[arg-type]
        return node

    def close(self, node: str, outcome: ev.Outcome = "ok") -> None:
        self.emit(ev.NodeClosed(node=node, outcome=outcome), 0.0)

    def start(self, query: str = QUESTION, node: str = "1") -> None:
        self.open(node, "rlm", title=query)
        self.emit(
            ev.RunStarted(
                node=node,
                query=query,
                model="ollama/qwen2.5:7b",
                sub_model="ollama/qwen2.5:1.5b",
                dialect="paper",
                dialect_reason="as you asked",
                context=ev.ContextInfo((PART,)),
                sandbox="NOT SANDBOXED",
            )
        )

    def iteration(self, number: int, root: str = "1") -> str:
        node = self.open(f"{root}.{number}", "iteration", root)
        self.emit(ev.IterationStarted(node=node, number=number), 0.0)
        return node

    def ask(self, iteration: str, said: str, *, prior: int = 0, new: tuple[tuple[str, str], ...] = ()) -> str:
        node = self.open(f"{iteration}.lm1", "lm", iteration, title="ollama/qwen2.5:7b")
        messages = tuple(ev.StoredMessage(role, content) for role, content in new)
        self.emit(ev.LmRequested(node=node, model="ollama/qwen2.5:7b", messages=messages, prior=prior), 0.0)
        usage = ev.Usage(1_100, 240, 0.0)
        self.emit(ev.LmResponded(node=node, text=said, usage=usage, latency_s=1.9, finish_reason="stop"), 1.9)
        self.close(node)
        return node

    def parsed(self, iteration: str, *blocks: str, final: ev.Final | None = None, **more: object) -> None:
        self.emit(ev.ResponseParsed(node=iteration, blocks=blocks, final=final, **more), 0.0)  # type: ignore[arg-type]

    def begin_block(self, iteration: str, code: str, number: int, by: ev.Author = "model", place: int = 1) -> str:
        node = self.open(f"{iteration}.code{place}", "code", iteration, title=code.partition("\n")[0], by=by)
        self.emit(ev.CodeStarted(node=node, code=code, number=number, by=by), 0.0)
        return node

    def end_block(self, node: str, stdout: str = "", status: ev.BlockStatus = "ok", **more: object) -> None:
        shown = more.pop("shown", len(stdout))
        self.emit(
            ev.CodeFinished(node=node, status=status, stdout=stdout, shown=shown, elapsed_s=0.4, **more)  # type: ignore[arg-type]
        )
        self.close(node, "ok" if status == "ok" else "error")

    def subcall(
        self,
        code: str,
        place: int,
        answer: str,
        *,
        batch: str = "",
        size: int = 1,
        error: str = "",
        cached: bool = False,
    ) -> str:
        node = self.open(f"{code}.sub{place}", "subcall", code, depth=1, role="sub")
        prompt = f"Salary of engineers? Chunk {place} of the report: Alice 75,000; Charlie 85,000"
        function = "llm_query_batch" if batch else "llm_query"
        self.emit(
            ev.SubcallRequested(
                node=node,
                function=function,
                prompt=prompt,
                model="ollama/qwen2.5:1.5b",
                batch=batch,
                index=place - 1,
                batch_size=size,
            ),
            0.0,
        )
        usage = ev.Usage() if error else ev.Usage(590, 21, 0.0)
        over = ev.SubcallFinished(node=node, text=answer, error=error, usage=usage, latency_s=0.7, cached=cached)
        self.emit(over, 0.3)
        self.close(node, "error" if error else "ok")
        return node

    def finish_iteration(self, node: str, number: int) -> None:
        self.emit(ev.IterationFinished(node=node, number=number), 0.0)
        self.close(node)

    def hold(self, node: str, checkpoint: ev.Checkpoint, content: str, hold: int = 1, batch: str = "") -> None:
        self.emit(ev.Held(node=node, hold=hold, checkpoint=checkpoint, why="step", content=content, batch=batch))

    def release(self, node: str, checkpoint: ev.Checkpoint, how: ev.Release = "run", hold: int = 1) -> None:
        self.emit(ev.Released(node=node, hold=hold, checkpoint=checkpoint, how=how))

    def end(
        self, answer: str | None, via: ev.Via | None = "FINAL", status: ev.RunStatus = "answered", node: str = "1"
    ) -> None:
        self.emit(ev.RunFinished(node=node, status=status, answer=answer, via=via, usage=ev.Usage(18_000, 1_900, 0.0)))
        self.close(node, "ok" if status == "answered" else "error")


def peeked() -> Recorder:
    """The first iteration, over: the model looked at the context."""
    run = Recorder()
    run.start()
    one = run.iteration(1)
    said = f"I will look at the beginning of the text first.\n```repl\n{PEEK}\n```"
    first = (("system", "You answer a question about a text.\nIt waits as `context`."), ("user", f"Query: {QUESTION}"))
    run.ask(one, said, new=first)
    run.parsed(one, PEEK, repairs=(ev.Repair("python_fence", "a python fence was taken for repl"),))
    code = run.begin_block(one, PEEK, 1)
    run.end_block(code, "1203441\nAnnual report\tof the works\nSalaries stand on p. 26.\n")
    run.finish_iteration(one, 1)
    return run


def clean() -> Recorder:
    """Two iterations to an answer."""
    run = peeked()
    two = run.iteration(2)
    output = (("assistant", f"```repl\n{PEEK}\n```"), ("user", "Output of block 1:\n1203441\nAnnual report"))
    run.ask(two, f"Search.\n```repl\n{SEARCH}\n```\nFINAL(160,000)", prior=2, new=output)
    run.parsed(two, SEARCH, final=ev.Final("text", "160,000"))
    code = run.begin_block(two, SEARCH, 2)
    added = ev.VarChange("hits", "added", "list", 12, "[0, 1000, 2000]")
    run.end_block(code, "12\n", changes=(added,))
    run.emit(ev.AnswerGiven(node=two, text="160,000", via="FINAL"))
    run.finish_iteration(two, 2)
    run.end("160,000")
    return run


def failing() -> Recorder:
    """A block that raises, a request that fails, a run that ends without an answer."""
    run = peeked()
    two = run.iteration(2)
    run.ask(two, "```repl\nprint(hits[0])\n```", prior=2, new=(("user", "Output of block 1:\n…"),))
    run.parsed(two, "print(hits[0])")
    code = run.begin_block(two, "print(hits[0])", 2)
    trouble = ev.CodeError("NameError", "name 'hits' is not defined", 'Traceback:\n  File "block 2", line 1\nNameError')
    run.end_block(code, "", "error", error=trouble)
    run.finish_iteration(two, 2)
    three = run.iteration(3)
    lm = run.open(f"{three}.lm1", "lm", three, title="ollama/qwen2.5:7b")
    run.emit(ev.LmRequested(node=lm, model="ollama/qwen2.5:7b", messages=(), prior=4))
    run.emit(ev.LmFailed(node=lm, message="The server at 127.0.0.1:11434 refused the connection.", status=503))
    run.close(lm, "error")
    run.close(three, "error")
    run.end(None, None, "failed")
    return run


def asked_twice() -> Recorder:
    """Two questions: the first is answered, the second is stopped in its one iteration."""
    run = clean()
    run.start("And the cooks?", node="2")
    one = run.iteration(1, "2")
    run.ask(one, "I look for the cooks.")
    run.finish_iteration(one, 1)
    run.end(None, None, "stopped", "2")
    return run


def batched(size: int = 12, failed: int = 7) -> Recorder:
    """A batch of sub-calls, one of which failed, and its answers in a variable."""
    run = peeked()
    two = run.iteration(2)
    run.ask(two, f"I will ask each part.\n```repl\n{BATCH}\n```", prior=2, new=(("user", "Output of block 1:\n…"),))
    run.parsed(two, BATCH)
    code = run.begin_block(two, BATCH, 2)
    for place in range(1, size + 1):
        error = "429 after 3 tries" if place == failed else ""
        run.subcall(code, place, "" if error else "Alice 75,000", batch="b1", size=size, error=error)
    changes = (
        ev.VarChange("chunks", "added", "list", 61, "['Annual report…']"),
        ev.VarChange("answers", "added", "list", size, "['Alice 75,000']"),
    )
    run.end_block(code, "['Alice 75,000; Charlie 85,000', 'none', '$0']\n12 answers, 1 error (429)\n", changes=changes)
    run.finish_iteration(two, 2)
    return run


def held() -> Recorder:
    """The code of iteration 3 waits at the gate."""
    run = batched()
    three = run.iteration(3)
    said = f"I will ask each part of the list for salaries, then add them up.\n```python\n{BATCH}\n```"
    run.ask(three, said, prior=4, new=(("user", "Output of block 2:\n12 answers, 1 error (429)"),))
    run.parsed(three, BATCH, repairs=(ev.Repair("python_fence", "a python fence was taken for repl"),))
    code = run.open(f"{three}.code1", "code", three, title="chunks = …")
    run.hold(code, "before_code", BATCH)
    return run


def edited() -> Recorder:
    """What was held is changed by a person, who also has words for the model."""
    run = held()
    after = BATCH.replace("20000", "15000")
    run.emit(ev.Edited(node="1.3.code1", what="code", before=BATCH, after=after, hold=1))
    run.emit(ev.Told(node="1", text="The salaries stand on p. 26."))
    return run


RUNS: dict[str, Callable[[], Recorder]] = {
    "peeked": peeked,
    "clean": clean,
    "failing": failing,
    "batched": batched,
    "held": held,
    "edited": edited,
}


@dataclass
class StillSession:
    """A session over a recorded run, for panes: it moves only when it is told to."""

    recorder: Recorder
    document: Document | None = None
    phase: Phase = "replay"
    title: str = "report.pdf"
    seq: int | None = None
    sent: list[SessionCommand] = field(default_factory=list)
    reasons: dict[type[SessionCommand], Capability] = field(default_factory=dict)
    live: LiveText = field(default_factory=LiveText)
    origin: Origin | None = None
    waiting: str = ""
    trouble: str = ""
    unsaved: str = ""
    asked: str = ""
    trace_path: str = ""
    has_moved: bool = False
    values: dict[str, str] = field(default_factory=dict)
    notebook: Notebook = field(default_factory=Notebook)
    terms: Terms = field(default_factory=Terms)
    breakpoints: tuple[Breakpoint, ...] = ()
    keeping: Capability = field(default_factory=lambda: Capability(True, "The trace is kept."))

    @property
    def log(self) -> EventLog:
        return self.recorder.log

    @property
    def trajectory(self) -> Trajectory:
        return self.recorder.trajectory

    @property
    def view(self) -> View:
        return self.trajectory.now() if self.seq is None else self.trajectory.at(self.seq)

    @property
    def following(self) -> bool:
        return self.seq is None

    @property
    def now(self) -> float:
        return self.view.t

    def can(self, command: type[SessionCommand], hold: int = 0) -> Capability:
        return self.reasons.get(command, YES)

    def send(self, command: SessionCommand) -> None:
        self.sent.append(command)
        if isinstance(command, Seek):
            self.seq, self.has_moved = command.seq, True

    def drain(self) -> Batch:
        has_moved, self.has_moved = self.has_moved, False
        return Batch(changed=has_moved)

    def close(self) -> None:
        """Nothing to close."""
