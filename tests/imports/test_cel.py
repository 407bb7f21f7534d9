"""CEL of a real Asterisk, whole and damaged, folded into one contact a call (tests/recordings/README.md)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.cel import Parser, again
from imports.cel_calls import fold
from imports.horizon import Horizon
from imports.names import Names, QueueMap
from imports.queue_calls import Folded

RECORDED = Path(__file__).parents[1] / "recordings" / "cel"
NAMES = Names(QueueMap(agents={"1001": "a1", "1002": "a2"}))
LINES = {name: (RECORDED / f"{name}.csv").read_text().splitlines() for name in ("day", "away")}


def calls(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return the lines of each linked call, under its citizen's number."""
    linked: dict[str, list[str]] = {}
    numbers: dict[str, str] = {}
    for line in lines:
        [values] = csv.reader([line])
        linked.setdefault(values[15], []).append(line)
        if values[14] == values[15] and values[3]:
            numbers.setdefault(values[15], values[3])
    return {numbers[name]: its for name, its in linked.items()}


CALLS = {f"{name} {number}": its for name, lines in LINES.items() for number, its in calls(lines).items()}


def folded(lines: Iterable[str], *, last: float = 0, restarts: Iterable[float] = ()) -> Folded:
    """Return what lines lead to in a log that goes on till `last` s after 1970, and in which Asterisk was restarted."""
    rows = Parser().read(lines)
    ends = max([row.at for row in rows]) if not last else round(last * 1_000_000)
    found = fold(rows, Horizon(rows[0].at, ends, [round(at * 1_000_000) for at in restarts]), NAMES)
    assert found is not None
    return found


def at(line: str) -> float:
    """Return a line's instant."""
    return float(line.split('","')[1])


def of(lines: list[str], *, but: Iterable[str] = (), channel: str = "") -> list[str]:
    """Return lines without those of some events, or of some events of one channel."""
    kinds = tuple(f'"{kind}"' for kind in but)
    return [line for line in lines if not (kinds and line.startswith(kinds) and channel in line)]


@pytest.mark.parametrize(
    ("call", "outcome", "agent", "by_citizen", "legs", "visits"),
    [
        ("day 13800000001", "answered", "a1", False, [("a1", "agent_hung_up")], []),
        ("day 13800000002", "abandoned", None, True, [], []),
        ("day 13800000003", "answered", "a2", True, [("a1", "no_answer"), ("a2", "citizen_hung_up")], []),
        ("day 13800000004", "answered", "a2", False, [("a2", "agent_hung_up")], [("fallback", "answered", "a2")]),
        ("away 13800000001", "answered", "a1", True, [("a1", "citizen_hung_up")], []),
        ("away 13800000003", "abandoned", None, True, [("a2", "citizen_gone")], [("fallback", "abandoned", None)]),
    ],
)
def test_a_recorded_call_is_one_contact(
    call: str,
    outcome: str,
    agent: str | None,
    by_citizen: bool,
    legs: list[tuple[str, str]],
    visits: list[tuple[str, str, str | None]],
) -> None:
    one = folded(CALLS[call])
    contact = one.contact
    assert one.settled
    assert (contact.outcome, contact.agent, contact.by_citizen) == (outcome, agent, by_citizen)
    assert (contact.number, contact.did) == (call.split()[1], "12345")
    assert [(leg.agent, leg.end) for leg in one.legs] == legs
    assert [(visit.queue, visit.outcome, visit.agent) for visit in one.visits] == visits
    assert abs(contact.arrived_at.timestamp() - at(CALLS[call][0])) < 1e-5
    assert contact.ended_at is not None
    assert abs(contact.ended_at.timestamp() - at(CALLS[call][-1])) < 0.02


@pytest.mark.parametrize("call", CALLS)
def test_lines_that_come_twice_or_out_of_order_change_nothing(call: str) -> None:
    lines = CALLS[call]
    assert folded([*lines, *lines[::-1], *lines]) == folded(lines)


def test_a_restart_in_mid_talk_loses_the_leg_and_not_the_answer() -> None:
    lines = CALLS["day 13800000003"]
    cut = lines[: next(n for n, line in enumerate(lines) if line.startswith('"BRIDGE_EXIT"'))]
    goes_on = folded(cut)
    assert (goes_on.contact.ended_at, goes_on.contact.outcome, goes_on.settled) == (None, None, False)
    restarted = at(cut[-1]) + 7
    one = folded(cut, last=restarted + 60, restarts=[restarted - 600, restarted, restarted + 50])
    assert (one.contact.outcome, one.contact.agent, one.settled) == ("answered", "a2", False)
    assert (
        one.contact.ended_at
        == one.legs[-1].ended_at
        == datetime.fromtimestamp(restarted, one.contact.arrived_at.tzinfo)
    )
    assert [leg.end for leg in one.legs] == ["no_answer", "lost"]


@pytest.mark.parametrize("upto", ["APP_END", "CHAN_START"])
def test_a_restart_in_mid_wait_loses_the_call(upto: str) -> None:
    lines = CALLS["away 13800000003"]
    cut = lines[: max(n for n, line in enumerate(lines) if line.startswith('"CHAN_START"')) + (upto == "CHAN_START")]
    one = folded(cut, restarts=[at(cut[-1]) + 2])
    assert (one.contact.outcome, one.contact.by_citizen) == ("lost", None)
    assert {leg.end for leg in one.legs} <= {"lost"}
    assert {visit.outcome for visit in one.visits} == {"lost"}


