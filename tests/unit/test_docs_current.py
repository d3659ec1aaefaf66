"""Pages that are made from the program are those of this program."""

import pytest

from rlm_tui.config import SETTINGS
from rlm_tui.ui.actions import ACTIONS
from tests.samples.keys import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "python -m tests.samples.keys writes it"


def test_every_action_and_every_setting_is_described() -> None:
    keys, settings, plain = (page() for page in PAGES.values())
    assert [action.id for action in ACTIONS if f"`{action.id}`" not in keys] == []
    assert [action.id for action in ACTIONS if f"| `{action.id}` |" not in plain] == []
    assert [setting.name for setting in SETTINGS if f"| `{setting.name}` |" not in settings] == []
