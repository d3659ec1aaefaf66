"""Custom tools: made in the worker from their source, or called on the host through gate, log and limits."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rlm_tui import RLM, HostTool, events, host_tool, open_trace
from rlm_tui.api import Result
from rlm_tui.errors import ToolsError, UsageError
from rlm_tui.events import Limits
from rlm_tui.lm.scripted import ScriptedLM
from rlm_tui.repl import process
from rlm_tui.session import commands as cmd
from rlm_tui.tools.making import toolbox
from rlm_tui.ui.content.calls import is_tool
from rlm_tui.ui.content.parts import Page
from rlm_tui.ui.content.subcall import subcall
from tests.driving import Driver, block, live, script
from tests.functional.test_cli import rlm_tui

RATE = 0.25
SPEC = {"a": [1, 2]}


def taxed(amount: float) -> float:
    """What is left of an amount."""
    return amount * (1 - RATE)


def net(amounts: list[float]) -> float:
    """The sum of amounts, taxed.

    amounts: in euros.
    """
    return sum(map(taxed, amounts))


async def later(word: str) -> str:
    """Says it loud."""
    return word.upper()


def price(symbol: str, *, day: str = "today") -> dict[str, Any]:
    """The price of a share."""
    return {"symbol": symbol, "day": day, "price": {"ACME": 12.5}[symbol]}


class _Mute(BaseException):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


class _Broken(dict[str, int]):
    """A value that cannot be written."""

    def items(self) -> NoReturn:
        raise SystemExit(5)


def _raise(error: BaseException) -> NoReturn:
    raise error


def asked(*turns: str, tools: Any, sub: Any = None, **options: Any) -> Result:
    """Ask with a scripted model that has these blocks and then ends."""
    return RLM(ScriptedLM([*map(block, turns), "FINAL(done)"], sub), tools=tools, **options).completion("What?", "text")


def output(result: Result, turn: int = 0) -> str:
    """What the model saw of a block."""
    return result.history[2 + 2 * turn].content


def write(folder: Path, text: str, name: str = "money.py") -> str:
    """A tools file."""
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_function_travels_with_what_it_needs() -> None:
    result = asked("print(net([100, 100]))\nprint(SPEC['a'], net.__doc__[:7])", tools=[net, {"SPEC": SPEC}])
    assert "150.0\n[1, 2] The sum" in output(result)
    assert result.sub_calls == 0


def test_an_async_function_is_awaited() -> None:
    assert "HELLO" in output(asked("print(await later('hello'))", tools=later))


def test_a_file_is_made_in_the_worker_and_never_here(tmp_path: Path) -> None:
    file = write(tmp_path, "import os\npid = os.getpid()\ndef where():\n    return pid\ndef _hidden(): ...\n")
    told = output(asked("import os\nprint(where() == os.getpid(), '_hidden' in globals())", tools=file))
    assert "True False" in told


def test_a_tool_may_ask_a_sub_lm(tmp_path: Path) -> None:
    file = write(tmp_path, "def gist(text):\n    return llm_query('Sum up: ' + text)\n")
    result = asked("print(gist('a long story'))", tools=Path(file), sub={"a long story": "short"})
    assert "short" in output(result)
    assert result.sub_calls == 1


def test_a_module_is_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pack").mkdir()
    write(tmp_path / "pack", "raise SystemExit('imported')", "__init__.py")
    write(tmp_path / "pack", "def one():\n    return two() - 1\ndef two():\n    return 2\n", "sums.py")
    monkeypatch.chdir(tmp_path)
    result = asked("print(one(), 'two' in globals())", tools="pack.sums:one")
    assert "1 False" in output(result)


def test_a_module_without_source_runs_on_the_host() -> None:
    assert "3.0" in output(asked("print(sqrt(9))", tools="host:math:sqrt"))


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "1 / 0"])
def test_a_host_file_that_fails_is_refused_at_once(tmp_path: Path, code: str) -> None:
    with pytest.raises(UsageError, match="cannot be imported here"):
        RLM("offline", tools=f"host:{write(tmp_path, f'def f(): ...{chr(10)}{code}')}")


def test_a_host_file_offers_its_functions_alone(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Pair:\n    x: int\ndef f(): return Pair(2).x\n"
    )
    assert "2 False" in output(asked("print(f(), 'Pair' in globals())", tools=f"host:{write(tmp_path, text)}"))


def test_a_folder_is_no_tool(tmp_path: Path) -> None:
    (tmp_path / "a.py").mkdir()
    with pytest.raises(UsageError, match="not a regular file"):
        RLM("offline", tools=tmp_path / "a.py")


def test_an_error_in_a_tool_shows_its_line(tmp_path: Path) -> None:
    file = write(tmp_path, "def half(x):\n    return x / 0\n")
    told = output(asked("half(3)", tools=file))
    assert 'File "<tools money.py>", line 2, in half\n    return x / 0' in told
    assert "ZeroDivisionError" in told


def test_the_prompt_shows_signature_and_docstring(tmp_path: Path) -> None:
    lm = ScriptedLM(["FINAL(done)"])
    file = write(
        tmp_path,
        '__all__ = ["area", "PI"]\nPI = 3\n'
        'def area(r: float, *, unit="m") -> str:\n    """Of a circle.\n\n    r: radius."""\n',
    )
    RLM(lm, tools=[file, host_tool(price), {"SPEC": SPEC}]).completion("What?", "text")
    told = lm.requests[0].messages[0].content
    assert "- `area(r: float, *, unit='m') -> str`: Of a circle.\n  r: radius." in told
    assert "- `price(symbol: str, *, day: str = 'today') -> dict[str, Any]`: The price of a share." in told
    assert "- `PI`: a value, 3" in told
    assert '- `SPEC`: a value, {"a": [1, 2]}' in told


def test_names_are_reserved_and_restored(tmp_path: Path) -> None:
    result = asked("net = 5", "print(net([4]))", tools=net)
    assert "`net` is reserved" in output(result)
    assert "3.0" in output(result, 1)


def test_a_host_tool_runs_here_and_is_logged_as_a_call(tmp_path: Path) -> None:
    threads: list[str] = []

    def here(x: int) -> int:
        threads.append(threading.current_thread().name)
        return x + 1

    path = tmp_path / "run.rlm.jsonl"
    result = asked(
        "print(here(1), price('ACME', day='2.5.')['price'])", tools=[host_tool(here), HostTool(price)], trace=path
    )
    assert "2 12.5" in output(result)
    assert threads == ["rlm-tui-tool-here"]
    with open_trace(path) as reader:
        assert reader.header.config["tools"] == "here, price"
        calls = [event for event in reader if isinstance(event, events.SubcallRequested)]
    assert [(call.function, call.prompt) for call in calls] == [
        ("here", "here(1)"),
        ("price", "price('ACME', day='2.5.')"),
    ]
    assert result.sub_calls == 2


def test_an_async_host_tool_is_awaited_here() -> None:
    assert "HELLO" in output(asked("print(later('hello'))", tools=host_tool(later)))


@pytest.mark.parametrize(
    ("tool", "code", "told"),
    [
        (price, "price('NONE')", "HostError: The tool price raised KeyError: 'NONE'"),
        (price, "price({1})", "TypeError: price runs on the host, so it takes only what JSON can say"),
        (price, "price()", "missing 1 required positional argument: 'symbol'"),
        (lambda: {1}, "tool()", "HostError: The tool tool returned a value of type set, which JSON cannot say"),
        (exit, "tool()", "HostError: The tool tool raised SystemExit"),
        (lambda: os._exit(3), "tool()", "HostError: The tool tool called os._exit(3), which would have ended all"),
        (lambda: signal.default_int_handler(2, None), "tool()", "HostError: The tool tool raised KeyboardInterrupt"),
        (lambda: _raise(_Mute()), "tool()", "HostError: The tool tool raised _Mute: it does not tell what"),
        (lambda: _Broken(a=1), "tool()", "HostError: The tool tool returned a value of type _Broken"),
        (lambda: {"x": object()}, "tool()", "HostError: The tool tool returned a value of type dict"),
        (lambda x: x, "a = []\na.append(a)\ntool(a)", "Circular reference"),
        (lambda: "\ud800", "print(ascii(tool()))", "'\\ufffd'"),
    ],
)
def test_what_goes_wrong_in_a_host_tool_is_an_error_in_the_block(tool: Any, code: str, told: str) -> None:
    name = "price" if tool is price else "tool"
    result = asked(code, "print('on')", tools={name: host_tool(tool)})
    assert told in output(result)
    assert "on" in output(result, 1)
    assert result.status == "answered"


def test_a_host_tool_may_fork_children_that_leave() -> None:
    def forks() -> int:
        with warnings.catch_warnings(action="ignore"):  # of a fork beside threads
            child = os.fork()
        if not child:
            os._exit(7)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert "code 7" in output(asked("print('code', forks())", tools=host_tool(forks)))


def test_a_host_tool_that_hangs_is_left(tmp_path: Path) -> None:
    never = threading.Event()
    try:
        result = asked("tool()", tools={"tool": host_tool(never.wait)}, block_timeout=0.2)
        assert "did not return within 0.2 s" in output(result)
    finally:
        never.set()


def test_a_source_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_LOAD_S", 0.3)
    with pytest.raises(ToolsError, match=r"The tools money\.py cannot be made in the REPL \(the REPL worker was ended"):
        asked("f()", tools=write(tmp_path, "def f(): ...\nwhile True: pass\n"))


def test_stopping_does_not_wait_for_a_host_tool(tmp_path: Path) -> None:
    begun, never = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        never.wait()

    try:
        with live(tmp_path, [block("hang()")], tools=toolbox(host_tool(hang))) as run:
            run.start().until(begun.is_set)
            run.send(cmd.Stop())
            assert run.end().status == "stopped"
    finally:
        never.set()


def test_an_interrupt_gives_a_host_call_up_and_keeps_the_state(tmp_path: Path) -> None:
    begun, never = threading.Event(), threading.Event()
    tools = toolbox({"hang": host_tool(lambda: (begun.set(), never.wait()))})
    try:
        with live(tmp_path, [block("kept = 5\nhang()"), "FINAL_VAR(kept)"], tools=tools) as run:
            run.start().until(begun.is_set)
            run.send(cmd.Interrupt())
            assert run.end().answer == "5"
    finally:
        never.set()


def test_many_threads_call_a_host_tool_at_once() -> None:
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(50) as pool:\n    print(sum(pool.map(double, range(100))))"
    )
    result = asked(code, tools={"double": host_tool(lambda n: 2 * n)})
    assert "9900" in output(result)
    assert result.sub_calls == 100


def test_host_tools_count_as_sub_calls() -> None:
    result = asked("tool(); tool(); tool()", tools={"tool": host_tool(lambda: 1)}, max_subcalls=2)
    assert "HostError: the limit of 2 sub-calls for this run is reached" in output(result)


def test_children_have_the_tools_too() -> None:
    sub = {"Output of block": "FINAL_VAR(x)", "You answer a question": block("x = f'{net([100])} {word()}'"), ".": "no"}
    tools = [net, {"word": host_tool(lambda: "hi")}]
    result = asked("print(rlm_query('go'))", tools=tools, sub=sub, max_depth=2)
    assert "75.0 hi" in output(result)


def test_a_replaced_worker_has_them_again() -> None:
    result = asked(
        "import os\nos._exit(3)", "print(net([100]), word())", tools=[net, {"word": host_tool(lambda: "hi")}]
    )
    assert "75.0 hi" in output(result, 1)


def test_a_conversation_keeps_them_over_a_reset() -> None:
    lm = ScriptedLM([block("FINAL(net([100]))"), block("FINAL(net([200]))")])
    with RLM(lm, tools=net, persistent=True) as rlm:
        assert rlm.completion("What?", "text").answer == "75.0"
        rlm.reset()
        assert rlm.completion("What?", "text").answer == "150.0"


def held(run: Driver) -> str:
    """Step into the call of a host tool; what is held there."""
    first = run.start().hold("before_code")
    run.send(cmd.Step(first.id, "into"))
    return run.content(run.hold("before_subcall"))


def test_a_host_call_is_held_edited_and_answered(tmp_path: Path) -> None:
    tools = toolbox({"add": host_tool(lambda a, b=0: a + b)})
    root = [block("print(add(1, b=2))"), "FINAL(done)"]
    with live(tmp_path, root, tools=tools, step=True) as run:
        assert held(run) == "add(1, b=2)"
        hold = run.hold("before_subcall")
        run.send(cmd.Edit(hold.id, "add(40, b=2)"))
        run.send(cmd.Resume())
        run.end()
        (call,) = run.of(events.SubcallRequested)
        assert (call.function, call.model, call.prompt) == ("add", "host", "add(40, b=2)")
        assert run.of(events.CodeFinished)[0].stdout == "42\n"


@pytest.mark.parametrize(
    ("command", "seen"),
    [
        (lambda hold: cmd.Answer(hold, "no price today"), "'no price today'"),
        (lambda hold: cmd.Answer(hold, "[1]"), "[1]"),
        (cmd.Skip, "skipped by the user"),
        (lambda hold: cmd.Edit(hold, "import os"), "is no call of add with plain values"),
    ],
)
def test_a_person_answers_for_a_host_tool(tmp_path: Path, command: Any, seen: str) -> None:
    root = [block("add(1)"), "FINAL(done)"]
    with live(tmp_path, root, tools=toolbox({"add": host_tool(lambda a: a)}), step=True) as run:
        held(run)
        run.send(command(run.hold("before_subcall").id))
        run.send(cmd.Resume())
        run.end()
        finished = run.of(events.CodeFinished)[0]
        assert seen in f"{finished.stdout}{finished.error}"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nowhere_at_all\ndef f(): ...\n", "line 1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("if 0:\n    pass\nexit(3)\ndef f(): ...\n", "line 3: SystemExit: 3"),
        ("def g(): 1 / 0\n\ndef f(): ...\ng()\n", "line 1: ZeroDivisionError"),
        ("import os\nos._exit(3)\ndef f(): ...\n", "the REPL worker exited with code 3 over it"),
        ("def f(): ...\ndel f\n", "NameError: it defines no f"),
    ],
)
def test_a_source_that_fails_in_the_worker_ends_the_run_by_name(tmp_path: Path, source: str, told: str) -> None:
    with pytest.raises(ToolsError, match=r"The tools money\.py cannot be made in the REPL") as caught:
        asked("f()", tools=write(tmp_path, source))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("tools", "told"),
    [
        ("nowhere.py", "cannot be read"),
        ("what is this", "Python file or module:function"),
        ("nowhere:f", "no module nowhere"),
        ("math:sqrt", "no module math with Python source"),
        ("statistics:meen", "did you mean mean?"),
        ([net, net], "two tools called net"),
        ({"llm_query": net}, "the REPL has something of that name"),
        ({"context_3": 1}, "the REPL has something of that name"),
        ({"print": net}, "hide Python's own"),
        ({"two words": 1}, "a Python name"),
        ({"x": {1}}, "JSON"),
        ({"x": lambda: 1}, "no source"),
        (len, "no source"),
        ([3], "not of type int"),
        ("/dev/null", "is neither"),
        ("host:math:pi", "no function"),
        ("host:nowhere:f", "cannot be imported here: ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_at_once(tools: Any, told: str) -> None:
    with pytest.raises(UsageError, match=r"(?i)tool|module|function") as caught:
        RLM("offline", tools=tools)
    assert told in str(caught.value)


def test_a_function_that_leans_on_what_cannot_travel_is_refused() -> None:
    lock = threading.Lock()

    def guarded() -> bool:
        return lock.locked()

    with pytest.raises(UsageError, match="uses lock, a lock that cannot be sent to the REPL"):
        RLM("offline", tools=guarded)


def test_the_command_line_takes_tools(tmp_path: Path) -> None:
    worker = write(tmp_path, "def double(x):\n    return 2 * x\n")
    host = write(tmp_path, "import os\ndef pid() -> int:\n    return os.getpid()\n", "here.py")
    code = """import os, pathlib
