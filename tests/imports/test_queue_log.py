"""Lines of queue_logs of all ages, read and folded into one call's records."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.horizon import Horizon
from imports.names import Names
from imports.queue_calls import Folded, fold
from imports.queue_log import KNOWN, Parser
from messages.values import ContactOutcome, LegEnd

T = 1_700_000_000
HORIZON = Horizon(T * 1_000_000, (T + 5000) * 1_000_000, [])


def folded(*lines: str, horizon: Horizon = HORIZON) -> Folded:
    found = fold(
        Parser().read([f"{T + int(at)}|c1|{rest}" for at, rest in (x.split("|", 1) for x in lines)]), horizon, Names()
    )
    assert found is not None
    return found


def s(at: object) -> float | None:
    return None if at is None else at.timestamp() - T  # type: ignore[attr-defined]


def shown(one: Folded) -> tuple[object, ...]:
    return one.contact.outcome, s(one.contact.arrived_at), s(one.contact.answered_at), s(one.contact.ended_at)


ENTER = "0|q|NONE|ENTERQUEUE||13800000001|2"
CONNECT = "10|q|SIP/1001|CONNECT|10|c1b|3"


@pytest.mark.parametrize(
    ("lines", "outcome", "end", "ended", "to"),
    [
        (["70|q|SIP/1001|COMPLETEAGENT|10|60|1"], "answered", "agent_hung_up", 70, ""),
        (["70|q|SIP/1001|COMPLETECALLER|10|60|1"], "answered", "citizen_hung_up", 70, ""),
        (["70|q|SIP/1001|AGENTDUMP|"], "answered", "agent_hung_up", 70, ""),
        (["70|q|SIP/1001|BLINDTRANSFER|110|out|10|60|1"], "answered", "transferred", 70, "110"),
        (["70|q|SIP/1001|TRANSFER|110|out|10|60|1"], "answered", "transferred", 70, "110"),
        (["70|q|SIP/1001|ATTENDEDTRANSFER|BRIDGE|b-1|10|60|1"], "answered", "transferred", 70, ""),
        (["70|q|SIP/1001|ATTENDEDTRANSFER|APP|Queue|10|60|1"], "answered", "transferred", 70, "Queue"),
    ],
)
def test_a_talk_ends_as_the_log_says(lines: list[str], outcome: str, end: str, ended: int, to: str) -> None:
    one = folded(ENTER, CONNECT, *lines)
    assert shown(one) == (outcome, 0, 10, ended)
    [leg] = one.legs
    assert (leg.leg, leg.agent, leg.end, leg.transferred_to) == ("c1b", "1001", end, to)
    assert (s(leg.offered_at), s(leg.answered_at), s(leg.ended_at)) == (7, 10, ended)
    [visit] = one.visits
    assert (visit.position, s(visit.left_at), visit.outcome) == (2, 10, "answered")
    assert one.contact.transferred is (end == "transferred")
    assert one.settled


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("20|q|NONE|ABANDON|1|2|20", "abandoned"),
        ("20|q|NONE|EXITWITHKEY|9|1|2|20", "left_by_key"),
        ("20|q|NONE|EXITWITHTIMEOUT|1|2|20", "timed_out"),
        ("20|q|NONE|EXITEMPTY|1|2|20", "no_agents"),
    ],
)
def test_a_wait_ends_as_the_log_says_with_the_beginning_there_or_not(line: str, outcome: str) -> None:
    for lines in ([ENTER, line], [line], [line, ENTER, line, ENTER]):
        one = folded(*lines)
        assert shown(one) == (outcome, 0, None, 20)
        assert [(visit.outcome, s(visit.left_at)) for visit in one.visits] == [(outcome, 20)]
        assert not one.legs


def test_missed_rings_are_legs_of_milliseconds() -> None:
    one = folded(
        ENTER,
        "9|q|SIP/1002|RINGNOANSWER|4500",
        "9|q|SIP/1003|RINGCANCELED|1500",
        CONNECT,
        "20|q|SIP/1001|COMPLETECALLER|10|10|1",
    )
    assert [(leg.agent, s(leg.offered_at), leg.end) for leg in one.legs] == [
        ("1002", 4.5, LegEnd.NO_ANSWER),
        ("1003", 7.5, LegEnd.ANSWERED_ELSEWHERE),
        ("1001", 7, LegEnd.CITIZEN_HUNG_UP),
    ]
    gone = folded(ENTER, "9|q|SIP/1003|RINGCANCELED|1500", "9|q|NONE|ABANDON|1|1|9")
    assert [leg.end for leg in gone.legs] == [LegEnd.CITIZEN_GONE]
    deaf = folded(ENTER, CONNECT, "10|q|SIP/1001|SYSCOMPAT|")
    assert (deaf.contact.outcome, [leg.end for leg in deaf.legs]) == (ContactOutcome.LOST, [LegEnd.LOST])


def test_a_connect_is_missing_or_everything_but_the_completion() -> None:
    one = folded("70|q|SIP/1001|COMPLETECALLER|10|60|1")
    assert shown(one) == ("answered", 0, 10, 70)
    assert shown(folded(ENTER, "70|q|SIP/1001|COMPLETECALLER|10|60|1")) == ("answered", 0, 10, 70)
    assert shown(folded(CONNECT, "70|q|SIP/1001|COMPLETECALLER|10|60|1")) == ("answered", 0, 10, 70)


def test_one_call_in_several_queues_is_one_contact() -> None:
    one = folded(
        ENTER,
        "20|q|NONE|EXITWITHTIMEOUT|1|1|20",
        "20|q2|NONE|ENTERQUEUE||13800000001|1",
        "30|q2|a|CONNECT|10|x|1",
        "50|q2|a|COMPLETECALLER|10|20|1",
    )
    assert shown(one) == ("answered", 0, 30, 50)
    assert [(v.queue, v.outcome) for v in one.visits] == [("q", "timed_out"), ("q2", "answered")]
    moved = folded(ENTER, "20|q2|NONE|ENTERQUEUE||1|1", "30|q2|NONE|ABANDON|1|1|10")
    assert [(v.queue, v.outcome, v.to) for v in moved.visits] == [("q", "overflowed", "q2"), ("q2", "abandoned", None)]
    again = folded(ENTER, "5|q|NONE|EXITEMPTY|1|1|5", "5|q|NONE|ENTERQUEUE||1|1", "9|q|NONE|ABANDON|1|1|4")
    assert [(s(v.asked_at), v.outcome) for v in again.visits] == [(0, "no_agents"), (5, "abandoned")]


def test_what_is_open_waits_or_is_lost_at_the_restart_or_after_a_day() -> None:
    restarted = Horizon(T * 1_000_000, (T + 900) * 1_000_000, [(T - 5) * 1_000_000, (T + 60) * 1_000_000])
    stale = Horizon(T * 1_000_000, (T + 90_000) * 1_000_000, [])
    assert folded(ENTER, CONNECT).contact.outcome is None and not folded(ENTER).settled
    assert shown(folded(ENTER, horizon=restarted)) == ("lost", 0, None, 60)
    talk = folded(ENTER, CONNECT, horizon=restarted)
    assert shown(talk) == ("answered", 0, 10, 60)
    assert [leg.end for leg in talk.legs] == [LegEnd.LOST]
    assert shown(folded(ENTER, horizon=stale)) == ("lost", 0, None, 0)


def test_a_clock_that_goes_back_makes_nothing_negative() -> None:
    one = folded(ENTER, CONNECT, "-30|q|SIP/1001|COMPLETECALLER|10|60|1")
    assert (len(one.visits), [leg.leg for leg in one.legs], one.contact.outcome) == (1, ["c1b"], "answered")
    for visit in one.visits:
        assert visit.left_at is None or visit.left_at >= visit.asked_at
    for leg in one.legs:
        assert leg.ended_at is None or leg.ended_at >= leg.offered_at


def test_lines_of_every_age_are_read() -> None:
    parser = Parser(ZoneInfo("Asia/Shanghai"))
    lines = parser.read(
        [
            "2023-11-15 06:13:20.250000|c1|q|Agent One|Two|CONNECT|1|x|1",
            f"{T}.25|c1|q|李 明|CONNECT|1|x|1|extra|fields",
            f"{T}|c1|q|a|SOMETHINGNEW|1",
            f"{T}|c1|q|a|Ωx",
            "half a li",
            "",
            "99999999999|c1|q|a|CONNECT",
            f"{T}|NONE|NONE|NONE|CONFIGRELOAD|",
        ]
    )
    assert [(line.at - T * 1_000_000, line.agent) for line in lines] == [
        (250_000, "Agent One|Two"),
        (250_000, "李 明"),
        (0, "NONE"),
    ]
    assert (parser.lines, parser.malformed, parser.unknown) == (7, 3, {"SOMETHINGNEW": 1})
    assert Parser().read([line.raw for line in lines]) == lines


@given(
    st.lists(
        st.one_of(
            st.text(max_size=60),
            st.builds(
                lambda at, rest: "|".join([str(at), "c1", *rest]),
                st.integers(-5, 4_000_000_000),
                st.lists(st.sampled_from([*sorted(KNOWN), "q", "NONE", "a b", "1", "-3", "9" * 15, ""]), max_size=8),
            ),
        ),
        max_size=20,
    )
)
def test_damage_never_raises_and_is_counted(texts: list[str]) -> None:
    parser = Parser()
    lines = parser.read(texts)
    assert parser.lines == sum(1 for text in texts if text) == len(lines) + parser.malformed + parser.unknown.total()
    one = fold([line for line in lines if line.event in KNOWN], HORIZON, Names()) if lines else None
    if one is not None:
        assert (one.contact.ended_at is None) == (one.contact.outcome is None)
        assert all(visit.outcome is not None for visit in one.visits[:-1])
