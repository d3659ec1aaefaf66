"""OfflineLM computes exactly over record-like lines, however they are written."""

from __future__ import annotations

import json
import random
import statistics
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest
from offline_play import pages, play


class Worker(NamedTuple):
    """A made-up record."""

    name: str
    department: str
    salary: int


_DEPARTMENTS = ("Engineering", "Sales", "Human Resources", "Support Engineering")
_FILL = "The river was calm, and the people of the town were out on the meadow that day. It was 1990.\n" * 60


def _workers(seed: int) -> list[Worker]:
    rng = random.Random(seed)
    names = [
        f"{first} {last}"
        for first in ("Ann", "Bob", "Cleo", "Eve", "Gus")
        for last in ("Miller", "Okafor", "Stone", "Ito")
    ]
    salaries = rng.sample(range(40_000, 120_000, 500), len(names))
    return [Worker(name, rng.choice(_DEPARTMENTS), salary) for name, salary in zip(names, salaries, strict=True)]


def _join(row: str, sep: str = "\n", head: str = "", fill: str = "") -> Callable[[list[Worker]], str]:
    def write(workers: list[Worker]) -> str:
        rows = (row.format(n=w.name, d=w.department, s=w.salary, i=i) for i, w in enumerate(workers))
        return fill + head + sep.join(rows) + ("\n" + fill if fill else "")

    return write


