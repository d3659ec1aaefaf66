"""The helpers that the dialects of other engines teach, in the real worker."""

from __future__ import annotations

import asyncio

import pytest

from tests.functional.repl_kit import Echo, open_repl, run, stdout_of

TEXT = "The key term is: oolong.\fAlice earns 75,000.\fBob earns 60,000."


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("P == context", "True"),
        ("peek(7)", "'The key'"),
        ("tail(7)", "'60,000.'"),
        ("tail(0)", "''"),
        ("lenP() == len(context)", "True"),
        ("extract_after('key term is:')", "'oolong'"),
        ("extract_after('nowhere')", ""),
        ("ctx.slice(4, 7)", "'key'"),
        ("ctx.slice(-5, 3)", "'The'"),
        ("ctx.find('earns')", "[(31, 36, 'earns'), (49, 54, 'earns')]"),
        ("ctx.find('EARNS', case_sensitive=False, max_matches=1)", "[(31, 36, 'earns')]"),
        (r"ctx.find(r'\d+,\d+', regex=True)[0][2]", "'75,000'"),
        ("ctx.find('a.c')", "[]"),
        ("''.join(text for _, _, text in ctx.chunk(10)) == context", "True"),
        ("[(a, b) for a, b, _ in ctx.chunk(30, 10)]", "[(0, 30), (20, 50), (40, 62)]"),
        ("ctx.page(2)", "'Alice earns 75,000.'"),
        ("ctx.page(4)", ""),
        ("ctx.num_documents(), ctx.get_document(0) == context", "(1, True)"),
        ("context_0 == context, history", "(True, [])"),
    ],
)
async def test_a_document_is_looked_at_by_position_search_and_pieces(code: str, shown: str) -> None:
    async with open_repl() as repl:
        await repl.load("context", TEXT)
        assert (await stdout_of(repl, code)).strip() == shown


async def test_several_documents_are_one_text_and_groups() -> None:
    async with open_repl() as repl:
        await repl.load("context", ["one", "two", "three"])
        assert await stdout_of(repl, "P") == "'one\\x0ctwo\\x0cthree'\n"
        assert await stdout_of(repl, "ctx.chunk_documents(2)") == "[(0, 2, ['one', 'two']), (2, 3, ['three'])]\n"
        await repl.load("context", "another")
        assert await stdout_of(repl, "P, ctx.text") == "('another', 'another')\n"


async def test_a_name_that_only_another_dialect_teaches_belongs_to_the_block_that_takes_it() -> None:
    async with open_repl() as repl:
        await repl.load("context", TEXT)
        taken = await run(repl, "tail = context[-7:]\nP = 3")
        assert taken.notes == ()
        assert sorted(change.name for change in taken.changes) == ["P", "tail"]
        assert await stdout_of(repl, "tail, P") == "('60,000.', 3)\n"
        assert await stdout_of(repl, "SHOW_VARS()") == (await stdout_of(repl, "print(SHOW_VARS())"))


async def test_helpers_are_no_variables() -> None:
    async with open_repl() as repl:
        await repl.load("context", TEXT)
        result = await run(repl, "print(P[:3]); x = 1")
        assert [change.name for change in result.changes] == ["x"]
        assert await repl.names() == ["context", "x"]


async def test_questions_about_pieces_reach_the_sub_lm_in_order() -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        await repl.load("context", TEXT)
        assert "Who?" in await stdout_of(repl, "ask('Who?', 'Alice')")
        await stdout_of(repl, "ask_chunks('Who?', ctx.chunk(40)); ask_chunks('Who?', ['a', 'b'])")
        await stdout_of(repl, "ask_chunks('Who?', 'abcd', chunk_size=3); ask_chunks('Who?', ctx.chunk_documents())")
        await stdout_of(repl, "recursive_llm('Who?', 'Alice')")
    asked = [(call.function, [prompt.rsplit("\n\n", 1)[-1] for prompt in call.prompts]) for call in echo.calls]
    assert echo.calls[-1].question == "Who?"
    assert asked == [
        ("ask", ["Alice"]),
        ("ask_chunks", [TEXT[:40], TEXT[40:]]),
        ("ask_chunks", ["a", "b"]),
        ("ask_chunks", ["abc", "d"]),
        ("ask_chunks", [TEXT]),
        ("recursive_llm", ["Alice"]),
    ]


