"""What the variables of a REPL take, and how to let go of them."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from sys import getsizeof
from typing import Any

from .variables import describe, is_a

_TOP = 20
_CONTAINERS = (list, tuple, set, frozenset)
_SIZED = (*_CONTAINERS, dict, str, bytes, bytearray)


class Listing(str):
    """A text that a bare expression shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def memory_helpers(
    namespace: MutableMapping[str, Any], loaded: MutableMapping[str, Any], variables: Callable[[], dict[str, object]]
) -> dict[str, Callable[..., Any]]:
    """The functions that look after memory."""

    def memory_status() -> str:
        """The largest variables and what each takes; forget("name", …) lets go of some."""
        named = {**variables(), **{name: value for name, value in namespace.items() if name.startswith("_result_")}}
        sizes = sorted(((_size(value), name) for name, value in named.items()), reverse=True)
        lines = [f"{size:>14,} bytes  {name}: {describe(named[name])['type']}" for size, name in sizes[:_TOP]]
        more = [f"… and {len(sizes) - _TOP} smaller ones"] if len(sizes) > _TOP else []
        return Listing("\n".join([*lines, *more]) or "There are no variables yet.")

    def forget(*names: str) -> str:
        """Let go of variables, by their names; says which went, stay or are not there."""
        results = [name for name in names if str(name).startswith("_result_")]
        own = [name for name in variables() if name not in loaded]
        gone = [name for name in names if name in (*own, *results) and namespace.pop(name, loaded) is not loaded]
        for name in results:
            loaded.pop(name, None)
        kept = [name for name in names if name in loaded and name not in results]
        missing = [str(name) for name in names if name not in (*gone, *kept)]
        told = {"Forgotten": gone or ["nothing"], "The REPL keeps": kept, "Not there": missing}
        return Listing(" ".join(f"{what}: {', '.join(which)}." for what, which in told.items() if which))

    return {"memory_status": memory_status, "forget": forget}


def _size(value: Any) -> int:
    """The bytes of a value and, for plain containers, of what stands directly in it."""
    if type(value) not in _SIZED:
        return 0 if is_a(value, type) else int(object.__sizeof__(value))
    inside = value.values() if type(value) is dict else value if type(value) in _CONTAINERS else ()
    return getsizeof(value) + sum(getsizeof(item, 0) for item in inside)
