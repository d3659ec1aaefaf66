"""Which turn comes next, and what it says: prose for the person, then one block."""

from __future__ import annotations

import ast
import re

from rlm_tui.lm.offline import code, compute, layout, plan, records
from rlm_tui.lm.offline.question import Question, understand
from rlm_tui.lm.offline.story import Story

MAX_TURNS = 14
_KEEP = 10


def next_turn(story: Story) -> str:
    """The root LM's next message."""
    question = understand(story.query, story.told)
    if story.is_last_turn or story.turns >= MAX_TURNS:
        return _give_up(story, question, "A limit was reached before the search was over.")
    if not question.terms:
        return _give_up(story, question, "The question has no word to search for.")
    if not story.tries:
        return _turn(
            "I am a keyword search, no language model: I look for the words of the question and read out what stands "
            "beside them. First I look at how the context is built.",
            code.PROBE,
        )
    if question.operation == "occurrences" and "count" not in story.tries:
        return _occurrences(story, question)
    if "windows:" not in story.outputs.get("find", ""):
        return _search(story, question)
    known = _known(story)
    is_plain_count = question.operation == "count" and len(question.terms) == 1
    if known and not any(known.values()) and not is_plain_count:
        return _give_up(story, question, "None of its words stands there.")
    return _over_records(story, question) or _by_reading(story, question)


def _turn(prose: str, block: str, ending: str = "") -> str:
    return f"{prose}\n\n```repl\n{block}```\n{ending}"


def _occurrences(story: Story, question: Question) -> str:
    named = [
        term.word for term in question.terms if not re.fullmatch(r"words?|phrases?|terms?|times?|often", term.word)
    ]
    pattern = code.raw(r"\b" + r"\W+".join(re.escape(word) for word in named) + r"\b")
    block = code.fill(code.OCCURRENCES, pattern=pattern, said=" ".join(named))
    return _finish(story, f"I count how often {' '.join(named)} stands in the whole text.", block)


def _search(story: Story, question: Question) -> str:
    tries = story.tries.get("find", 0)
    if tries > 1:
        return _give_up(story, question, "The search did not run.")
    stems = code.stems(question.terms)
    if tries:
        block = code.fill(code.SIMPLE_SEARCH, stems=stems, keep=_KEEP)
        return _turn("That did not give what I need, so I search in a simpler way.", block)
    show, width = (3, 400) if question.operation is None else (4, 700)
    patterns = code.patterns(question.searched)
    block = code.fill(code.SEARCH, patterns=patterns, stems=stems, keep=_KEEP, show=show, width=width)
    named = ", ".join(term.word for term in question.terms)
    return _turn(
        f"I search for {named}, and rank the passages by how many of these words they hold and how rare those are.",
        block,
    )


def _over_records(story: Story, question: Question) -> str | None:
    """The next turn of a computation over records, or None when the question or the document is not of that kind."""
    if story.refused or story.tries.get("ask"):
        return None
    if "read" not in story.tries:
        found = _layout(story, question)
        return _read(question, found) if found else None
    planned = plan.make(question, plan.profile(story.outputs.get("read", "")))
    if planned is None or "compute" in story.tries:
        return None
    why = (
        "The document is made of records, so I compute over every one of them that matches instead of reading passages."
    )
    return _finish(story, why, compute.block(planned, nothing(question)))


def _layout(story: Story, question: Question) -> layout.Layout | None:
    texts = layout.excerpts(story.outputs.get("look", "") + "\n" + story.outputs.get("find", ""))
    found = layout.detect(texts)
    if found is None or question.operation is not None:
        return found
    return found if plan.named(question, found.columns) or plan.asks_for_a_list(question) else None


def _read(question: Question, found: layout.Layout) -> str:
    prose = f"The document seems to hold {records.NAMES[found.kind]}, so I read all of them as records."
    block = code.fill(
        records.reader(found),
        columns=list(found.columns),
        detail=records.detail(found),
        sample=found.sample,
        patterns=code.patterns(question.terms),
    )
    return _turn(prose, block)


def _known(story: Story) -> dict[str, int]:
    """In how many windows each word stands, as the search printed it."""
    match = re.search(r"with each word: (\{.*\})$", story.outputs.get("find", ""), re.MULTILINE)
    try:
        return dict(ast.literal_eval(match[1])) if match else {}
    except (ValueError, SyntaxError):
        return {}


def _by_reading(story: Story, question: Question) -> str:
    """Ask sub-calls about the passages, then take their surest reply."""
    if "replies:" not in story.outputs.get("ask", ""):
        if story.tries.get("ask", 0) > 1:
            return _give_up(story, question, "The sub-calls did not run.")
        block = code.fill(code.ASK, question=question.text)
        return _turn("I ask one sub-call about each of the best passages, so that each is read closely.", block)
    refused = story.refused - min(1, story.tries.get("compute", 0))
    if story.tries.get("take", 0) > refused + 1:
        return _give_up(story, question, "The replies could not be put together.")
    block = code.fill(code.COMBINE, nothing=nothing(question), refused=max(0, refused))
    return _finish(story, "I take the surest of the replies and say where in the document it stands.", block)


def nothing(question: Question) -> str:
    """The answer when there is none."""
    return f"No answer found in the document for: {question.text}"


def _finish(story: Story, prose: str, block: str) -> str:
    """A block that sets final_answer, and the way to end that the system prompt teaches."""
    if "FINAL_VAR" not in story.system and 'answer["ready"]' in story.system:
        return _turn(prose, block + 'answer["content"] = final_answer\nanswer["ready"] = True\n')
    return _turn(prose, block, "\nFINAL_VAR(final_answer)\n")


def _give_up(story: Story, question: Question, why: str) -> str:
    """End honestly without an answer."""
    block = code.fill("# Step 5: end without an answer\nfinal_answer = «text»\n", text=f"{nothing(question)} ({why})")
    return _finish(story, why, block)
