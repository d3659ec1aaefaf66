"""Which turn comes next, and what it says: prose for the person, then one block."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from rlm_tui.lm.offline import code, compute, layout, plan, records
from rlm_tui.lm.offline.question import Question, understand
from rlm_tui.lm.offline.story import Story

MAX_TURNS = 14
_KEEP = 10


class Turn(NamedTuple):
    """What the root LM says next, and whether that ends the run without an answer."""

    text: str
    found_nothing: bool = False


def next_turn(story: Story) -> Turn:
    """The root LM's next message; each step goes by the number of its turn, so no two have the same title."""
    if story.is_to_be_summed_up:
        return Turn(story.summary)
    turn = _decide(story, understand(story.query, story.told))
    text = turn.text.replace("# Step: ", f"# Step {story.turns + 1}: ", 1)
    return turn._replace(text=_regrets(story) + text)


def _regrets(story: Story) -> str:
    """What of a person's words could not be used; only plain characters of them, as a model's message may hold code."""
    said = " ".join(" ".join(re.findall(r"[\w.,!?'’-]+", " ".join(story.unused))).split())
    cut = said if len(said) <= 60 else said[:60].rsplit(" ", 1)[0] + " …"
    return f"I cannot use “{cut}” as words to search for; I go on as before. " if story.unused else ""


def _decide(story: Story, question: Question) -> Turn:
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


def _turn(prose: str, block: str, ending: str = "") -> Turn:
    return Turn(f"{prose}\n\n```repl\n{block}```\n{ending}")


def _occurrences(story: Story, question: Question) -> Turn:
    named = [
        term.word for term in question.terms if not re.fullmatch(r"words?|phrases?|terms?|times?|often", term.word)
    ]
    pattern = code.raw(r"\b" + r"\W+".join(re.escape(word) for word in named) + r"\b")
    block = code.fill(code.OCCURRENCES, pattern=pattern, said=" ".join(named))
    return _finish(story, f"I count how often {' '.join(named)} stands in the whole text.", block)


def _search(story: Story, question: Question) -> Turn:
    tries = story.tries.get("find", 0)
    if tries > 1:
        return _give_up(story, question, "The search did not run.")
    stems = code.stems(question.terms)
    if tries:
        block = code.fill(code.SIMPLE_SEARCH, stems=stems, keep=_KEEP)
        return _turn("That did not give what I need, so I search in a simpler way.", block)
    show, width = (3, 400) if question.operation is None else (4, 700)
    patterns = code.patterns(question.searched)
    more = code.hints(question.preferred, 0.5) | code.hints(question.hints, 0.2)
    block = code.fill(
        code.SEARCH,
        patterns=patterns,
        stems=stems,
        keep=_KEEP,
        show=show,
        width=width,
        rank=code.Source("hinted" if more else "bm25"),
        hinted=code.Source(code.fill(code.HINTED, hints=code.mapping(more)) if more else ""),
    )
    named = ", ".join(term.word for term in question.terms)
    return _turn(
        f"I search for {named}, and rank the passages by how many of these words they hold and how rare those are.",
        block,
    )


def _over_records(story: Story, question: Question) -> Turn | None:
    """The next turn of a computation over records, or None when the question or the document is not of that kind."""
    if story.refused or story.tries.get("ask"):
        return None
    if "read" not in story.tries:
        found = _layout(story, question)
        return _read(question, found) if found else None
    seen = plan.profile(story.outputs.get("read", ""))
    planned = plan.make(question.narrowed, seen) or plan.make(question, seen)
    if planned is None:
        return None
    if "compute" in story.tries:
        return _end(story, question)
    why = (
        "The document is made of records, so I compute over every one of them that matches instead of reading passages."
    )
    block = compute.block(planned, nothing(question), question.excluded)
    return _turn(why, block) if planned.may_be_empty or question.excluded else _finish(story, why, block)


def _end(story: Story, question: Question) -> Turn | None:
    """End with what was computed, which may be that there is no such record."""
    result = re.search(r"^final_answer: (.*)$", story.outputs.get("compute", ""), re.MULTILINE)
    if result is None:
        return None
    empty = result[1].startswith(nothing(question)[:60].splitlines()[0])
    why = "No record is left that answers this." if empty else "That is the answer."
    return _finish(story, why, "# Step: end with what was computed\nprint(final_answer)\n")._replace(
        found_nothing=empty
    )


def _layout(story: Story, question: Question) -> layout.Layout | None:
    texts = layout.excerpts(story.outputs.get("look", "") + "\n" + story.outputs.get("find", ""))
    found = layout.detect(texts)
    if found is None or question.operation is not None:
        return found
    return found if plan.named(question, found.columns) or plan.asks_for_a_list(question) else None