LAYOUTS: dict[str, Callable[[list[Worker]], str]] = {
    "csv": _join("{n},{d},{s}", head="name,department,salary\n"),
    "csv in prose": _join('{n},{d},"${s:,}"', head="Name,Department,Salary\n", fill=_FILL),
    "csv with bare commas": _join("{n},{d},${s:,}", head="Name,Department,Salary\n"),
    "semicolons": _join("{n};{d};{s}", head="Name;Department;Salary\n"),
    "tabs": _join("{n}\t{d}\t{s}", head="Name\tDepartment\tSalary\n"),
    "aligned": _join("{n:20}  {d:24}{s:>10,}", head="Name                  Department                  Salary\n"),
    "markdown": _join("| {n} | {d} | {s} |", head="| Name | Department | Salary |\n|---|---|---|\n"),
    "keyed": _join("Name: {n}, Department: {d}, Salary: ${s:,}"),
    "keyed, far apart": _join("Employee {i}: Name: {n}, Department: {d}, Salary: ${s:,}", sep="\n" + _FILL),
    "blocks": _join("Name: {n}\nDepartment: {d}\nSalary: {s:,}", sep="\n\n"),
    "key=value": _join('name="{n}" dept="{d}" salary={s}'),
    "json lines": lambda workers: "\n".join(json.dumps(worker._asdict()) for worker in workers),
    "json": lambda workers: json.dumps({"staff": [worker._asdict() for worker in workers]}, indent=1),
    "sentences": _join("{n} works in {d} and earns ${s:,}.", sep=" ", fill=_FILL),
    "sentences over lines": _join("{n} works in\n{d} and earns ${s:,} a\nyear.", fill=_FILL),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
class TestEmployees:
    def test_count(self, layout: str, seed: int) -> None:
        workers = _workers(seed)
        run = play("How many employees work in Engineering?", LAYOUTS[layout](workers))
        assert run.head == str(sum(w.department == "Engineering" for w in workers)), run.answer
        assert not run.errors

    def test_count_of_a_name_of_two_words(self, layout: str, seed: int) -> None:
        workers = _workers(seed)
        run = play("How many employees are in Human Resources?", LAYOUTS[layout](workers))
        assert run.head == str(sum(w.department == "Human Resources" for w in workers)), run.answer

    def test_sum(self, layout: str, seed: int) -> None:
        workers = _workers(seed)
        run = play("What is the total salary of all Engineering employees?", LAYOUTS[layout](workers))
        total = sum(w.salary for w in workers if w.department == "Engineering")
        assert _number(run.head) == total, run.answer

    def test_average(self, layout: str, seed: int) -> None:
        workers = _workers(seed)
        run = play("What is the average salary in Sales?", LAYOUTS[layout](workers))
        paid = [w.salary for w in workers if w.department == "Sales"]
        assert _number(run.head) == pytest.approx(sum(paid) / len(paid), abs=0.005), run.answer

    def test_highest_and_lowest(self, layout: str, seed: int) -> None:
        workers = _workers(seed)
        text = LAYOUTS[layout](workers)
        assert max(workers, key=lambda w: w.salary).name in play("Who has the highest salary?", text).head
        lowest = play("What is the lowest salary?", text).head
        assert _number(lowest.split(":")[0]) == min(w.salary for w in workers)

    def test_over_a_limit(self, layout: str, seed: int) -> None:
        workers = _workers(seed)
        run = play("How many employees earn more than $80,000?", LAYOUTS[layout](workers))
        assert run.head == str(sum(w.salary > 80_000 for w in workers)), run.answer

    def test_one_record(self, layout: str, seed: int) -> None:
        workers = _workers(seed)
        run = play("What is the salary of Cleo Stone?", LAYOUTS[layout](workers))
        assert _number(run.head) == next(w.salary for w in workers if w.name == "Cleo Stone"), run.answer


def _number(text: str) -> float:
    return float(text.replace(",", "").strip("$ "))


_LEVELS = ("INFO", "ERROR", "WARNING", "DEBUG")
_TEXTS = ("request done in 35 ms", "no errors found", "timeout while reading socket", "disk 91% full")
LOGS = ("{t} {l} {m}", "[{t}] {l}: {m}", "{t} {l:8} [svc.main] {m}", 'time="{t}" level={l} msg="{m}"', "{l} {t} {m}")


@pytest.mark.parametrize("line", LOGS)
def test_levels_of_a_log_are_counted_not_words_in_its_messages(line: str) -> None:
    rng = random.Random(4)
    log = [(rng.choice(_LEVELS), rng.choice(_TEXTS)) for _ in range(300)]
    text = "\n".join(
        line.format(t=f"2024-03-0{i % 9 + 1} 12:00:{i % 60:02}", l=level, m=message)
        for i, (level, message) in enumerate(log)
    )
    levels = Counter(level for level, _ in log)
    assert play("How many errors are in the log?", text).head == str(levels["ERROR"])
    assert play("How many warnings does the log contain?", text).head == str(levels["WARNING"])
    both = sum(level == "ERROR" and "timeout" in message for level, message in log)
    assert play("How many errors mention a timeout?", text).head == str(both)


@pytest.mark.parametrize("seed", range(3))
def test_orders(seed: int) -> None:
    rng = random.Random(seed)
    states, cities = ("shipped", "pending", "not shipped", "cancelled"), ("Paris", "Rome", "New York")
    orders = [
        (i, rng.choice(states), rng.choice(cities), rng.randrange(1000, 900_000) / 100) for i in range(1000, 1300)
    ]
    text = "\n".join(f"Order #{i} – status: {s} – city: {c} – amount: ${a:,.2f}" for i, s, c, a in orders)
    assert play("How many orders have status shipped?", text).head == str(sum(s == "shipped" for _, s, _, _ in orders))
    here = sum(s == "pending" and c == "New York" for _, s, c, _ in orders)
    assert play("How many pending orders are from New York?", text).head == str(here)
    lost = sum(a for _, s, _, a in orders if s == "cancelled")
    assert play("What is the total amount of cancelled orders?", text).head == f"${lost:,.2f}"
    top = Counter(c for _, _, c, _ in orders).most_common(1)[0][0]
    assert play("Which city has the most orders?", text).head == top


def test_records_of_several_documents_are_taken_together() -> None:
    docs = [_FILL] + [
        "\n".join(f"Employee: {k}{i}, Team: {'Red' if i % 3 else 'Blue'}, Bonus: {i * k}" for i in range(40))
        for k in (1, 10)
    ]
    blue = sum(i * k for i in range(40) if i % 3 == 0 for k in (1, 10))
    assert play("What is the total bonus of team Blue?", docs).head == str(blue)


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        (["75.000,50", "1.250,25", "990,00"], "77240.75"),
        (["75,000", "1,250"], "76,250"),
        (["$75,000.50", "$0.50"], "$75,001"),
        (["75k", "80.5k"], "155500"),
        (["1.5", "2.25"], "3.75"),
        (["1.234.567", "1.000.000"], "2234567"),
        (["12", "n/a", "30"], "42"),
        (["-5", "3"], "-2"),
    ],
)
def test_numbers_are_read_as_they_are_meant(rows: list[str], total: str) -> None:
    text = "\n".join(f"Name: N{i} | Amount: {row}" for i, row in enumerate(rows))
    assert play("What is the total amount?", text).head == total


