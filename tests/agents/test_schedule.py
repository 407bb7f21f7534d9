"""Plans: what is refused, and which states satisfy what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from agents.schedule import SATISFIED_BY, Activity, Planned, ScheduleSettings, checked, satisfies
from messages.errors import Invalid
from messages.values import AgentState

EIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
S = AgentState


def work(begin: datetime, end: datetime) -> Planned:
    """Plan work."""
    return Planned(begin, end, Activity.WORKING)


def test_a_plan_comes_in_order_and_in_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    later, first = work(EIGHT + HOUR, EIGHT + 2 * HOUR), work(EIGHT.astimezone(shanghai), EIGHT + HOUR)
    assert checked([later, first]) == (first, later)
    assert {one.begin.tzinfo for one in checked([later, first])} == {UTC}
    assert checked([]) == ()


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ([work(EIGHT, EIGHT)], "end is not after"),
        ([work(EIGHT, EIGHT - HOUR)], "end is not after"),
        ([work(EIGHT.replace(tzinfo=None), EIGHT + HOUR)], "offset"),
        ([work(EIGHT, (EIGHT + HOUR).replace(tzinfo=None))], "offset"),
        ([work(EIGHT, EIGHT + 26 * HOUR)], "longer than a day"),
        ([work(EIGHT, EIGHT + 2 * HOUR), work(EIGHT + HOUR, EIGHT + 3 * HOUR)], "overlaps"),
        ([work(EIGHT, EIGHT + HOUR), work(EIGHT, EIGHT + HOUR)], "overlaps"),
        ([work(EIGHT + HOUR - timedelta(microseconds=1), EIGHT + 2 * HOUR), work(EIGHT, EIGHT + HOUR)], "overlaps"),
    ],
)
def test_a_wrong_plan_is_refused_in_one_line(plan: list[Planned], says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        checked(plan)
    assert "\n" not in str(refused.value)
    assert "08:00" in str(refused.value)


def test_the_table_names_every_activity_and_each_state_once_at_most() -> None:
    assert set(SATISFIED_BY) == set(Activity)
    at_work = {S.READY, S.RESERVED, S.RINGING, S.TALKING, S.HOLDING, S.WRAP_UP}
    for state in set(S) - {S.NOT_READY}:
        satisfied = {activity for activity in Activity if satisfies(activity, state, "")}
        assert satisfied == ({Activity.WORKING} if state in at_work else {Activity.MEAL, Activity.OFF})


@pytest.mark.parametrize(
    ("reason", "activity"),
    [("break", "break"), (" meal ", "meal"), ("培训", "training"), ("meeting", "training"), ("rona", None), ("", None)],
)
def test_a_reason_stands_for_one_activity(reason: str, activity: str | None) -> None:
    satisfied = [one for one in Activity if satisfies(one, S.NOT_READY, reason)]
    assert satisfied == ([activity] if activity else [])


def test_the_settings_say_what_reasons_stand_for() -> None:
    text = b'[reasons]\npaperwork = "working"\ntea = "break"\n'
    reasons = msgspec.toml.decode(text, type=ScheduleSettings).reasons
    assert satisfies(Activity.WORKING, S.NOT_READY, "paperwork", reasons)
    assert satisfies(Activity.BREAK, S.NOT_READY, "tea", reasons)
    assert not satisfies(Activity.BREAK, S.NOT_READY, "break", reasons)
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode(b'[reasons]\ntea = "drinking"\n', type=ScheduleSettings)
