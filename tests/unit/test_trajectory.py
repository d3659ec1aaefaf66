"""Laws of the fold: a view of any moment equals the fold of what had happened by then."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import events as ev
from rlm_tui.trace.times import Times
from rlm_tui.trajectory import Trajectory
from rlm_tui.ui.words import child_name
from tests.seen import snapshot
from tests.trajectories import Recorder, clean, peeked

NODES = (
    "1",
    "1.1.code1.sub1.r1",
    "1.1.code1.sub1.r1.code1",
    "1.1",
    "1.1.lm1",
    "1.1.code1",
    "1.1.code1.sub1",
    "1.1.code1.sub2",
    "1.2",
    "1.2.lm1",
    "2",
    "nowhere",
)
nodes = st.sampled_from(NODES)
usages = st.builds(ev.Usage, st.none() | st.integers(0, 99), st.none() | st.integers(0, 99), st.none() | st.just(0.5))
changes = st.lists(
    st.builds(ev.VarChange, st.sampled_from("abc"), st.sampled_from(["added", "changed", "removed"])), max_size=3
)
messages = st.lists(st.just(ev.StoredMessage("user", "hi")), min_size=1, max_size=3)


def _opened(node: str) -> ev.NodeOpened:
    parent = node.rpartition(".")[0]
    last = node.rpartition(".")[2]
    kind = {"r": "rlm", "l": "lm", "c": "code", "s": "subcall"}.get(last[0], "iteration" if parent else "rlm")
    return ev.NodeOpened(node=node, type=kind, parent=parent)


EVENTS = st.one_of(
    nodes.map(_opened),
    st.builds(ev.Reset, node=nodes),
    st.builds(ev.NodeClosed, node=nodes, outcome=st.sampled_from(["ok", "error"])),
    st.builds(
        ev.RunStarted,
        node=nodes,
        query=st.just("?"),
        model=st.just("m"),
        sub_model=st.just("m"),
        dialect=st.just("paper"),
    ),
    st.builds(ev.RunFinished, node=nodes, status=st.just("answered")),
    st.builds(ev.IterationStarted, node=nodes, number=st.integers(1, 9)),
    st.builds(ev.LmRequested, node=nodes, model=st.just("m"), messages=messages.map(tuple), prior=st.integers(0, 4)),
    st.builds(ev.LmResponded, node=nodes, text=st.just("x"), usage=usages),
    st.builds(ev.ResponseParsed, node=nodes),
    st.builds(ev.CodeStarted, node=nodes, code=st.just("x"), number=st.integers(1, 9)),
    st.builds(ev.CodeFinished, node=nodes, status=st.sampled_from(["ok", "died"]), changes=changes.map(tuple)),
    st.builds(ev.SubcallRequested, node=nodes, function=st.just("llm_query"), prompt=st.just("p"), model=st.just("m")),
    st.builds(ev.SubcallFinished, node=nodes, usage=usages),
    st.builds(ev.Held, node=nodes, hold=st.integers(1, 4), checkpoint=st.just("before_code"), why=st.just("step")),
    st.builds(ev.Released, node=nodes, hold=st.integers(1, 4), checkpoint=st.just("before_code"), how=st.just("run")),
    st.builds(ev.Told, node=nodes, text=st.just("look")),
    st.builds(ev.Note, node=nodes, text=st.just("mind")),
)


def _stamped(made: list[ev.TraceEvent]) -> list[ev.TraceEvent]:
    return [msgspec.structs.replace(event, seq=i, t=i / 4) for i, event in enumerate(made, 1)]


@settings(deadline=None, max_examples=150)
@given(st.lists(EVENTS, max_size=40))
def test_a_view_of_any_moment_equals_the_fold_of_the_events_up_to_it(made: list[ev.TraceEvent]) -> None:
    events = _stamped(made)
    whole = Trajectory(events)
    for k in range(len(events) + 1):
        assert snapshot(whole.at(k)) == snapshot(Trajectory(events[:k]).now())
        came = [hold for hold in whole.holds if hold.seq <= k]
        assert whole.at(k).holds() == [hold for hold in came if hold.released is None or hold.released > k]


@settings(deadline=None, max_examples=50)
@given(st.lists(EVENTS, min_size=1, max_size=40), st.data())
def test_seeking_about_leaves_no_trace_in_what_is_seen(made: list[ev.TraceEvent], data: st.DataObject) -> None:
    whole = Trajectory(_stamped(made))
    before = snapshot(whole.now())
    for k in data.draw(st.lists(st.integers(-3, len(made) + 3), max_size=8)):
        snapshot(whole.at(k))
    assert snapshot(whole.now()) == before


def test_what_a_node_spent_includes_everything_below_it_at_that_moment() -> None:
    chain = ["1", "1.1", "1.1.code1", "1.1.code1.sub1", "1.1.lm1"]
    events = _stamped(
        [
            *(_opened(node) for node in chain),
            ev.LmResponded(node="1.1.lm1", text="", usage=ev.Usage(10, 5)),
            ev.SubcallFinished(node="1.1.code1.sub1", usage=ev.Usage(100, None)),
        ]
    )
    tree = Trajectory(events)
    assert tree.at(6).usage(tree.nodes["1"]) == ev.Usage(10, 5)
    assert tree.now().usage(tree.nodes["1"]) == ev.Usage(110, 5)
    assert tree.now().usage(tree.nodes["1.1.code1"]) == ev.Usage(100, None)


def test_no_trace_can_make_a_cycle_of_nodes() -> None:
    loop = ev.NodeOpened(node="a", type="iteration", parent="b"), ev.NodeOpened(node="b", type="iteration", parent="a")
    itself = ev.NodeOpened(node="c", type="iteration", parent="c")
    tree = Trajectory(_stamped([*loop, itself, ev.LmResponded(node="b", text="", usage=ev.Usage(1, 1))]))
    assert tree.roots == ["a", "c"]
    assert tree.rlm_of("b") is None


def test_what_a_trace_nests_without_end_is_still_summed_up() -> None:
    events: list[ev.TraceEvent] = []
    for number in range(1_000):
        events.append(ev.NodeOpened(node=f"{number}", type="rlm", parent=f"{number - 1}"))
        events.append(ev.LmResponded(node=f"{number}", text="", usage=ev.Usage(1, 1)))
    tree = Trajectory(_stamped(events))
    above, node = 0, tree.nodes["999"]
    while node.parent:
        above, node = above + 1, tree.nodes[node.parent]
    assert above == max(each.level for each in tree.nodes.values()) == 400
    assert tree.roots == ["0"]
    assert tree.now().usage(tree.nodes["0"]) == ev.Usage(1_000, 1_000)
    assert tree.at(1_000).usage(tree.nodes["0"]) == ev.Usage(500, 500)


def test_the_clock_is_right_where_a_damaged_trace_has_gaps() -> None:
    tree = Trajectory([ev.Note(seq=3, t=1.5, text="a"), ev.Note(seq=9, t=4.5, text="b")])
    assert [tree.at(seq).t for seq in (1, 3, 5, 9)] == [0.0, 1.5, 1.5, 4.5]


def test_unknown_usage_stays_unknown_and_is_not_nought() -> None:
    tree = Trajectory(_stamped([_opened("1"), ev.LmResponded(node="1", text="x")]))
    assert tree.now().usage(tree.nodes["1"]).tokens is None


def test_a_conversation_drops_what_a_later_request_did_not_repeat() -> None:
    def asked(prior: int, count: int) -> ev.LmRequested:
        return ev.LmRequested(node="1", model="m", messages=(ev.StoredMessage("user", "x"),) * count, prior=prior)

    tree = Trajectory(_stamped([_opened("1"), asked(0, 2), asked(2, 2), asked(1, 1)]))
    assert [(p.seq, p.nth) for p in tree.at(3).conversation("1")] == [(2, 0), (2, 1), (3, 0), (3, 1)]
    assert [(p.seq, p.nth) for p in tree.now().conversation("1")] == [(2, 0), (4, 0)]


def test_words_to_the_model_are_queued_until_a_request_carries_them() -> None:
    request = ev.LmRequested(node="1", model="m", messages=(ev.StoredMessage("user", "x"),))
    tree = Trajectory(_stamped([_opened("1"), request, ev.Told(node="1", text="look"), request]))
    assert tree.at(3).queued_words() == [3]
    assert tree.now().queued_words() == []
    assert tree.at(2).queued_words() == []


def test_holds_are_a_queue_and_a_reused_id_ends_only_the_newest() -> None:
    def held(number: int) -> ev.Held:
        return ev.Held(node="1", hold=number, checkpoint="before_code", why="step")

    def released(number: int) -> ev.Released:
        return ev.Released(node="1", hold=number, checkpoint="before_code", how="run")

    tree = Trajectory(_stamped([_opened("1"), held(1), held(2), released(1), held(3)]))
    assert [hold.id for hold in tree.at(3).holds()] == [1, 2]
    assert [hold.id for hold in tree.now().holds()] == [2, 3]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=5))
def test_what_is_held_at_once_is_waited_for_once(spans: list[tuple[int, int]]) -> None:
    """Second by second: whatever is held in it, one second is waited, in the tree as in the sum over a trace."""
    holds = [(begin, begin + lasts, number) for number, (begin, lasts) in enumerate(spans)]
    steps = [
        *((begin, ev.Held(node="1.1", hold=n, checkpoint="before_code", why="step")) for begin, _, n in holds),
        *((end, ev.Released(node="1.1", hold=n, checkpoint="before_code", how="run")) for _, end, n in holds),
    ]
    opened = [_opened("1"), _opened("1.1")]
    timed = [(0, event) for event in opened] + sorted(steps, key=lambda step: step[0])
    events = [msgspec.structs.replace(event, seq=seq, t=float(t)) for seq, (t, event) in enumerate(timed, 1)]
    tree, times = Trajectory(events), Times()
    for event in events:
        times.take(event)
        waited = sum(any(begin <= second < end for begin, end, _ in holds) for second in range(int(event.t)))
        view = tree.at(event.seq)
        assert all(view.waited(tree.nodes[name]) == waited for name in ("1", "1.1") if view.node(name) is not None)
        assert times.waited == waited
    assert times.worked == tree.now().worked(tree.nodes["1"])


ABOVE = {"own0": "1.1", "own1": "1.2", "own2": "1", "1.1.c": "1.1", "own0.s": "own0", "1.1": "1", "1.2": "1", "1": ""}
ABOVE |= {"sub0": "1.1.c", "sub0.s": "sub0", "sub1": "1.1.c"}
BELOW = {"own0.s": "own0", "sub0.s": "sub0"}
"""What begins with what it is in."""
spans = st.tuples(st.integers(1, 20), st.integers(1, 20))


def _path(node: str) -> list[str]:
    return [node, *_path(ABOVE[node])] if node else []


def _timeline(
    works: dict[str, tuple[int, int]], holds: list[tuple[str, tuple[int, int]]]
) -> list[tuple[int, ev.TraceEvent]]:
    """What happens when, in seconds: blocks of the person's own and sub-calls that work, and holds that last."""
    steps: list[tuple[int, ev.TraceEvent]] = [(0, _opened(name)) for name in ("1", "1.1", "1.2", "1.1.c")]
    for name, (begin, lasts) in works.items():
        if name.startswith("sub"):
            steps.append((0, ev.NodeOpened(node=name, type="subcall", parent=ABOVE[name])))
            steps.append((begin, ev.SubcallRequested(node=name, function="llm_query", prompt="?", model="m")))
            steps.append((begin + lasts, ev.SubcallFinished(node=name)))
            continue
        steps.insert(0, (begin, ev.NodeOpened(node=name, type="code", parent=ABOVE[name], by="user")))
        steps.append((begin, ev.CodeStarted(node=name, code="x", number=1, by="user")))
        steps.append((begin + lasts, ev.NodeClosed(node=name)))
    steps += [(works[above][0], ev.NodeOpened(node=name, type="code", parent=above)) for name, above in BELOW.items()]
    for n, (node, (begin, lasts)) in enumerate(holds):
        steps.append((begin, ev.Held(node=node, hold=n, checkpoint="before_code", why="step")))
        steps.append((begin + lasts, ev.Released(node=node, hold=n, checkpoint="before_code", how="run")))
    return sorted(steps, key=lambda step: step[0])


