"""Makes the bundled sample documents again, byte for byte: `python -m tests.samples.make`.

Everything in them is invented. The prose of the report is in report.txt beside this file; tables, records and logs
come from a seeded generator.
"""

from __future__ import annotations

import calendar
import random
import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from tests.pdfs import make_pdf

OUT = Path(__file__).parents[2] / "sample_traces" / "documents"
_WIDTH = 90
_LINES = 46
_MONTHS = calendar.month_name[1:]
_GIVEN = (
    "Alma Bram Cilla Dario Edda Falk Greta Hanno Ivo Jette Kasimir Lotta Milo Nele Odin Perla Quirin Runa Silas Thea "
    "Ulla Veit Wanda Xaver Ylva Zeno"
)
_FAMILY = (
    "Ashgrove Birkenau Coldwell Dunmore Eastlake Fairhurst Grimsdal Hollis Iverstad Jarrow Kettering Lomax Marchetta "
    "Northgate Oakhanger Pemberlin Quist Rookwood Stavely Tarnholm Underhay Vesterby Wexcombe Yarrowby Zandt"
)
_ROLES = {
    "Engineering": ("Mechanic", "Programmer", "Electrician", "Optical engineer", "Machinist"),
    "Research": ("Astronomer", "Data scientist", "Doctoral student"),
    "Operations": ("Night assistant", "Road crew", "Driver", "Cook"),
    "Outreach": ("Guide", "Teacher", "Designer"),
    "Administration": ("Accountant", "Secretary", "Buyer"),
}
_NAMED = (
    ("Marit Oosterveld", "Administration", "Director", 104_000),
    ("Ilse Varnholt", "Administration", "Writer", 58_300),
    ("Tomas Quillby", "Administration", "Editor", 57_900),
    ("Bettina Krogh-Salander", "Research", "Astronomer", 88_400),
    ("Luca Winterbourne", "Research", "Astronomer", 86_900),
    ("Noor Achterberg", "Research", "Astronomer", 89_700),
    ("Henrike Sandvoort", "Research", "Astronomer", 81_200),
    ("Pia Lindqvarn", "Research", "Astronomer", 78_600),
    ("Emeka Stroud", "Research", "Astronomer", 76_500),
    ("Yannick Obermatt", "Research", "Data scientist", 64_100),
    ("Jonna Pike", "Engineering", "Apprentice", 31_800),
    ("Ruben Castellane", "Engineering", "Optical engineer", 72_900),
    ("Dorotea Vance", "Administration", "Archivist", 55_500),
    ("Ottilie Greaves", "Outreach", "Head", 66_200),
    ("Wendel Arkwright", "Operations", "Safety officer", 61_000),
    ("Saskia Thornbury", "Operations", "Driver", 47_400),
)
_PAY = {"Engineering": 58, "Research": 55, "Operations": 41, "Outreach": 39, "Administration": 44}


def _names(rng: random.Random, count: int) -> list[str]:
    pairs = [f"{given} {family}" for given in _GIVEN.split() for family in _FAMILY.split()]
    return rng.sample(pairs, count)


def _staff_pages(rng: random.Random) -> Iterator[str]:
    departments = ["Engineering"] * 15 + ["Research"] * 8 + ["Operations"] * 16 + ["Outreach"] * 8
    departments += ["Administration"] * 3
    people = list(_NAMED)
    for name, department in zip(_names(rng, len(departments)), departments, strict=True):
        salary = 1000 * _PAY[department] + 100 * rng.randrange(0, 260)
        people.append((name, department, rng.choice(_ROLES[department]), salary))
    rng.shuffle(people)
    lines = [f"Name: {n} | Department: {d} | Role: {role} | Salary: {pay:,}" for n, d, role, pay in people]
    for start in range(0, len(lines), 11):
        part = f"# Staff {start + 1} to {start + 11}\nThe staff on 31 December 2024; salaries in crowns a year.\n\n"
        yield part + "\n\n".join(lines[start : start + 11])


def _log_pages(rng: random.Random) -> Iterator[str]:
    for first in range(0, 12, 2):
        title = f"# Observing log: {_MONTHS[first]} and {_MONTHS[first + 1]}\n"
        nights = [
            _night(rng, day, _MONTHS[first + half]) for half in (0, 1) for day in sorted(rng.sample(range(1, 29), 19))
        ]
        yield title + "\n".join(nights)