def test_values_without_a_number_are_told() -> None:
    text = "\n".join(f"Name: N{i} | Amount: {row}" for i, row in enumerate(["12", "n/a", "30"]))
    assert "1 without a number left out" in play("What is the total amount?", text).answer


def test_a_line_of_totals_is_not_a_record() -> None:
    text = "Item,Price\nPen,2.50\nInk,4.00\nPad,3.50\nTotal,10.00".replace(",", ";")
    assert play("What is the total price?", text).head == "10"
    assert play("What is the highest price?", text).head == "4.00: Ink"


def test_a_field_that_counts_is_added_up() -> None:
    text = "\n".join(
        f"{n} bought {k} apples for {p} dollars." for n, k, p in [("Ann", 3, 5), ("Bob", 7, 9), ("Cy", 12, 20)]
    )
    assert play("How many apples did Bob buy?", text).head == "7"
    assert play("What is the total number of apples bought?", text).head == "22"


def test_the_latest_date_is_found_by_its_text() -> None:
    text = "\n".join(f"order: A{i}; date: 2024-0{m}-11; amount: {i}" for i, m in enumerate([3, 9, 1, 7]))
    assert "2024-09-11" in play("What is the latest date?", text).head


@pytest.mark.parametrize(
    "query",
    [
        "How many moons does Mars have?",
        "What is the average height of the trees?",
        "What is the total budget of Orion?",
    ],
)
def test_records_about_something_else_answer_nothing(query: str) -> None:
    for write in LAYOUTS.values():
        assert "No answer found" in play(query, write(_workers(1))).answer


def test_a_sentence_that_states_the_total_is_read_in_prose() -> None:
    text = pages(["The total budget is $5,400,000.", "The travel budget is $20,000."], 2, width=70)
    assert play("What is the total budget?", text).head == "$5,400,000"


def test_thousands_of_records_amid_prose_are_all_counted() -> None:
    rng = random.Random(8)
    teams = [rng.choice(("Red", "Blue")) for _ in range(3000)]
    text = "\n".join(
        f"Name: P{i}, Team: {team}, Points: {i % 7}\n{_FILL[:400] if i % 5 == 0 else ''}"
        for i, team in enumerate(teams)
    )
    assert play("How many players are in team Blue?", text).head == str(teams.count("Blue"))
    points = sum(i % 7 for i, team in enumerate(teams) if team == "Red")
    assert play("What is the total number of points of team Red?", text).head == str(points)


def test_pairs_in_a_log_are_fields() -> None:
    log = [(("ERROR", 503) if i % 9 == 0 else ("INFO", 200), f"/p{i % 3}", i % 40) for i in range(200)]
    text = "\n".join(
        f"2024-10-17 00:{i % 60:02}:11 {level}  web-2 request={path} status={code} took {ms} ms"
        for i, ((level, code), path, ms) in enumerate(log)
    )
    assert play("How many requests have status 503?", text).head == str(sum(code == 503 for (_, code), _, _ in log))
    assert play("How many errors are in the log?", text).head == str(sum(level == "ERROR" for (level, _), _, _ in log))
    slow = [ms for (level, _), _, ms in log if level == "ERROR"]
    assert play("What is the average time taken by errors?", text).head == f"{sum(slow) / len(slow):.2f}".removesuffix(
        ".00"
    )
    assert play("How many requests took more than 30 ms?", text).head == str(sum(ms > 30 for _, _, ms in log))


