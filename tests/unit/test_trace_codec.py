"""Lines: every event survives them, and nothing that is not as it was written gets through."""

from __future__ import annotations

import json
import math
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_examples import HEADER, LATER, WILD, a_run, any_event, seal, struct_of

from rlm_tui import events as ev
from rlm_tui.errors import TraceError
from rlm_tui.session.log import EventLog
from rlm_tui.session.setup import Setup
from rlm_tui.trace import codec, migrate
from rlm_tui.trace.codec import Header, decode, decode_header, encode, encode_header
from rlm_tui.trace.store import MemoryLines


@settings(deadline=None, max_examples=400)
@given(any_event())
def test_every_event_comes_back_equal(event: ev.TraceEvent) -> None:
    line = encode(event)
    assert decode(line) == event
    assert line.count(b"\n") == 1


@pytest.mark.parametrize("kind", ev.KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_comes_back_equal(kind: type[ev.TraceEvent]) -> None:
    @settings(deadline=None, max_examples=15)
    @given(struct_of(kind))
    def check(event: ev.TraceEvent) -> None:
        assert decode(encode(event)) == event

    check()


@pytest.mark.parametrize("kind", ev.KINDS, ids=lambda kind: kind.__name__)
def test_with_any_numbers_an_event_is_refused_or_comes_back_equal(kind: type[ev.TraceEvent]) -> None:
    log = EventLog(MemoryLines())

    @settings(deadline=None, max_examples=60)
    @given(struct_of(kind, WILD))
    def check(event: ev.TraceEvent) -> None:
        line = b""
        with suppress(TraceError):
            line = encode(event)
        assert not line or decode(line) == event
        with suppress(TraceError):
            log.emit(event)

    check()
    assert [log.event(seq).seq for seq in range(1, len(log) + 1)] == list(range(1, len(log) + 1))


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(st.text("abc"), st.one_of(WILD[int], st.text("é"), st.booleans())), struct_of(ev.ContextInfo, WILD)
)
def test_with_any_numbers_a_header_is_refused_or_comes_back_equal(config: dict[str, Any], info: ev.ContextInfo) -> None:
    header, line = Header(config=config, context=info), b""
    with suppress(TraceError):
        line = encode_header(header)
    assert not line or decode_header(line) == header


@settings(deadline=None, max_examples=200)
@given(st.lists(struct_of(ev.Usage)))
def test_what_many_calls_spent_can_be_written(usages: list[ev.Usage]) -> None:
    total = sum(usages, ev.Usage())
    event = ev.RunFinished(seq=1, status="answered", usage=total)
    assert decode(encode(event)) == event
    assert total.tokens is None or total.tokens <= ev.MOST


def test_no_number_of_a_trace_is_without_bounds() -> None:
    within = [ev.Usage, ev.Limits, ev.ContextPart, ev.Parameters, ev.Served, ev.VarChange, ev.BodyRef]
    fields = {(kind.__name__, name): hint for kind in (*ev.KINDS, *within)
              for name, hint in get_type_hints(kind, include_extras=True).items() if name != "seq"}  # fmt: skip
    loose = {field for field, hint in fields.items() if {int, float} & set(get_args(hint | None))}
    assert loose == {("Parameters", "temperature")}


def test_the_example_run_has_every_kind() -> None:
    assert {type(event) for event in (*a_run(), *LATER)} == set(ev.KINDS)


@settings(deadline=None, max_examples=50)
@given(struct_of(ev.ContextInfo), st.dictionaries(st.text("abc"), st.one_of(st.none(), st.booleans(), st.text("é\n"))))
def test_every_header_comes_back_equal(context: ev.ContextInfo, config: dict[str, codec.Setting]) -> None:
    header = Header(app="rlm-tui 9", created="2026-01-01T00:00:00Z", config=config, sandbox="LOCKED", context=context)
    assert decode_header(encode_header(header)) == header


def test_a_line_is_one_json_object_whose_last_member_is_the_checksum_of_what_precedes_it() -> None:
    line = encode(ev.Told(seq=3, text="naïve “words”\n"))
    record = json.loads(line)
    assert list(record)[-1] == "crc"
    assert int(record["crc"], 16) == zlib.crc32(line[: line.index(b',"crc"')])


