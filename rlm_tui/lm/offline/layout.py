"""How the records of a document are written, read off the excerpts that the probe and the search printed."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LayoutKind = Literal["csv", "table", "keyed", "jsonl", "json", "log", "sentences"]
_EXCERPT = re.compile(r"^(?:document \d+ begins|passage of document \d+ at \d+): (['\"].*['\"])$", re.MULTILINE)
_KEY = re.compile(
    r"(?:^|[,;|.•*(\[{–-]\s*|:\s+|\s{2,})[\"'*]*([A-Za-z_][\w#/-]*(?: [\w#/-]+){0,2})[\"'*]*\s*:(?=[*]*\s*\S)"
    r"|(?:^|[\s,;|(])([A-Za-z_][\w.-]*)\s?=\s?(?=\S)",
    re.MULTILINE,
)
LEVEL = r"\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|SEVERE|CRITICAL|FATAL)\b"
_SLOT = re.compile(
    r"(?P<number>[$€£]?\d+(?:[.,:/-]\d+)*(?:[kK]\b|%)?)|(?P<name>(?:[A-Z]\w*\.?(?:['’&-]\w+)*)(?:[ \n](?:[A-Z]\w*(?:['’&-]\w+)*))*)"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to write records; `columns` are the names of their fields, `detail` a delimiter or a pattern."""

    kind: LayoutKind
    columns: tuple[str, ...] = ()
    detail: str = ""


def excerpts(outputs: str) -> list[str]:
    """The texts that the blocks printed as literals; what a person's edit broke is left out."""
    found: list[str] = []
    for match in _EXCERPT.finditer(outputs):
        try:
            found.append(str(ast.literal_eval(match.group(1))))
        except (ValueError, SyntaxError):
            continue
    return found


def detect(texts: Sequence[str]) -> Layout | None:
    """The layout of the records in some excerpts, or None when they look like plain prose."""
    lines = [line for text in texts for line in text.replace("\f", "\n").splitlines() if line.strip()]
    return _json(texts, lines) or _separated(lines) or _log(lines) or _keyed(texts) or _sentences(texts)


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
        return re.split(r"\s{2,}|\t|\s*\|\s*", line.strip().strip("|").strip())
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _separated(lines: list[str]) -> Layout | None:
    for delimiter, least in ((",", 3), (";", 2), ("\t", 2), ("  ", 2)):
        rows = [(cells(line, delimiter), line) for line in lines]
        for index, (header, _) in enumerate(rows):
            width = len(header)
            same = sum(len(row) == width and _is_data(row) for row, _ in rows[index + 1 :])
            if width >= least and same >= 2 and _is_header(header):
                return Layout("table" if delimiter == "  " else "csv", tuple(header), delimiter)
    return None


def _is_header(row: list[str]) -> bool:
    names = [cell.strip(' *_`"') for cell in row]
    return len(set(names)) == len(names) and all(
        re.fullmatch(r"[^\W\d][^:=]{0,30}", n) and len(n.split()) <= 4 for n in names
    )


def _is_data(row: list[str]) -> bool:
    plain = all(len(cell) <= 200 for cell in row)
    return plain and any(re.fullmatch(r"\W{0,3}\d[\d.,:/ -]*\W?\w{0,3}", cell) for cell in row)


def _log(lines: list[str]) -> Layout | None:
    levels = sum(bool(re.search(LEVEL, line[:80]) and re.search(r"\d", line[:30])) for line in lines)
    keyed = sum(len(re.findall(r"\b\w+=\S", line)) >= 2 for line in lines)
    return Layout("log") if levels >= 3 and levels > keyed else None


def _keyed(texts: Sequence[str]) -> Layout | None:
    counts: Counter[str] = Counter()
    for text in texts:
        for match in _KEY.finditer(text):
            counts[(match.group(1) or match.group(2)).strip()] += 1
    top = max(counts.values(), default=0)
    keys = tuple(key for key, count in counts.items() if count >= 2 and count * 3 >= top)
    return Layout("keyed", keys[:16]) if len(keys) >= 2 else None


def _sentences(texts: Sequence[str]) -> Layout | None:
    """Sentences, or lines, of one shape: `Alice works in Sales and earns $75,000` -> @ works in @ and earns #."""
    shapes: Counter[tuple[str, ...]] = Counter()
    seen: set[str] = set()
    for text in texts:
        for part in re.split(r"(?<=[a-z0-9)%])[.!?]\s+|\n\s*\n|\n(?=\s*[-*•])", text)[1 if len(texts) > 1 else 0 :]:
            for piece in {part.strip(), *(line.strip() for line in part.splitlines())}:
                if piece not in seen and 10 < len(piece) < 300:
                    seen.add(piece)
                    shapes[tuple(_shape(piece))] += 1
    good = [shape for shape, count in shapes.most_common(8) if count >= 2 and _has_slots(shape)]
    if not good:
        return None
    best = max(good, key=lambda shape: (shapes[shape], len(shape)))
    return Layout("sentences", _slot_names(best), _pattern(best))


def _shape(piece: str) -> list[str]:
    """The fixed texts of a piece with the kind of slot (@ or #) after each but the last."""
    parts: list[str] = []
    at = 0
    for match in _SLOT.finditer(piece):
        parts += [" ".join(piece[at : match.start()].split(" ")), "#" if match.group("number") else "@"]
        at = match.end()
    return [re.sub(r"\s+", " ", part) for part in [*parts, piece[at:].rstrip(" .!")]]


def _has_slots(shape: tuple[str, ...]) -> bool:
    return len(shape) >= 5 or (len(shape) == 3 and "#" in shape)


def _slot_names(shape: tuple[str, ...]) -> tuple[str, ...]:
    names: list[str] = []
    for index in range(0, len(shape) - 1, 2):
        fixed = re.sub(r"[^\w ]|\b(?:and|the|a|an|of|who|which|for|is)\b", " ", shape[index]).split()
        name = " ".join(fixed[-3:]) or ("name" if index == 0 else f"part {index // 2 + 1}")
        names.append(name if name not in names else f"{name} {index // 2 + 1}")
    return tuple(names)


def _pattern(shape: tuple[str, ...]) -> str:
    out: list[str] = []
    for index, part in enumerate(shape):
        if index % 2:
            out.append(
                r"([$€£]?\d[\d.,:/%-]*\d[kK%]?|[$€£]?\d[kK%]?)"
                if part == "#"
                else r"([A-Z][\w.'’&-]*(?:\s+[A-Z][\w.'’&-]*)*)"
            )
        else:
            out.append(r"\s+".join(re.escape(word) for word in part.split(" ")).replace(r"\s+\s+", r"\s+"))
    return (
        r"\b" * bool(re.match(r"\w|\(", "".join(out)))
        + "".join(out).replace("\\'", "'").replace('"', r"\x22")
        + r"(?!\w)"
    )
