"""SIPp's message log gives calls with the instants of their INVITE, answer and end."""

from datetime import UTC, datetime

from simulation.sip_log import calls, frames, registered

LINE = "-" * 47


def entry(at: str, sent: bool, first: str, *headers: str) -> list[str]:
    direction = "sent" if sent else "received"
    lines = [f"{LINE} 2026-11-24T{at}Z", f"UDP message {direction} [1] bytes:", "", first, *headers, "", "v=0", ""]
    return [line + "\n" for line in lines]


def headers(method: str, cseq: int = 1, call: str = "a") -> tuple[str, ...]:
    return (
        "From: <sip:13800000001@127.0.0.1:1>;tag=c1",
        "To: <sip:12345@127.0.0.1:2>",
        f"Call-ID: {call}",
        f"CSeq: {cseq} {method}",
    )


def talk(*, placed: bool) -> list[str]:
    invite, bye = headers("INVITE"), headers("BYE", 2)
    return [
        *entry("04:00:00.000001", placed, "INVITE sip:12345@h SIP/2.0", *invite),
        *entry("04:00:00.100000", not placed, "SIP/2.0 100 Trying", *invite),
        *entry("04:00:00.200000", not placed, "SIP/2.0 200 OK", *invite),
        *entry("04:00:00.200001", not placed, "SIP/2.0 200 OK", *invite),
        *entry("04:00:00.300000", placed, "ACK sip:12345@h SIP/2.0", *headers("ACK")),
        *entry("04:00:03.000000", True, "BYE sip:x@h SIP/2.0", *bye),
        *entry("04:00:03.000100", False, "SIP/2.0 200 OK", *bye),
    ]


def instant(second: int, micro: int = 0) -> datetime:
    return datetime(2026, 11, 24, 4, 0, second, micro, UTC)


def test_a_placed_call_has_its_instants_and_who_hung_up() -> None:
    (call,) = calls(frames(talk(placed=True)))
    assert (call.number, call.callee, call.placed) == ("13800000001", "12345", True)
    assert call.invited_at == instant(0, 1)
    assert call.answered_at == instant(0, 200_000)
    assert call.confirmed_at == instant(0, 300_000)
    assert (call.ended_at, call.by_us, call.talked) == (instant(3), True, True)


def test_a_taken_call_is_answered_by_our_own_200() -> None:
    (call,) = calls(frames(talk(placed=False)))
    assert not call.placed
    assert call.answered_at == instant(0, 200_000)
    assert call.talked


def test_a_refused_call_has_its_code_and_no_talk() -> None:
    invite = headers("INVITE")
    log = [
        *entry("04:00:00", True, "INVITE sip:12345@h SIP/2.0", *invite),
        *entry("04:00:01", False, "SIP/2.0 486 Busy Here", *invite),
        *entry("04:00:01", True, "ACK sip:12345@h SIP/2.0", *headers("ACK")),
    ]
    (call,) = calls(frames(log))
    assert (call.refused, call.ended_at, call.talked) == (486, instant(1), False)


def test_a_cancelled_call_ended_when_it_was_cancelled() -> None:
    log = [
        *entry("04:00:00", False, "INVITE sip:1001@h SIP/2.0", *headers("INVITE")),
        *entry("04:00:02", False, "CANCEL sip:1001@h SIP/2.0", *headers("CANCEL")),
        *entry("04:00:02", True, "SIP/2.0 487 Request Terminated", *headers("INVITE")),
    ]
    (call,) = calls(frames(log))
    assert (call.cancelled, call.ended_at, call.talked) == (True, instant(2), False)


def test_only_accepted_registrations_count() -> None:
    register = headers("REGISTER")
    log = [
        *entry("04:00:00", True, "REGISTER sip:h SIP/2.0", *register),
        *entry("04:00:00", False, "SIP/2.0 401 Unauthorized", *register),
    ]
    assert registered(frames(log)) == set()
    log += entry("04:00:00", False, "SIP/2.0 200 OK", *register)
    assert registered(frames(log)) == {"12345"}
    assert calls(frames(log)) == []


def test_a_log_that_is_cut_off_keeps_what_is_whole() -> None:
    lines = talk(placed=True)
    for end in range(len(lines)):
        assert len(calls(frames(lines[:end]))) <= 1
    assert list(frames(["nonsense\n", f"{LINE} 2026-11-24T04:00:00Z\n", "no direction\n"])) == []
