"""What does the actions: one controller for each first word of an action id."""

from __future__ import annotations

from typing import NamedTuple

from rlm_tui.ui.controllers.gate import GateController
from rlm_tui.ui.controllers.general import AppController
from rlm_tui.ui.controllers.marking import MarkController
from rlm_tui.ui.controllers.moving import LookController, PaneController, WalkController
from rlm_tui.ui.controllers.taking import TakeController
from rlm_tui.ui.host import Host


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
    def of(cls, app: Host) -> Controllers:
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