def test_a_queue_that_was_left_at_once_let_nobody_in() -> None:
    """As the fallback queue does without agents: the emergency script takes the call."""
    lines = of(CALLS["away 13800000003"], but=("CHAN_START",), channel="PJSIP/1002")
    lines = [line for line in lines if "PJSIP/1002" not in line]
    asked = next(line for line in lines if line.startswith('"APP_START"') and '"Queue"' in line)
    left = next(line for line in lines if line.startswith('"APP_END"') and '"Queue"' in line)
    soon = left.replace(f"{at(left):.6f}", f"{at(asked) + 0.004:.6f}")
    one = folded([soon if line is left else line for line in lines])
    assert [visit.outcome for visit in one.visits] == ["no_agents"]
    assert one.contact.outcome == "no_agents"


def test_a_log_that_goes_on_for_a_day_without_a_call_has_lost_it() -> None:
    cut = CALLS["day 13800000004"][:-8]
    hour, day = at(cut[-1]) + 3600, at(cut[-1]) + 90_000
    assert folded(cut, last=hour).contact.ended_at is None
    one = folded(cut, last=day)
    assert one.contact.ended_at is not None
    assert abs(one.contact.ended_at.timestamp() - at(cut[-1])) < 1


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("missing", [("HANGUP",), ("LINKEDID_END",), ("CHAN_END", "HANGUP"), ("CHAN_START", "ANSWER")])
def test_an_end_or_a_beginning_that_is_missing_costs_no_outcome(call: str, missing: tuple[str, ...]) -> None:
    whole, one = folded(CALLS[call]), folded(of(CALLS[call], but=missing))
    assert (one.contact.contact, one.contact.outcome, one.contact.agent) == (
        whole.contact.contact,
        whole.contact.outcome,
        whole.contact.agent,
    )
    assert one.contact.ended_at is not None and whole.contact.ended_at is not None
    assert abs((one.contact.ended_at - whole.contact.ended_at).total_seconds()) < 0.02
    assert [leg.answered_at for leg in one.legs if leg.answered_at] == [
        leg.answered_at for leg in whole.legs if leg.answered_at
    ]


def test_unknown_events_and_further_fields_are_no_damage() -> None:
    lines = CALLS["day 13800000001"]
    more = [f'{line},"a-tenant","something new"' for line in lines]
    new = [lines[3].replace("APP_END", "SOMETHING_NEW"), lines[3].replace("APP_END", "X" * 90)]
    parser = Parser()
    rows = parser.read([*more, *new, lines[2][:50], '"half', "", ",,,", lines[5].replace("1795", "abcd")])
    assert rows == Parser().read(lines)
    assert parser.unknown == {"SOMETHING_NEW": 1, "X" * 40: 1}
    assert (parser.lines, parser.malformed) == (len(lines) + 6, 4)
    assert again(row.raw for row in rows) == rows


def test_the_times_of_an_old_mapping_are_local() -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    zone = ZoneInfo("Asia/Shanghai")
    for values in csv.reader(CALLS["day 13800000001"]):
        values[1] = datetime.fromtimestamp(float(values[1]), zone).strftime("%Y-%m-%d %H:%M:%S.%f")
        writer.writerow(values[:18])
    rows = Parser(zone).read(text.getvalue().splitlines())
    assert [row.at for row in rows] == [row.at for row in Parser().read(CALLS["day 13800000001"])]


@given(st.data())
def test_lines_lost_doubled_and_shuffled_never_make_two_contacts_of_a_call(data: st.DataObject) -> None:
    """Whatever is left of a file: each call is one contact at most, and time runs forwards in it."""
    call = data.draw(st.sampled_from(sorted(CALLS)))
    lines = data.draw(st.lists(st.sampled_from(CALLS[call]), max_size=60))
    rows = Parser().read(lines)
    if not rows:
        return
    horizon = Horizon(rows[0].at, max(row.at for row in rows), data.draw(st.sampled_from([[], [rows[-1].at + 1]])))
    one = fold(rows, horizon, NAMES)
    assert one == fold(rows[::-1] + rows, horizon, NAMES), "a function of the set of lines"
    if one is None:
        return
    contact = one.contact
    assert contact.contact in {row.linkedid for row in rows}
    assert (contact.ended_at is None) == (contact.outcome is None)
    assert contact.ended_at is None or contact.ended_at >= contact.arrived_at
    assert contact.visits == len(one.visits)
    assert len({leg.leg for leg in one.legs}) == len(one.legs)
    for leg in one.legs:
        assert (leg.ended_at is None) == (leg.end is None)
        assert contact.ended_at is None or leg.ended_at is not None
        instants = [known for known in (leg.offered_at, leg.answered_at, leg.ended_at) if known]
        assert instants == sorted(instants)
    for visit in one.visits:
        assert (visit.left_at is None) == (visit.outcome is None)
        assert visit.left_at is None or visit.left_at >= visit.asked_at


@given(st.lists(st.text(max_size=80) | st.sampled_from([line for its in CALLS.values() for line in its]), max_size=30))
def test_damage_never_raises_and_is_counted(texts: list[str]) -> None:
    parser = Parser()
    rows = parser.read(texts)
    assert parser.lines == sum(1 for text in texts if text)
    assert len(rows) + parser.malformed + parser.unknown.total() <= parser.lines
    for linked in {row.linkedid for row in rows}:
        its = [row for row in rows if row.linkedid == linked]
        fold(its, Horizon(its[0].at, its[-1].at, []), NAMES)
