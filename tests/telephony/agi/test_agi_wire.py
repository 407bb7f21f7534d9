"""The FastAGI wire, fed in any chunks, with hang-ups anywhere and garbage."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telephony.agi.errors import AgiError, AgiProtocolError
from telephony.agi.wire import AgiEvent, AgiResult, AgiWire, Environment, HungUp, encode_command

ENVIRONMENT = b"agi_request: agi://h/citizen\nagi_uniqueid: n1-1.2\nagi_callerid: 138\xe5\x8f\xb7\n\n"


def _chunks(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def _started() -> AgiWire:
    wire = AgiWire()
    wire.receive_data(ENVIRONMENT)
    wire.events_received()
    return wire


def _answers(data: bytes, commands: int = 1, cuts: Iterable[int] = ()) -> list[AgiEvent]:
    """Feed what answers `commands` commands, each sent when the one before is answered."""
    wire, seen = _started(), []
    wire.send_command("NOOP")
    commands -= 1
    for chunk in _chunks(data, cuts):
        for byte in chunk:
            wire.receive_data(bytes([byte]))
            events = wire.events_received()
            seen += events
            if commands and any(isinstance(event, AgiResult) for event in events):
                wire.send_command("NOOP")
                commands -= 1
    return seen


@given(st.lists(st.integers(0, 200), max_size=8))
def test_the_environment_is_read_in_any_chunks(cuts: list[int]) -> None:
    wire, seen = AgiWire(), []
    for chunk in _chunks(ENVIRONMENT, cuts):
        wire.receive_data(chunk)
        seen += wire.events_received()
    [environment] = seen
    assert isinstance(environment, Environment)
    assert environment.values["agi_uniqueid"] == "n1-1.2"
    assert environment.values["agi_callerid"] == "138号", "a character split between reads is whole"


@pytest.mark.parametrize(
    ("line", "result"),
    [
        (b"200 result=0\n", AgiResult(200, "0")),
        (b"200 result=1 (a (b) c)\n", AgiResult(200, "1", "a (b) c", None, "(a (b) c)")),
        (b"200 result=68 endpos=4000\n", AgiResult(200, "68", None, 4000, "endpos=4000")),
        (b"200 result=-1\n", AgiResult(200, "-1")),
        (b"200 result= (timeout)\n", AgiResult(200, "", "timeout", None, "(timeout)")),
        (b"100 result=0 Trying...\n200 result=0 Gosub complete\n", AgiResult(200, "0", None, None, "Gosub complete")),
        (b"510 Invalid or unknown command\n", AgiResult(510, "", None, None, "Invalid or unknown command")),
        (
            b"520-Invalid command syntax.  Proper usage follows:\nUsage: VERBOSE\n520 End of proper usage.\n",
            AgiResult(520, text="Invalid command syntax.  Proper usage follows:\nUsage: VERBOSE"),
        ),
    ],
)
def test_each_form_of_answer_is_understood(line: bytes, result: AgiResult) -> None:
    assert _answers(line) == [result]


@given(st.integers(0, 3), st.integers(0, 3))
def test_a_hangup_may_stand_anywhere_and_shifts_no_answer(before: int, after: int) -> None:
    first, second = b"200 result=1 (one)\n", b"520-x\nHANGUP\nUsage\n520 End.\n"
    data = b"HANGUP\n" * before + first + b"HANGUP\n" * after + second
    results = [event for event in _answers(data, 2) if isinstance(event, AgiResult)]
    assert [result.code for result in results] == [200, 520]
    assert results[0].data == "one"


def test_after_a_hangup_the_wire_says_so() -> None:
    wire = _started()
    wire.receive_data(b"HANG")
    assert wire.events_received() == []
    wire.receive_data(b"UP\n")
    assert wire.events_received() == [HungUp()]
    assert wire.hung_up


def test_lines_nobody_asked_for_are_counted_and_limited() -> None:
    wire = _started()
    wire.send_command("NOOP")
    wire.receive_data(b"what?\n2000 result=0\n200result=0\n200 result=0\n200 result=1\n")
    assert wire.events_received() == [AgiResult(200, "0")]
    assert wire.unknown_lines == 4
    with pytest.raises(AgiProtocolError):
        wire.receive_data(b"what?\n" * 2000)


@given(st.lists(st.integers(0, 200), max_size=6))
def test_a_values_later_lines_do_not_pass_for_answers(cuts: list[int]) -> None:
    data = b"200 result=1 (a\n200 result=-1\n510 Invalid\nz)\n200 result=0\n"
    value, after = _answers(data, 2, cuts)
    assert isinstance(value, AgiResult)
    assert (value.result, value.data) == ("1", "a\n200 result=-1\n510 Invalid\nz")
    assert after == AgiResult(200, "0")


@pytest.mark.parametrize("endless", [b"520-Usage\n" + b"x\n" * 300, b"200 result=1 (x\n" + b"x\n" * 300])
def test_an_answer_without_end_is_an_error(endless: bytes) -> None:
    wire = _started()
    wire.send_command("NOOP")
    with pytest.raises(AgiProtocolError):
        wire.receive_data(endless)


@pytest.mark.parametrize(
    "number",
    [
        b"138\nagi_uniqueid: another",
        b"138\n\nagi_arg_1: another",
        b"138\r\n\r\n",
        b"138\nagi_arg_1: another",
        b"138\nX",
    ],
)
def test_a_caller_whose_number_has_line_feeds_cannot_name_the_call(number: bytes) -> None:
    """Asterisk 22.10.1 writes `sip:138%0A…@` into the environment as it is, line feed and all."""
    wire = AgiWire()
    with pytest.raises(AgiProtocolError):
        wire.receive_data(
            b"agi_uniqueid: n1-1.2\nagi_callerid: %s\nagi_extension: 12345\nagi_arg_1: n1-1.2\n\n" % number
        )


def test_one_command_at_a_time() -> None:
    with pytest.raises(AgiError):
        AgiWire().send_command("ANSWER")
    wire = _started()
    wire.send_command("ANSWER")
    with pytest.raises(AgiError):
        wire.send_command("ANSWER")
    wire.receive_data(b"200 result=0\n")
    wire.send_command("HANGUP")
    assert wire.data_to_send() == b"ANSWER\nHANGUP\n"


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\n", b"\n", b"x" * 9000, b"agi_a: " + b"x" * 1_000_000 + b"\n"])
def test_what_is_no_agi_client_is_an_error(garbage: bytes) -> None:
    with pytest.raises(AgiProtocolError):
        AgiWire().receive_data(garbage)


def test_an_endless_environment_is_an_error() -> None:
    wire = AgiWire()
    with pytest.raises(AgiProtocolError, match="too large"):
        for n in range(100_000):
            wire.receive_data(b"agi_arg_%d: %s\n" % (n, b"x" * 1000))


@given(st.lists(st.binary(max_size=300), max_size=20))
@example([b"520-" + b"\n" * 300])
def test_no_input_raises_anything_but_a_protocol_error(chunks: list[bytes]) -> None:
    wire = _started()
    wire.send_command("NOOP")
    try:
        for chunk in chunks:
            wire.receive_data(chunk)
            wire.events_received()
    except AgiProtocolError:
        pass


def _parse_args(line: str) -> list[str]:
    """Undo the quoting as res_agi.c's parse_args does."""
    words: list[str] = []
    quoted = escaped = False
    whitespace = True
    for char in line:
        if char == '"' and not escaped:
            quoted = not quoted
            if quoted and whitespace:
                words.append("")
                whitespace = False
        elif char in " \t" and not quoted and not escaped:
            whitespace = True
        elif char == "\\" and not escaped:
            escaped = True
            continue
        else:
            if whitespace:
                words.append("")
                whitespace = False
            words[-1] += char
        escaped = False
    return words


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40), max_size=5)
)
def test_every_word_arrives_as_it_was(words: list[str]) -> None:
    line = encode_command("EXEC", *words).decode()
    assert line.endswith("\n") and line.count("\n") == 1
    assert _parse_args(line[:-1]) == ["EXEC", *words]


@pytest.mark.parametrize("bad", ["a\nHANGUP", "a\rb", "a\0b", "a\udcffb"])
def test_a_word_that_would_start_another_command_or_is_no_text_is_refused(bad: str) -> None:
    with pytest.raises(AgiError):
        encode_command("SET VARIABLE", "X", bad)


def test_a_command_longer_than_asterisk_reads_is_refused() -> None:
    with pytest.raises(AgiError, match="2000"):
        encode_command("VERBOSE", "x" * 3000)
