"""A block in the real worker: state, errors, echo, output, reserved names."""

from __future__ import annotations

import pytest
from repl_kit import open_repl, run, stdout_of


async def test_state_lives_on_between_blocks_and_after_an_error() -> None:
    async with open_repl() as repl:
        await run(repl, "x = 40\ndef f():\n    return x + 2")
        failed = await run(repl, "y = 1\nraise ValueError('no')\nz = 2")
        assert failed.status == "error"
        assert await stdout_of(repl, "print(f(), y, 'z' in globals())") == "42 1 False\n"


async def test_functions_see_later_changes_to_globals() -> None:
    async with open_repl() as repl:
        await run(repl, "n = 1\ndef get():\n    return n")
        await run(repl, "n = 2")
        assert await stdout_of(repl, "get()") == "2\n"


async def test_a_traceback_names_the_lines_of_blocks_and_nothing_else() -> None:
    async with open_repl() as repl:
        await run(repl, "def f():\n    return 1 / 0")
        error = (await run(repl, "x = 1\nf()")).error
        assert error is not None
        assert (error.type, error.message) == ("ZeroDivisionError", "division by zero")
        assert 'File "<block 2>", line 2' in error.traceback
        assert 'File "<block 1>", line 2, in f\n    return 1 / 0' in error.traceback
        assert "worker" not in error.traceback


@pytest.mark.parametrize(
    "code", ["try:\n    llm_query(3)\nexcept TypeError as e:\n    raise KeyError from e", "llm_query(3)"]
)
async def test_frames_of_the_worker_are_removed_from_chained_errors(code: str) -> None:
    async with open_repl() as repl:
        error = (await run(repl, code)).error
        assert error is not None
        assert "helpers.py" not in error.traceback
        assert "<block 1>" in error.traceback


async def test_a_syntax_error_is_shown_with_its_line() -> None:
    async with open_repl() as repl:
        error = (await run(repl, "x = (1,\nprint('a'")).error
        assert error is not None
        assert error.type == "SyntaxError"
        assert 'File "<block 1>"' in error.traceback


@pytest.mark.parametrize(
    ("code", "status"), [("a\0b", "error"), ("(" * 5000, "error"), ("'" + "\ud800" * 3 + "'", "ok")]
)
async def test_code_that_can_hardly_be_compiled_is_a_result(code: str, status: str) -> None:
    async with open_repl() as repl:
        assert (await run(repl, code)).status == status
        assert await stdout_of(repl, "print(1)") == "1\n"


async def test_a_bare_last_expression_is_echoed_and_kept_in_underscore() -> None:
    async with open_repl() as repl:
        assert await stdout_of(repl, "x = 'a'\nx * 2") == "'aa'\n"
        assert await stdout_of(repl, "_ + 'b'") == "'aab'\n"
        assert await stdout_of(repl, "None") == ""
        assert await stdout_of(repl, "x; y = 1") == ""


async def test_stdout_and_stderr_are_kept_apart_whoever_writes_them() -> None:
    code = """
import os, sys
print('a')
os.write(1, b'b\\n')
print('c', file=sys.stderr)
os.write(2, b'd\\n')
sys.stdout.buffer.write(b'e\\n')
None
"""
    async with open_repl() as repl:
        result = await run(repl, code)
        assert (result.stdout, result.stderr) == ("a\nb\ne\n", "c\nd\n")


async def test_output_streams_while_the_block_runs() -> None:
    pieces: list[str] = []
    async with open_repl() as repl:
        code = "print('first')\nllm_query('go on')\nprint('second', end='')"
        result = await repl.run(code, timeout_s=30, on_output=pieces.append)
    assert pieces == ["first\n", "second"]
    assert result.stdout == "first\nsecond"


@pytest.mark.parametrize(
    "code",
    ["print('x' * 3_000_000)", "import os\nfor _ in range(48): os.write(1, b'x' * 65536)\nNone"],
    ids=["print", "descriptor"],
)
async def test_output_is_bounded_and_what_is_missing_is_counted(code: str) -> None:
    async with open_repl() as repl:
        result = await run(repl, f"print('head')\n{code}\nprint('tail', flush=True)")
        assert result.stdout.startswith("head\n")
        assert result.stdout.endswith("tail\n")
        assert "characters of output dropped here" in result.stdout
        assert len(result.stdout) < 1_000_000
        assert any("characters of stdout were dropped" in note for note in result.notes)


async def test_lone_surrogates_are_scrubbed_and_noted() -> None:
    async with open_repl() as repl:
        result = await run(repl, "print('a\\ud800b')")
        assert result.stdout == "a\ufffdb\n"
        assert result.notes == ("Lone surrogates in the output were replaced by U+FFFD (1).",)
        result = await run(repl, "print(llm_query('\\udc80'))")
        assert result.stdout == "<\ufffd>\n"
        assert result.notes == ("Lone surrogates in the prompts were replaced by U+FFFD (1).",)
        assert (await run(repl, "1")).notes == ()


@pytest.mark.parametrize(("code", "note"), [("exit()", "sys.exit()"), ("import sys\nsys.exit(3)", "sys.exit(3)")])
async def test_sys_exit_ends_the_block_and_not_the_run(code: str, note: str) -> None:
    async with open_repl() as repl:
        result = await run(repl, f"x = 1\n{code}\nx = 2")
        assert result.status == "ok"
        assert note in result.notes[0]
        assert await stdout_of(repl, "print(x)") == "1\n"