@settings(deadline=None, max_examples=100)
@given(
    st.fixed_dictionaries(dict.fromkeys(("own0", "own1", "own2", "sub0", "sub1"), spans)),
    st.lists(st.tuples(st.sampled_from(["1", "1.1", "1.1.c", "own0.s", "sub0.s"]), spans), max_size=4),
)
def test_what_a_node_waited_by_any_moment_is_the_sum_of_its_seconds(
    works: dict[str, tuple[int, int]], holds: list[tuple[str, tuple[int, int]]]
) -> None:
    """Second by second: a node waits while something at or below it is held and nothing works below it.

    A block of one's own and a sub-call work, but not while something in them is held.
    """
    timed = _timeline(works, holds)
    events = [msgspec.structs.replace(event, seq=seq, t=float(t)) for seq, (t, event) in enumerate(timed, 1)]
    tree, times = Trajectory(events), Times()
    known = [(_path(node), held) for node, held in holds if node not in BELOW or held[0] >= works[BELOW[node]][0]]

    def is_held(name: str, second: int) -> bool:
        return any(name in path and begin <= second < begin + lasts for path, (begin, lasts) in known)

    def waits(name: str, second: int) -> bool:
        running = [each for each, (begin, lasts) in works.items() if begin <= second < begin + lasts]
        above = {node for each in running if not is_held(each, second) for node in _path(ABOVE[each])}
        return is_held(name, second) and name not in above

    for seq, (t, _) in enumerate(timed, 1):
        for name in ABOVE:
            if (node := tree.at(seq).node(name)) is not None:
                assert tree.at(seq).waited(node) == sum(waits(name, second) for second in range(t))
        times.take(events[seq - 1])
        if known == [(_path(node), held) for node, held in holds]:
            assert times.waited == sum(waits("1", second) for second in range(t))