def test_every_changed_byte_of_a_line_is_noticed() -> None:
    line = encode(ev.LmResponded(seq=7, t=0.5, node="r.1", text="x", usage=ev.Usage(1, 2, 0.5)))
    for index in range(len(line)):
        for flip in (0x01, 0x20, 0x80):
            changed = line[:index] + bytes([line[index] ^ flip]) + line[index + 1 :]
            with pytest.raises(TraceError):
                decode(changed)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "make",
    [
        lambda number: ev.Note(seq=1, text="x", t=number),
        lambda number: ev.LmFailed(seq=1, message="x", retry_in_s=number),
        lambda number: ev.SubcallFinished(seq=1, usage=ev.Usage(cost_usd=number)),
        lambda number: ev.RunStarted(
            seq=1, query="", model="", sub_model="", dialect="", limits=ev.Limits(seconds=number)
        ),
    ],
)
def test_a_number_that_is_not_finite_is_never_written(make: object, number: float) -> None:
    with pytest.raises(TraceError, match="not finite"):
        encode(make(number))  # type: ignore[operator]


def test_a_lone_surrogate_is_never_written() -> None:
    with pytest.raises(TraceError, match="surrogate"):
        encode(ev.Told(seq=1, text="\ud800"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"kind":"note","seq":1,"text":"a","seq":2}', "same member twice"),
        ('{"kind":"note","kind":"told","seq":1,"text":"a"}', "same member twice"),
        ('{"kind":"x.y","seq":1,"a":{"b":1,"b":2}}', "same member twice"),
        ('{"crc":"00000000","crc":"1","kind":"note","seq":1,"text":"a"}', "same member twice"),
        ('{"kind":"note","seq":1,"t":NaN,"text":"a"}', "not valid JSON"),
        ('{"kind":"note","seq":1,"text":"a","more":-Infinity}', "not valid JSON"),
        ('{"kind":"note","seq":1,"text":"a","t":1e9999}', "not finite"),
        ('{"kind":"note","seq":1,"text":"a","more":-1e9999}', "not finite"),
        ('{"kind":"x.y","seq":1,"more":1e9999}', "not finite"),
        ('{"kind":"note","text":"a","seq":' + "9" * 5000 + "}", "not valid JSON"),
        ('{"kind":"note","text":"a","seq":1,"more":' + "9" * 5000 + "}", "not valid JSON"),
        ('{"kind":"note","text":"a","seq":' + "9" * 400 + "}", "out of range"),
        ('{"kind":"note","text":"a","seq":-1}', "out of range"),
        ('{"kind":"note","text":"a"}', "out of range"),
        ('{"kind":"note","text":"a","seq":1,"more":' + "[" * 99_999 + "]" * 99_999 + "}", "too deeply"),
        ('{"kind":"x.y","seq":1,"more":' + '{"a":' * 99_999 + "1" + "}" * 100_000, "too deeply"),
        (b'{"kind":"note","seq":1,"text":"\xff"}', "not valid JSON"),
        ('{"kind":"note","seq":1,"text":"\\ud800"}', "not valid JSON"),
        ('{"kind":"note","seq":1,"text":7}', "note is not as it should be"),
        ('{"kind":"held","seq":1,"hold":1,"why":"","checkpoint":"nowhere"}', "held is not as it should be"),
        (
            '{"kind":"held","seq":1,"hold":-1,"why":"","checkpoint":"before_code"}',
            "held is not as it should be: .* >= 0",
        ),
        ('{"kind":"note","seq":1,"t":-1,"text":"a"}', "no event: .* >= 0"),
        ('{"kind":"compacted","seq":1,"summary":"a","dropped":1' + "0" * 400 + "}", "compacted is not .* <= 92233"),
        ('{"kind":"limit.hit","seq":1,"limit":"tokens","value":1' + "0" * 400 + ',"cap":1}', "limit.hit is not as"),
        ('{"seq":1,"text":"a"}', "no event"),
        ('{"kind":7,"seq":1}', "no event"),
        ("[1,2]", "not valid JSON"),
        ("{}}", "not valid JSON"),
    ],
)
def test_what_json_can_be_made_to_hold_has_an_answer(body: str | bytes, reason: str) -> None:
    with pytest.raises(TraceError, match=reason):
        decode(seal(body))


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.binary(), st.binary().map(lambda body: seal(b'{"kind":"note",' + body + b"}"))))
def test_any_bytes_give_an_event_or_a_trace_error(line: bytes) -> None:
    try:
        event = decode(line)
    except TraceError:
        return
    assert isinstance(event, ev.TraceEvent)


