"""What does the actions: one controller for each first word of an action id."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rlm_tui.ui.gate import GateController
from rlm_tui.ui.general import AppController
from rlm_tui.ui.marking import MarkController
from rlm_tui.ui.moving import LookController, PaneController, WalkController
from rlm_tui.ui.taking import TakeController

if TYPE_CHECKING:
    from rlm_tui.ui.app import RlmTuiApp


class Controllers(NamedTuple):
    """Each is named as the actions are: `gate.run` is `run` of `gate`."""

    gate: GateController
    walk: WalkController
    pane: PaneController
    look: LookController
    mark: MarkController
    take: TakeController
    app: AppController

    @classmethod
    def of(cls, app: RlmTuiApp) -> Controllers:
        """The controllers of an app."""
        return cls(
            GateController(app),
            WalkController(app),
            PaneController(app),
            LookController(app),
            MarkController(app),
            TakeController(app),
            AppController(app),
        )