keeper = pathlib.Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()
print(double(21), pid() == int(keeper[1]))"""
    model = script(tmp_path, [block(code), "FINAL(ok)"])
    (tmp_path / "note.txt").write_text("text")
    ask = ("run", str(tmp_path / "note.txt"), "-q", "?", "-m", model, "--json", "--tools")
    done = rlm_tui(*ask, worker, "--tools", f"host:{host}", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"42 True" in done.stdout
    marked = write(tmp_path, "from rlm_tui import host_tool\n@host_tool\ndef f(): ...\n", "marked.py")
    done = rlm_tui(*ask, marked, home=tmp_path)
    assert done.returncode == 2
    assert f"name it host:{marked}" in done.stderr.decode()


@pytest.mark.parametrize(("spec", "told"), [("", "line 2: ZeroDivisionError"), ("host:", "bad.py, line 2: Zero")])
def test_a_tools_file_that_fails_is_a_usage_error_in_one_sentence(tmp_path: Path, spec: str, told: str) -> None:
    bad = write(tmp_path, "import os\n1 / 0\ndef f(): ...\n", "bad.py")
    (tmp_path / "note.txt").write_text("text")
    done = rlm_tui("run", str(tmp_path / "note.txt"), "-q", "?", "-m", "offline", "--tools", spec + bad, home=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr.decode().splitlines()[-1]
    assert b"Traceback" not in done.stderr


def test_limits_are_typed() -> None:
    assert RLM("offline", max_depth=3)._setup.limits == Limits(depth=3)


def test_a_host_call_is_told_apart_on_the_screen(tmp_path: Path) -> None:
    tools = toolbox({"add": host_tool(lambda a: a)})
    with live(tmp_path, [block("add(1)"), "FINAL(done)"], tools=tools) as run:
        run.start().end()
        (node,) = [node for node in run.session.trajectory.now().tree.nodes.values() if node.type == "subcall"]
        assert is_tool(node)
        page = Page(run.session.trajectory.now(), run.session.log, 80)
        assert {"CALL", "RESULT"} <= {row.text.split()[0] for row in subcall(page, node) if row.text.strip()}
