"""Calls from code in the worker to the host."""

from __future__ import annotations

import asyncio

import pytest
from repl_kit import Echo, open_repl, run, stdout_of

from rlm_tui.repl.base import HostCall
from rlm_tui.repl.process import WorkerREPL


async def test_each_helper_asks_the_host_in_its_own_name() -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        code = "print(llm_query('a'), llm_query_batch(('b', 'c'), model='m'), rlm_query('d'), rlm_query_batched(['e']))"
        assert await stdout_of(repl, code) == "<a> ['<b>', '<c>'] <d> ['<e>']\n"
    assert echo.calls == [
        HostCall("llm_query", ("a",)),
        HostCall("llm_query_batched", ("b", "c"), "m", is_batch=True),
        HostCall("rlm_query", ("d",)),
        HostCall("rlm_query_batched", ("e",), is_batch=True),
    ]


async def test_a_large_batch_is_on_its_way_in_parts_and_comes_back_whole() -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        code = "asked = [f'{i} ' + 'x' * 40_000 for i in range(400)]"
        code += "\nprint([a == f'<{p}>' for p, a in zip(asked, llm_query_batched(asked), strict=True)].count(True))"
        assert await stdout_of(repl, code) == "400\n"
        assert await stdout_of(repl, code.replace("llm_query_batched", "await llm_query_batch_async")) == "400\n"
    one, other = echo.calls[: len(echo.calls) // 2], echo.calls[len(echo.calls) // 2 :]
    for parts in (one, other):
        assert len(parts) > 1
        assert [call.start + len(call.prompts) for call in parts] == [*(call.start for call in parts[1:]), 400]
        assert {call.size for call in parts} == {400}
        assert [call.is_last for call in parts] == [False] * (len(parts) - 1) + [True]
        assert len({call.first for call in parts}) == 1
    assert one[0].first != other[0].first


async def test_any_number_of_awaited_calls_may_be_gathered() -> None:
    async with open_repl() as repl:
        code = "import asyncio\nfound = await asyncio.gather(*[llm_query_async(str(i)) for i in range(3000)])"
        assert await stdout_of(repl, code + "\nprint(found == [f'<{i}>' for i in range(3000)])") == "True\n"


async def test_an_empty_batch_asks_nothing() -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        assert await stdout_of(repl, "llm_query_batched([])") == "[]\n"
    assert echo.calls == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("llm_query(['a'])", "llm_query(prompt) takes one str, not list"),
        ("llm_query(None)", "takes one str, not NoneType"),
        ("llm_query_batched('abc')", "takes a list of str, not str"),
        ("llm_query_batched(['a', 3])", "item 1 is int"),
        ("llm_query('a', model=4)", "model must be a str or None, not int"),
    ],
)
async def test_wrong_arguments_are_a_clear_type_error(code: str, says: str) -> None:
    async with open_repl() as repl:
        error = (await run(repl, code)).error
        assert error is not None
        assert error.type == "TypeError"
        assert says in error.message


async def test_an_error_of_the_handler_is_raised_in_the_block() -> None:
    async with open_repl() as repl:
        error = (await run(repl, "llm_query('refuse')")).error
        assert error is not None
        assert (error.type, error.message) == ("HostError", "There are no calls left.")
        assert "\nHostError: " in error.traceback


async def test_two_hundred_threads_each_get_their_own_answer() -> None:
    code = """
import threading
got = {}
threads = [threading.Thread(target=lambda i=i: got.update({i: llm_query(str(i))})) for i in range(200)]
[t.start() for t in threads]; [t.join() for t in threads]
print(got == {i: f'<{i}>' for i in range(200)})
"""
    async with open_repl() as repl:
        assert await stdout_of(repl, code) == "True\n"


async def test_long_and_odd_texts_pass_both_ways() -> None:
    code = "t = 'ü€😀\\n\\0' * 1_000_000\nprint(llm_query(t) == f'<{t}>', llm_query('a\\ud800'), repr(llm_query('')))"
    async with open_repl() as repl:
        assert await stdout_of(repl, code) == "True <a\ufffd> '<>'\n"


async def test_a_prompt_beyond_the_bound_is_an_error_of_the_block() -> None:
    async with open_repl() as repl:
        error = (await run(repl, "llm_query_batched(['x' * (65 << 20)])")).error
        assert error is not None
        assert "68,157,440 bytes" in error.message
        assert await stdout_of(repl, "print(llm_query('a'))") == "<a>\n"


async def test_time_in_host_calls_is_not_the_blocks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, late = asyncio.get_running_loop(), [0.0]
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + late[0])

    async def slow(_call: HostCall) -> list[str]:
        late[0] += 1000
        return ["late"]

    repl = WorkerREPL(slow)
    try:
        result = await repl.run("print(llm_query('a'), llm_query('b'))", timeout_s=60)
    finally:
        await repl.close()
    assert (result.status, result.stdout) == ("ok", "late late\n")
    assert result.elapsed_s < 1000


async def test_calls_that_outlive_their_block_are_cancelled_and_refused() -> None:
    echo = Echo()
    code = """
import threading
said = []
def ask():
    try: llm_query('hang')
    except Exception as e: said.append(str(e))
t = threading.Thread(target=ask); t.start()
"""
    async with open_repl(echo) as repl:
        await run(repl, code + "llm_query('a')\nwhile False: pass")
        await asyncio.wait_for(echo.asked.wait(), 10)
        assert await stdout_of(repl, "t.join()\nprint(said)") == "['the block that this call belongs to is over']\n"
    assert echo.cancelled == 1


async def test_a_call_between_blocks_is_refused() -> None:
    echo = Echo()
    code = """
import threading
said, go = [], threading.Event()
def ask():
    go.wait()
    try: said.append(llm_query('late'))
    except Exception as e: said.append(str(e))
t = threading.Thread(target=ask); t.start()
"""
    async with open_repl(echo) as repl:
        await run(repl, code + "threading.Timer(0.01, go.set).start()")
        assert await stdout_of(repl, "t.join()\nprint(len(said))") == "1\n"


async def test_a_fault_of_the_handler_is_raised_by_run() -> None:
    async def broken(call: HostCall) -> list[str]:
        raise ZeroDivisionError(call.function)

    repl = WorkerREPL(broken)
    try:
        with pytest.raises(ZeroDivisionError):
            await repl.run("llm_query('a')", timeout_s=10)
        assert (await repl.run("print(1)", timeout_s=10)).stdout == "1\n"
    finally:
        await repl.close()


async def test_a_forked_child_keeps_off_the_channel() -> None:
    code = """
import os
pid = os.fork()
if pid == 0:
    try: llm_query('child')
    except RuntimeError as e: print('child:', 'forked' in str(e))
else:
    os.waitpid(pid, 0)
    print('parent:', llm_query('mine'))
"""
    echo = Echo()
    async with open_repl(echo) as repl:
        assert await stdout_of(repl, code) == "child: True\nparent: <mine>\n"
        assert await stdout_of(repl, "print(llm_query('next'))") == "<next>\n"
    assert [call.prompts for call in echo.calls] == [("mine",), ("next",)]


async def test_a_large_context_arrives_whole() -> None:
    async with open_repl() as repl:
        await repl.load("context", "añ😀" * 3_000_000)
        assert await stdout_of(repl, "print(len(context), context == 'añ😀' * 3_000_000)") == "9000000 True\n"
        await repl.load("context", ["one", "", "zwei ü"])
        assert await stdout_of(repl, "context") == "['one', '', 'zwei ü']\n"