def _night(rng: random.Random, day: int, month: str) -> str:
    hours = rng.randrange(8, 98) / 10
    instrument = rng.choice(("Marlow Reflector", "Lantern Array", "Survey Telescope"))
    remark = rng.choice(("clear", "thin cloud", "wind from the west", "closed at dawn", "fog after midnight", "rime"))
    return f"{day} {month}: {instrument}, {hours:.1f} hours, seeing {rng.randrange(48, 210) / 100:.2f}, {remark}"


def _visitors(rng: random.Random) -> str:
    shares = [rng.randrange(40, 160) for _ in _MONTHS]
    counts = [21_430 * share // sum(shares) for share in shares]
    counts[7] += 21_430 - sum(counts)
    return "\n".join(f"{month}: {count:,} visitors" for month, count in zip(_MONTHS, counts, strict=True))


def _wrap(text: str) -> str:
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        lines += textwrap.wrap(line, _WIDTH, break_on_hyphens=False) or [""]
    return "\n".join(lines)


def report() -> bytes:
    """The annual report of an observatory, 40 pages with bookmarks."""
    rng = random.Random(61)
    pages: list[tuple[str, str]] = []
    for block in (Path(__file__).parent / "report.txt").read_text("utf-8").split("=== "):
        head, _, body = block.partition("\n") if pages else ("", "", block)
        kind, _, title = head.partition(" ")
        match kind:
            case "log":
                pages += [("Observing log" if not n else "", text) for n, text in enumerate(_log_pages(rng))]
            case "staff":
                pages += [("Staff" if not n else "", text) for n, text in enumerate(_staff_pages(rng))]
            case "visitors":
                pages[-1] = (pages[-1][0], pages[-1][1].rstrip() + "\n\n" + _visitors(rng))
            case _:
                pages.append((title, body))
    starts = [(title, number) for number, (title, _) in enumerate(pages, 1) if title]
    pages[1] = ("Contents", pages[1][1] + "\n".join(f"{title}, page {number}" for title, number in starts))
    return make_pdf(
        [_with_footer(_wrap(text), number) for number, (_, text) in enumerate(pages, 1)],
        bookmarks=[("Contents", 2), *starts],
        compress=False,
    )


def _with_footer(text: str, number: int) -> str:
    gap = "\n" * max(2, _LINES - text.count("\n"))
    return f"{text}{gap}Kestrel Hollow Observatory, Annual Report 2024, page {number}"


def staff() -> str:
    """The employees of a shipyard, one record a line."""
    rng = random.Random(7)
    lines = ["Brandung Shipyard, list of employees, 1 July 2024", "One record a line; salaries in dollars a year.", ""]
    for name in _names(rng, 180):
        department = rng.choice(("Engineering", "Welding", "Sales", "Logistics", "Design", "Finance"))
        salary, year = rng.randrange(360, 1180) * 100, rng.randrange(1994, 2025)
        city = rng.choice(("Ostmere", "Netherby", "Calder", "Grauhafen"))
        lines.append(
            f"Employee: {name}; Department: {department}; Salary: ${salary:,}; City: {city}; Employed since: {year}"
        )
    return "\n".join(lines) + "\n"


def server_log() -> str:
    """A night of a small web service, with one incident in it."""
    rng, now, lines = random.Random(404), datetime(2024, 10, 17, 0, 0, 3), []  # noqa: DTZ001
    for _ in range(900):
        now += timedelta(seconds=rng.randrange(3, 55))
        lines.append(f"{now:%Y-%m-%d %H:%M:%S} {_log_line(rng, now)}")
    return "\n".join(lines) + "\n"


def _log_line(rng: random.Random, now: datetime) -> str:
    route = rng.choice(("/", "/catalogue", "/catalogue/search", "/plates/1951", "/login", "/tonight", "/api/seeing"))
    user, took = rng.randrange(1000, 1090), rng.randrange(4, 320)
    if (now.hour, now.minute // 10) == (3, 2):
        return f"ERROR db-1 request={route} user={user} status=503 cause=connection pool exhausted after 30000 ms"
    if rng.random() < 0.06:
        return f"WARN  web-{rng.randrange(1, 4)} request={route} user={user} status=200 slow: took {took * 20} ms"
    if rng.random() < 0.02:
        return f"ERROR web-{rng.randrange(1, 4)} request={route} user={user} status=500 cause=template not found"
    return f"INFO  web-{rng.randrange(1, 4)} request={route} user={user} status=200 took {took} ms"


def main() -> None:
    """Write the generated samples; field-notes are written by hand and stand as they are."""
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "report.pdf").write_bytes(report())
    (OUT / "staff.txt").write_text(staff(), "utf-8")
    (OUT / "server.log").write_text(server_log(), "utf-8")


if __name__ == "__main__":
    main()
