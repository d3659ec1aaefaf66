"""Answers given inside the REPL, and the variables a block leaves."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from repl_kit import open_repl, run, stdout_of

from rlm_tui.repl.base import Offer


@pytest.mark.parametrize(
    ("code", "value", "via"),
    [
        ("FINAL('it is 42')", "it is 42", "FINAL"),
        ("FINAL(42)", "42", "FINAL"),
        ("x = [1, 2]\nFINAL_VAR('x')", "[1, 2]", "FINAL_VAR"),
        ("x = 'text'\nFINAL_VAR(x)", "text", "FINAL_VAR"),
        ("FINAL_VAR('two words')", "two words", "FINAL_VAR"),
        ("FINAL_VAR('context')", "the text", "FINAL_VAR"),
        ("SUBMIT(answer='yes')", "yes", "SUBMIT"),
        ("SUBMIT(a=1, b='ü')", '{"a": 1, "b": "ü"}', "SUBMIT"),
        ("answer['content'] = 'a'\nanswer['ready'] = True", "a", "answer"),
        ("answer.update(content=7, ready=1)", "7", "answer"),
        ("answer = {'content': 'b', 'ready': 'yes'}", "b", "answer"),
        ("try:\n    FINAL('kept')\nexcept Exception:\n    pass", "kept", "FINAL"),
        ("import threading\nt = threading.Thread(target=FINAL, args=('t',))\nt.start(); t.join()", "t", "FINAL"),
    ],
)
async def test_an_answer_is_offered_by_every_form(code: str, value: str, via: str) -> None:
    async with open_repl() as repl:
        await repl.load("context", "the text")
        result = await run(repl, code)
        assert (result.status, result.offer) == ("ok", Offer(value, via)), result  # type: ignore[arg-type]
        assert (await run(repl, "1")).offer is None


async def test_final_ends_the_block() -> None:
    async with open_repl() as repl:
        result = await run(repl, "x = 1\nFINAL('done')\nx = 2")
        assert result.offer == Offer("done", "FINAL")
        assert await stdout_of(repl, "print(x)") == "1\n"


@pytest.mark.parametrize("code", ["FINAL('')", "FINAL(None)", "FINAL('  ')", "SUBMIT()", "e = ''\nFINAL_VAR('e')"])
async def test_an_empty_answer_is_no_answer(code: str) -> None:
    async with open_repl() as repl:
        result = await run(repl, code)
        assert result.offer is None
        assert result.error is not None
        assert "empty" in result.error.message


async def test_final_var_of_a_name_that_is_not_there_tells_which_are() -> None:
    async with open_repl() as repl:
        result = await run(repl, "alpha = 1\nbeta = 2\nFINAL_VAR('gamma')")
        assert result.offer is None
        assert result.error is not None
        assert "'gamma'; there are: alpha, beta" in result.error.message


ODD = """
class Odd:
    def fail(self): raise ValueError('no')
    __bool__ = __str__ = fail
"""


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("answer['ready'] = True", "is empty"),
        ("answer.update(content='a', ready=True)\n1 / 0", "raised an error"),
        ("try:\n    FINAL('x')\nexcept BaseException:\n    1 / 0", "raised an error"),
        (f"{ODD}answer.update(content='a', ready=Odd())", "to read it raised ValueError"),
        (f"{ODD}answer.update(content=Odd(), ready=True)", "to read it raised ValueError"),
    ],
)
async def test_an_answer_that_does_not_count_says_why(code: str, why: str) -> None:
    async with open_repl() as repl:
        result = await run(repl, code)
        assert result.offer is None
        assert any(why in note for note in result.notes), result.notes
        after = await run(repl, "1")
        assert (after.offer, after.error, after.notes) == (None, None, ())


async def test_content_alone_is_no_answer_yet() -> None:
    async with open_repl() as repl:
        result = await run(repl, "answer['content'] = 'draft'")
        assert (result.offer, result.notes) == (None, ())
        assert (await run(repl, "answer['ready'] = True")).offer == Offer("draft", "answer")


async def test_lookup_gives_the_text_of_a_variable() -> None:
    async with open_repl() as repl:
        await repl.load("context", "the text")
        await run(repl, "x = 3\nclass Bad:\n    def __str__(self): raise ValueError\nbad = Bad()\nimport os")
        assert [await repl.lookup(name) for name in ("x", "context", "nope", "bad", "llm_query", "os")] == [
            "3",
            "the text",
            None,
            None,
            None,
            None,
        ]
        assert await repl.names() == ["context", "x", "Bad", "bad"]
        await run(repl, "answer = 'rebound'")
        assert await repl.lookup("answer") == "rebound"


async def test_changes_name_what_a_block_added_changed_and_removed() -> None:
    async with open_repl() as repl:
        first = await run(
            repl,
            "import re\nfrom json import dumps\n_h = 1\nn = 1\nrows = [1]\nt = 'abc'\ndef f(a, b): pass\nclass C: pass",
        )
        assert [(c.name, c.change, c.type, c.size, c.preview) for c in first.changes] == [
            ("n", "added", "int", None, "1"),
            ("rows", "added", "list", 1, "[1]"),
            ("t", "added", "str", 3, "'abc'"),
            ("f", "added", "function", None, "f(a, b)"),
            ("C", "added", "class", None, "C"),
        ]
        second = await run(repl, "rows.append(2)\nt = 'abc'\nn = 2\ndel f")
        assert [(c.name, c.change) for c in second.changes] == [("n", "changed"), ("rows", "changed"), ("f", "removed")]
        assert (await run(repl, "rows[0]")).changes == ()


@pytest.mark.parametrize("change", ["d['a'] = 5", "s.add(9)", "big[3000] = None", "text = text[:-1] + 'z'", "b[0] = 1"])
async def test_a_change_inside_a_container_is_noticed(change: str) -> None:
    async with open_repl() as repl:
        await run(repl, "d = {'a': 1}\ns = {1}\nbig = [0] * 3001\ntext = 'x' * 5000\nb = bytearray(9)")
        assert [c.change for c in (await run(repl, change)).changes] == ["changed"]


async def test_hostile_objects_do_not_run_when_variables_are_listed() -> None:
    code = """
