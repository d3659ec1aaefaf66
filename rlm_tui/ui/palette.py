"""The palette: every action of the registry by its words, also those that cannot act now, with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from rlm_tui.text import has_all, safe
from rlm_tui.ui.actions import ACTIONS, Action, key_name, keys_of, reason
from rlm_tui.ui.host import Host, host_of

_WORD = re.compile(r"[^\W_]+")
_ACTS, _WHOLE = 0.25, 0.5
"""What it counts, between two ways to match, that an action can be done now, and that the words are whole ones."""


class ActionProvider(Provider):
    """Feeds the command palette from the registry."""

    @property
    def _owner(self) -> Host:
        return host_of(self)

    async def discover(self) -> Hits:
        """All actions, those that can act first."""
        owner = self._owner
        for action in sorted(ACTIONS, key=lambda action: bool(self._reason(action))):
            yield DiscoveryHit(self._words(action), partial(owner.perform, action.id), action.label)

    async def search(self, query: str) -> Hits:
        """The actions whose words match what is typed; of those that match alike, first what can be done now."""
        for action in ACTIONS:
            if found := closeness(query, self._keys(action), action.label, f"{self._told(action)} {action.id}"):
                score = found + (0 if self._reason(action) else _ACTS)
                yield Hit(score, self._words(action), partial(self._owner.perform, action.id), action.label)

    def _reason(self, action: Action) -> str:
        return reason(self._owner.session, self._owner.ui_below, action.id)

    def _told(self, action: Action) -> str:
        from rlm_tui.ui.meanings import meaning

        return meaning(action, self._owner.session, self._owner.ui.selection)

    def _keys(self, action: Action) -> list[str]:
        return [key_name(key) for key in keys_of(action, self._owner.ui.keymap)]

    def _words(self, action: Action) -> Content:
        """One content of plain pieces, as the palette would read a help text as markup."""
        why, keys = self._reason(action), " ".join(self._keys(action))
        words = Content.assemble((self._told(action), "$dim" if why else "$text"), "  ", (keys, "$accent"))
        return words + Content.assemble("\n", (f"not now: {safe(why)}", "$dim")) if why else words


def closeness(query: str, keys: Sequence[str], label: str, told: str) -> float:
    """How well an action matches: by its key, its name, words that begin its name or what is told of it; 0: not at all.

    Letters that stand scattered are no match.
    """
    typed, folded, name = query.strip(), query.strip().casefold(), label.casefold()
    words, text = folded.split(), f"{name} {told.casefold()}"
    if not words:
        return 0
    if typed in keys or (len(typed) > 1 and folded in map(str.casefold, keys)):
        return 6
    ways = (name == folded, name.startswith(folded), _begin(words, name), _begin(words, text), has_all(words, text))
    way = next((len(ways) - at for at, is_met in enumerate(ways) if is_met), 0)
    return way + _WHOLE * (way > 0 and set(words) <= set(_WORD.findall(name if way > 2 else text)))


def _begin(words: Sequence[str], text: str) -> bool:
    """Whether each word begins one of a text."""
    return all(any(each.startswith(word) for each in _WORD.findall(text)) for word in words)