def test_a_block_of_the_person_s_own_is_no_waiting_and_a_block_that_waits_for_it_does_not_run() -> None:
    timed: list[tuple[int, ev.TraceEvent]] = [
        (0, _opened("1")),
        (0, ev.NodeOpened(node="1.1", type="iteration", parent="1")),
        (1, ev.NodeOpened(node="code", type="code", parent="1.1")),
        (1, ev.Held(node="code", hold=1, checkpoint="before_code", why="step")),
        (2, ev.NodeOpened(node="own", type="code", parent="1.1", by="user")),
        (2, ev.CodeStarted(node="own", code="mine", number=1, by="user")),
        (3, ev.Released(node="code", hold=1, checkpoint="before_code", how="run")),
        (7, ev.CodeFinished(node="own", status="ok")),
        (7, ev.NodeClosed(node="own")),
        (7, ev.CodeStarted(node="code", code="x", number=2)),
        (8, ev.NodeClosed(node="code")),
        (8, ev.NodeClosed(node="1.1")),
        (8, ev.NodeClosed(node="1")),
    ]
    events = [msgspec.structs.replace(event, seq=seq, t=float(t)) for seq, (t, event) in enumerate(timed, 1)]
    tree, times = Trajectory(events), Times()
    worked = {name: tree.now().worked(node) for name, node in tree.nodes.items()}
    assert worked == {"own": 5, "code": 1, "1.1": 7, "1": 7}
    assert tree.at(7).worked(tree.nodes["code"], 5.0) == 0, "let go, it has not begun"
    for event in events:
        times.take(event)
        assert times.waited == tree.at(event.seq).waited(tree.nodes["1"])
        assert times.worked == tree.at(event.seq).worked(tree.nodes["1"])


