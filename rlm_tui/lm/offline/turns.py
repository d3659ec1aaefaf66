"""Which turn comes next, and what it says: prose for the person, then one block."""

from __future__ import annotations

from rlm_tui.lm.offline import code
from rlm_tui.lm.offline.question import Question, understand
from rlm_tui.lm.offline.story import Story

MAX_TURNS = 12
_KEEP = 10


def next_turn(story: Story) -> str:
    """The root LM's next message."""
    question = understand(story.query, story.told)
    if story.is_last_turn or story.turns >= MAX_TURNS:
        return _give_up(story, "The limit was reached before the search was over.")
    if not question.terms:
        return _give_up(story, "The question has no word to search for.")
    if 1 not in story.tries:
        return _turn(
            "I am a keyword search, no language model: I look for the words of the question and read out what stands "
            "beside them. First I look at how the context is built.",
            code.PROBE,
        )
    if "windows:" not in story.outputs.get(2, ""):
        return _search(story, question)
    if "replies:" not in story.outputs.get(3, ""):
        return _ask(story, question)
    return _combine(story, question)


def _turn(prose: str, block: str, ending: str = "") -> str:
    return f"{prose}\n\n```repl\n{block}```\n{ending}"


def _search(story: Story, question: Question) -> str:
    tries = story.tries.get(2, 0)
    if tries > 1:
        return _give_up(story, "The search did not run.")
    named = ", ".join(term.word for term in question.terms)
    stems = code.stems(question.terms)
    if tries:
        return _turn(
            "That did not give what I need, so I search in a simpler way.",
            code.fill(code.SIMPLE_SEARCH, stems=stems, keep=_KEEP),
        )
    block = code.fill(
        code.SEARCH,
        patterns=code.patterns(question.searched),
        stems=stems,
        keep=_KEEP,
        show=3 if question.operation is None else 4,
        width=200 if question.operation is None else 700,
    )
    return _turn(
        f"I search for {named}, and rank the passages by how many of these words they hold and how rare those are.",
        block,
    )


def _ask(story: Story, question: Question) -> str:
    if story.tries.get(3, 0) > 1:
        return _give_up(story, "The sub-calls did not run.")
    return _turn(
        "I ask one sub-call about each of the best passages, so that each is read closely.",
        code.fill(code.ASK, question=question.text),
    )


def _combine(story: Story, question: Question) -> str:
    if story.tries.get(4, 0) - story.refused > 1:
        return _give_up(story, "The replies could not be combined.")
    block = code.fill(code.COMBINE, nothing=nothing(question), refused=story.refused)
    return _finish(story, "I take the surest of the replies and say where in the document it stands.", block)


def nothing(question: Question) -> str:
    """The answer when there is none."""
    return f"No answer found in the document for: {question.text}"


def _finish(story: Story, prose: str, block: str) -> str:
    """A block that sets final_answer, and the way to end that the system prompt teaches."""
    if "FINAL_VAR" not in story.system and 'answer["ready"]' in story.system:
        return _turn(prose, block + 'answer["content"] = final_answer\nanswer["ready"] = True\n')
    return _turn(prose, block, "\nFINAL_VAR(final_answer)\n")


def _give_up(story: Story, why: str) -> str:
    """End honestly without an answer."""
    return _finish(
        story, why, code.fill("# Step 5: end\nfinal_answer = «text»\n", text=f"No answer found in the document. {why}")
    )