@pytest.mark.parametrize(
    "code", ["input('name? ')", "import sys\nsys.stdin.readline()", "import sys\nsys.stdin.read()"]
)
async def test_input_is_a_clear_error(code: str) -> None:
    async with open_repl() as repl:
        error = (await run(repl, code)).error
        assert error is not None
        assert "nobody types here" in error.message


async def test_helpers_explain_themselves_in_help() -> None:
    async with open_repl() as repl:
        names = (
            "llm_query llm_query_batched llm_query_batch rlm_query rlm_query_batched SHOW_VARS FINAL FINAL_VAR SUBMIT"
        )
        assert await stdout_of(repl, f"print(all(n and globals()[n].__doc__ for n in {names.split()}))") == "True\n"
        shown = await stdout_of(repl, "help(llm_query)")
        assert "llm_query(prompt: str, model: str | None = None) -> str" in shown
        assert "Ask a sub-LM" in shown


async def test_reserved_names_come_back_and_taking_them_is_noted() -> None:
    async with open_repl() as repl:
        await repl.load("context", "the text")
        result = await run(repl, "context = 'mine'\nllm_query = 3\ndel FINAL, answer\nprint = 5")
        for name in ("context", "llm_query", "FINAL"):
            assert any(f"`{name}` is reserved" in note for note in result.notes), name
        assert await stdout_of(repl, "print(context, llm_query('a'), callable(FINAL), answer)") == (
            "the text <a> True {'content': '', 'ready': False}\n"
        )


@pytest.mark.parametrize(
    "code",
    [
        "del __builtins__",
        "import builtins\nbuiltins.print = builtins.len = None",
        "import sys\nsys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
        "import sys\nsys.stdout = sys.stderr = None",
        "import sys\nsys.stdout.write = None",
        "import sys\nsys.setrecursionlimit(60)",
        "import sys\nsys.settrace(lambda *a: 1 / 0)",
        "import sys, threading\nsys.setprofile(lambda *a: None)\nthreading.settrace(1 / 1)",
        "import gc\ngc.callbacks.append(lambda *a: 1 / 0)\ngc.disable()",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.setitimer(signal.ITIMER_REAL, 0.08)",
        "import json, os, traceback\njson.dumps = json.loads = os.write = traceback.TracebackException = None",
        "import sys\nsys.modules.clear()",
        "globals()['\\ud800'] = globals()[5] = 1",
        "import os\nos.close(1); os.close(2)",
    ],
)
async def test_what_a_block_breaks_is_whole_again_in_the_next(code: str) -> None:
    async with open_repl() as repl:
        pid = repl.facts.pid
        await run(repl, code)
        assert await stdout_of(repl, "print(6 * 7)") == "42\n"
        assert repl.facts.pid == pid
        stopped = await run(repl, "while True: pass", 0.1)
        assert stopped.status == "interrupted"


async def test_a_dataclass_and_a_pickle_know_their_module() -> None:
    code = "import dataclasses, pickle\n@dataclasses.dataclass\nclass P:\n    a: int\npickle.loads(pickle.dumps(P(3)))"
    async with open_repl() as repl:
        assert await stdout_of(repl, code) == "P(a=3)\n"


async def test_too_much_memory_is_a_memory_error_and_the_state_is_kept() -> None:
    async with open_repl(memory_mb=300) as repl:
        result = await run(repl, "x = 1\ny = bytearray(1 << 30)")
        assert result.error is not None
        assert result.error.type == "MemoryError"
        result = await run(repl, "rows = []\nwhile True: rows.append('a' * 100 + str(len(rows)))")
        assert result.error is not None
        assert result.error.type == "MemoryError"
        assert await stdout_of(repl, "del rows\nprint(x)") == "1\n"


async def test_a_megabyte_of_memory_is_a_million_bytes_as_it_is_shown() -> None:
    async with open_repl(memory_mb=300) as repl:
        assert await stdout_of(repl, "import resource\nresource.getrlimit(resource.RLIMIT_AS)[0]") == "300000000\n"


async def test_a_huge_traceback_is_bounded() -> None:
    async with open_repl() as repl:
        error = (await run(repl, "def f(n): return g(n)\ndef g(n): return f(n)\nf(1)")).error
        assert error is not None
        assert error.type == "RecursionError"
        assert len(error.traceback) < 12_000
        error = (await run(repl, "raise ValueError('x' * 1_000_000)")).error
        assert error is not None
        assert len(error.message) < 5_000


async def test_a_thread_that_prints_late_is_not_taken_for_the_next_block() -> None:
    late = """
import threading
go, gone = threading.Event(), threading.Event()
def f():
    go.wait(); print('LATE'); gone.set()
threading.Thread(target=f).start()
"""
    async with open_repl() as repl:
        await run(repl, late)
        assert await stdout_of(repl, "go.set(); gone.wait()\nprint('mine')") == "mine\n"
        result = await run(repl, "1")
        assert result.notes == ("A thread of an earlier block printed meanwhile: LATE",)


async def test_a_worker_starts_without_what_is_slow_to_import() -> None:
    async with open_repl() as repl:
        slow = "{'inspect', 'dataclasses', 'asyncio', 'typing_extensions', 'subprocess', 'multiprocessing', 'logging'}"
        assert await stdout_of(repl, f"import sys\nprint({slow} & sys.modules.keys())") == "set()\n"
