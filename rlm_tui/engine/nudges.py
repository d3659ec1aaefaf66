"""The one sentence a model is sent when its response could not be used, and how it should look instead."""

from __future__ import annotations

from rlm_tui.engine.dialect import Dialect


def code_like_this(dialect: Dialect) -> str:
    """An example of a code block in a dialect, led in by a colon."""
    return f":\n{dialect.code_example}"


def final_like_this(dialect: Dialect) -> str:
    """An example of a final answer in a dialect, led in by a colon."""
    return f":\n{dialect.final_example}"


def nothing(dialect: Dialect) -> str:
    """There was neither code nor an answer."""
    return (
        "Your response held neither code to run nor a final answer; write one code block like this"
        f"{code_like_this(dialect)}\nor, when you know the answer, end like this{final_like_this(dialect)}"
    )


def empty(dialect: Dialect) -> str:
    """There was no text at all."""
    return f"Your response was empty; write one code block like this{code_like_this(dialect)}"


def only_thoughts(dialect: Dialect) -> str:
    """There was reasoning, and nothing after it."""
    how = code_like_this(dialect)
    return f"You thought and then wrote nothing; after your reasoning write one code block like this{how}"


def blank(dialect: Dialect) -> str:
    """There was a block, with nothing in it."""
    return f"Your code block was blank; write the code between the fences like this{code_like_this(dialect)}"


def unfenced(dialect: Dialect) -> str:
    """There was code, but no fence."""
    return (
        f"Your code stood outside a fence, so it did not run; put it between fences like this{code_like_this(dialect)}"
    )


def other_fence(dialect: Dialect) -> str:
    """There were fences, but none of code."""
    return (
        f"Nothing ran because no fence in your response was tagged as code; tag it like this{code_like_this(dialect)}"
    )


def mention(dialect: Dialect) -> str:
    """FINAL stood inside a sentence, a list or a fence."""
    return (
        "A final answer counts only at the start of a line of its own, in capitals, outside any fence and sentence, "
        f"like this{final_like_this(dialect)}"
    )


def submit_as_text(dialect: Dialect) -> str:
    """SUBMIT stood outside code."""
    fence = dialect.code_example.partition("\n")[0]
    return f'SUBMIT counts only as code; put it in a block like this:\n{fence}\nSUBMIT(answer="your answer")\n```'


def cut_in_reasoning(dialect: Dialect) -> str:
    """The response ended before its reasoning did."""
    how = code_like_this(dialect)
    return f"Your response was cut off inside your reasoning; think briefly, then write code like this{how}"


def cut_in_block(dialect: Dialect) -> str:
    """The last block has no closing fence."""
    how = code_like_this(dialect)
    return f"Your response was cut off inside a code block, which did not run; write a shorter one like this{how}"


def cut_in_final(dialect: Dialect) -> str:
    """FINAL( has no closing parenthesis."""
    how = final_like_this(dialect)
    return f"Your final answer was cut off before its end, so it did not count; give it again, whole, like this{how}"


def cut_by_length(dialect: Dialect) -> str:
    """The provider stopped at its token limit."""
    how = code_like_this(dialect)
    return f"Your response was cut off at the limit of output tokens; answer more briefly, like this{how}"


def invented(dialect: Dialect) -> str:
    """The model wrote the REPL's output itself."""
    return (
        "You wrote the output of the REPL yourself, so what followed your code block was dropped; end your response "
        f"after the closing fence and wait for the real output, like this{code_like_this(dialect)}"
    )


def one_block(dialect: Dialect) -> str:
    """There were several blocks where one is allowed."""
    how = code_like_this(dialect)
    return f"Only your first code block was run; write exactly one a turn and wait for its output, like this{how}"


WHY_REFUSED = {
    "empty": "an empty answer is not an answer",
    "name": "FINAL_VAR takes one name",
    "code": "the argument of FINAL is code, which does not run there",
    "colon": "the form with a colon does not count in this dialect",
    "text": "FINAL(text) does not count in this dialect",
}
_INSTEAD = {
    "name": "FINAL_VAR takes the name of one variable and nothing else",
    "code": "FINAL takes plain text, and code in it does not run; give the text to a variable in a code block first",
    "colon": "A final answer with a colon does not count here; give the name of a variable",
    "text": "FINAL(text) does not count here; put the answer into a variable and give its name",
}


def refused(refusal: str, dialect: Dialect) -> str:
    """A FINAL form was there but cannot be an answer, for one of the reasons in `WHY_REFUSED`."""
    if refusal == "empty":
        return f"Your final answer was empty; give the answer itself like this{final_like_this(dialect)}"
    fence = dialect.code_example.partition("\n")[0]
    first = "" if refusal == "name" else f'\n{fence}\nanswer = "the answer"\n```\nand in your next turn'
    return f"{_INSTEAD[refusal]}, like this{':' if first else ''}{first}:\nFINAL_VAR(answer)"
