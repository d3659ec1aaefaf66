"""The scenes of the tour: what is opened, what a hand does there, and the words that its picture must show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rlm_tui.context.load import Loading
from rlm_tui.events import ContextInfo
from rlm_tui.lm.discovery import Server
from rlm_tui.lm.providers import PROVIDERS
from rlm_tui.lm.servers import Model
from rlm_tui.resources import sample
from rlm_tui.session.attach import find_document
from rlm_tui.session.base import Attachment, Session
from rlm_tui.session.commands import Start
from rlm_tui.session.live import LiveSession
from rlm_tui.session.replay import ReplaySession
from rlm_tui.session.setup import Setup
from rlm_tui.ui.opening import First
from rlm_tui.ui.theme import DARK
from tests.functional.loopback import Loopback, openai_stream
from tests.samples.traces import OUT
from tests.ui_kit import Hand

QUESTION = "What is the magic number?"
STEPPED = Setup(model="offline", step=True, is_traced=False)
FOREIGN = sample("rlms")
SERVED = (
    Model("qwen2.5:7b", 4096, 32768, 4_683_087_332, "7.6B Q4_K_M", True),
    Model("qwen2.5:1.5b", None, 32768, 986_061_892, "1.5B Q4_K_M"),
)

Steps = Callable[[Hand], Awaitable[None]]


class Served(LiveSession):
    """A live session with the server that answers it."""

    def __init__(self, setup: Setup, loading: Loading, server: Loopback) -> None:
        self._server = server.__enter__()
        super().__init__(setup, loading, title="report.pdf")

    def close(self) -> None:
        """End both."""
        super().close()
        self._server.__exit__()


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One picture: how its session is made, what is pressed, and what must stand in it."""

    make: Callable[[], Session]
    steps: Steps
    words: tuple[str, ...]
    size: tuple[int, int] = (110, 30)
    theme: str = DARK
    options: dict[str, Any] = field(default_factory=dict)


def live() -> LiveSession:
    """The sample report, asked for its magic number, held at every step."""
    session = waiting()
    session.send(Start(QUESTION))
    return session


def broken_into() -> LiveSession:
    """The sample report, asked for its magic number, held at code that calls a sub-LM."""
    session = waiting(Setup(model="offline", breaks=('~code "llm_query"',), is_traced=False))
    session.send(Start(QUESTION))
    return session


def waiting(setup: Setup = STEPPED) -> LiveSession:
    """The sample report, of which nothing has been asked."""
    loading = Loading([str(sample("report"))])
    loading.start()
    return LiveSession(setup, loading, title="report.pdf")


def served() -> Session:
    """The sample report, asked of a model of a server, which answers once."""
    loading = Loading([str(sample("report"))])
    loading.start()
    server = Loopback(openai_stream("I look first.\n```repl\nprint(len(context), context[:200])\n```"))
    session = Served(Setup(model="vllm/qwen2.5-7b", base_url=f"{server.url}/v1", is_traced=False), loading, server)
    session.send(Start(QUESTION))
    return session


def recorded(name: str, at: int | None = None) -> Callable[[], ReplaySession]:
    """A sample trace, read to its end."""
    return lambda: replayed(OUT / f"{name}.rlm.jsonl", at)


def replayed(path: Path, at: int | None = None) -> ReplaySession:
    """A trace or a log, read to its end."""
    session = ReplaySession(path, at=at)
    session.read_whole()
    return session


async def to_block(hand: Hand, block: int) -> None:
    """Let the run go on to the code of a block."""
    for _ in range(block - 1):
        await hand.held("before_code")
        await hand.press("a")
        await hand.held("after_code")
        await hand.press("a")
    await hand.held("before_code")


async def hold(hand: Hand) -> None:
    """Hold the third block."""
    await to_block(hand, 3)


async def offer(hand: Hand) -> None:
    """Wait for the models of a server."""
    await hand.until(lambda: "ollama/qwen2.5:7b" in hand.screen())


async def at_code(hand: Hand) -> None:
    """Wait until code is held."""
    await hand.held("before_code")


async def edit(hand: Hand) -> None:
    """Write a line of one's own into the held code, and leave it there."""
    await to_block(hand, 1)
    await hand.press("i")
    await hand.until(lambda: hand.app.ui.editing)
    await hand.type("print(len(context))")
    await hand.press("enter", "escape")
    await hand.until(lambda: "edited" in hand.screen())


async def inject(hand: Hand) -> None:
    """Run a line in the REPL, and begin to tell the model something."""
    await to_block(hand, 1)
    await hand.press("I")
    await hand.type("print(len(context))")
    await hand.press("enter")
    await hand.until(lambda: "47859" in hand.screen())
    await hand.press("escape")
    await hand.press("t")
    await hand.type("The number stands in the back half.")