def test_a_node_without_a_name_is_no_node_and_makes_no_cycle() -> None:
    """ "" means no parent, so a node of that name would be its own."""
    trajectory = Trajectory()
    opened = ev.NodeOpened(seq=1, t=0.0, node="", type="lm", parent="")
    for event in (opened, ev.LmResponded(seq=2, t=0.0, node="", text="x", usage=ev.Usage(1, 1))):
        trajectory.fold(event)
    assert list(trajectory.now().roots) == []


def two_questions() -> Recorder:
    """A question whose block made a variable, a reset, and another question."""
    run = clean()
    run.emit(ev.Reset(node="1"))
    run.start("And now?", node="2")
    one = run.iteration(1, "2")
    code = run.begin_block(one, "y = 1", 3)
    run.end_block(code, changes=(ev.VarChange("y", "added", "int"),))
    return run


def test_a_reset_forgets_the_variables_and_what_the_last_block_did() -> None:
    run = two_questions()
    (reset,) = run.trajectory.resets
    before, after, now = run.trajectory.at(reset - 1), run.trajectory.at(reset), run.trajectory.now()
    assert [each.change.name for each in before.variables()] == ["hits"]
    assert before.last_block() is not None
    assert after.variables() == []
    assert after.last_block() is None
    assert (before.forgotten, after.forgotten) == (0, reset)
    assert [each.change.name for each in now.variables()] == ["y"]


def test_a_dead_worker_leaves_what_is_loaded_again() -> None:
    run = Recorder()
    run.open("1", "rlm")
    history = ev.VarChange("history", "added", "list", 4)
    run.emit(ev.RunStarted(node="1", query="?", model="m", sub_model="m", dialect="paper", loaded=(history,)))
    code = run.begin_block(run.iteration(1), "x = 1", 1)
    run.end_block(code, changes=(ev.VarChange("x", "added", "int"),))
    assert {each.change.name for each in run.trajectory.now().variables()} == {"history", "x"}
    code = run.begin_block(run.iteration(2), "exit()", 2)
    run.end_block(code, status="died")
    assert {each.change.name for each in run.trajectory.now().variables()} == {"history"}


