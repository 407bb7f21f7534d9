"""Adherence and conformance: whole days by example, and what holds for every plan and every states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.adherence import Actual, Adherence, Kind, adherence
from agents.schedule import Activity, Planned
from messages.errors import Invalid
from messages.values import AgentState, Reason

DAY = datetime(2026, 11, 24, tzinfo=UTC)
S, A = AgentState, Activity


def at(clock: str) -> datetime:
    """Return a time of the day; 24:00 and on are the next day's."""
    hours, _, minutes = clock.partition(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def plan(*stretches: str) -> list[Planned]:
    """Return a plan of lines such as `08:00 12:00 working`."""
    parts = [line.split() for line in stretches]
    return [Planned(at(begin), at(end), A(activity)) for begin, end, activity in parts]


def did(*stretches: str) -> list[Actual]:
    """Return states of lines such as `08:00 12:00 not_ready meal`; `-` is an open end."""
    found = []
    for line in stretches:
        begin, end, state, *reason = line.split()
        found.append(Actual(at(begin), None if end == "-" else at(end), S(state), " ".join(reason)))
    return found


def minutes(found: Adherence) -> dict[str, float]:
    """Return the ways it was missed, in minutes."""
    return {str(kind): length / timedelta(minutes=1) for kind, length in found.out.items()}


WHOLE = ["8:00 10:00 working", "10:00 10:15 break", "10:15 12:00 working", "12:00 13:00 meal", "13:00 17:00 working"]
SHIFT = plan(*WHOLE)
KEPT = (
    "8:00 9:00 ready",
    "9:00 9:30 talking",
    "9:30 10:00 wrap_up",
    "10:00 10:15 not_ready break",
    "10:15 12:00 ready",
    "13:00 17:00 ready",
)


def test_a_day_kept_is_whole() -> None:
    found = adherence(SHIFT, did(*KEPT), at("0:00"), at("24:00"))
    assert (found.rate, found.conformance, found.out) == (1.0, 1.0, {})
    assert found.planned == timedelta(hours=9)
    assert found.working == found.worked == timedelta(hours=7, minutes=45)
    assert found.beyond == timedelta()


@pytest.mark.parametrize(
    ("planned", "states", "out"),
    [
        (WHOLE, [], {"absent": 540}),
        (WHOLE, ["17:00 18:00 ready"], {"absent": 540}),
        (["8:00 12:00 working"], ["8:07 12:00 ready"], {"late": 7}),
        (["8:00 12:00 working"], ["7:50 11:40 ready"], {"early_departure": 20}),
        (["8:00 12:00 working"], ["8:00 9:00 ready", "9:30 - ready"], {"away": 30}),
        (
            ["8:00 12:00 working"],
            ["8:00 9:00 ready", "9:00 9:20 not_ready break", "9:20 - ready"],
            {"unplanned_break": 20},
        ),
        (
            ["8:00 12:00 working"],
            ["8:00 9:00 ready", "9:00 9:20 not_ready 打印", "9:20 - ready"],
            {"unplanned_break": 20},
        ),
        (["8:00 12:00 working"], [f"8:00 8:05 not_ready {Reason.LOGGED_IN}", "8:05 - ready"], {"not_ready": 5}),
        (["8:00 12:00 working"], [f"8:00 8:05 not_ready {Reason.RONA}", "8:05 - ready"], {"not_ready": 5}),
        (["8:00 9:00 break"], ["8:00 8:20 talking", "8:20 9:00 not_ready break"], {"worked_in_break": 20}),
        (["8:00 9:00 meal"], ["8:00 8:20 wrap_up", "8:20 8:30 not_ready meal"], {"worked_in_break": 20}),
        (["8:00 9:00 training"], ["8:00 8:20 ready", "8:20 9:00 not_ready training"], {"worked_in_training": 20}),
        (["8:00 9:00 training"], ["8:00 8:20 not_ready break", "8:20 9:00 not_ready training"], {"other_reason": 20}),
        (["8:00 9:00 training"], ["8:10 9:00 not_ready training"], {"late": 10}),
    ],
)
def test_what_was_missed_has_its_name(planned: list[str], states: list[str], out: dict[str, float]) -> None:
    assert minutes(adherence(plan(*planned), did(*states), at("0:00"), at("24:00"))) == out


def test_a_meal_may_be_taken_logged_out_but_not_by_who_never_came() -> None:
    morning = did("8:00 12:00 ready")
    found = adherence(plan("8:00 12:00 working", "12:00 13:00 meal"), morning, at("0:00"), at("24:00"))
    assert found.rate == 1.0
    assert adherence(plan("8:00 12:00 working", "12:00 13:00 meal"), [], at("0:00"), at("24:00")).rate == 0.0


def test_off_and_no_plan_ask_nothing_but_what_is_beyond_is_told() -> None:
    planned = plan("0:00 8:00 off", "8:00 9:00 working", "9:00 10:00 off")
    found = adherence(
        planned, did("7:00 9:30 ready", "9:30 9:45 not_ready tea", "11:00 12:00 ready"), at("0:00"), at("24:00")
    )
    assert (found.planned, found.rate) == (timedelta(hours=1), 1.0)
    assert found.beyond == timedelta(hours=2, minutes=45)
    assert (found.worked, found.conformance) == (timedelta(hours=3, minutes=30), 3.5)


def test_nothing_planned_has_no_rate() -> None:
    found = adherence(plan("0:00 24:00 off"), did("8:00 9:00 ready"), at("0:00"), at("24:00"))
    assert (found.rate, found.conformance) == (None, None)
    training = adherence(plan("8:00 9:00 training"), [], at("0:00"), at("24:00"))
    assert (training.rate, training.conformance) == (0.0, None)


def test_conformance_counts_work_whenever_it_was_done() -> None:
    found = adherence(plan("8:00 12:00 working"), did("9:00 13:00 ready"), at("0:00"), at("24:00"))
    assert (found.rate, found.conformance) == (0.75, 1.0)


def test_a_split_shift_is_two_and_a_night_shift_one() -> None:
    split = plan("8:00 10:00 working", "10:00 14:00 off", "14:00 16:00 working")
    assert minutes(adherence(split, did("8:00 10:00 ready", "14:10 - ready"), at("0:00"), at("24:00"))) == {"late": 10}
    night = plan("22:00 26:00 working", "26:00 30:00 working")
    states = did("22:30 25:00 ready", "25:30 29:00 ready")
    assert minutes(adherence(night, states, at("0:00"), at("24:00"))) == {"late": 30}
    assert minutes(adherence(night, states, at("24:00"), at("48:00"))) == {"away": 30, "early_departure": 60}


def test_the_call_over_midnight_of_the_domain_is_cut_at_midnight() -> None:
    # DOMAIN §5: answered 00:00:05, ended 00:02:05, wrap-up to 00:02:35: the agent's 150 s are all day 2's.
    second = timedelta(seconds=1)
    answer, end = at("24:00") + 5 * second, at("24:00") + 125 * second
    states = [
        Actual(at("23:00"), answer, S.RINGING),
        Actual(answer, end, S.TALKING),
        Actual(end, end + 30 * second, S.WRAP_UP),
    ]
    planned = plan("23:00 25:00 working")
    assert adherence(planned, states, at("0:00"), at("24:00")).adherent == timedelta(hours=1)
    assert adherence(planned, states, at("24:00"), at("48:00")).adherent == 155 * second


def test_one_microsecond_is_one_microsecond() -> None:
    tick = timedelta(microseconds=1)
    states = [Actual(at("8:00") + tick, at("9:00") - tick, S.READY)]
    found = adherence(plan("8:00 9:00 working"), states, at("0:00"), at("24:00"))
    assert found.out == {Kind.LATE: tick, Kind.EARLY_DEPARTURE: tick}
    assert adherence(plan("8:00 9:00 working"), states, at("8:00"), at("8:00") + tick).adherent == timedelta()


def test_the_next_state_to_begin_ends_the_one_before() -> None:
    planned = plan("8:00 12:00 working")
    left_open = did("8:00 - ready", "9:00 10:00 not_ready tea", "10:00 10:00 talking", "10:00 - ready")
    assert minutes(adherence(planned, left_open, at("0:00"), at("24:00"))) == {"unplanned_break": 60}
    twice = did("8:00 12:00 ready", "8:00 12:00 ready", "8:00 9:00 ready")
    assert adherence(planned, twice, at("0:00"), at("24:00")).rate == 1.0


@pytest.mark.parametrize(
    ("states", "says"),
    [
        (did("8:00 9:00 ready", "8:00 10:00 talking"), "two states"),
        (did("9:00 8:00 ready"), "ends before it begins"),
        ([Actual(at("8:00").replace(tzinfo=None), None, S.READY)], "offset"),
        ([Actual(at("8:00"), at("9:00").replace(tzinfo=None), S.READY)], "offset"),
    ],
)
def test_states_that_cannot_be_are_refused(states: list[Actual], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        adherence([], states, at("0:00"), at("24:00"))


def test_a_range_that_cannot_be_is_refused() -> None:
    for since, until in ((at("1:00"), at("0:00")), (DAY.replace(tzinfo=None), at("1:00"))):
        with pytest.raises(Invalid, match="range"):
            adherence([], [], since, until)


ticks = st.integers(0, 48 * 3600 * 1_000_000)
instants = st.one_of(
    ticks.map(lambda n: DAY + timedelta(microseconds=n)), st.integers(0, 48).map(lambda n: DAY + timedelta(hours=n))
)


def between(edges: set[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the stretches between edges that are no longer than a day."""
    return [pair for pair in pairwise(sorted(edges)) if pair[1] - pair[0] <= timedelta(days=1)]


@st.composite
def plans(draw: st.DrawFn) -> list[Planned]:
    """Draw a plan, with gaps."""
    edges = between(draw(st.sets(instants, max_size=9)))
    return [Planned(*edge, draw(st.sampled_from(A))) for edge in edges if draw(st.booleans())]


reasons = st.sampled_from(["", "break", "meal", "training", "tea", *Reason])


@st.composite
def lives(draw: st.DrawFn) -> list[Actual]:
    """Draw states, some of them left open or too long."""
    begins = sorted(draw(st.sets(instants, max_size=12)))
    found = []
    for begin in begins:
        length = draw(st.one_of(st.none(), st.integers(0, 10 * 3600 * 1_000_000)))
        end = None if length is None else begin + timedelta(microseconds=length)
        found.append(Actual(begin, end, draw(st.sampled_from(S)), draw(reasons)))
    return found


@given(plans(), lives(), st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_the_parts_of_a_range_add_up_to_the_whole(
    planned: list[Planned], states: list[Actual], ends: list[datetime]
) -> None:
    since, middle, until = ends
    parts = adherence(planned, states, since, middle) + adherence(planned, states, middle, until)
    assert parts == adherence(planned, states, since, until)


@given(plans(), lives(), instants, instants)
def test_everything_planned_is_kept_or_missed(
    planned: list[Planned], states: list[Actual], one: datetime, other: datetime
) -> None:
    since, until = min(one, other), max(one, other)
    found = adherence(planned, states, since, until)
    assert found.adherent + sum(found.out.values(), timedelta()) == found.planned
    assert found.planned + found.beyond <= until - since
    assert found.worked <= until - since
    assert min(found.out.values(), default=timedelta(1)) > timedelta()


@given(plans(), lives(), st.randoms())
def test_the_order_of_what_is_given_changes_nothing(
    planned: list[Planned], states: list[Actual], random: Random
) -> None:
    expected = adherence(planned, states, at("0:00"), at("48:00"))
    random.shuffle(planned)
    random.shuffle(states)
    assert adherence(planned, states, at("0:00"), at("48:00")) == expected


AS_PLANNED = {
    A.WORKING: [S.READY, S.RESERVED, S.RINGING, S.TALKING, S.HOLDING, S.WRAP_UP],
    A.BREAK: [S.NOT_READY],
    A.MEAL: [S.NOT_READY],
    A.TRAINING: [S.NOT_READY],
    A.OFF: [S.LOGGED_OUT],
}


@given(plans(), st.data())
def test_who_does_what_was_planned_has_the_whole_rate(planned: list[Planned], data: st.DataObject) -> None:
    states = []
    for one in planned:
        inner = data.draw(st.sets(st.integers(1, 999), max_size=3))
        edges = sorted({one.begin, *(one.begin + (one.end - one.begin) * part / 1000 for part in inner), one.end})
        for begin, end in pairwise(edges):
            state = data.draw(st.sampled_from(AS_PLANNED[one.activity]))
            states.append(Actual(begin, end, state, str(one.activity) if state is S.NOT_READY else ""))
    found = adherence(planned, states, at("0:00"), at("48:00"))
    assert found.rate == (1.0 if found.planned else None)
    assert (found.out, found.beyond) == ({}, timedelta())
    assert found.conformance == (1.0 if found.working else None)


@given(plans(), lives())
def test_it_is_what_looking_at_every_moment_gives(planned: list[Planned], states: list[Actual]) -> None:
    """Compare with the plain definition, looked at between every two instants at which anything changes."""
    ends = {one.end for one in states if one.end is not None}
    edges = {at("0:00"), at("48:00"), *(one.begin for one in planned), *(one.end for one in planned)}
    edges |= {one.begin for one in states} | ends
    total = Adherence()
    for begin, end in pairwise(sorted(edges)):
        if at("0:00") <= begin < end <= at("48:00"):
            total += adherence(planned, states, begin, end)
    assert total == adherence(planned, states, at("0:00"), at("48:00"))
