"""Queues open and close by their calendars, by hand until the next change, and rightly after any pause."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from calendars.settings import WEEKDAYS, Calendar
from center.apply import Center
from center.settings import CenterSettings
from messages import events, requests
from messages.ids import QueueId
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
