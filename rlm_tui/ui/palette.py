"""The palette: every action of the registry by its words, also those that cannot act now, with the reason."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from rlm_tui.ui.actions import ACTIONS, Action, key_name, keys_of
from rlm_tui.ui.verbs import reason

if TYPE_CHECKING:
    from rlm_tui.ui.app import RlmTuiApp


class ActionProvider(Provider):
    """Feeds the command palette from the registry."""

    @property
    def _owner(self) -> RlmTuiApp:
        return cast("RlmTuiApp", self.app)

    async def discover(self) -> Hits:
        """All actions, those that can act first."""
        owner = self._owner
        for action in sorted(ACTIONS, key=lambda action: bool(self._reason(action))):
            yield DiscoveryHit(self._words(action), partial(owner.perform, action.id), action.label, self._help(action))

    async def search(self, query: str) -> Hits:
        """The actions whose words match what is typed."""
        matcher = self.matcher(query)
        for action in ACTIONS:
            score = matcher.match(f"{action.label} {action.tooltip}") * (0.5 if self._reason(action) else 1)
            if score > 0:
                chosen = partial(self._owner.perform, action.id)
                yield Hit(score, self._words(action), chosen, action.label, self._help(action))

    def _reason(self, action: Action) -> str:
        return reason(self._owner.session, self._owner.ui_below, action.id)

    def _words(self, action: Action) -> Content:
        keys = " ".join(key_name(key) for key in keys_of(action, self._owner.remapped))
        style = "$dim" if self._reason(action) else "$text"
        return Content.assemble((action.tooltip, style), "  ", (keys, "$accent"))

    def _help(self, action: Action) -> str | None:
        why = self._reason(action)
        return f"not now: {why}" if why else None
