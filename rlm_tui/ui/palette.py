"""The palette: every action of the registry by its words, also those that cannot act now, with the reason."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from rlm_tui.text import safe
from rlm_tui.ui.actions import ACTIONS, Action, key_name, keys_of, reason
from rlm_tui.ui.host import Host, host_of

_NAMED = 2.0
"""How much more it counts to be found by name, the word of the bar, than in what is told of an action."""


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
        """The actions whose words match what is typed."""
        matcher = self.matcher(query)
        for action in ACTIONS:
            named, words = matcher.match(action.label), matcher.match(f"{action.label} {self._told(action)}")
            score = max(_NAMED * named, words) * (0.5 if self._reason(action) else 1)
            if score > 0:
                chosen = partial(self._owner.perform, action.id)
                yield Hit(score, self._words(action), chosen, action.label)

    def _reason(self, action: Action) -> str:
        return reason(self._owner.session, self._owner.ui_below, action.id)

    def _told(self, action: Action) -> str:
        from rlm_tui.ui.meanings import meaning

        return meaning(action, self._owner.session)

    def _words(self, action: Action) -> Content:
        """One content of plain pieces, as the palette would read a help text as markup."""
        keys = " ".join(key_name(key) for key in keys_of(action, self._owner.ui.keymap))
        why = self._reason(action)
        words = Content.assemble((self._told(action), "$dim" if why else "$text"), "  ", (keys, "$accent"))
        return words + Content.assemble("\n", (f"not now: {safe(why)}", "$dim")) if why else words
