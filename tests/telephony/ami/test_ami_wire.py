"""AMI framing in any chunks, with garbage, giants and hostile values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.ami import wire as ami_wire
from telephony.ami.errors import AmiBadValue
from telephony.ami.wire import AmiWire, Headers, encode_action

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
WANTED = {"Hangup": ("Uniqueid", "ChanVariable", "CallerIDName"), "UserEvent": ("UserEvent", "Body")}


def _event(name: str, *lines: str) -> bytes:
    return "\r\n".join([f"Event: {name}", *lines, "", ""]).encode()


def _read(data: bytes, cuts: Iterable[int] = (), wanted: dict[str, tuple[str, ...]] | None = None) -> list[Headers]:
    wire, seen = AmiWire(wanted), []
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        wire.receive_data(data[start:end])
        seen += wire.messages_received()
    return seen


@given(st.lists(st.integers(0, 100_000), max_size=12))
def test_a_capture_reads_the_same_however_it_is_cut(cuts: list[int]) -> None:
    data = BANNER + (RECORDINGS / "answered.ami").read_bytes().partition(b"\r\n")[2]
    assert _read(data, cuts) == _read(data)


def test_bytes_one_by_one_keep_a_split_character_whole() -> None:
    data = BANNER + _event("Hangup", "Uniqueid: 1", "CallerIDName: 市民热线")
    [headers] = _read(data, range(len(data)), WANTED)
    assert headers["CallerIDName"] == "市民热线"


def test_events_nobody_reads_are_dropped_undecoded_and_headers_nobody_reads_left_out() -> None:
    wire = AmiWire(WANTED)
    wire.receive_data(BANNER + _event("VarSet", "Uniqueid: 1") + _event("Hangup", "Uniqueid: 2", "Cause: 16"))
    assert wire.messages_received() == [{"Event": "Hangup", "Uniqueid": "2"}]
    assert (wire.counts.dropped_unread, wire.counts.decoded) == (1, 1)


def test_repeated_headers_are_a_list_in_order() -> None:
    [headers] = _read(BANNER + _event("Hangup", "ChanVariable: A=1", "ChanVariable: B=2"), (), WANTED)
    assert headers["ChanVariable"] == ["A=1", "B=2"]


def test_a_user_event_whose_body_says_event_is_still_a_user_event() -> None:
    [headers] = _read(BANNER + _event("UserEvent", "UserEvent: X", "Event: Hangup", "Body: b"))
    assert (headers["Event"], headers["Body"]) == ("UserEvent", "b")


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\r\n\r\n", b"no colon\r\n\r\n", b"\r\n\r\n\r\n\r\n", b": empty name\r\n\r\n"]
)
def test_garbage_between_messages_harms_nothing_after_it(garbage: bytes) -> None:
    seen = _read(BANNER + garbage + _event("Hangup", "Uniqueid: 7"), (), WANTED)
    assert seen[-1] == {"Event": "Hangup", "Uniqueid": "7"}


def test_a_header_of_a_megabyte_is_left_out_and_the_rest_read() -> None:
    data = BANNER + _event("Hangup", "CallerIDName: " + "x" * 1_000_000, "Uniqueid: 7")
    assert _read(data, range(0, len(data), 65_536), WANTED) == [{"Event": "Hangup", "Uniqueid": "7"}]


def test_a_message_without_end_is_given_up_and_the_next_one_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami_wire, "MAX_MESSAGE", 100_000)
    wire = AmiWire(WANTED)
    wire.receive_data(BANNER)
    for _ in range(50):
        wire.receive_data(b"Event: Hangup\r\nX: " + b"y" * 10_000 + b"\r\n")
        assert len(wire._buffer) <= 120_000, "memory is bounded"
    wire.receive_data(b"\r\n" + _event("Hangup", "Uniqueid: 8"))
    assert wire.messages_received()[-1]["Uniqueid"] == "8"
    assert wire.counts.oversized == 1


def test_a_response_of_eight_megabytes_is_read_in_one_pass() -> None:
    output = "\r\n".join(f"Output: {n:0100}" for n in range(74_000))
    data = BANNER + f"Response: Success\r\nActionID: h1\r\n{output}\r\n\r\n".encode()
    assert len(data) > 8_000_000
    [headers] = _read(data, range(0, len(data), 4096))
    assert len(headers["Output"]) == 74_000


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_raise_anything(chunks: list[bytes]) -> None:
    wire = AmiWire(WANTED)
    for chunk in chunks:
        wire.receive_data(chunk)
        wire.messages_received()


@pytest.mark.parametrize("bad", ["1\r\nAction: Command", "a\nb", "a\0b"])
@pytest.mark.parametrize("where", ["name", "value", "list"])
def test_a_value_that_would_be_a_header_of_its_own_is_refused(bad: str, where: str) -> None:
    headers: dict[str, str | list[str]] = {"name": {bad: "v"}, "value": {"n": bad}, "list": {"n": ["ok", bad]}}[where]  # type: ignore[assignment]
    with pytest.raises(AmiBadValue):
        encode_action({"Action": "Originate", **headers})


def test_an_action_is_its_headers_and_an_empty_line() -> None:
    assert (
        encode_action({"Action": "X", "Variable": ["a=1", "b=2"]})
        == b"Action: X\r\nVariable: a=1\r\nVariable: b=2\r\n\r\n"
    )
