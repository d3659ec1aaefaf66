"""Events as lines: one JSON object each, whose last member is the CRC-32 of the bytes before it.

A line comes from a file that anyone may have written, so everything JSON can be made to hold has an answer here:
an event, or one `TraceError` that says why not.
"""

from __future__ import annotations

import json
import math
import zlib
from contextlib import suppress
from typing import Any, Final, TypeAlias, TypeVar, Union

import msgspec

from rlm_tui.errors import TraceError
from rlm_tui.events import EXACT, KINDS, Amount, BodyStored, ContextInfo, TraceEvent, Unknown, Whole
from rlm_tui.text import MEGABYTE, one_line
from rlm_tui.trace import migrate
from rlm_tui.trace.magic import FORMAT, VERSION

MAX_LINE: Final = 256 * 1024 * 1024  # bytes; a longer line is not read into memory
MAX_SEQ: Final = EXACT  # so that any JSON reader agrees

_MARK: Final = b',"crc":"'
_TAIL: Final = len(_MARK) + 8 + len(b'"}')
Setting: TypeAlias = str | Whole | float | bool | None
_T = TypeVar("_T")


class UnfitError(TraceError):
    """An event or a header that could not be read back, so that it is not written."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: what wrote this trace, when (ISO 8601), under which settings, over which context.

    `app` is name and version ("rlm-tui 0.1.0"); `config` holds no secrets; `version` is that of the format alone.
    """

    format: str = FORMAT
    version: int = VERSION
    app: str = ""
    created: str = ""
    config: dict[str, Setting] = {}
    sandbox: str = ""
    context: ContextInfo = ContextInfo()


class _Stamp(msgspec.Struct):
    format: str
    version: int


class _Head(msgspec.Struct):
    kind: str
    seq: int = 0
    t: Amount = 0.0
    node: str = ""


_encoder = msgspec.json.Encoder()
_event_decoder: msgspec.json.Decoder[TraceEvent] = msgspec.json.Decoder(Union[KINDS])  # noqa: UP007
_head_decoder = msgspec.json.Decoder(_Head)
_stamp_decoder = msgspec.json.Decoder(_Stamp)
_header_decoder = msgspec.json.Decoder(Header)
_NAMES = frozenset(kind.__struct_config__.tag for kind in KINDS)


def encode(event: TraceEvent) -> bytes:
    """One event as one line with its line end; raises TraceError for one that `decode` would not give back equal."""
    if isinstance(event, Unknown):
        raise TraceError(f"The event {event.name!r} is of a later version; its raw line is kept, never written again.")
    if not 1 <= event.seq <= MAX_SEQ:
        raise TraceError(f"The event number {event.seq} is out of range.")
    body = _to_json(event)
    if isinstance(event, BodyStored):  # a text that could be encoded comes back, and this one is long
        rest = msgspec.structs.replace(event, text="")
        _check_back(rest, _to_json(rest), _event_decoder)
    else:
        _check_back(event, body, _event_decoder)
    return _seal(body)


def decode(line: bytes, version: int = VERSION) -> TraceEvent:
    """The event of one line (with or without its line end), its checksum verified; TraceError says what is wrong."""
    body = unseal(line)
    if version != VERSION:
        body = migrate.upgrade(body, version, VERSION)
    try:
        event = _parse(_event_decoder, body)
    except msgspec.ValidationError as error:
        event = _unknown(body, error)
    if not 1 <= event.seq <= MAX_SEQ:
        raise TraceError(f"The event number {event.seq} is out of range.")
    return event


def encode_header(header: Header) -> bytes:
    """The header as the first line of a trace."""
    body = _to_json(header)
    _check_back(header, body, _header_decoder)
    return _seal(body)


def decode_header(line: bytes) -> Header:
    """The header of a trace, all of it."""
    header, unfit = read_header(line)
    if unfit:
        raise TraceError(unfit)
    return header


def read_header(line: bytes) -> tuple[Header, str]:
    """The header of a trace without what of it does not fit, and the sentence about that, else "".

    Raises TraceError for other formats and other major versions by name, and for what is no JSON.
    """
    body = unseal(line)
    try:
        stamp = _parse(_stamp_decoder, body)
    except msgspec.ValidationError as error:
        raise TraceError(f"The header of this trace is not as it should be: {error}.") from None
    _check_version(stamp)
    with suppress(msgspec.ValidationError):
        return _parse(_header_decoder, body), ""
    header, unfit = _fitting(body)
    return header, f"Of the header of this trace {one_line(', '.join(unfit), 100)} does not fit and is left out."


