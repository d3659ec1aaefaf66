"""The vocabulary of a run: every event kind, and at once its schema, validation and codec.

An event is a frozen, tagged struct. The engine makes it without `seq` and `t`; the log stamps both. Texts that may
be long are `Text`: either the string itself or a `BodyRef` to the `body.stored` event that holds it, so that
a text that repeats is written once. Token deltas and stdout chunks are transient signals, never events.

Who owns what (`node`): run.* the root RLM · iteration.*, response.parsed and answer.given the iteration · lm.* the LM
call below it · code.* the code block below it (an injected one too) · subcall.* the sub-call below the block ·
held, released and edited whatever waits (before_final: the iteration) · told and reset the root RLM.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec

COMPACTION = "compaction"
"""The title of a request for a summary of the conversation."""

_N = TypeVar("_N", int, float)
MOST = 2**63 - 1
"""The largest whole number of a trace: what `len()` can give."""
EXACT = 2**53
"""The largest number that is believed of a server, of code or of a person: what a double holds exactly."""
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-MOST, le=MOST)]
Amount: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class BodyRef(msgspec.Struct, frozen=True):
    """Stands for a text that the `body.stored` event with this seq holds."""

    body: Count


Text: TypeAlias = str | BodyRef
NodeType: TypeAlias = Literal["rlm", "iteration", "lm", "code", "subcall"]
Role: TypeAlias = Literal["root", "sub"]
Asks: TypeAlias = Literal["", "lm", "rlm", "tool"]
Author: TypeAlias = Literal["model", "user", "engine"]
Outcome: TypeAlias = Literal["ok", "error", "skipped", "interrupted", "cancelled"]
RunStatus: TypeAlias = Literal["answered", "no_answer", "failed", "limit", "stopped"]
BlockStatus: TypeAlias = Literal["ok", "error", "interrupted", "killed", "died"]
Via: TypeAlias = Literal["FINAL", "FINAL_VAR", "answer", "SUBMIT", "user", "exhausted", "direct"]
Checkpoint: TypeAlias = Literal[
    "before_request",
    "after_response",
    "before_code",
    "after_code",
    "before_batch",
    "before_subcall",
    "after_subcall",
    "before_final",
    "at_limit",
]
Release: TypeAlias = Literal["run", "step", "go_on", "skip", "retry", "answer", "stop"]
Change: TypeAlias = Literal["added", "changed", "removed"]


class Value(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of the small values inside events."""


