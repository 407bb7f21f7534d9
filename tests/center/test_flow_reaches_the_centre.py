"""What a caller chose in the flow: skills, priority, confidence, queue; and what pop and record say of it."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from calls.callback import CallbackSettings
from center.records import ContactRecord, MessageRecord
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


def in_flow(world: World, number: str = "13800001234") -> dict[str, object]:
    """Let a citizen be in the flow; return what its facts are about."""
    world.arrive("c1", number)
    return {"occurred": world.now, "node": NODE, "call": CallId("c1")}


def leave_message(world: World, about: dict[str, object], **fields: object) -> None:
    """Let the citizen leave a message."""
    whole = {"contact": "c1", "recording": "c1-message.wav", "seconds": 12.5, **about, **fields}
    world.do(facts.MessageLeft(**whole))  # type: ignore[arg-type]


def test_what_was_keyed_is_on_the_contact_that_ended_in_the_flow_and_numbers_are_masked() -> None:
    world = town()
    about = in_flow(world)
    path = ("main=2", "card=110101199001011234", "survey=1")
    world.do(facts.FlowEnded(**about, path=path, menu_s=9.5, confidential=True))  # type: ignore[arg-type]
    world.do(facts.CallHungUp(**about))  # type: ignore[arg-type]
    [record] = world.records(ContactRecord)
    assert (record.outcome, record.menu_s, record.confidential) == ("ended_in_ivr", 9.5, True)
    assert record.path == "main=2 card=110***********1234 survey=1"


def test_who_left_a_message_ended_in_the_flow_and_is_owed_a_call() -> None:
    world = town()
    about = in_flow(world)
    leave_message(world, about)
    world.do(facts.CallHungUp(**about))  # type: ignore[arg-type]
    [contact], [message] = world.records(ContactRecord), world.records(MessageRecord)
    assert (contact.outcome, message.contact, message.number) == ("ended_in_ivr", "c1", "13800001234")
    assert (message.recording, message.seconds, message.reason) == ("c1-message.wav", 12.5, "message_left")
    [noted] = world.of(events.CallbackNoted)
    assert (noted.contact, noted.number, noted.cause) == ("c1", "13800001234", "requested")


def test_a_message_told_after_the_hang_up_is_answered_all_the_same() -> None:
    world = town()
    about = in_flow(world)
    world.do(facts.CallHungUp(**about))  # type: ignore[arg-type]
    assert world.of(events.CallbackNoted) == []
    leave_message(world, about, number="13800001234", did="12345")
    assert [noted.contact for noted in world.of(events.CallbackNoted)] == ["c1"]


def test_where_messages_are_not_answered_nobody_is_owed_a_call() -> None:
    whole = settings(1)
    world = World(whole=msgspec.structs.replace(whole, callbacks=CallbackSettings(messages=False)))
    about = in_flow(world)
    leave_message(world, about)
    world.do(facts.CallHungUp(**about))  # type: ignore[arg-type]
    assert world.of(events.MessageLeft) and not world.of(events.CallbackNoted)


def test_a_withheld_number_that_left_a_message_cannot_be_called() -> None:
    world = town()
    about = in_flow(world, "")
    leave_message(world, about)
    world.do(facts.CallHungUp(**about))  # type: ignore[arg-type]
    assert world.of(events.CallbackNoted) == []
