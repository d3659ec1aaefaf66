"""`rlm-tui parse`: what the parser sees in a response."""

from __future__ import annotations

import errno
import json
import sys
from typing import TYPE_CHECKING

from rlm_tui import files
from rlm_tui.errors import DocumentError, ExitCode

if TYPE_CHECKING:
    import argparse
    from typing import BinaryIO

    from rlm_tui.engine.parser import Parsed

_MOST_BYTES = 100_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `parse`."""
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="the response; stdin when left out or -")
    parser.add_argument("--dialect", default="paper", metavar="D", help="which protocol it speaks (paper)")
    parser.add_argument("--finish-reason", metavar="R", help="what the provider gave as the reason to stop")


def run(args: argparse.Namespace) -> int:
    """Print one JSON object: blocks, final, repairs (remarks included), truncated."""
    from rlm_tui.engine.dialect import dialect
    from rlm_tui.engine.parser import parse

    spoken = dialect("paper" if args.dialect == "auto" else args.dialect)
    text = _read(args.file).decode("utf-8", "replace")
    sys.stdout.write(json.dumps(_as_json(parse(text, spoken, args.finish_reason))) + "\n")
    return ExitCode.OK


def _read(name: str) -> bytes:
    if name == "-":
        return _bounded(sys.stdin.buffer)
    try:
        return files.read_bytes(name, _MOST_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise _too_long(repr(name)) from None
        raise DocumentError(
            f"The response {name!r} cannot be read ({files.why(error)}); name a file, or give it on stdin."
        ) from None


def _bounded(file: BinaryIO) -> bytes:
    data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise _too_long("on stdin")
    return data


def _too_long(where: str) -> DocumentError:
    return DocumentError(f"The response {where} is longer than {_MOST_BYTES:,} bytes; no model answers at such length.")


def _as_json(parsed: Parsed) -> dict[str, object]:
    final = parsed.final
    return {
        "blocks": list(parsed.blocks),
        "final": {"kind": final.kind, "value": final.value} if final else None,
        "repairs": [{"name": repair.name, "detail": repair.detail} for repair in parsed.repairs],
        "truncated": parsed.truncated,
    }
