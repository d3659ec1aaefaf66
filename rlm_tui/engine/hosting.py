"""Tools that run on the host: what a call says, and the call itself, in a thread that nobody needs to wait for."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from rlm_tui.engine.staying import LeavingError, staying
from rlm_tui.errors import RlmTuiError

Arguments: TypeAlias = tuple[list[Any], dict[str, Any]]
_ODD = (TypeError, ValueError, SyntaxError, RecursionError, MemoryError, AttributeError)


def shown(name: str, given: str) -> str:
    """A call as Python writes it, for a person to read and edit, from `[args, kwargs]` as JSON."""
    try:
        args, kwargs = json.loads(given)
        parts = [repr(value) for value in args] + [f"{key}={value!r}" for key, value in kwargs.items()]
    except _ODD:
        return given
    return f"{name}({', '.join(parts)})"


def arguments(name: str, text: str) -> Arguments:
    """What such a call hands over; RlmTuiError where a text is no call of this tool with plain values."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
        is_plain = isinstance(call, ast.Call) and all(each.arg for each in call.keywords)
        if isinstance(call, ast.Call) and is_plain and ast.unparse(call.func) == name:
            named = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
            return [ast.literal_eval(value) for value in call.args], named
    except _ODD:
        pass
    raise RlmTuiError(f"That is no call of {name} with plain values, so nothing was called.")


async def run_tool(name: str, function: Callable[..., object], call: str, timeout_s: float) -> str:
    """The result as JSON; RlmTuiError when the tool raises, takes too long or returns what JSON cannot say."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def settle(text: str, problem: str) -> None:
        if done.done():
            return
        if problem:
            done.set_exception(RlmTuiError(problem))
        else:
            done.set_result(text)

    def work() -> None:
        with staying():
            outcome = _outcome(name, function, call)
        try:
            loop.call_soon_threadsafe(settle, *outcome)
        except RuntimeError:
            return  # the run is over, nobody waits

    threading.Thread(target=work, name=f"rlm-tui-tool-{name}", daemon=True).start()
    try:
        async with asyncio.timeout(timeout_s):
            return await done
    except TimeoutError:
        raise RlmTuiError(f"The tool {name} did not return within {timeout_s:g} s; nobody waits for it.") from None


def _outcome(name: str, function: Callable[..., object], call: str) -> tuple[str, str]:
    """The result as JSON, or what went wrong."""
    try:
        args, kwargs = arguments(name, call)
        result = function(*args, **kwargs)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
    except RlmTuiError as error:
        return "", str(error)
    except LeavingError as error:
        return "", f"The tool {name} {error}"
    except BaseException as error:  # noqa: BLE001  # whatever a person's tool raises is the answer to its call
        return "", f"The tool {name} raised {type(error).__name__}: {_words(error)}"
    try:
        return json.dumps(result, ensure_ascii=False), ""
    except BaseException as error:  # noqa: BLE001  # a result may be of a class that raises what it likes
        kind = f"a value of type {type(result).__name__}, which JSON cannot say"
        return "", f"The tool {name} returned {kind} ({_words(error)}); return str, numbers, lists, dicts."


def _words(error: BaseException) -> str:
    """What an error says of itself, where it can be asked."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001  # its class is a person's own
        return "it does not tell what"