def test_a_line_over_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    line = encode(ev.BodyStored(seq=1, text="x" * 300))
    monkeypatch.setattr(codec, "MAX_LINE", 200)
    with pytest.raises(TraceError, match="longer than"):
        decode(line)
    with pytest.raises(TraceError, match="longer than"):
        encode(ev.BodyStored(seq=1, text="x" * 300))


def test_an_unknown_kind_is_a_head_and_is_never_written_again() -> None:
    event = decode(seal('{"kind":"rlm.dreamt","colour":"blue","seq":4,"t":1.5,"node":"r"}'))
    assert event == ev.Unknown(seq=4, t=1.5, node="r", name="rlm.dreamt")
    with pytest.raises(TraceError, match=r"rlm\.dreamt"):
        encode(event)


def test_members_that_a_later_version_added_are_ignored() -> None:
    assert decode(seal('{"kind":"told","text":"hi","tone":{"a":[1.5]},"seq":2}')) == ev.Told(seq=2, text="hi")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (Header(version=2), "format version 2 and this rlm-tui reads 1 to 1"),
        (Header(version=0), "format version 0"),
        (Header(format="someone-elses"), "names the format 'someone-elses'"),
    ],
)
def test_other_formats_and_versions_are_refused_by_name(header: Header, reason: str) -> None:
    with pytest.raises(TraceError, match=reason):
        decode_header(encode_header(header))


@pytest.mark.parametrize(
    "body",
    ['{"format":"rlm-tui-trace","version":"one"}', '{"format":"rlm-tui-trace","version":1,"app":1}', '{"seq":1}'],
)
def test_a_header_of_the_wrong_shape_is_refused(body: str) -> None:
    with pytest.raises(TraceError, match="header"):
        decode_header(seal(body))


def test_a_later_version_is_named_even_when_its_header_has_another_shape() -> None:
    with pytest.raises(TraceError, match="format version 7"):
        decode_header(seal('{"format":"rlm-tui-trace","version":7,"app":["a","b"]}'))


def test_an_older_version_is_upgraded_step_by_step_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(record: dict[str, object]) -> dict[str, object]:
        return {**record, "text": record["words"]}

    monkeypatch.setattr(codec, "VERSION", 3)
    monkeypatch.setattr(migrate, "STEPS", {1: rename, 2: lambda record: {**record, "by": "engine"}})
    old = seal('{"kind":"told","words":"hi","seq":2}')
    assert decode(old, version=1) == ev.Told(seq=2, text="hi", by="engine")
    monkeypatch.setattr(migrate, "STEPS", {1: rename})
    with pytest.raises(TraceError, match="from format version 2 to 3"):
        decode(old, version=1)


def test_the_golden_file_of_version_1_opens(request: pytest.FixtureRequest) -> None:
    header, *lines = (_golden(request) / "version-1.rlm.jsonl").read_bytes().splitlines(keepends=True)
    assert decode_header(header) == HEADER
    assert [decode(line, 1) for line in lines] == a_run()


def _written_header(tmp_path: Path) -> Header:
    """The header that a run writes."""
    setup = Setup(trace=tmp_path / "a.rlm.jsonl")
    setup.open_trace("Who?", setup.engine_config("offline", ""), "", ev.ContextInfo()).close()
    return decode_header((tmp_path / "a.rlm.jsonl").read_bytes().splitlines(keepends=True)[0])


def test_the_documented_lines_are_real(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    text = (request.config.rootpath / "docs" / "trace-format.md").read_text()
    lines = [line.encode() for line in text.splitlines() if line.startswith('{"')]
    documented = decode_header(lines[0])
    assert documented.format == codec.FORMAT
    assert documented.config.keys() == _written_header(tmp_path).config.keys()
    events = [decode(line) for line in lines[1:]]
    assert [type(event) for event in events] == list(ev.KINDS)
    assert msgspec.json.decode(lines[1])["kind"] == "run.started"


def _golden(request: pytest.FixtureRequest) -> Path:
    return request.config.rootpath / "tests" / "golden"


def test_a_final_text_that_stands_in_its_event_is_read_as_one_that_stands_elsewhere() -> None:
    for value, read in (('"42"', "42"), ('{"body":3}', ev.BodyRef(3))):
        line = seal(f'{{"kind":"response.parsed","final":{{"kind":"text","value":{value}}},"seq":5}}')
        assert decode(line) == ev.ResponseParsed(seq=5, final=ev.Final("text", read))
