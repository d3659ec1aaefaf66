"""The conversation with an LM: what stands in the first message stays apart from the summary, whoever edits it."""

from __future__ import annotations

import pytest

from rlm_tui.engine.talk import Talk
from rlm_tui.lm.base import Message


def summed_up(question: str = "What?") -> Talk:
    talk = Talk(Message("system", "Be brief."), Message("user", question))
    talk.say("assistant", "I look.")
    talk.say("user", "Output.")
    talk.compact("I found one.")
    return talk


def again(talk: Talk) -> str:
    talk.say("assistant", "I look on.")
    talk.say("user", "Output.")
    talk.compact("I found two.")
    return talk.messages[1].content


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ("one", "one", "What?"),
        ("I found one.", "I found one, and so did you.", "What?"),
        ("I found one.", "", "What?"),
        ("one.", "one.\n\nMind the date.", "What?\n\nMind the date."),
        ("What?", "What, and when?", "What, and when?"),
        ("What?", "Well: What?", "Well: What?"),
        ("What?\n\nI found one.", "When? I forgot all.", "When? I forgot all."),
        ("What?", "What?\n\nThe user says: be quick.", "What?\n\nThe user says: be quick."),
    ],
)
def test_a_summary_goes_with_the_next_one_whatever_of_it_was_edited(old: str, new: str, left: str) -> None:
    talk = summed_up()
    talk.replace_last(talk.messages[1].content.replace(old, new))
    assert again(talk) == f"{left}\n\nI found two."


def test_what_is_said_after_a_summary_stays_and_so_does_a_question_in_the_same_words() -> None:
    talk = summed_up("I found one. What else?")
    talk.say("user", "The user says: be quick.")
    assert talk.messages[1].content == "I found one. What else?\n\nI found one.\n\nThe user says: be quick."
    talk.replace_last(talk.messages[1].content.replace("else?", "more?"))
    assert again(talk) == "I found one. What more?\n\nThe user says: be quick.\n\nI found two."


def test_an_edit_of_a_later_message_moves_no_summary() -> None:
    talk = summed_up()
    talk.say("assistant", "I look.")
    talk.say("user", "I found one.")
    talk.replace_last("What?")
    assert again(talk) == "What?\n\nI found two."
