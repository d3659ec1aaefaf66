"""The tree of a run under way: drawn as it grows, it shows what walking the whole of it shows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui import events as ev
from rlm_tui.trajectory import Node, View
from rlm_tui.ui.content.batches import batch_key, batch_of
from rlm_tui.ui.content.calls import CallRows, scene
from rlm_tui.ui.content.tree import CallTree, entries
from rlm_tui.ui.content.twigs import Row
from tests.trajectories import Recorder

TITLES = ("llm_query_batched", "llm_query", "rlm_query")
STEPS = st.lists(st.tuples(st.sampled_from("oooraachfbtis"), st.integers(0, 99)), max_size=60)
OPENED = "1.1.code1"


class Grown:
    """A run of one block under way, to which anything that a tree shows may happen next."""

    def __init__(self) -> None:
        self.run = Recorder()
        self.run.start("Who?", "1")
        self.run.open("1.1", "iteration", "1")
        self.run.open(OPENED, "code", "1.1", title="answers = ask()")
        self.calls: list[str] = []
        self.holders = [OPENED]
        self.folds: dict[str, bool] = {}
        self.looks: list[int] = []

    def do(self, step: str, number: int, tree: CallTree) -> None:
        """One more thing that happens, or that a person does."""
        pick = self.calls[number % len(self.calls)] if self.calls else ""
        if step == "o":
            home = self.holders[number % len(self.holders)]
            self.calls.append(f"{home}.sub{len(self.calls) + 1}")
            self.run.open(self.calls[-1], "subcall", home, title=TITLES[number % len(TITLES)])
        elif step == "r" and pick:
            child = self.run.open(f"{pick}.{number}-{len(self.run.trajectory.nodes)}", "iteration", pick)
            self.holders.append(self.run.open(f"{child}.code1", "code", child))
        elif step == "a" and pick:
            batch = ("b1", "b2", "")[number % 3]
            self.run.emit(ev.SubcallRequested(node=pick, function="f", prompt="p", model="s", batch=batch))
        elif step == "c" and pick:
            self.run.close(pick, ("ok", "error", "error", "skipped", "cancelled")[number % 5])
        elif step == "h" and pick:
            batch = ("b1", "b2", "")[number // 3 % 3]
            hold = ev.Held(node=pick, hold=number, checkpoint="before_subcall", why="", content="", batch=batch)
            self.run.emit(hold)
        elif step == "f":
            self.run.emit(ev.Released(node=pick, hold=number, checkpoint="before_subcall", how="run"))
        elif step == "i":
            place = len(self.run.trajectory.nodes) + 100
            self.holders.append(self.run.begin_block("1.1", "x", place, by="user", place=place))
        elif step == "s":
            self.run.emit(ev.CodeStarted(node=OPENED, code="answers = ask()", number=1))
        elif step in "bt":
            self._fold(number, tree)

    def _fold(self, number: int, tree: CallTree) -> None:
        view = self.run.trajectory.now()
        keys = [row.key for row in naive(view, tree.folds)] + [f"{OPENED}#b1", f"{OPENED}#queued"]
        tree.fold(keys[number % len(keys)], bool(number // 7 % 2), view)


def naive(view: View, folds: dict[str, bool]) -> list[Row]:
    """All open rows, by walking from the root."""
    rows = list[Row]()

    def walk(key: str, node: Node | None, inside: list[Node], depth: int) -> None:
        rows.append(Row(key, depth))
        if folds.get(key, "#" not in key):
            below = entries(view, node) if node is not None else [(call.id, call, []) for call in inside]
            for entry in below:
                walk(*entry, depth + 1)

    for root in view.roots:
        walk(root.id, root, [], 0)
    return rows


def shown(tree: CallTree, view: View) -> list[Row]:
    rows = tree.at(view)
    return [rows.row(index) for index in range(len(rows))]


@settings(deadline=None, max_examples=150)
@given(STEPS, st.lists(st.integers(0, 200), max_size=6))
def test_a_tree_that_grows_shows_what_a_walk_through_all_of_it_shows(
    steps: list[tuple[str, int]], looks: list[int]
) -> None:
    grown, tree = Grown(), CallTree()
    for step, number in steps:
        grown.do(step, number, tree)
        if number % 3:
            assert shown(tree, grown.run.trajectory.now()) == naive(grown.run.trajectory.now(), tree.folds)
    for seq in (*looks, grown.run.trajectory.last):
        view = grown.run.trajectory.at(seq)
        assert shown(tree, view) == naive(view, tree.folds)


def test_a_batch_whose_first_call_is_sent_stands_where_the_next_one_stands() -> None:
    grown, tree = Grown(), CallTree()
    for number in (0, 1, 0):
        grown.do("o", number, tree)
    assert [row.key for row in shown(tree, grown.run.trajectory.now())][3:] == [f"{OPENED}#queued", f"{OPENED}.sub2"]
    grown.do("a", 0, tree)
    view = grown.run.trajectory.now()
    assert [row.key for row in shown(tree, view)][3:] == [f"{OPENED}#b1", f"{OPENED}.sub2", f"{OPENED}#queued"]
    assert shown(tree, view) == naive(view, tree.folds)


@settings(deadline=None, max_examples=80)
@given(STEPS)
def test_every_node_is_found_at_its_row_or_at_the_nearest_that_holds_it(steps: list[tuple[str, int]]) -> None:
    grown, tree = Grown(), CallTree()
    for step, number in steps:
        grown.do(step, number, tree)
    view = grown.run.trajectory.now()
    rows, all_rows = tree.at(view), naive(view, tree.folds)
    places = {row.key: index for index, row in enumerate(all_rows)}
    for node in grown.run.trajectory.nodes.values():
        wanted, above = list[str](), view.node(node.id)
        while above is not None:
            batch = batch_of(view, above)
            wanted += [above.id, *([batch_key(above, batch)] if batch else [])]
            above = view.node(above.parent)
        assert rows.find(node.id) == next(places[key] for key in wanted if key in places)


@settings(deadline=None, max_examples=80)
@given(STEPS)
def test_a_batch_that_was_counted_on_comes_to_what_a_new_count_comes_to(steps: list[tuple[str, int]]) -> None:
    grown, tree = Grown(), CallTree()
    for step, number in steps:
        grown.do(step, number, tree)
        grown.run.time += 1
        moment = scene(grown.run.trajectory.now(), grown.run.log)
        fresh = CallTree()
        fresh.folds = dict(tree.folds)
        assert list(CallRows(tree, moment, 60)) == list(CallRows(fresh, moment, 60))