class Usage(Value, frozen=True):
    """Tokens and money of one or many calls; None is unknown, which is not 0."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cost_usd: Amount | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cost_usd, other.cost_usd),
        )

    @property
    def tokens(self) -> int | None:
        """Input and output together, or None when neither is known."""
        return _sum(self.input_tokens, self.output_tokens)


def _sum(a: _N | None, b: _N | None) -> _N | None:
    """Both together, at most what a trace can hold."""
    if a is None or b is None:
        return a if b is None else b
    both = a + b
    return both if both <= MOST else type(both)(MOST)


def count(value: object) -> int | None:
    """A number of tokens as somebody reports it, or None for what is none; true is not one."""
    return value if type(value) is int and 0 <= value <= EXACT else None


class Limits(Value, frozen=True):
    """What a run may spend, over its whole tree; None is no limit."""

    iterations: Count | None = 20
    subcalls: Count | None = 200
    concurrency: Count = 16
    depth: Count = 1
    tokens: Count | None = None
    cost_usd: Amount | None = None
    seconds: Amount | None = None
    errors: Count | None = 5
    block_timeout_s: Amount = 120.0


class ContextPart(Value, frozen=True):
    """One document of the context; `chars` are code points of its canonical text, `sha256` is of that text."""

    name: str
    kind: str
    chars: Count
    sha256: str
    pages: Count | None = None
    bytes: Count | None = None
    file_sha256: str | None = None
    path: str | None = None


class ContextInfo(Value, frozen=True):
    """What `context` is: one part is a str in the REPL, several are a list of str in path order."""

    parts: tuple[ContextPart, ...] = ()
    notes: tuple[str, ...] = ()
    is_list: bool = False
    json_type: str = ""
    """What it is in the REPL (`a dict of 3 keys`) where its one part is JSON; empty for texts."""

    @property
    def chars(self) -> int:
        """Code points of all parts together."""
        return sum(part.chars for part in self.parts)

    @property
    def name(self) -> str:
        """The name of the document, or of the first of several and how many more there are."""
        names = [part.name for part in self.parts]
        return f"{names[0]} +{len(names) - 1}" if len(names) > 1 else "".join(names)


class StoredMessage(Value, frozen=True):
    """One message of a conversation with an LM, as it was sent."""

    role: str
    content: Text


class Parameters(Value, frozen=True):
    """How an LM is asked beside its messages; None is what the provider does by itself."""

    temperature: float | None = None
    seed: Whole | None = None
    stop: tuple[str, ...] = ()
    is_shaped: bool = False
    """Whether the server was asked to hold the answer to the form of a turn."""
    max_tokens: Count | None = None
    """Where the server was asked to end the answer."""


class Served(Value, frozen=True):
    """Where the models of a run answer and what their server is asked for; never a key."""

    base_url: str = ""
    sub_base_url: str = ""
    window: Count | None = None
    """Tokens of a window that the server is asked for, where it takes that (Ollama)."""
    think: bool | None = None


class Final(Value, frozen=True):
    """A final form that the parser found: the text itself, or the name of a variable."""

    kind: Literal["text", "var"]
    value: Text


class Repair(Value, frozen=True):
    """Something the parser mended or remarked on in a response."""

    name: str
    detail: str


class CodeError(Value, frozen=True):
    """An exception that ended a block."""

    type: str
    message: str
    traceback: str = ""


class VarChange(Value, frozen=True):
    """A variable that a block added, changed or removed; `size` is its `len()` where it has one."""

    name: str
    change: Change
    type: str = ""
    size: Count | None = None
    preview: str = ""


class TraceEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """The envelope: `seq` from 1 without gaps, `t` in seconds since the start, `node` its owner in the tree."""

    seq: int = 0
    t: Amount = 0.0
    node: str = ""


class RunStarted(TraceEvent, frozen=True, tag="run.started"):
    """A question is asked of a context."""

    query: Text
    model: str
    sub_model: str
    dialect: str
    dialect_reason: str = ""
    limits: Limits = Limits()
    context: ContextInfo = ContextInfo()
    sandbox: str = ""
    is_direct: bool = False
    """Whether the whole context went straight to the model."""
    loaded: tuple[VarChange, ...] = ()
    """What else stands in the REPL from the start: `history`, `context_1` and so on."""
    served: Served | None = None
    sub_parameters: Parameters | None = None
    """How every sub-LM is asked; None: an older trace does not tell."""
    has_walls: bool | None = None
    """Whether something keeps code from the files and the network of this machine; None: only `sandbox` tells."""

    @property
    def is_walled(self) -> bool:
        """Whether walls stand round the REPL, by its label in the traces that say no more."""
        return is_walled(self.sandbox) if self.has_walls is None else self.has_walls


def is_walled(label: str) -> bool:
    """Whether the label of a sandbox, as the head of a trace has it, is one of walls."""
    return not label.startswith("NOT")


class RunFinished(TraceEvent, frozen=True, tag="run.finished"):
    """The run is over; `via` tells which form gave the answer, `detail` why there is none or what went wrong."""

    status: RunStatus
    answer: Text | None = None
    via: Via | None = None
    usage: Usage = Usage()
    detail: str = ""
    exit_code: Count = 0


class NodeOpened(TraceEvent, frozen=True, tag="node.opened"):
    """A node begins below `parent` (empty for the root RLM)."""

    type: NodeType
    parent: str = ""
    depth: Count = 0
    role: Role = "root"
    title: str = ""
    by: Author = "model"
    asks: Asks = ""
    """Whom a sub-call asks: an LM, a child RLM, a tool that runs on the host; empty where it is not told."""
    batch: str = ""
    """The batch that a sub-call belongs to."""


class NodeClosed(TraceEvent, frozen=True, tag="node.closed"):
    """A node is over."""

    outcome: Outcome = "ok"
    timed: bool = True
    """Whether `t` tells how long it took; a log of another engine may not."""


class IterationStarted(TraceEvent, frozen=True, tag="iteration.started"):
    """Turn `number` (from 1) of an RLM begins."""

    number: Count


class IterationFinished(TraceEvent, frozen=True, tag="iteration.finished"):
    """Turn `number` of an RLM is over; `refused` is why its response or answer did not count, as the LM is told."""

    number: Count
    refused: Text = ""


class LmRequested(TraceEvent, frozen=True, tag="lm.requested"):
    """A request goes to an LM: the new messages, and how many came before them in the conversation."""

    model: str
    messages: tuple[StoredMessage, ...]
    prior: Count = 0
    window: Count | None = None
    """Tokens that the model takes in one request, where that is known of a root LM."""
    parameters: Parameters | None = None
    """None: an older trace does not tell."""


class LmResponded(TraceEvent, frozen=True, tag="lm.responded"):
    """An LM answered; `latency_s` is from request to last token, None where it is unknown."""

    text: Text
    reasoning: Text | None = None
    usage: Usage = Usage()
    latency_s: Amount | None = None
    finish_reason: str | None = None
    cached: bool = False
    by: Author = "model"


class LmFailed(TraceEvent, frozen=True, tag="lm.failed"):
    """A request failed; with `retry_in_s` it will be sent again after that time."""

    message: str
    status: Count | None = None
    retry_in_s: Amount | None = None


class ResponseParsed(TraceEvent, frozen=True, tag="response.parsed"):
    """What the parser made of a response."""

    blocks: tuple[Text, ...] = ()
    final: Final | None = None
    repairs: tuple[Repair, ...] = ()
    truncated: bool = False
    problem: str = ""
    held_to: str = ""
    """What the server held the response to: a grammar, a JSON schema."""


class CodeStarted(TraceEvent, frozen=True, tag="code.started"):
    """A block begins to run in the REPL; `number` counts the blocks of its RLM from 1."""

    code: Text
    number: Count
    by: Author = "model"


class CodeFinished(TraceEvent, frozen=True, tag="code.finished"):
    """A block ended; `shown` is how many characters of its output the model sees (None: it sees none)."""

    status: BlockStatus
    stdout: Text = ""
    stderr: Text = ""
    error: CodeError | None = None
    changes: tuple[VarChange, ...] = ()
    elapsed_s: Amount | None = 0.0
    shown: Count | None = None
    notes: tuple[str, ...] = ()


class SubcallRequested(TraceEvent, frozen=True, tag="subcall.requested"):
    """Code asks a sub-LM; calls of one batch share `batch`, `index` is the place in it."""

    function: str
    prompt: Text
    model: str
    batch: str = ""
    index: Count = 0
    batch_size: Count = 1
    refused: bool = False
    """Whether a limit forbade it: nothing was asked, and it counts as no sub-call."""
    parameters: Parameters | None = None
    """How an LM is asked, where that is not as the `sub_parameters` of its run say."""


class SubcallFinished(TraceEvent, frozen=True, tag="subcall.finished"):
    """A sub-call gave its answer, or an error value."""

    text: Text = ""
    error: str = ""
    usage: Usage = Usage()
    latency_s: Amount | None = None
    cached: bool = False


class AnswerGiven(TraceEvent, frozen=True, tag="answer.given"):
    """A final answer was offered (the run ends with it, unless a person refuses it)."""

    text: Text
    via: Via | None = None
    by: Author = "model"


class LimitHit(TraceEvent, frozen=True, tag="limit.hit"):
    """A limit of the run was reached; the model may have one last turn."""

    limit: str
    value: Amount
    cap: Amount


class Compacted(TraceEvent, frozen=True, tag="compacted"):
    """The history was summarised: `dropped` messages gave way to `summary`."""

    summary: Text
    dropped: Count


class Held(TraceEvent, frozen=True, tag="held"):
    """The engine waits at a checkpoint for a person; `content` is what can be read and edited there."""

    hold: Count
    checkpoint: Checkpoint
    why: str
    content: Text = ""
    batch: str = ""
    needs_answer: bool = False
    """Whether only a person's answer can end it (the model `human`)."""
    has_failed: bool = False
    """Whether it is a request that failed; `why` is then the whole sentence that says what went wrong."""
    unit: str = ""
    """What a number that is held counts: `calls`, or the limit by its name in `Limits`; an older trace tells none."""


