"""What a caller chose in the flow: skills, priority, confidence, queue; and what pop and record say of it."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from center.records import ContactRecord
from messages import events, facts
from messages.ids import CallId, QueueId
from messages.values import Need
from queueing.settings import QueueSettings, Route
from tests.center.world import NODE, QUEUE, World, settings

OTHER = QueueId("other")


def town(*routes: Route) -> World:
    """Return two queues and these routes."""
    whole = settings(1)
    return World(whole=msgspec.structs.replace(whole, queues=(*whole.queues, QueueSettings(id=OTHER)), routes=routes))


def queue(world: World, **fields: object) -> events.CallQueued:
    """Let the flow ask for a queue; return what was recorded."""
    about = {"occurred": world.now, "node": NODE, "call": CallId("c1"), "number": "13800001234", "did": "12345"}
    world.do(facts.CallQueued(**{"queue": QUEUE, **about, **fields}))  # type: ignore[arg-type]
    last: events.CallQueued = world.of(events.CallQueued)[-1]
    return last


def test_the_flows_needs_and_priority_are_added_to_the_routes() -> None:
    world = town(Route(queue=OTHER, needs=(Need("lu"), Need("tax")), priority=2))
    event = queue(world, needs=(Need("tax"),), priority=5)
    assert (event.queue, event.needs, event.priority) == (OTHER, (Need("tax"), Need("lu")), 7)


def test_without_a_route_they_are_the_flows() -> None:
    event = queue(town(), needs=(Need("tax"),), priority=5)
    assert (event.queue, event.needs, event.priority) == (QUEUE, (Need("tax"),), 5)


def test_a_route_does_not_overrule_what_the_citizen_keyed() -> None:
    world = town(Route(queue=OTHER))
    assert queue(world, path=("main=1",)).queue == QUEUE


def test_the_pop_shows_path_and_confidence_and_the_record_the_seconds_in_menus() -> None:
    world = town()
    world.ready("a1")
    queue(world, path=("main=1", "number=3112"), confidential=True, menu_s=7.5)
    [pop] = world.of(events.ScreenPop)
    assert (pop.path, pop.confidential) == (("main=1", "number=3112"), True)
    [record] = world.records(ContactRecord)
    assert (record.menu_s, record.confidential) == (7.5, True)


def test_who_comes_back_to_us_keeps_what_they_chose() -> None:
    world = town()
    queue(world, needs=(Need("tax"),), priority=5, path=("main=1",), confidential=True, menu_s=3.0)
    world.do(facts.CallMissing(occurred=world.now, node=NODE, call=CallId("c1")))
    world.now += timedelta(seconds=1)
    event = queue(world)
    assert (event.needs, event.priority) == ((Need("tax"),), 5)
    call = world.call("c1")
    assert (call.path, call.confidential) == (("main=1",), True)
    [record] = world.records(ContactRecord)
    assert record.menu_s == 3.0


def test_a_call_back_may_be_wanted_while_still_in_the_flow() -> None:
    world = town()
    about = {"occurred": world.now, "node": NODE, "call": CallId("c1")}
    world.do(facts.CallArrived(**about, contact="c1", number="13800001234", did="12345"))  # type: ignore[arg-type]
    for _ in range(2):
        world.do(facts.CallbackWanted(**about))  # type: ignore[arg-type]
    assert [event.number for event in world.of(events.CallbackRequested)] == ["13800001234"]
    world.do(facts.CallHungUp(**about))  # type: ignore[arg-type]
    assert world.of(events.ContactEnded)[0].outcome == "callback"