def _fitting(body: bytes) -> tuple[Header, list[str]]:
    """Every field of a header that fits, and of its settings every one that does; the names of the others."""
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    kept: dict[str, Any] = {}
    unfit: list[str] = []
    for field in msgspec.structs.fields(Header):
        if field.name in fields:
            try:
                kept[field.name] = msgspec.json.decode(fields[field.name], type=field.type)
            except msgspec.ValidationError:
                unfit.append(field.name)
    if "config" in unfit:
        unfit.remove("config")
        kept["config"], others = _fitting_settings(fields["config"])
        unfit += others
    return Header(**kept), unfit


def _fitting_settings(raw: msgspec.Raw) -> tuple[dict[str, Setting], list[str]]:
    try:
        found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return {}, ["config"]
    kept: dict[str, Setting] = {}
    for name, value in found.items():
        with suppress(msgspec.ValidationError):
            kept[name] = msgspec.json.decode(value, type=Setting)
    return kept, [name for name in found if name not in kept]


def _check_version(stamp: _Stamp) -> None:
    """Asked before anything else of a header, as another version may have another shape."""
    if stamp.format != FORMAT:
        raise TraceError(f"This is no rlm-tui trace: its header names the format {stamp.format[:40]!r}.")
    if not 1 <= stamp.version <= VERSION:
        raise TraceError(
            f"This trace has format version {stamp.version} and this rlm-tui reads 1 to {VERSION}; "
            "open it with the version that wrote it, or a newer one."
        )


def unseal(line: bytes) -> bytes:
    """The JSON object of a line, without its checksum, once that is found right."""
    line = line.removesuffix(b"\n").removesuffix(b"\r")  # a mail or an editor may have put it there
    if len(line) > MAX_LINE:
        raise TraceError(f"The line is longer than {MAX_LINE // MEGABYTE} MB.")
    body, tail = line[:-_TAIL], line[-_TAIL:]
    if not tail.startswith(_MARK) or not tail.endswith(b'"}'):
        raise TraceError("The line has no checksum at its end.")
    if tail[len(_MARK) : -2] != b"%08x" % zlib.crc32(body):
        raise TraceError("The checksum of the line is wrong: it was changed or damaged.")
    return body + b"}"


def _seal(body: bytes) -> bytes:
    head = body[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def _to_json(record: TraceEvent | Header) -> bytes:
    try:
        body = _encoder.encode(record)
    except UnicodeEncodeError as error:
        raise UnfitError(f"A text with a lone surrogate cannot be written to the trace: {error.reason}.") from None
    if len(body) + _TAIL > MAX_LINE:
        raise TraceError(f"An event is longer than {MAX_LINE // MEGABYTE} MB and cannot be written to the trace.")
    return body


def _check_back(record: TraceEvent | Header, body: bytes, decoder: msgspec.json.Decoder[Any]) -> None:
    """That it reads back as it is: what could not be read must never be written, whatever made it."""
    why = "it would not come back as it is"
    try:
        if decoder.decode(body) == record:
            return
    except msgspec.ValidationError as error:
        why = str(error)
    _refuse_non_finite(msgspec.to_builtins(record))
    raise UnfitError(f"The {record.__struct_config__.tag or 'header'} cannot be written to the trace: {why}.")


def _refuse_non_finite(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise UnfitError("A number that is not finite cannot be written to the trace.")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            _refuse_non_finite(item)


def _parse(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    try:
        record = decoder.decode(body)
        # What this version wrote comes back byte for byte; anything else may hide a member twice, or 1e9999.
        if _encoder.encode(record) != body:
            check_json(body)
    except msgspec.ValidationError:
        check_json(body)
        raise
    except (msgspec.DecodeError, UnicodeError) as error:
        raise TraceError(f"The line is not valid JSON: {error}.") from None
    except RecursionError:
        raise TraceError("The line is nested too deeply.") from None
    return record


def check_json(body: bytes) -> None:
    """Refuse what a lenient parser lets through: a member twice, numbers that are not finite or far too long."""
    try:
        json.loads(body, object_pairs_hook=_unique, parse_constant=_not_finite, parse_float=_finite)
    except RecursionError:
        raise TraceError("The line is nested too deeply.") from None
    except ValueError as error:
        raise TraceError(f"The line is not valid JSON: {str(error)[:120]}.") from None


def _unique(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise TraceError("The line holds the same member twice.")


def _not_finite(text: str) -> float:
    raise TraceError(f"The line holds a number that is not finite ({text[:20]}).")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _not_finite(text)


def _unknown(body: bytes, error: msgspec.ValidationError) -> Unknown:
    """The head of an event whose kind this version does not know; a known kind that does not fit is an error."""
    try:
        head = _head_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise TraceError(f"The line is no event: {error}.") from None
    if head.kind in _NAMES:
        raise TraceError(f"The event {head.kind} is not as it should be: {error}.")
    return Unknown(seq=head.seq, t=head.t, node=head.node, name=head.kind)
