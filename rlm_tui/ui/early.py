"""Keeps what is typed while the app is still opening, and gives it back once there is a place for it."""

from __future__ import annotations

from textual.events import Key


class EarlyKeys:
    """Keys in the order in which they were pressed; those with Ctrl act at once and are never kept."""

    def __init__(self) -> None:
        self._kept: list[Key] = []
        self._is_over = False

    def keeps(self, key: Key, *, is_up: bool) -> bool:
        """Whether a key is kept for later; `is_up` says that it could act now."""
        if self._is_over or key.key.startswith("ctrl+") or (is_up and not self._kept):
            self._is_over = self._is_over or is_up
            return False
        self._kept.append(key)
        return True

    def release(self) -> list[Key]:
        """The keys that were kept, once."""
        kept, self._kept = self._kept, []
        self._is_over = True
        return kept

    @property
    def is_waiting(self) -> bool:
        """Whether keys may still be given back."""
        return not self._is_over
