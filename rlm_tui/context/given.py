"""Contexts that a program hands over instead of naming files: a text, texts, or what JSON can say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from rlm_tui.context.document import Part
from rlm_tui.context.load import Loading
from rlm_tui.errors import UsageError
from rlm_tui.text import plural, scrub

Context: TypeAlias = "str | Path | Sequence[str] | Sequence[Path] | Sequence[object] | Mapping[str, object] | None"


def loading_of(context: Context, *, memory_mb: int | None = None) -> Loading:
    """What loads a context: paths are read as files, all else is taken as it is; UsageError where that fails."""
    if isinstance(context, tuple):
        context = list(context)
    if isinstance(context, Path):
        return Loading([str(context)], memory_mb=memory_mb)
    if isinstance(context, list) and context and all(isinstance(item, Path) for item in context):
        return Loading([str(item) for item in context], memory_mb=memory_mb)
    if isinstance(context, list) and any(isinstance(item, Path) for item in context):
        raise UsageError(
            "The context is a list of paths and other things; give a list of Path for files, or of str for texts."
        )
    return _Given(context, memory_mb=memory_mb)


class _Given(Loading):
    """A context that is there already."""

    def __init__(self, context: Context, *, memory_mb: int | None) -> None:
        super().__init__(["context"], memory_mb=memory_mb)
        document = self.document
        if context is None or isinstance(context, str):
            document.parts = [_part("context", context or "")]
        elif isinstance(context, list) and all(isinstance(item, str) for item in context):
            document.is_list = True
            document.parts = [_part(f"context[{at}]", str(text)) for at, text in enumerate(context)]
        else:
            document.json_type = _type_of(context)
            document.parts = [_part("context", _json(context), "json")]

    def _load(self) -> None:
        """Nothing is left to do."""


def _part(name: str, text: str, kind: str = "text") -> Part:
    return Part(name, kind, text=scrub(text)[0])


def _json(context: object) -> str:
    try:
        return json.dumps(context, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"The context cannot be handed over ({error}); give a str, a list of str, paths, or what JSON can say."
        ) from error


def _type_of(context: object) -> str:
    if isinstance(context, dict):
        return f"a dict of {plural(len(context), 'key')}"
    if isinstance(context, list):
        is_talk = all(isinstance(item, dict) and {"role", "content"} <= item.keys() for item in context)
        return f"a list of {plural(len(context), 'message' if is_talk and context else 'item')}"
    return f"a {type(context).__name__}"
