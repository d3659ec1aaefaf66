"""What is told of a tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Runs: TypeAlias = Literal["worker", "host"]
_MAX_SIGNATURE = 400
_MAX_DOC = 1_500


@dataclass(frozen=True, slots=True)
class Tool:
    """A function, class or value with the name that it has in the REPL; the `doc` of a value is the value, in short."""

    name: str
    signature: str = ""
    doc: str = ""
    runs: Runs = "worker"
    is_callable: bool = True
    is_async: bool = False

    @property
    def title(self) -> str:
        """Name and signature."""
        call = f"{'await ' if self.is_async else ''}{self.name}{self.signature}"
        return call if len(call) <= _MAX_SIGNATURE else f"{call[:_MAX_SIGNATURE]}…"

    @property
    def told(self) -> str:
        """The docstring, cut where it is a treatise."""
        return self.doc if len(self.doc) <= _MAX_DOC else f"{self.doc[:_MAX_DOC]}…"