class Meta(type):
    @property
    def __name__(cls): raise SystemExit
    __module__ = 3
class Loop(metaclass=Meta):
    def _loop(self, *a):
        while True: pass
    __repr__ = __len__ = __str__ = __bool__ = _loop
    __class__ = property(_loop)
    __eq__ = _loop
    __hash__ = None
one = Loop()
many = [one, {'k': one}]
globals()['v' * 5000 + '\\x1b[31m'] = 1
huge = 10 ** 10000
self_ref = []
self_ref.append(self_ref)
"""
    async with open_repl() as repl:
        result = await run(repl, code)
        assert result.status == "ok", result
        shown = {change.name: change for change in result.changes}
        assert shown["one"].type == "Loop"
        assert shown["huge"].preview == "<int of 33,220 bits>"
        assert max(map(len, shown)) == 200
        listed = await run(repl, "SHOW_VARS()")
        assert "many: list, 2 = [" in listed.stdout


async def test_show_vars_lists_names_types_and_beginnings() -> None:
    async with open_repl() as repl:
        await repl.load("context", ["a", "b"])
        assert await stdout_of(repl, "n = 3\nSHOW_VARS()") == "context: list, 2 = ['a', 'b']\nn: int = 3\n"
        assert await stdout_of(repl, "print(SHOW_VARS())") == "context: list, 2 = ['a', 'b']\nn: int = 3\n"


async def test_a_preview_of_much_is_short() -> None:
    async with open_repl() as repl:
        result = await run(repl, "t = 'x' * 50_000_000\nrows = [t] * 100_000\nd = dict.fromkeys(range(100_000), t)")
        assert [change.size for change in result.changes] == [50_000_000, 100_000, 100_000]
        assert all(len(change.preview) <= 120 for change in result.changes)


async def test_answer_may_be_a_variable_like_any_other_until_the_dict_is_meant() -> None:
    async with open_repl() as repl:
        await run(repl, "answer = 'rebound'")
        assert await stdout_of(repl, "print(answer[:3], SHOW_VARS())") == "reb answer: str, 7 = 'rebound'\n"
        assert (await run(repl, "x = 1")).notes == ()
        assert await repl.lookup("answer") == "rebound"
        assert "answer" in await repl.names()
        assert (await run(repl, "answer['content'] = 'z'; answer['ready'] = True")).offer == Offer("z", "answer")


async def test_what_is_none_or_a_dict_of_another_kind_is_told_as_it_is() -> None:
    async with open_repl() as repl:
        await run(repl, "nothing = None\nanswer = {'total': 3}")
        assert await repl.lookup("nothing") == ""
        assert await repl.lookup("answer") == "{'total': 3}"
        await run(repl, "answer = {'content': None}")
        assert await repl.lookup("answer") == ""


async def test_an_answer_that_is_cut_says_so() -> None:
    async with open_repl() as repl:
        result = await run(repl, "FINAL('x' * 17_000_000)")
        assert result.offer is not None
        assert len(result.offer.value) == 1 << 24
        assert result.notes == ("The answer has 17,000,000 characters; the first 16,777,216 were taken.",)


async def test_a_thread_that_gives_the_answer_ends_without_a_word() -> None:
    code = "import threading\nt = threading.Thread(target=FINAL, args=('x',))\nt.start()\nt.join()"
    async with open_repl() as repl:
        result = await run(repl, code)
        assert (result.offer, result.stderr, result.notes) == (Offer("x", "FINAL"), "", ())


async def test_an_answer_of_a_thread_whose_block_is_over_is_told_in_the_next(tmp_path: Path) -> None:
    go, gone = tmp_path / "go", tmp_path / "gone"
    for fifo in (go, gone):
        os.mkfifo(fifo)
    code = f"""
import threading
def late():
    open({str(go)!r}).read()
    try:
        FINAL('late')
    finally:
        open({str(gone)!r}, 'w').close()
threading.Thread(target=late).start()"""
    async with open_repl() as repl:
        assert (await run(repl, code)).offer is None
        await asyncio.to_thread(go.write_text, "now")
        await asyncio.to_thread(gone.read_text)
        told = await run(repl, "x = 1")
        assert told.offer is None
        assert any("a thread gave after its block had ended does not count" in note for note in told.notes)
        assert (await run(repl, "FINAL('in time')")).notes == ()
        assert (await run(repl, "x = 2")).notes == ()
