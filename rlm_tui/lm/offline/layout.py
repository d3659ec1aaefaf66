"""How the records of a document are written, read off the excerpts that the probe and the search printed."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LayoutKind = Literal["csv", "table", "keyed", "jsonl", "json", "log", "sentences"]
_EXCERPT = re.compile(r"^(document \d+ begins|passage of document \d+ at \d+): (['\"].*['\"])$", re.MULTILINE)
_KEY = re.compile(
    r"(?:^|(?<=[,;|.•*(\[{–-])\s*|(?<=:)\s+|\s{2,})[\"'*]*([A-Za-z_][\w#/-]*(?: [\w#/-]+){0,2})[\"'*]*\s*:(?=[*]*\s*\S)"
    r"|(?:^|[\s,;|(])([A-Za-z_][\w.-]*)\s?=\s?(?=\S)",
    re.MULTILINE,
)
_OPENING = re.compile(r"([A-Z][a-z]+) [#№]?[\w-]*\d[\w-]*\s*[|:;,–—-]")
LEVEL = r"\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|SEVERE|CRITICAL|FATAL)\b"
_DELIMITERS = ((",", 3), (";", 2), ("\t", 2), ("  ", 2))
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SLOT = re.compile(
    r"(?P<number>[$€£]?\d+(?:[.,:/-]\d+)*(?:[kK]\b|%)?)"
    r"|(?P<name>[A-Z]\w*\.?(?:['’&-]\w+)*(?:[ \n][A-Z]\w*(?:['’&-]\w+)*)*)"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to write records; `columns` are the names of their fields, `detail` a delimiter, a pattern or the noun that
    opens each record (`Order` of `Order 12 | Price: 3`), `sample` a row whose header stands elsewhere."""

    kind: LayoutKind
    columns: tuple[str, ...] = ()
    detail: str = ""
    sample: str = ""


def excerpts(outputs: str) -> list[str]:
    """The texts that the blocks printed as literals, without what was cut; what a person's edit broke is left out."""
    found: list[str] = []
    for match in _EXCERPT.finditer(outputs):
        try:
            text = str(ast.literal_eval(match.group(2)))
        except (ValueError, SyntaxError):
            continue
        at = re.search(r" at (\d+)$", match.group(1))
        text = _without_start(text) if at and int(at[1]) > 150 else text
        found.append(_without_end(text) if len(text) >= 400 else text)
    return found


def _without_start(text: str) -> str:
    line, _, rest = text.partition("\n")
    return re.sub(r"^.*?[.!?]\s", "", line) + "\n" + rest if re.search(r"[.!?]\s", line) else rest


def _without_end(text: str) -> str:
    rest, newline, line = text.rpartition("\n")
    if not newline:
        return text
    ends = [match.end() for match in re.finditer(r"[.!?]\s", line)]
    return rest + "\n" + line[: ends[-1]] if ends else rest


def detect(texts: Sequence[str]) -> Layout | None:
    """The layout of the records in some excerpts, or None when they look like plain prose."""
    lines = [line for text in texts for line in text.replace("\f", "\n").splitlines() if line.strip()]
    found = _json(texts, lines) or _separated(lines) or _log(lines) or _keyed(texts)
    return found or _headless(lines) or _sentences(texts)


def _json(texts: Sequence[str], lines: list[str]) -> Layout | None:
    objects = [line for line in lines if _loads(line.strip().rstrip(","))]
    if len(objects) >= 2 and not any(text.lstrip().startswith("[") for text in texts[:1]):
        return Layout("jsonl", tuple(json.loads(objects[0].strip().rstrip(","))))
    if texts and re.match(r"\s*[\[{]\s*[\[{\"]", texts[0]):
        return Layout("json", tuple(dict.fromkeys(re.findall(r'"([^"\n]{1,40})"\s*:', texts[0]))))
    return None


def _loads(line: str) -> bool:
    try:
        return line.startswith("{") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


def cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line; the delimiter `  ` stands for two or more blanks, a tab or a bar."""
    if delimiter == "  ":
        return re.split(r"\s*\|\s*|\t|\s{2,}", line.strip().strip("|").strip())
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _separated(lines: list[str]) -> Layout | None:
    for delimiter, least in _DELIMITERS:
        rows = [cells(_THOUSANDS.sub("", line), delimiter) for line in lines]
        data = Counter(len(row) for row in rows if len(row) >= least and _is_data(row))
        for header in rows:
            if data[len(header)] >= 2 and _is_header(header):
                return Layout(_separator_kind(delimiter), tuple(header), delimiter)
    return None


def _headless(lines: list[str]) -> Layout | None:
    """Rows whose header was not among the excerpts; the block looks for it above the first of them."""
    for delimiter, least in _DELIMITERS:
        rows = [(len(row), line) for line in lines if len(row := cells(line, delimiter)) >= least and _is_data(row)]
        width, count = Counter(width for width, _ in rows).most_common(1)[0] if rows else (0, 0)
        if count >= 4:
            sample = next(line for found, line in rows if found == width)
            return Layout(_separator_kind(delimiter), (), delimiter, sample.strip())
    return None


def _separator_kind(delimiter: str) -> LayoutKind:
    return "table" if delimiter == "  " else "csv"


def _is_header(row: list[str]) -> bool:
    names = [cell.strip(' *_`"') for cell in row]
    return len(set(names)) == len(names) and all(
        re.fullmatch(r"[^\W\d][^:=]{0,30}", n) and len(n.split()) <= 4 for n in names
    )


def _is_data(row: list[str]) -> bool:
    plain = all(len(cell) <= 200 for cell in row)
    return plain and any(re.fullmatch(r"\W{0,3}\d[\d.,:/ -]*\W?\w{0,3}", cell) for cell in row)


def _log(lines: list[str]) -> Layout | None:
    levels = sum(bool(re.search(rf"(?<![=\"'\w]){LEVEL}", line[:80]) and re.search(r"\d", line[:40])) for line in lines)
    return Layout("log") if levels >= 3 else None


def _keyed(texts: Sequence[str]) -> Layout | None:
    counts: Counter[str] = Counter()
    for text in texts:
        for match in _KEY.finditer(text):
            counts[(match.group(1) or match.group(2)).strip()] += 1
    top = max(counts.values(), default=0)
    keys = tuple(key for key, count in counts.items() if count >= 2 and count * 3 >= top)
    noun = _opening(texts, keys)
    keys = tuple(key for key in keys if not (noun and re.match(rf"{noun}\W*\d", key)))
    return Layout("keyed", keys[:16], noun) if len(keys) >= 2 else None


def _opening(texts: Sequence[str], keys: tuple[str, ...]) -> str:
    """The noun with a number that opens most lines with a key, or "" when there is none."""
    first = "|".join(map(re.escape, keys))
    lines = [line for text in texts for line in text.splitlines() if re.search(rf"\b(?:{first})\W*[:=]", line)]
    nouns = Counter(found[1] for line in lines if (found := _OPENING.match(line)) and found[1] not in keys)
    noun, times = nouns.most_common(1)[0] if nouns else ("", 0)
    return noun if times >= 3 and times * 2 >= len(lines) else ""


def _sentences(texts: Sequence[str]) -> Layout | None:
    """Sentences, or lines, of one shape: `Alice works in Sales and earns $75,000` -> @ works in @ and earns #."""
    shapes: defaultdict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for text in texts:
        for part in re.split(r"(?<=[a-z0-9)%])[.!?]\s+|\n\s*\n|\n(?=\s*[-*•])", text):
            for piece in {part.strip(), *(line.strip() for line in part.splitlines())}:
                if 10 < len(piece) < 300:
                    shape, values = _shape(piece)
                    shapes[shape].add(values)
    good = [shape for shape, values in shapes.items() if len(values) >= 3 and _has_slots(shape)]
    if not good:
        return None
    best = max(good, key=lambda shape: (len(shape), len(shapes[shape])))
    return Layout("sentences", _slot_names(best), _pattern(best))


def _shape(piece: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fixed texts of a piece with the kind of slot (@ or #) between them, and what fills the slots."""
    parts: list[str] = []
    at = 0
    slots = list(_SLOT.finditer(piece))
    for match in slots:
        parts += [piece[at : match.start()], "#" if match.group("number") else "@"]
        at = match.end()
    fixed = [re.sub(r"\s+", " ", part) for part in [*parts, piece[at:].rstrip(" .!")]]
    return tuple(fixed), tuple(match.group() for match in slots)


def _has_slots(shape: tuple[str, ...]) -> bool:
    return len(shape) >= 5 or (len(shape) == 3 and "#" in shape)


def _slot_names(shape: tuple[str, ...]) -> tuple[str, ...]:
    """Each slot is named by the words before it, one with a number also by the word after it."""
    names: list[str] = []
    for index in range(0, len(shape) - 1, 2):
        near = _plain(shape[index])[-2:] + (_plain(shape[index + 2])[:1] if shape[index + 1] == "#" else [])
        name = " ".join(near) or ("name" if index == 0 else f"part {index // 2 + 1}")
        names.append(name if name not in names else f"{name} {index // 2 + 1}")
    return tuple(names)


def _plain(text: str) -> list[str]:
    return re.sub(r"[^\w ]|\b(?:and|the|a|an|of|who|which|for|is|that)\b", " ", text).split()


def _pattern(shape: tuple[str, ...]) -> str:
    out: list[str] = []
    for index, part in enumerate(shape):
        if index % 2:
            out.append(
                r"([$€£]?\d[\d.,:/%-]{0,30}\d[kK%]?|[$€£]?\d[kK%]?)"
                if part == "#"
                else r"([A-Z][\w.'’&-]{0,30}(?:\s{1,3}[A-Z][\w.'’&-]{0,30}){0,5})"
            )
        else:
            out.append(r"\s+".join(re.escape(word) for word in part.split(" ")).replace(r"\s+\s+", r"\s+"))
    return (
        r"\b" * bool(re.match(r"\w|\(", "".join(out)))
        + "".join(out).replace("\\'", "'").replace('"', r"\x22")
        + r"(?!\w)"
    )
