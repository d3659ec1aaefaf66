"""The names that every block finds: sub-calls, answers, and a look at the variables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from typing import Any, NoReturn

from . import wire
from .link import HostError, Link
from .variables import describe, user_items


class Finish(SystemExit):
    """Ends a block after FINAL; a SystemExit, so that a thread that calls FINAL ends quietly."""


@dataclass
class Offer:
    """An answer given inside the REPL."""

    value: str
    via: str


class _Listing(str):
    """A text that a bare expression shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Helpers:
    """Makes the helpers over one namespace and one link; `offer` is the answer that a block gave."""

    def __init__(self, link: Link, namespace: Mapping[str, object]) -> None:
        self._link = link
        self._namespace = namespace
        self.offer: Offer | None = None
        self.replaced = 0
        """Lone surrogates in prompts, which no channel can carry."""
        self.table = {**self._call_helpers(), **self._answer_helpers(), "SHOW_VARS": self._show_vars()}
        """Name to function."""
        for function in self.table.values():
            function.__module__ = "__main__"

    def variables(self) -> dict[str, object]:
        """What a person or a model would call the variables: `context` and the user's own."""
        return user_items(self._namespace, (*self.table, "answer"))

    def find(self, name: str) -> object:
        """The value of a variable for FINAL_VAR; `answer` stands for its content; KeyError when there is none."""
        if name != "answer":
            return self.variables()[name]
        value = self._namespace[name]
        return dict.get(value, "content") if isinstance(value, dict) else value

    def _ask(self, function: str, prompts: Sequence[str], model: str | None, is_batch: bool) -> list[str]:
        if model is not None and not isinstance(model, str):
            raise TypeError(f"{function}: model must be a str or None, not {type(model).__name__}")
        sizes, payload, replaced = wire.join(prompts)
        self.replaced += replaced
        header = {"function": function, "model": model, "is_batch": is_batch, "sizes": sizes}
        reply, data = self._link.call(header, payload)
        if reply.get("error"):
            raise HostError(reply["error"])
        if reply.get("too_big"):
            raise MemoryError(f"the answers to {function} do not fit the memory of the worker")
        return wire.split(reply["sizes"], data)

    def _one(self, function: str, prompt: object, model: str | None) -> str:
        if not isinstance(prompt, str):
            name = type(prompt).__name__
            raise TypeError(
                f"{function}(prompt) takes one str, not {name}; for several use {function}_batched(prompts)"
            )
        return self._ask(function, [prompt], model, is_batch=False)[0]

    def _many(self, function: str, prompts: object, model: str | None) -> list[str]:
        if not isinstance(prompts, (list, tuple)):
            raise TypeError(f"{function}(prompts) takes a list of str, not {type(prompts).__name__}")
        for index, prompt in enumerate(prompts):
            if not isinstance(prompt, str):
                raise TypeError(f"{function}(prompts) takes a list of str; item {index} is {type(prompt).__name__}")
        return self._ask(function, prompts, model, is_batch=True) if prompts else []

    def _call_helpers(self) -> dict[str, Callable[..., Any]]:
        def llm_query(prompt: str, model: str | None = None) -> str:
            """Ask a sub-LM one question and wait for its answer.

            prompt: the whole text it sees (it does not see `context` or your variables).
            model: another model than the sub-LM of this run.
            """
            return self._one("llm_query", prompt, model)

        def llm_query_batched(prompts: list[str], model: str | None = None) -> list[str]:
            """Ask a sub-LM many questions at once; the answers come in the order of the prompts.

            A prompt that fails gives a text that begins with "Error:"; the others still answer.
            """
            return self._many("llm_query_batched", prompts, model)

        def rlm_query(prompt: str, model: str | None = None) -> str:
            """Ask a child RLM, with a REPL of its own in which `prompt` is the context; at the depth limit an LM."""
            return self._one("rlm_query", prompt, model)

        def rlm_query_batched(prompts: list[str], model: str | None = None) -> list[str]:
            """Ask many child RLMs at once; the answers come in the order of the prompts."""
            return self._many("rlm_query_batched", prompts, model)

        named = (llm_query, llm_query_batched, rlm_query, rlm_query_batched)
        return {function.__name__: function for function in named} | {"llm_query_batch": llm_query_batched}

    def _answer_helpers(self) -> dict[str, Callable[..., Any]]:
        def FINAL(answer: object) -> NoReturn:  # noqa: N802
            """Give the final answer: this block ends here, and the run with it."""
            self._finish(answer, "FINAL")

        def FINAL_VAR(name: object) -> NoReturn:  # noqa: N802
            """Give a variable as the final answer, by its name: FINAL_VAR("result"); the block and the run end."""
            self._finish(self._value_of(name), "FINAL_VAR")

        def SUBMIT(*values: object, **fields: object) -> NoReturn:  # noqa: N802
            """Give the final answer, as SUBMIT(answer=…); several fields become one JSON object."""
            everything = [*values, *fields.values()]
            if len(everything) == 1:
                self._finish(everything[0], "SUBMIT")
            together: object = fields if fields and not values else everything
            self._finish(dumps(together, default=str, ensure_ascii=False) if everything else "", "SUBMIT")

        return {"FINAL": FINAL, "FINAL_VAR": FINAL_VAR, "SUBMIT": SUBMIT}

    def _finish(self, value: object, via: str) -> NoReturn:
        text = str(value)
        if value is None or not text.strip():
            raise ValueError(f"{via} was given an empty answer, which does not count; give the answer itself")
        self.offer = Offer(text, via)
        raise Finish

    def _value_of(self, name: object) -> object:
        if not isinstance(name, str):
            return name
        items = self.variables()
        if name in items or name == "answer":
            return self.find(name)
        if not name.isidentifier() or any(value is name for value in items.values()):
            return name
        raise NameError(f"FINAL_VAR: there is no variable {name!r}; there are: {', '.join(sorted(items)) or 'none'}")

    def _show_vars(self) -> Callable[[], str]:
        def SHOW_VARS() -> str:  # noqa: N802
            """The variables that exist: name, type, length and the beginning of each value."""
            lines = [_line(name, describe(value)) for name, value in sorted(self.variables().items())]
            return _Listing("\n".join(lines) or "There are no variables yet.")

        return SHOW_VARS


def _line(name: str, facts: dict[str, Any]) -> str:
    size = "" if facts["size"] is None else f", {facts['size']:,}"
    return f"{name[:200]}: {facts['type']}{size} = {facts['preview']}"
