"""How long a notice stands in the gate bar."""

from __future__ import annotations

import pytest

from rlm_tui.ui.notice import Moment, Notices
from rlm_tui.ui.state import UiState


@pytest.mark.parametrize("outlasts", [False, True])
def test_what_was_said_goes_with_the_next_hold_unless_it_outlasts_it(outlasts: bool) -> None:
    now, ui = [0.0], UiState()
    notices = Notices(ui, lambda: now[0])
    notices.say("Your words are kept.", Moment("running", 0, None), outlasts=outlasts)
    assert not notices.is_past(Moment("running", 0, None))
    assert notices.is_past(Moment("held", 2, None)) is not outlasts
    now[0] = 60.0
    assert notices.is_past(Moment("held", 2, None))
