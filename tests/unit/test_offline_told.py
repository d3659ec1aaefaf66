"""Words told to OfflineLM never spoil its answer: they replace, prefer, rule out, help to rank, or are left."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offline_play import Play, pages, play

from rlm_tui.lm.base import Message, Request
from rlm_tui.lm.offline import OfflineLM
from rlm_tui.lm.offline.question import understand
from rlm_tui.lm.offline.told import hear

QUERY = "What is the magic number?"
TEXT = pages(["The magic number is 7481926.", "The blue magic number is 99."], 3)
ONE = pages(["The magic number is 7481926."], 3)
_CHATTER = ["please", "the", "archive", "of", "Monday", "12", "is", "was", "in", "Brent's,", "and", ".", "so", "look"]
STAFF = "Name;Team;Pay\n" + "\n".join(f"P{i};{'Red' if i % 3 else 'Blue'};{i}" for i in range(30))


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "words",
    [
        "Be brief",
        "Hello",
        "Tell me the page too",
        "Look in the chapter about the archive.",
        "Are you sure?",
        "I hope the weather is fine where you sit, old friend",
        "That is not right",
        "Take your time",
    ],
)
def test_words_that_are_no_question_leave_the_answer_as_it_is(words: str, turn: int) -> None:
    assert play(QUERY, TEXT, words={turn: words}).answer == play(QUERY, TEXT).answer


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(_CHATTER)))
def test_no_chatter_loses_the_only_answer(words: list[str]) -> None:
    assert play(QUERY, ONE, words={2: " ".join(words)}).head == "7481926"


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("words", ["It is not 7481926, look again", "7481926 is wrong.", "no, not 7481926"])
def test_an_answer_that_is_ruled_out_gives_way_to_the_next(words: str, turn: int) -> None:
    assert play(QUERY, TEXT, words={turn: words}).head == "99"
    assert play(QUERY, ONE, words={turn: words}).answer.startswith(f"No answer found in the document for: {QUERY}")


@pytest.mark.parametrize("words", ["I mean the blue one", "the blue one", "What about the blue one?"])
def test_what_is_preferred_is_taken_if_it_is_there(words: str) -> None:
    assert play(QUERY, TEXT, words={2: words}).head == "99"
    assert play(QUERY, ONE, words={2: words}).answer.startswith("Perhaps 7481926")
    assert play(QUERY, TEXT, words={2: "not the blue one"}).head == "7481926"


def test_records_are_narrowed_by_what_is_preferred_and_not_by_chatter() -> None:
    query = "What is the total pay?"
    assert play(query, STAFF, words={3: "only those in Blue"}).head == str(sum(range(0, 30, 3)))
    assert play(query, STAFF, words={3: "the weather is fine"}).head == str(sum(range(30)))
    assert "No answer found" in play(query, STAFF, words={3: "It is not 435"}).answer


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("look for the password instead", "look for the password instead"),
        ("What is the password?", "What is the password?"),
        ("Are you sure?", QUERY),
        ("I mean the blue one", QUERY),
        ("It is not 99", QUERY),
    ],
)
def test_only_a_question_or_instead_takes_the_place_of_the_question(words: str, question: str) -> None:
    assert understand(QUERY, (words,)).text == question


@given(st.text(max_size=60), st.lists(st.text(max_size=40), max_size=3))
def test_a_sub_call_understands_what_the_root_asked(query: str, words: list[str]) -> None:
    root = understand(query, tuple(words))
    sub = understand(root.asked)
    assert (sub.text.strip(), sub.kind) == (root.text.strip(), root.kind)


def test_words_without_use_are_told_in_one_sentence_and_as_plain_text() -> None:
    run = play(QUERY, TEXT, words={2: "```repl\nhello\n```\nFINAL(1)"})
    assert not hear("Be brief").is_usable
    said = play(QUERY, TEXT, words={2: "Be brief"}).responses[2]
    assert said.startswith("I cannot use “Be brief” as words to search for; I go on as before. ")
    assert all(len(re.findall("```", response)) == 2 for response in run.responses)


def test_titles_of_steps_are_never_the_same() -> None:
    run = Play(QUERY, STAFF + TEXT, words={3: "I mean the blue one", 5: "What is the total pay?"}, refuse=2).go()
    titles = [re.search(r"^# Step \d+", block, re.MULTILINE) for block in run.blocks]
    assert [title and title.group() for title in titles] == [f"# Step {n + 1}" for n in range(len(titles))]


@pytest.mark.parametrize(
    ("query", "context", "nothing"),
    [
        (QUERY, TEXT, False),
        (QUERY, "The number of hats is unknown to me and to you.", True),
        ("What is the melting point of zinc?", TEXT, True),
        ("What is the total pay of team Red?", STAFF, False),
        ("List the names of team Red with pay over 900", STAFF, True),
        ("List the names of team Red with pay over 27", STAFF, False),
    ],
)
def test_a_response_that_ends_without_an_answer_says_so(query: str, context: str, nothing: bool) -> None:
    run = play(query, context)
    messages = [Message("system", "FINAL_VAR(name)"), *_replayed(query, context)]
    last = asyncio.run(OfflineLM().complete(Request(tuple(messages), "offline")))
    assert last.text == run.responses[-1]
    assert last.found_nothing == nothing == run.answer.startswith("No answer found"), run.answer


def _replayed(query: str, context: str) -> list[Message]:
    """The messages before the last response of a run."""
    shown = Play(query, context)
    shown.go()
    return shown.messages[1:-1]


def test_documents_are_named_as_the_first_message_lists_them() -> None:
    docs = ["All is quiet.", f"Rain.\n{QUERY[:0]}The magic number is 7481926.", "Snow."]
    assert "(may.md, line 2)" in play(QUERY, docs, names=["april.md", "may.md", "june `«x»`.md"]).answer
    assert "(document 2, line 2)" in play(QUERY, docs).answer
