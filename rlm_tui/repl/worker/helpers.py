"""The names that every block finds: sub-calls, answers, and a look at the variables and the document."""

import builtins
import re
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from json import dumps
from keyword import iskeyword
from typing import Any, NamedTuple, NoReturn, cast

from . import wire
from .document import Ctx, document_helpers, pieces
from .link import Frame, HostError, Link
from .memory import Listing, memory_helpers
from .tools import from_source, on_host
from .variables import describe, is_a, user_items

_MOST_FIELDS = 100
_NAMES_P = re.compile(r"\bP\b")


class Finish(SystemExit):
    """Ends a block after FINAL; a SystemExit, so that a thread that calls FINAL ends quietly."""


def finish_quietly() -> None:
    """A thread that calls FINAL ends without a traceback: of SystemExit, threading passes over no subclass."""
    told = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not Finish:
            told(args)

    threading.excepthook = hook


class Offer(NamedTuple):
    """An answer given inside the REPL."""

    value: str
    via: str


class Helpers:
    """Makes the helpers over one namespace and one link; `offer` is the answer that a block gave."""

    def __init__(self, link: Link, namespace: MutableMapping[str, Any], loaded: MutableMapping[str, Any]) -> None:
        self._link = link
        self._namespace = namespace
        self._loaded = loaded
        self._fields: dict[str, Any] = {}
        """The values of a dict that is the context, by their names."""
        self._ctx = Ctx(lambda: loaded.get("context", ""))
        self.offer: Offer | None = None
        self.replaced = 0
        """Lone surrogates in prompts, which no channel can carry."""
        self.table: dict[str, Any] = {**self._call_helpers(), **self._answer_helpers(), "SHOW_VARS": self._show_vars()}
        """Name to function; these names are reserved."""
        self.offered: dict[str, Any] = {
            "ctx": self._ctx,
            "history": [],  # of a first question; what was said before is loaded under this name
            **document_helpers(self._ctx),
            **self._question_helpers(),
            **self._awaitable_helpers(),
            **memory_helpers(self._namespace, loaded, self.variables),
        }
        """What other dialects teach: there until a block uses the name for something else."""
        for function in (*self.table.values(), *self.offered.values()):
            if callable(function):
                function.__module__ = "__main__"

    def offer_to(self, code: str) -> None:
        """Put what a block may use into the namespace; `P`, which may be a copy of many documents, only if named."""
        if "context" in self._loaded:
            self.offered["context_0"] = self._loaded["context"]
        if _NAMES_P.search(code) and "P" not in self.offered:
            self.offered["P"] = self._ctx.text
        for name, value in (*self.offered.items(), *self._fields.items()):
            self._namespace.setdefault(name, value)

    def forget_document(self) -> None:
        """The context is another one now: what was made of it is made anew."""
        for name in ("P", "context_0"):
            if self._namespace.get(name) is self.offered.pop(name, self):
                del self._namespace[name]
        for name, value in self._fields.items():
            if self._namespace.get(name) is value:
                del self._namespace[name]
        self._fields = _fields(self._loaded.get("context"), {*self.table, *self.offered, "P", "answer", "context"})

    def variables(self) -> dict[str, object]:
        """What a person or a model would call the variables: `context` and the user's own."""
        items = user_items(self._namespace, self.table if self.has_own_answer() else (*self.table, "answer"))
        given = {**self.offered, **self._fields}
        return {name: value for name, value in items.items() if given.get(name, self) is not value}

    def add_source(self, title: str, text: str, names: Sequence[str]) -> None:
        """Make custom tools from their source; from now on they are helpers, whose names are reserved."""
        self.table.update(from_source(title, text, names, self.table))

    def add_host_tools(self, docs: Mapping[str, str]) -> None:
        """Add functions that run on the host."""
        for name, doc in docs.items():
            self.table[name] = on_host(name, doc, lambda name, given: self._one(name, given, None))

    def find(self, name: str) -> object:
        """The value of a variable for FINAL_VAR; `answer` stands for its content; KeyError when there is none."""
        if name in self._loaded:  # also `_result_N`, which is no variable of the model's own
            return self._loaded[name]
        if name != "answer":
            items = self.variables()
            return items[name] if name in items else self._fields[name]
        value = self._namespace[name]
        return dict.get(value, "content", value) if is_a(value, dict) else value

    def has_own_answer(self) -> bool:
        """Whether `answer`, a name that models like, has become a variable of theirs."""
        return "answer" in self._namespace and not is_a(self._namespace["answer"], dict)

    def _request(
        self, function: str, prompts: Sequence[str], model: str | None, is_batch: bool, question: str = ""
    ) -> Iterator[Frame]:
        """The call as frames: one, or the parts of a large batch, each made when it is its turn."""
        if model is not None and not isinstance(model, str):
            raise TypeError(f"{function}: model must be a str or None, not {type(model).__name__}")
        header = {"function": function, "model": model, "is_batch": is_batch, "question": question}
        for part in wire.parts(prompts):
            sizes, payload, replaced = wire.join(prompts[part])
            self.replaced += replaced
            yield {**header, "sizes": sizes, "start": part.start, "total": len(prompts)}, payload

    def _ask(self, function: str, prompts: Sequence[str], model: str | None, is_batch: bool) -> list[str]:
        return _texts(function, self._link.call(self._request(function, prompts, model, is_batch)))

    async def _ask_async(self, function: str, prompts: Sequence[str], model: str | None, is_batch: bool) -> list[str]:
        return _texts(function, await self._link.call_async(self._request(function, prompts, model, is_batch)))

    def _one(self, function: str, prompt: object, model: str | None) -> str:
        return self._ask(function, [_single(function, prompt)], model, is_batch=False)[0]

    def _many(self, function: str, prompts: object, model: str | None) -> list[str]:
        several = _several(function, prompts)
        return self._ask(function, several, model, is_batch=True) if several else []

    def _call_helpers(self) -> dict[str, Callable[..., Any]]:
        def llm_query(prompt: str, model: str | None = None) -> str:
            """Ask a sub-LM one question and wait for its answer.

            prompt: the whole text it sees (it does not see `context` or your variables).
            model: the name of the root LM, to ask that one in the place of the sub-LM.
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

    def _question_helpers(self) -> dict[str, Callable[..., Any]]:
        def ask(question: str, text: str, model: str | None = None) -> str:
            """Ask a sub-LM one question about one piece of text."""
            return self._one("ask", _about(question, text), model)

        def ask_chunks(
            question: str, chunks: object, model: str | None = None, chunk_size: int | None = None
        ) -> list[str]:
            """Ask a sub-LM the same question about many pieces at once; the answers come in their order.

            chunks: a list of str, or what ctx.chunk(…) or ctx.chunk_documents(…) gave, or one str with a chunk_size.
            """
            return self._many("ask_chunks", [_about(question, text) for text in pieces(chunks, chunk_size)], model)

        def recursive_llm(question: str, context: str, model: str | None = None) -> str:
            """Ask a child RLM a question about a text; at the depth limit an LM answers."""
            name = "recursive_llm"
            asked = self._request(
                name, [_single(name, context)], model, is_batch=False, question=_single(name, question)
            )
            return _texts(name, self._link.call(asked))[0]

        return {function.__name__: function for function in (ask, ask_chunks, recursive_llm)}

    def _awaitable_helpers(self) -> dict[str, Callable[..., Any]]:
        async def llm_query_async(prompt: str, model: str | None = None) -> str:
            """Ask a sub-LM one question: answer = await llm_query_async(prompt), also at the top of a block."""
            name = "llm_query_async"
            return (await self._ask_async(name, [_single(name, prompt)], model, is_batch=False))[0]

        async def llm_query_batch_async(prompts: list[str], model: str | None = None) -> list[str]:
            """Ask a sub-LM many questions at once: answers = await llm_query_batch_async(prompts)."""
            name = "llm_query_batch_async"
            several = _several(name, prompts)
            return await self._ask_async(name, several, model, is_batch=True) if several else []

        named = {function.__name__: function for function in (llm_query_async, llm_query_batch_async)}
        return {**named, "llm_query_batched_async": llm_query_batch_async}

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
        if name in items or name in self._fields or name == "answer":
            return self.find(name)
        if not name.isidentifier() or any(value is name for value in items.values()):
            return name
        raise NameError(f"FINAL_VAR: there is no variable {name!r}; there are: {', '.join(sorted(items)) or 'none'}")

    def _show_vars(self) -> Callable[[], str]:
        def SHOW_VARS() -> str:  # noqa: N802
            """The variables that exist: name, type, length and the beginning of each value."""
            lines = [_line(name, describe(value)) for name, value in sorted(self.variables().items())]
            return Listing("\n".join(lines) or "There are no variables yet.")

        return SHOW_VARS


def _fields(context: object, taken: AbstractSet[str]) -> dict[str, Any]:
    """The input fields by name, as dspy has them: of a context that is a dict, the keys that can be variables."""
    if not is_a(context, dict):
        return {}
    names = [name for name in cast("dict[str, Any]", context) if name.isidentifier() and not name.startswith("_")]
    free = [name for name in names if name not in taken and not iskeyword(name) and not hasattr(builtins, name)]
    return {name: cast("dict[str, Any]", context)[name] for name in free[:_MOST_FIELDS]}


def _single(function: str, prompt: object) -> str:
    if isinstance(prompt, str):
        return prompt
    several = f"; for several use {function}_batched(prompts)" if function in ("llm_query", "rlm_query") else ""
    raise TypeError(f"{function}(prompt) takes one str, not {type(prompt).__name__}{several}")


def _several(function: str, prompts: object) -> list[str]:
    if not isinstance(prompts, (list, tuple)):
        raise TypeError(f"{function}(prompts) takes a list of str, not {type(prompts).__name__}")
    for index, prompt in enumerate(prompts):
        if not isinstance(prompt, str):
            raise TypeError(f"{function}(prompts) takes a list of str; item {index} is {type(prompt).__name__}")
    return list(prompts)


def _about(question: object, text: object) -> str:
    if not isinstance(question, str) or not isinstance(text, str):
        raise TypeError(f"a question and a text are str, not {type(question).__name__} and {type(text).__name__}")
    return f"Answer the question from the text below. If the text does not tell, say so.\n\n{question}\n\n{text}"


def _texts(function: str, frames: list[Frame]) -> list[str]:
    found: list[str] = []
    for reply, data in frames:
        if reply.get("error"):
            raise HostError(reply["error"])
        if reply.get("too_big"):
            raise MemoryError(f"the answers to {function} do not fit the memory of the worker")
        found += wire.split(reply["sizes"], data)
    return found


def _line(name: str, facts: dict[str, Any]) -> str:
    size = "" if facts["size"] is None else f", {facts['size']:,}"
    return f"{name[:200]}: {facts['type']}{size} = {facts['preview']}"


def names() -> frozenset[str]:
    """Every name that the REPL has by itself, whatever the dialect."""
    blank = Helpers(cast("Link", None), {}, {})
    return frozenset((*blank.table, *blank.offered, "P", "answer", "context", "question"))
