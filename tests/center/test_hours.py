"""Queues open and close by their calendars, by hand until the next change, and rightly after any pause."""

from __future__ import annotations

from datetime import datetime, timedelta

import hypothesis
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from calendars.settings import WEEKDAYS, Calendar
from center import snapshot
from center.apply import Center
from center.settings import CenterSettings
from messages import events, requests
from messages.ids import QueueId, UserId
from messages.values import ContactOutcome
from queueing.settings import QueueSettings, Tenant
from tests.center.world import BY, QUEUE, START, World, same, settings

OFFICE = Calendar(id="office", tz="UTC", week=dict.fromkeys(WEEKDAYS, ("09:00-17:00",)))
COUNTY = QueueId("county")
NINE, FIVE = START.replace(hour=9), START.replace(hour=17)


def whole(**changes: object) -> CenterSettings:
    """Return a city queue with hours and a county's that has its tenant's; the world begins at eight."""
    return msgspec.structs.replace(
        settings(1),
        queues=(QueueSettings(id=QUEUE, calendar="office"), QueueSettings(id=COUNTY, tenant="xia")),
        tenants=(Tenant(id="xia", calendar="office"),),
        calendars=(OFFICE,),
        **changes,
    )


def changes(world: World) -> list[tuple[str, bool, str, datetime]]:
    return [
        (entry.event.queue, entry.event.open, entry.event.by, entry.at)
        for entry in world.entries
        if isinstance(entry.event, events.QueueChanged)
    ]


def test_queues_open_and_close_by_their_own_calendar_or_their_tenants() -> None:
    world = World(whole=whole())
    assert world.center.state.closed == {QUEUE, COUNTY}
    world.come("early")
    assert world.call("early").outcome() is ContactOutcome.CLOSED
    world.wait(3600)
    assert world.center.state.closed == set()
    world.come("c1")
    world.wait(8 * 3600)
    assert world.call("c1").in_line, "who waits stays"
    assert changes(world) == [
        (queue, open_, "calendar", at)
        for at, open_ in ((START, False), (NINE, True), (FIVE, False))
        for queue in (QUEUE, COUNTY)
    ]
    assert same(world.center.state, world.replayed())


def test_by_hand_holds_until_the_calendars_next_change() -> None:
    world = World(whole=whole())
    world.do(requests.OpenQueue(by=BY, queue=QUEUE, open=True, reason="flood"))
    assert world.center.state.closed == {COUNTY}
    world.wait(2 * 3600)
    world.do(requests.OpenQueue(by=BY, queue=QUEUE, open=False, reason="drill"))
    world.wait(3600)
    assert QUEUE in world.center.state.closed
    world.wait(22 * 3600)  # nine on the next day
    assert QUEUE not in world.center.state.closed


def restarted(world: World, after: CenterSettings, later: timedelta) -> Center:
    """Return a centre that comes back later on perhaps other settings."""
    center = Center(after)
    center.restore(world.entries)
    center.start(world.now + later)
    return center


def test_a_start_over_an_hour_that_came_meanwhile_or_on_other_settings_is_right() -> None:
    world = World(whole=whole())
    assert restarted(world, whole(), timedelta(hours=2)).state.closed == set()
    assert restarted(world, whole(), timedelta(hours=11)).state.closed == {QUEUE, COUNTY}
    without = msgspec.structs.replace(whole(), queues=(QueueSettings(id=QUEUE), QueueSettings(id=COUNTY)))
    center = restarted(world, without, timedelta(0))
    assert (center.state.closed, center.next_deadline()) == (set(), None)


def test_a_start_keeps_what_was_done_by_hand_before_the_next_change() -> None:
    world = World(whole=whole())
    world.do(requests.OpenQueue(by=BY, queue=QUEUE, open=True))
    center = restarted(world, whole(), timedelta(minutes=10))
    assert center.state.closed == {COUNTY}
    assert center.next_deadline() == NINE


def test_a_queue_that_is_gone_from_the_settings_needs_no_hours() -> None:
    world = World(whole=whole())
    fewer = msgspec.structs.replace(whole(), queues=(QueueSettings(id=QUEUE, calendar="office"),))
    center = restarted(world, fewer, timedelta(0))
    center.apply(requests.Tick(), NINE)
    assert (center.state.closed, center.next_deadline()) == (set(), FIVE)


def test_other_hours_count_at_the_start_though_they_change_at_the_same_instant() -> None:
    """Office hours turned into the night's: at eight the one is closed till nine, the other open till nine."""
    world = World(whole=whole())
    night = msgspec.structs.replace(OFFICE, week=dict.fromkeys(WEEKDAYS, ("17:00-09:00",)))
    center = restarted(world, msgspec.structs.replace(whole(), calendars=(night,)), timedelta(0))
    assert (center.state.closed, center.next_deadline()) == (set(), NINE)


def test_what_is_done_by_hand_outlasts_starts_where_the_calendar_never_changes() -> None:
    never = msgspec.structs.replace(whole(), calendars=(Calendar(id="office"),))
    world = World(whole=never)
    assert world.center.state.closed == {QUEUE, COUNTY}
    world.do(requests.OpenQueue(by=BY, queue=QUEUE, open=True))
    assert restarted(world, never, timedelta(hours=1)).state.closed == {COUNTY}


def test_a_user_may_be_called_calendar() -> None:
    world = World(whole=whole())
    world.do(requests.OpenQueue(by=UserId("calendar"), queue=QUEUE, open=True))
    assert world.center.state.closed == {COUNTY}
    world.wait(9 * 3600)
    assert QUEUE in world.center.state.closed, "the calendar closed it at five all the same"


@given(
    st.lists(st.tuples(st.floats(0, 30), st.sampled_from([None, True, False])), max_size=6),
    st.floats(0, 60),
    st.booleans(),
)
@hypothesis.settings(max_examples=60, deadline=None)
def test_a_restart_at_any_time_comes_to_the_same_as_having_stayed_up(
    acts: list[tuple[float, bool | None]], away_h: float, from_snapshot: bool
) -> None:
    world = World(whole=whole())
    for hours, by_hand in acts:
        world.wait(hours * 3600)
        if by_hand is not None:
            world.do(requests.OpenQueue(by=BY, queue=QUEUE, open=by_hand))
    later = timedelta(hours=away_h)
    if from_snapshot:
        kept = snapshot.decode(snapshot.encode(world.center.state), world.settings)
        center = Center(world.settings, kept)
        center.start(world.now + later)
    else:
        center = restarted(world, world.settings, later)
    world.wait(later.total_seconds())
    assert center.state.closed == world.center.state.closed
    assert center.state.hours == world.center.state.hours
    assert center.next_deadline() == world.center.next_deadline()
