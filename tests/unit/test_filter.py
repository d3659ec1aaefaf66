"""The filter language: what can be written, what it means, and what is said of what cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import events as ev
from rlm_tui.filter import Filter, FilterError, Moment, SlowFilterError, field_table, parse, parse_counted
from rlm_tui.filter import terms as t
from rlm_tui.filter.terms import CHOICES, FLAGS, MEANS, NUMBERS
from rlm_tui.trajectory.facts import FIELDS
from tests.trajectories import RUNS, Recorder


def found(run: Recorder, text: str) -> list[str]:
    """The ids of the nodes that match."""
    moment = Moment(run.trajectory.now(), run.log)
    return [node.id for node in run.trajectory.nodes.values() if parse(text).matches(moment, node)]


# what a filter means


@pytest.mark.parametrize(
    ("run", "text", "nodes"),
    [
        ("failing", "~error", ["1", "1.2.code1", "1.3", "1.3.lm1"]),
        ("failing", "~error ~kind code", ["1.2.code1"]),
        ("failing", "~out NameError", ["1.2.code1"]),
        ("failing", "~out nameerror & ~iter 2", ["1.2.code1"]),
        ("failing", "~note refused", ["1.3.lm1"]),
        ("batched", "~error", ["1.2.code1.sub7"]),
        ("batched", '~code "llm_query"', ["1.2.code1"]),
        ("batched", "~fn llm_query_batch ~depth >=1 !~error ~prompt 'Chunk 1 '", ["1.2.code1.sub1"]),
        ("batched", "~var ^answers", ["1.2.code1"]),
        ("batched", "~block 2", ["1.2.code1"]),
        ("batched", "~kind lm ~model qwen2.5:7b", ["1.1.lm1", "1.2.lm1"]),
        ("batched", "~tok >1k ~kind iteration", ["1.1", "1.2"]),
        ("batched", "~in 590 & ~tok 611 & ~out x | ~block 1", ["1.1.code1"]),
        ("batched", "~cost >0", []),
        ("clean", "~answer 160,000", ["1", "1.2"]),
        ("clean", "~t >1.5s ~kind lm", ["1.1.lm1", "1.2.lm1"]),
        ("edited", "~edited", ["1.3.code1"]),
        ("edited", "~edit 15000", ["1.3.code1"]),
        ("edited", "~told 'p\\. 26'", ["1"]),
        ("edited", "~running ~kind code", ["1.3.code1"]),
        ("held", "~code batch ~iter >=3", ["1.3.code1"]),
        ("peeked", "~note python_fence", ["1.1"]),
        ("peeked", "~by user", []),
        ("peeked", "Annual", ["1.1.code1"]),
    ],
)
def test_a_filter_finds_the_nodes_it_means(run: str, text: str, nodes: list[str]) -> None:
    assert found(RUNS[run](), text) == nodes


def test_a_number_that_is_unknown_compares_with_nothing() -> None:
    run = RUNS["peeked"]()
    assert "1.1.code1" not in found(run, "~cost >=0 | ~cost <=0")
    assert "1.1.code1" in found(run, "!~cost >=0")


def test_an_edit_that_was_taken_back_is_no_edit() -> None:
    run = RUNS["edited"]()
    run.emit(ev.Edited(node="1.3.code1", what="code", before="b", after=run.log.text("x"), hold=1))
    assert found(run, "~edited") == ["1.3.code1"]
    first = run.log.event(run.trajectory.now().facts(run.trajectory.nodes["1.3.code1"], ev.Edited)[0])
    assert isinstance(first, ev.Edited)
    run.emit(ev.Edited(node="1.3.code1", what="code", before="x", after=first.before, hold=1))
    assert found(run, "~edited") == []


def test_a_filter_looks_at_the_moment_of_its_view() -> None:
    run = RUNS["failing"]()
    before = run.trajectory.nodes["1.2.code1"].opened
    early = Moment(run.trajectory.at(before), run.log)
    assert not parse("~error").matches(early, run.trajectory.nodes["1.2.code1"])


def test_what_is_about_to_pass_counts_as_said() -> None:
    run = RUNS["peeked"]()
    moment, node = Moment(run.trajectory.now(), run.log), run.trajectory.nodes["1.1.code1"]
    assert not parse("~code secret").matches(moment, node)
    assert parse("~code secret").matches(moment, node, (("code", "print(secret)"),))


def test_what_a_problem_is_can_be_handed_over() -> None:
    run = RUNS["peeked"]()
    moment = Moment(run.trajectory.now(), run.log, lambda _view, _source, node: node.id == "1.1")
    assert [n.id for n in run.trajectory.nodes.values() if parse("~problem").matches(moment, n)] == ["1.1"]
    assert found(RUNS["failing"](), "~problem") == found(RUNS["failing"](), "~error")


# how terms bind


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a | b & c", "a | (b & c)"),
        ("!a & b", "(!a) & b"),
        ("a | b c", "(a | b) & c"),
        ("a b | c", "a & (b | c)"),
        ("(a b) | c", "(a & b) | c"),
        ("!!a", "!(!a)"),
        ("~ERROR&~edited", "~error & ~edited"),
        ("~t >500ms", "~t >0.5"),
        ("~tok > 4K", "~tok >4000"),
        ("~iter == 3", "~iter 3"),
        ("~cost>$.01", "~cost >0.01"),
        ("a|b", '"a|b"'),
        (r'~out "say \"yes\""', r"""~out 'say "yes"'"""),
    ],
)
def test_terms_bind_as_in_mitmproxy(written: str, meant: str) -> None:
    assert parse(written).expr == parse(meant).expr


# what is wrong, and where


@pytest.mark.parametrize(
    ("text", "pointed", "words"),
    [
        ("~error & ~cod x", "~cod", "did you mean ~code?"),
        ("~zzz", "~zzz", "there are ~all ~error"),
        ("", "", "it is empty"),
        ("(a | b", "(", "never closed"),
        ("a) b", ")", "never opened"),
        ("a & ()", "()", "nothing between"),
        ("a &", "", "something is missing at its end"),
        ("| a", "|", "something is missing before"),
        ("~code", "", "~code wants a text"),
        ("~code & a", "&", "~code wants a text"),
        ("~edit", "", "~edit wants a text after it, such as ~edit total; did you mean ~edited?"),
        ("~depth many", "m", "wants a number"),
        ("~t >5h", "h", "units: s, ms, min"),
        ("~kind block", "block", "rlm, iteration, lm, code, subcall"),
        ('~out "abc', '"', "never closed"),
        ('~out "a(b"', '"', "the regular expression is broken here"),
        ("a #3", "#", "counts the hits of a breakpoint"),
        ("~tok 99999999999999999", "99999999999999999", "too large"),
        ("~out [b", "", "broken here"),
        ("x{1000}{1000}", "x{1000}{1000}", "too large"),
    ],
)
def test_a_wrong_filter_says_what_and_where(text: str, pointed: str, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert words in str(error)
    assert f"column {error.at + 1}:" in str(error)
    assert text[error.at : error.at + len(pointed)] == pointed
    shown, caret = error.picture
    assert caret.strip("^ ") == ""
    assert shown[len(caret.rstrip("^")) :].startswith(pointed)
    assert len(caret) - len(caret.lstrip(" ")) == error.at


def test_a_caret_stands_under_the_fault_also_behind_wide_characters_and_in_a_long_filter() -> None:
    with pytest.raises(FilterError) as caught:
        parse("工程 & ~cod x")
    assert caught.value.picture[1].index("^") == 7
    with pytest.raises(FilterError) as caught:
        parse("a & " * 100 + "~cod")
    shown, caret = caught.value.picture
    assert shown[caret.index("^") :].startswith("~cod")


def test_an_expression_that_would_take_forever_is_stopped() -> None:
    run = RUNS["peeked"]()
    moment, node = Moment(run.trajectory.now(), run.log), run.trajectory.nodes["1.1.code1"]
    with pytest.raises(SlowFilterError, match="takes too long"):
        parse('~code "(a|aa)+$"').matches(moment, node, (("code", "a" * 80 + "b"),))


# the hits of a breakpoint


@pytest.mark.parametrize(
    ("text", "admitted"),
    [("~error", None), ("~error #3", [3]), ("~error #>=3", [3, 4, 5, 6]), ("~error #%2", [2, 4, 6]), ("a #=1", [1])],
)
def test_a_breakpoint_can_count(text: str, admitted: list[int] | None) -> None:
    condition, count = parse_counted(text)
    assert condition.source == text
    assert (None if count is None else [hit for hit in range(1, 7) if count.admits(hit)]) == admitted


@pytest.mark.parametrize("text", ["#3", "~error #0", "~error #x"])
def test_a_count_alone_or_from_zero_is_wrong(text: str) -> None:
    with pytest.raises(FilterError):
        parse_counted(text)


# laws


patterns = st.text(st.sampled_from("ab .|()[]\\\"'^$*+?~&!#工\n"), max_size=8)
numbers = st.integers(0, 10**9).map(lambda n: n / 1000)
leaves = st.one_of(
    st.sampled_from(sorted(FLAGS)).map(t.Flag),
    st.builds(t.Text, st.sampled_from(["", *FIELDS]), patterns),
    st.builds(t.Number, st.sampled_from(sorted(NUMBERS)), st.sampled_from([">", ">=", "<", "<=", "=", "!="]), numbers),
    st.sampled_from([t.Choice(name, word) for name, words in CHOICES.items() for word in words]),
)


def trees(leaves: st.SearchStrategy[t.Expr]) -> st.SearchStrategy[t.Expr]:
    """Expressions over some leaves."""

    def joined(part: st.SearchStrategy[t.Expr]) -> st.SearchStrategy[t.Expr]:
        parts = st.lists(part, min_size=2, max_size=3).map(tuple)
        return st.one_of(part.map(t.Not), st.builds(t.And, parts), st.builds(t.Or, parts))

    return st.recursive(leaves, joined, max_leaves=12)


expressions = trees(leaves)
RUN = RUNS["batched"]()


def readable(expr: t.Expr) -> t.Expr | None:
    """An expression as the parser would have read it, or None when its patterns are none."""
    try:
        return parse(str(expr)).expr
    except FilterError:
        return None


@settings(deadline=None, max_examples=200)
@given(expressions)
def test_what_is_written_reads_as_it_was(expr: t.Expr) -> None:
    read = readable(expr)
    if read is not None:
        assert parse(str(read)).expr == read


@settings(deadline=None, max_examples=100)
@given(trees(st.sampled_from([t.Flag("error"), t.Number("depth", ">=", 1.0), t.Text("out", "a b")])))
def test_what_is_written_reads_as_the_same_tree(expr: t.Expr) -> None:
    assert parse(str(expr)).expr == expr


@settings(deadline=None, max_examples=60)
@given(st.lists(expressions, min_size=2, max_size=3))
def test_de_morgan(parts: list[t.Expr]) -> None:
    kept = tuple(part for part in map(readable, parts) if part is not None)
    if len(kept) < 2:
        return
    moment = Moment(RUN.trajectory.now(), RUN.log)
    for node in RUN.trajectory.nodes.values():
        both = Filter("", t.Not(t.And(kept))).matches(moment, node)
        assert both == Filter("", t.Or(tuple(map(t.Not, kept)))).matches(moment, node)
        either = Filter("", t.Not(t.Or(kept))).matches(moment, node)
        assert either == Filter("", t.And(tuple(map(t.Not, kept)))).matches(moment, node)


def fault_of(read: Callable[[str], object], text: str) -> FilterError | None:
    """What is wrong with a text, if anything is."""
    try:
        read(text)
    except FilterError as error:
        return error
    return None


pieces = st.sampled_from(
    ["~", "~code ", "~t", ">", "#3", "(?", "(?L)", "\\N{x}", "[[", "{9,", "p{", "\\p{", *"()&|!\"'x 1"]
)


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.text(max_size=40), st.lists(pieces, max_size=14).map("".join)))
def test_nothing_that_is_typed_raises_anything_else(text: str) -> None:
    for read in (parse, parse_counted):
        error = fault_of(read, text)
        assert error is None or (error.at <= len(text) and "\n" not in "".join(error.picture))


def test_every_name_is_in_the_table() -> None:
    assert [row[0].split()[0] for row in field_table()] == [
        f"~{name}" for name in [*FLAGS, *FIELDS, *NUMBERS, *CHOICES]
    ]
    assert set(MEANS) == {*FLAGS, *FIELDS, *NUMBERS, *CHOICES}


def test_the_documentation_has_the_table_as_it_is_and_no_example_that_is_wrong() -> None:
    text = (Path(__file__).parents[2] / "docs" / "filter.md").read_text()
    rows = [f"| `{written.replace('|', chr(92) + '|')}` | {means} |" for written, means in field_table()]
    assert "\n".join(["| filter | what it finds |", "|---|---|", *rows, ""]) in text
    for example in re.findall(r"`([^`\n]*~[^`\n]*)`", text.replace("\n".join(rows), "")):
        parse_counted(example)
    for example in text.split("```")[1].strip().splitlines():
        parse(example.partition("   ")[0])