async def answer(hand: Hand) -> None:
    """Go on to the answer."""
    await to_block(hand, 1)
    await hand.press("c")
    await hand.until(lambda: "ANSWERED" in hand.screen() and "USED" in hand.screen())


async def look(hand: Hand) -> None:
    """Only look."""
    await hand.until(lambda: "QUESTION" in hand.screen() or "SAYS" in hand.screen())


async def open_batch(hand: Hand) -> None:
    """Go down to the batch and open it."""
    await look(hand)
    await hand.press("1")
    while "10 calls" not in hand.screen():
        await hand.press("j")
    await hand.press("enter")
    await hand.until(lambda: "llm 3" in hand.screen())


async def to_context(hand: Hand) -> None:
    """Go to the document."""
    await look(hand)
    await hand.press("5")
    await hand.until(lambda: "passages" in hand.screen())
    await hand.press("down", "down")
    await hand.until(lambda: "Pages 5 to 8:" in hand.screen())


async def note(hand: Hand) -> None:
    """Mark two steps and write a note."""
    await look(hand)
    await hand.press("m", ",", ",", "m")
    await hand.press("semicolon")
    await hand.type("counts managers too?")
    await hand.press("enter")
    await hand.until(lambda: "counts managers" in hand.screen())


async def copy(hand: Hand) -> None:
    """Open the copy menu on the code that waits."""
    await to_block(hand, 1)
    await hand.press("y")
    await hand.until(lambda: "letter or Enter copies" in hand.screen())


async def settings(hand: Hand) -> None:
    """Open the settings and go to a limit."""
    await look(hand)
    await hand.press("equals_sign")
    await hand.until(lambda: "max_errors" in hand.screen())
    await hand.press("j", "j", "j", "j")


SCENES = {
    "held": Scene(make=live, steps=hold, size=(120, 36), words=("HELD", "code of iteration 3, not run yet")),
    "start": Scene(
        make=waiting,
        steps=offer,
        words=("YOUR QUESTION", "ollama/qwen2.5:7b", "keyword search demo, no LLM"),
        options={"first": First("start", QUESTION, Setup())},
    ),
    "edit": Scene(make=live, steps=edit, words=("edited by you; V puts the original back", "what the model wrote")),
    "inject": Scene(make=live, steps=inject, words=("47859", "Tell the model", "the back half")),
    "breakpoint": Scene(
        make=broken_into,
        steps=at_code,
        words=("code of iteration 3, not run yet", 'breakpoint 1: ~code "llm_query", hit 1'),
    ),
    "answer": Scene(make=live, steps=answer, words=("ANSWERED", "7481926", "llm ×7")),
    "batch": Scene(make=recorded("batch"), steps=open_batch, words=("BATCH", "10 calls", "HTTP 400")),
    "summary": Scene(
        make=recorded("misbehaves"),
        steps=look,
        size=(120, 36),
        words=("PROBLEM", "4 problems", "BY HAND"),
        options={"first": First("summary")},
    ),
    "passages": Scene(make=recorded("batch"), steps=to_context, words=("report.pdf is not at hand", "Pages 5 to 8:")),
    "repaired": Scene(make=recorded("misbehaves", at=90), steps=look, words=("edited by you", "1,135,100")),
    "foreign": Scene(make=lambda: replayed(FOREIGN), steps=look, words=("large-model", "rlm “48")),
    "notes": Scene(make=recorded("misbehaves", at=90), steps=note, words=("counts managers too?",)),
    "copy": Scene(make=served, steps=copy, words=("Copy", "the exact request as curl")),
    "settings": Scene(make=recorded("clean"), steps=settings, words=("max_iterations", "max_errors")),
    "light": Scene(make=recorded("misbehaves", at=32), steps=look, theme="rlm-safe-light", words=("NameError",)),
}


def _found(context: ContextInfo, beside: Path) -> Attachment:
    """The sample's document, said to be where every clone has it."""
    one = find_document(context, beside)
    return one._replace(words="equal bytes in sample_traces/documents") if one.state == "found" else one


@contextmanager
def staged(name: str) -> Iterator[None]:
    """What differs from machine to machine: its model servers, where things are, and which document is at hand."""
    server = Server("ollama", PROVIDERS["ollama"].base_url, SERVED)
    missing = Attachment("missing", "not at hand; replay --context PATH shows it")
    with (
        patch("rlm_tui.lm.discovery.Probe.run", lambda _self, on_found: on_found(server)),
        patch("rlm_tui.paths.config_file", lambda: Path("~/.config/rlm-tui/config.toml")),
        patch("rlm_tui.session.replay.find_document", _found if name != "passages" else lambda *_: missing),
    ):
        yield
