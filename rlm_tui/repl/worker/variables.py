"""The user's variables and how a block changed them, told without running any of their code."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, TypeAlias

Print: TypeAlias = tuple[object, ...]
Change: TypeAlias = dict[str, Any]

MAX_NAMES = 2_000
MAX_CHANGES = 200
MAX_WHOLE = 200_000
_MAX_NAME = 200
_PREVIEW = 120
_SAMPLE = 1_000
_SEQUENCES = (list, tuple, deque, set, frozenset)
_MAPPINGS = (dict, OrderedDict, defaultdict, Counter)
_TEXTS = (str, bytes, bytearray)
_SIZED = frozenset((*_SEQUENCES, *_MAPPINGS, *_TEXTS, range))
_SCALARS = (bool, int, float, complex, type(None))
_type_name = type.__dict__["__name__"].__get__
_type_module = type.__dict__["__module__"].__get__


def user_items(namespace: Mapping[str, object], reserved: Iterable[str]) -> dict[str, object]:
    """The variables of the user: nothing imported, no reserved or underscore names."""
    hidden = set(reserved)
    found: dict[str, object] = {}
    for name, value in list(namespace.items()):
        if type(name) is not str or name.startswith("_") or name in hidden or _is_imported(value):
            continue
        found[name] = value
        if len(found) >= MAX_NAMES:
            break
    return found


def is_a(value: object, kind: type) -> bool:
    """`isinstance` that believes the type alone, never a `__class__` that is the block's own code."""
    return issubclass(type(value), kind)


def _is_main(module: object) -> bool:
    return type(module) is str and module == "__main__"


def _is_imported(value: Any) -> bool:
    if is_a(value, type):
        return not _is_main(_type_module(value))
    if type(value) is FunctionType:
        return not _is_main(value.__module__)
    return type(value) in (ModuleType, BuiltinFunctionType)


def fingerprints(items: Mapping[str, object]) -> dict[str, Print]:
    """A cheap mark of each value: who it is and, for built-in containers, its size and a sample of what is in it."""
    return {name: _fingerprint(value) for name, value in items.items()}


def _fingerprint(value: object) -> Print:
    try:
        return _mark(value)
    except RuntimeError:  # a thread changes the container meanwhile
        return (id(value),)


def _mark(value: object) -> Print:
    kind: Any = type(value)
    if kind in _TEXTS:
        text: Any = value
        return (kind, len(text), *(_hash(part) for part in (text[:64], text[:: len(text) // 512 + 1], text[-64:])))
    if kind is int or kind in _SCALARS:
        return (kind, value) if kind is not int or -(1 << 64) < value < 1 << 64 else (kind, id(value))  # type: ignore[operator]
    if kind in _MAPPINGS:
        mapping: Any = value
        sample = islice(mapping.items(), _SAMPLE)
        return (id(value), len(mapping), hash(tuple((id(key), id(item)) for key, item in sample)))
    if kind in _SEQUENCES:
        return (id(value), len(value), hash(_sample_ids(value)))  # type: ignore[arg-type]
    return (id(value),)


def _hash(text: Any) -> int:
    return hash(bytes(text) if type(text) is bytearray else text)


def _sample_ids(value: Any) -> tuple[int, ...]:
    if type(value) in (list, tuple) and len(value) > _SAMPLE:
        return (*map(id, value[:: len(value) // _SAMPLE]), id(value[-1]))
    return tuple(map(id, islice(value, _SAMPLE)))


def changes(before: Mapping[str, Print], after: Mapping[str, Print], items: Mapping[str, object]) -> list[Change]:
    """What differs between two moments, new and changed variables first, at most `MAX_CHANGES`."""
    found = [
        {"name": name, "change": "changed" if name in before else "added", **describe(items[name])}
        for name, mark in islice(((n, m) for n, m in after.items() if before.get(n) != m), MAX_CHANGES)
    ]
    gone = ({"name": name, "change": "removed"} for name in before if name not in after)
    return [{**change, "name": change["name"][:_MAX_NAME]} for change in islice((*found, *gone), MAX_CHANGES)]


def describe(value: object) -> Change:
    """Type name, `len()` where it is a built-in one, and a short preview of a value."""
    kind = type(value)
    if is_a(value, type):
        return {"type": "class", "size": None, "preview": _name_of(value)}  # type: ignore[arg-type]
    if kind is FunctionType:
        return {"type": "function", "size": None, "preview": _signature(value)}
    size = len(value) if kind in _SIZED else None  # type: ignore[arg-type]
    return {"type": type_name(kind), "size": size, "preview": preview(value)}


def type_name(kind: type) -> str:
    """The name of a type, whatever its metaclass pretends."""
    return str(_type_name(kind))[:100]


def _name_of(kind: type) -> str:
    module = _type_module(kind)
    name = type_name(kind)
    return f"{module[:100]}.{name}" if type(module) is str and module not in ("__main__", "builtins") else name


def _signature(function: Any) -> str:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return f"{code.co_name}({', '.join(names)})"[:_PREVIEW]


def preview(value: object, depth: int = 0) -> str:
    """A short text of a value; only built-in types are looked into."""
    try:
        text = _preview(value, depth)
    except RuntimeError:  # a thread changes the container meanwhile
        text = "…"
    return text if len(text) <= _PREVIEW else text[: _PREVIEW - 1] + "…"


def _preview(value: Any, depth: int) -> str:
    kind = type(value)
    if kind in _TEXTS:
        return repr(value[:_PREVIEW])
    if kind is int and value.bit_length() > 400:
        return f"<int of {value.bit_length():,} bits>"
    if kind in _SCALARS or kind is range:
        return repr(value)
    if kind in _MAPPINGS and depth < 2:
        pairs = islice(value.items(), 6)
        return _listing("{}", [f"{preview(k, 2)}: {preview(v, depth + 1)}" for k, v in pairs], len(value))
    if kind in _SEQUENCES and depth < 2:
        brackets = "()" if kind is tuple else "{}" if kind in (set, frozenset) else "[]"
        return _listing(brackets, [preview(item, depth + 1) for item in islice(value, 8)], len(value))
    if kind in (FunctionType, BuiltinFunctionType) or is_a(value, type):
        return f"<{_name_of(value) if is_a(value, type) else value.__name__}>"
    return f"<{_name_of(kind)} object>"


def _listing(brackets: str, parts: list[str], size: int) -> str:
    more = ["…"] if size > len(parts) else []
    return brackets[0] + ", ".join(parts + more) + brackets[1]


def whole(value: object) -> str:
    """A value in full, one item of a container a line, up to `MAX_WHOLE` characters; runs no code of a block."""
    if type(value) is str:
        return value[:MAX_WHOLE]
    lines: list[str] = []
    left = MAX_WHOLE
    try:
        for line in _items(value):
            lines.append(line[:left])
            left -= len(lines[-1]) + 1
            if left <= 0:
                break
    except RuntimeError:  # a thread changes the container meanwhile
        lines.append("…")
    return "\n".join(lines)


def _items(value: Any) -> Iterator[str]:
    kind = type(value)
    if kind in _MAPPINGS:
        yield from (f"{preview(key, 2)}: {_item(item)}" for key, item in value.items())
    elif kind in _SEQUENCES:
        yield from (_item(item) for item in value)
    else:
        yield _item(value)


def _item(value: Any) -> str:
    return repr(value[:MAX_WHOLE]) if type(value) in _TEXTS else preview(value)
