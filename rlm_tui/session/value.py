"""What a document is to a model: a value in the REPL, and one text."""

from __future__ import annotations

from rlm_tui.context.document import Document
from rlm_tui.repl.base import ContextValue, JsonValue


def value_of(document: Document) -> ContextValue:
    """What a document is in the REPL."""
    return JsonValue(document.parts[0].text) if document.json_type else document.value


def text_of(document: Document) -> str:
    """A document as one text, each part under its name where there are several."""
    parts = document.parts
    return parts[0].text if len(parts) == 1 else "\n\n".join(f"[{part.name}]\n{part.text}" for part in parts)
