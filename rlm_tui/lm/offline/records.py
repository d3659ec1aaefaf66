"""The blocks that read every record of a document and compute over them, as templates."""

from __future__ import annotations

import re

from rlm_tui.lm.offline.code import Source, literal, raw
from rlm_tui.lm.offline.layout import LEVEL, Layout

_LINES = """\
def lines():
    for doc in docs:
        for match in re.finditer(r"[^\\n\\r\\f]+", doc):
            yield match.group().strip()

"""
_CSV_CELLS = """\
def cells(line):
    row = next(csv.reader([line], delimiter=«detail»), []) if '"' in line else line.split(«detail»)
    return [cell.strip() for cell in row]

"""
_TABLE_CELLS = """\
def cells(line):  # cells part at bars, tabs or two blanks
    return re.split(r"\\s*\\|\\s*|\\t|\\s{2,}", line.strip("|").strip())

"""
_HEADER = """\
def header(row):  # the topmost of the lines above a row that have as many cells
    doc = next(doc for doc in docs if row in doc)
    top, end = row, doc.find(row)
    while end > 0:
        start = max(doc.rfind("\\n", 0, end - 1), doc.rfind("\\f", 0, end - 1)) + 1
        if len(cells(doc[start:end].strip())) != len(cells(row)):
            break
        top, end = doc[start:end].strip(), start
    return cells(top)

columns = header(«sample»)
"""
_COLUMNS = """\
columns = «columns»
"""
_ROWS = """\

def records():  # rows with as many cells as the header; a thousands comma that splits a cell is taken out
    for line in lines():
        row = cells(line)
        if len(row) > len(columns):
            row = cells(re.sub(r"(?<=\\d),(?=\\d{3}(?!\\d))", "", line))
        if len(row) == len(columns) and row != columns and re.search(r"\\w", line) and row[0].lower() not in totals:
            yield dict(zip(columns, row))
"""
_KEYED = """\
key = re.compile(«detail»)

def records():  # a record ends where one of its keys comes again
    for doc in docs:
        record, name, at = {}, None, 0
        for match in key.finditer(doc):
            found = match[1] or match[2]
            again = found in record or found == name
            if name:
                record[name] = tidy(doc[at : min(match.start(), at + 300)], last=again)
            if again:
                yield record
                record = {}
            name, at = found, match.end()
        if name:
            yield {**record, name: tidy(doc[at : at + 300], last=True)}

def tidy(text, last):
    text = re.split(r"[\\n\\f]", text.strip(), maxsplit=1)[0] if last else text
    return " ".join(text.split()).strip(" ,;|\\"'*[](){}").rstrip(" .:–—-")
"""
_JSONL = """\
def records():  # one JSON object a line
    for line in lines():
        if line.startswith("{"):
            try:
                yield {key: str(value) for key, value in json.loads(line.rstrip(",")).items()}
            except ValueError:
                continue
"""
_JSON = """\
def records():  # JSON: every object that holds no other object
    for doc in docs:
        waiting = [json.loads(doc)]
        while waiting:
            item = waiting.pop()
            inner = [v for v in (item.values() if isinstance(item, dict) else item) if isinstance(v, (dict, list))]
            if isinstance(item, dict) and not any(isinstance(v, dict) or v and isinstance(v[0], dict) for v in inner):
                yield {key: str(value) for key, value in item.items()}
            else:
                waiting.extend(reversed(inner))
"""
_LOG = """\
level = re.compile(«detail»)
pair = re.compile(r'(\\w+)(?:=|[ ](?=\\d))"?([^"\\s]+)')

def records():  # lines of a log: before the level, the level, the message, and pairs like size=3 or took 9
    for line in lines():
        found = level.search(line[:120])
        if found:
            before, after = line[: found.start()], line[found.end() :]
            record = {"time": before.strip(" []:-"), "level": found.group(1), "message": after.strip(" ]:-")}
            yield {**record, **dict(pair.findall(after[:2000]))}
"""
_SENTENCES = """\
columns = «columns»
shape = re.compile(«detail»)

def records():  # sentences of one shape
    for doc in docs:
        for found in shape.finditer(doc):
            yield {name: " ".join(value.split()) for name, value in zip(columns, found.groups())}
"""
_READERS = {
    "csv": ("csv, re", _LINES + _CSV_CELLS),
    "table": ("re", _LINES + _TABLE_CELLS),
    "keyed": ("re", _KEYED),
    "jsonl": ("json, re", _LINES + _JSONL),
    "json": ("json, re", _JSON),
    "log": ("re", _LINES + _LOG),
    "sentences": ("re", _SENTENCES),
}
NAMES = {
    "csv": "lines of comma-separated values",
    "table": "rows of a table",
    "keyed": "fields with a name before each",
    "jsonl": "JSON objects, one a line",
    "json": "JSON",
    "log": "lines of a log",
    "sentences": "sentences of one shape",
}
_PROFILE = """
count, example, matches = 0, {}, Counter()
for record in records():
    count, example = count + 1, example or record
    for field, value in record.items():
        for word, pattern in patterns.items():
            if re.search(pattern, value.lower()):
                matches[word, field, value if len(value) <= 40 else "…"] += 1
print("records:", count)
print("example:", {field: value[:60] for field, value in example.items()})
print("matches:", [(*match, times) for match, times in matches.most_common(30)])
"""
_TOTALS = """\
totals = ("total", "totals", "subtotal", "sum", "grand total", "total:")
"""


def reader(layout: Layout) -> str:
    """The template of step 3: a generator of records, then a count of them and of the question's words in them."""
    imports, body = _READERS[layout.kind]
    totals = ""
    if layout.kind in ("csv", "table"):
        totals = _TOTALS
        body += (_COLUMNS if layout.columns else _HEADER) + _ROWS
    head = f"# Step: read every record ({NAMES[layout.kind]}), and see where the words of the question stand\n"
    docs = "docs = [context] if isinstance(context, str) else [str(part) for part in context]\n"
    start = f"{head}import {imports}\nfrom collections import Counter\n\n{docs}"
    return f"{start}patterns = «patterns»\n{totals}\n{body}{_PROFILE}"


def detail(layout: Layout) -> Source:
    """What a reader needs beside the columns, as source: a delimiter or a pattern."""
    if layout.kind == "csv":
        return Source(literal(layout.detail))
    if layout.kind == "keyed":
        keys = sorted(layout.columns, key=len, reverse=True)
        names = "|".join(re.escape(key).replace(r"\ ", r"\s") for key in keys)
        opening = rf"|(?<![^\n\f])(?=({layout.detail}) [#№]?[\w-]*\d)" if layout.detail else "|(?!)()"
        return raw(rf"\b({names})['\x22*]*\s?[:=][*]*[ \t]*{opening}")
    return raw(LEVEL if layout.kind == "log" else layout.detail)