class Released(TraceEvent, frozen=True, tag="released"):
    """A hold ended, and how."""

    hold: Count
    checkpoint: Checkpoint
    how: Release


class Edited(TraceEvent, frozen=True, tag="edited"):
    """A person changed what is held (`what`: code, response, prompt, output, answer, calls, limit); both are kept."""

    what: str
    before: Text
    after: Text
    hold: Count = 0
    by: Author = "user"


class Told(TraceEvent, frozen=True, tag="told"):
    """A person's words to the model; they go out with its next message."""

    text: Text
    by: Author = "user"


class BodyStored(TraceEvent, frozen=True, tag="body.stored"):
    """A long text, written once and referred to by this event's seq."""

    text: str


class Reset(TraceEvent, frozen=True, tag="reset"):
    """Conversation and REPL are forgotten, `history` and `context_1` too; the next question begins both anew."""


class Note(TraceEvent, frozen=True, tag="note"):
    """Something a person should know that is no other event (`level`: info, warning)."""

    text: str
    level: str = "info"
    limits: Limits | None = None
    """What the run may spend from here on, where a person raised a limit."""


class Unknown(TraceEvent, frozen=True, tag="?"):
    """The head of an event of a later version; its raw line is kept in the file."""

    name: str = ""


KINDS: tuple[type[TraceEvent], ...] = (
    RunStarted,
    RunFinished,
    NodeOpened,
    NodeClosed,
    IterationStarted,
    IterationFinished,
    LmRequested,
    LmResponded,
    LmFailed,
    ResponseParsed,
    CodeStarted,
    CodeFinished,
    SubcallRequested,
    SubcallFinished,
    AnswerGiven,
    LimitHit,
    Compacted,
    Held,
    Released,
    Edited,
    Told,
    BodyStored,
    Note,
    Reset,
)