def test_a_child_has_a_repl_and_a_number_of_its_own() -> None:
    run = Recorder()
    run.start()
    code = run.begin_block(run.iteration(1), "rlm_query_batched(['a', 'b'])", 1)
    for place in (1, 2):
        call = run.open(f"{code}.sub{place}", "subcall", code, depth=1)
        child = run.open(f"{call}.1", "rlm", call, depth=1)
        block = run.begin_block(run.iteration(1, child), f"x = {place}", 1)
        run.end_block(block, changes=(ev.VarChange("x", "added", "int", None, str(place)),))
        assert child_name(run.trajectory.now(), block) == f"child {place}"
    view = run.trajectory.now()
    assert view.variables() == []
    assert [each.change.preview for each in view.variables(f"{code}.sub2.1")] == ["2"]
    assert view.tree.repl_of(f"{code}.sub1") == ""
    assert child_name(view, code) == ""
    below = run.open(f"{block}.sub1", "subcall", block, depth=2)
    deep = run.open(f"{below}.1", "rlm", below, depth=2)
    assert child_name(run.trajectory.now(), deep) == "child 2.1"


@pytest.mark.parametrize(
    ("title", "told", "asks", "in_batch"),
    [
        ("anything", {"asks": "rlm", "batch": "b1"}, "rlm", True),
        ("batch()", {"asks": "lm"}, "lm", False),
        ("factor()", {"asks": "tool"}, "tool", False),
        ("factor()", {}, "tool", False),
        ("llm_query_batched", {}, "lm", True),
        ("rlm_query", {}, "rlm", False),
    ],
)
def test_whom_a_sub_call_asks_is_told_by_its_event_and_in_older_traces_by_its_title(
    title: str, told: dict[str, Any], asks: str, in_batch: bool
) -> None:
    run = Recorder()
    node = run.trajectory.nodes[run.open("1", "subcall", title=title, **told)]
    assert (node.asks, node.in_batch) == (asks, in_batch)


def test_walls_are_a_fact_and_in_older_traces_the_label() -> None:
    def started(**more: Any) -> ev.RunStarted:
        return ev.RunStarted(query="?", model="m", sub_model="m", dialect="paper", **more)

    assert not started(sandbox="NOT SANDBOXED · no tool was found").is_walled
    assert started(sandbox="bubblewrap · no network").is_walled
    assert started(sandbox="NOTHING GETS OUT", has_walls=True).is_walled
    assert not started(sandbox="thin walls", has_walls=False).is_walled


@pytest.mark.parametrize("is_child", [False, True])
def test_a_request_and_the_sub_call_that_failed_for_it_are_one_problem(is_child: bool) -> None:
    run = peeked()
    two = run.iteration(2)
    code = run.begin_block(two, "llm_query('?')", 2)
    call = lm = run.open(f"{code}.sub1", "subcall", code, depth=1, role="sub")
    run.emit(ev.SubcallRequested(node=call, function="llm_query", prompt="?", model="m"))
    if is_child:
        child = run.open(f"{call}.rlm", "rlm", call, depth=1)
        lm = run.open(f"{child}.1.lm", "lm", run.iteration(1, child), depth=1)
    failed = run.emit(ev.LmFailed(node=lm, message="HTTP 429", status=429))
    told = run.emit(ev.SubcallFinished(node=call, error="HTTP 429"))
    assert run.trajectory.at(failed).problems() == [failed], "the trace may end here"
    assert run.trajectory.now().problems() == run.trajectory.now().troubles() == [told]
    root = run.open(f"{two}.lm2", "lm", two)
    alone = run.emit(ev.LmFailed(node=root, message="HTTP 429", status=429))
    assert run.trajectory.now().problems() == [told, alone], "of no sub-call"


def test_a_request_that_failed_in_a_sub_call_that_did_not_stays_a_problem() -> None:
    run = peeked()
    code = run.begin_block(run.iteration(2), "rlm_query('?')", 2)
    call = run.open(f"{code}.sub1", "subcall", code, depth=1, role="sub")
    failed = run.emit(ev.LmFailed(node=call, message="interrupted"))
    run.emit(ev.SubcallFinished(node=call, text="yes"))
    again = run.emit(ev.SubcallFinished(node=call, error="HTTP 500"))
    assert run.trajectory.now().problems() == [failed, again]