def _read(question: Question, found: layout.Layout) -> Turn:
    prose = f"The document seems to hold {records.NAMES[found.kind]}, so I read all of them as records."
    block = code.fill(
        records.reader(found),
        columns=list(found.columns),
        detail=records.detail(found),
        sample=found.sample,
        patterns=code.patterns(question.narrowed.terms),
    )
    return _turn(prose, block)


def _known(story: Story) -> dict[str, int]:
    """In how many windows each word stands, as the search printed it."""
    match = re.search(r"with each word: (\{.*\})$", story.outputs.get("find", ""), re.MULTILINE)
    try:
        return dict(ast.literal_eval(match[1])) if match else {}
    except (ValueError, SyntaxError):
        return {}


def _by_reading(story: Story, question: Question) -> Turn:
    """Ask sub-calls about the passages, then take their surest reply."""
    if "replies:" not in story.outputs.get("ask", ""):
        if story.tries.get("ask", 0) > 1:
            return _give_up(story, question, "The sub-calls did not run.")
        block = code.fill(code.ASK, question=question.asked)
        return _turn("I ask one sub-call about each of the best passages, so that each is read closely.", block)
    refused = story.refused - min(1, story.tries.get("compute", 0))
    if story.tries.get("take", 0) > refused + 1:
        return _give_up(story, question, "The replies could not be put together.")
    said = _replies(story, question.excluded)
    if said is not None and len({value for value in said if value}) <= max(0, refused):
        failed = said.count(None)
        return _give_up(story, question, f"{failed} of {len(said)} sub-calls failed." if failed else "")
    values = {"nothing": nothing(question), "refused": max(0, refused), "barred": _barred(question)}
    block = code.fill(code.COMBINE, **values, **_place_names(story))
    return _finish(story, "I take the surest of the replies and say where in the document it stands.", block)


def _replies(story: Story, excluded: tuple[str, ...]) -> list[str | None] | None:
    """The answers among the replies as step `ask` printed them ("" for none found, None for a failed sub-call), or None
    when it printed something else, as after a person's edit."""
    output = story.outputs.get("ask", "")
    count = re.search(r"^replies: (\d+)$", output, re.MULTILINE)
    found: list[str | None] = []
    for printed in re.findall(r"^document \d+ at \d+: (['\"].*['\"])$", output, re.MULTILINE):
        try:
            reply = str(ast.literal_eval(printed))
        except (ValueError, SyntaxError):
            return None
        answer = re.search(r"^\W*ANSWER[:* ]+(.+)$", reply, re.MULTILINE)
        barred = answer and any(text.lower() in answer[1].lower() for text in excluded)
        found.append(None if reply.startswith("Error") else answer[1] if answer and not barred else "")
    return found if count and int(count[1]) == len(found) else None


def _barred(question: Question) -> code.Source:
    """The condition that keeps out what a person has ruled out."""
    texts = code.literal([text.lower() for text in question.excluded])
    return code.Source(f' and not any(text in got["ANSWER"].lower() for text in {texts})' if question.excluded else "")


def _place_names(story: Story) -> dict[str, code.Source]:
    """How the code names a document: by its number, or as the first message lists it."""
    among = {
        int(number) - 1 for number in re.findall(r"^document (\d+) at", story.outputs.get("ask", ""), re.MULTILINE)
    }
    names = {repr(i): code.literal(story.names[i]) for i in sorted(among) if i in story.names}
    if not names:
        return {"names": code.Source(""), "name": code.Source('f"document {number + 1}, "')}
    lines = code.Source(f"names = {code.mapping(names)}\n\n")
    return {"names": lines, "name": code.Source('names.get(number, f"document {number + 1}") + ", "')}


def nothing(question: Question) -> str:
    """The answer when there is none."""
    return f"No answer found in the document for: {question.text}"


def _finish(story: Story, prose: str, block: str) -> Turn:
    """A block that sets final_answer, and the way to end that the system prompt teaches."""
    if "FINAL_VAR" not in story.system and 'answer["ready"]' in story.system:
        return _turn(prose, block + 'answer["content"] = final_answer\nanswer["ready"] = True\n')
    return _turn(prose, block, "\nFINAL_VAR(final_answer)\n")


def _give_up(story: Story, question: Question, why: str) -> Turn:
    """End honestly without an answer."""
    text = nothing(question) + (f" ({why})" if why else "")
    block = code.fill("# Step: end without an answer\nfinal_answer = «text»\n", text=text)
    prose = why or "No passage holds an answer to it."
    return _finish(story, prose, block)._replace(found_nothing=True)