async def test_a_block_may_await_at_its_top() -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        code = "import asyncio\nx, y = await asyncio.gather(llm_query_async('a'), llm_query_async('b'))\nx + y"
        assert await stdout_of(repl, code) == "'<a><b>'\n"
        assert await stdout_of(repl, "await llm_query_batch_async(['c', 'd'])") == "['<c>', '<d>']\n"
        assert await stdout_of(repl, "await llm_query_batch_async([])") == "[]\n"
        assert await stdout_of(repl, "x") == "'<a>'\n"
    assert [call.is_batch for call in echo.calls] == [False, False, True]


async def test_three_hundred_awaited_calls_are_under_way_at_once() -> None:
    gate = asyncio.Event()
    waiting = 0

    async def answer(call: object) -> list[str]:
        nonlocal waiting
        waiting += 1
        if waiting == 300:
            gate.set()
        await gate.wait()
        return ["yes"]

    async with open_repl(answer) as repl:  # type: ignore[arg-type]
        code = "import asyncio\nlen(await asyncio.gather(*(llm_query_async(str(i)) for i in range(300))))"
        assert await stdout_of(repl, code) == "300\n"


async def test_an_error_in_an_awaiting_block_names_its_own_lines_only() -> None:
    async with open_repl() as repl:
        result = await run(repl, "kept = await llm_query_async('a')\nawait llm_query_async('refuse')")
        assert result.status == "error"
        assert result.error is not None
        assert "There are no calls left." in result.error.message
        assert '<block 1>", line 2' in result.error.traceback
        assert "asyncio" not in result.error.traceback
        assert await stdout_of(repl, "kept") == "'<a>'\n"


async def test_an_awaiting_block_is_interrupted_and_its_tasks_end_with_it() -> None:
    echo = Echo()
    async with open_repl(echo) as repl:
        running = asyncio.create_task(run(repl, "before = 1\nawait llm_query_async('hang')"))
        await echo.asked.wait()
        repl.interrupt()
        result = await running
        assert result.status == "interrupted"
        assert await stdout_of(repl, "before") == "1\n"
        left = "import asyncio\nasync def stay():\n    await asyncio.Event().wait()\n_ = asyncio.ensure_future(stay())"
        assert (await run(repl, left + "\nawait asyncio.sleep(0)\n'over'")).stdout == "'over'\n"


async def test_memory_is_told_and_given_back() -> None:
    async with open_repl() as repl:
        await repl.load("context", TEXT)
        status = await stdout_of(repl, "big = 'x' * 100_000\nsmall = 1\nmemory_status()")
        assert status.splitlines()[0].split()[-2:] == ["big:", "str"]
        assert await stdout_of(repl, "forget('big', 'nothing', 'context')") == (
            "Forgotten: big. The REPL keeps: context. Not there: nothing.\n"
        )
        result = await run(repl, "big")
        assert result.error is not None
        assert result.error.type == "NameError"
        assert "llm_query" in await stdout_of(repl, "forget('llm_query')")
        assert await stdout_of(repl, "llm_query('still there')") == "'<still there>'\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ask_chunks('Who?', 5)", "chunks must be a list of str"),
        ("ask('Who?', ['a'])", "a question and a text are str, not str and list"),
        ("ctx.chunk(5, 5)", "size > overlap"),
        ("await llm_query_async(['a'])", "takes one str, not list"),
        ("await llm_query_batch_async('a')", "takes a list of str, not str"),
    ],
)
async def test_a_wrong_call_says_what_is_wrong(code: str, said: str) -> None:
    async with open_repl() as repl:
        result = await run(repl, code)
        assert result.error is not None
        assert said in result.error.message