def test_years_are_compared() -> None:
    text = "\n".join(
        f"Employee: P{i}; Department: {'Sales' if i % 2 else 'Law'}; Employed since: {1990 + i}" for i in range(30)
    )
    assert play("How many employees were employed since 2006?", text).head == "14"
    assert play("How many employees work in Sales?", text).head == "15"
    assert play("When was P7 employed?", text).head == "1997"


@pytest.mark.parametrize("layout", ["keyed", "csv", "json lines", "aligned", "sentences"])
@pytest.mark.parametrize(
    ("query", "reckon"),
    [
        ("How much do all Engineering employees earn in total?", lambda own, rest: sum(own)),
        ("Calculate the total salary for the Engineering department.", lambda own, rest: sum(own)),
        ("What is the sum of the salaries of everyone in Engineering?", lambda own, rest: sum(own)),
        ("Count the employees in the Engineering department.", lambda own, rest: len(own)),
        ("How many people work in the Engineering department?", lambda own, rest: len(own)),
        ("How many employees are not in Engineering?", lambda own, rest: len(rest)),
        ("What do Engineering employees earn on average?", lambda own, rest: sum(own) / len(own)),
        ("What is the median salary?", lambda own, rest: statistics.median(own + rest)),
        ("What is the highest salary in Engineering?", lambda own, rest: max(own)),
    ],
)
def test_other_ways_to_ask(layout: str, query: str, reckon: Callable[[list[int], list[int]], float]) -> None:
    workers = _workers(5)
    own = [w.salary for w in workers if w.department == "Engineering"]
    rest = [w.salary for w in workers if w.department != "Engineering"]
    run = play(query, LAYOUTS[layout](workers))
    assert _number(run.head.split(":")[0]) == pytest.approx(reckon(own, rest), abs=0.005), run.answer


@pytest.mark.parametrize("layout", ["keyed", "csv", "json lines", "aligned"])
def test_records_are_listed_and_their_kinds_counted(layout: str) -> None:
    workers = _workers(5)
    text = LAYOUTS[layout](workers)
    names = [w.name for w in workers if w.department == "Engineering"]
    assert play("List all employees in Engineering", text).head == ", ".join(names)
    kinds = {w.department for w in workers}
    assert play("How many departments are there?", text).head == str(len(kinds))
    top = Counter(w.department for w in workers).most_common(1)[0][0]
    assert play("Which department has the most employees?", text).head == top


def test_records_that_a_noun_and_a_number_open() -> None:
    rng = random.Random(3)
    orders = [
        (i, f"C{i % 11} Reed", rng.randrange(1, 30), price) for i, price in enumerate(rng.sample(range(9000), 140))
    ]
    text = "List of orders\n\n" + "\n".join(
        f"Order {i:03} | Customer: {c} | Crates: {k} | Price: ${p:,}" for i, c, k, p in orders
    )
    for query in ("How many orders are there?", "How many orders are there in total?"):
        assert play(query, text).head == "140"
    assert play("How many customers are there?", text).answer.startswith("11 (different values of Customer")
    assert play("How many crates were ordered in total?", text).head == str(sum(k for _, _, k, _ in orders))
    dear = max(orders, key=lambda order: order[3])
    answer = play("Which order had the highest price?", text).answer
    assert answer.startswith(f"Order {dear[0]:03} (Price ${dear[3]:,}, Customer {dear[1]}; highest of Price")
    assert play("What is the cheapest order?", text).head == f"Order {min(orders, key=lambda o: o[3])[0]:03}"
    assert play("Who placed order 017?", text).head == orders[17][1]
    top = [f"Order {i:03}" for i, _, _, p in orders if p > 8500]
    assert play("Which orders cost more than $8,500?", text).head == ", ".join(top)
    many = {c for _, c, k, _ in orders if k > 25}
    assert play("How many customers ordered more than 25 crates?", text).head == str(len(many))
