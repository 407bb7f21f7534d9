"""Confidence: once a citizen asks for it, whatever is made of the contact carries it on."""

from __future__ import annotations

import msgspec

from center import snapshot
from center.records import CallbackRecord, ContactRecord, OperationRecord
from messages import events, facts, requests
from messages.ids import AgentId, CallId, ContactId
from tests.center.world import BY, NODE, World, same, settings

NUMBER = "13800001234"


def mark(world: World, contact: str) -> None:
    """An agent marks a contact."""
    world.do(requests.MarkConfidential(by=BY, contact=ContactId(contact)))


def ask_back(world: World, contact: str) -> str:
    """The citizen of a contact is to be called back."""
    return world.do(requests.AskCallback(by=BY, number=NUMBER, contact=ContactId(contact))).id


def test_a_call_keeps_it_through_its_queues_and_its_agents_pop() -> None:
    world = World()
    world.ready("a1")
    world.arrive("c1", NUMBER)
    mark(world, "c1")
    mark(world, "c1")
    world.queue("c1")
    [pop] = world.of(events.ScreenPop)
    assert pop.confidential
    assert len(world.of(events.ContactConfidential)) == 1
    [record] = world.records(ContactRecord)
    assert (record.confidential, record.confidential_at) == (True, world.now)


def test_a_key_in_the_flow_does_as_much() -> None:
    world = World()
    world.arrive("c1", NUMBER)
    world.do(
        facts.CallQueued(
            occurred=world.now, node=NODE, call=CallId("c1"), queue=world.settings.queues[0].id, confidential=True
        )
    )
    assert world.center.state.is_confidential("c1")
    mark(world, "c1")
    assert not world.of(events.ContactConfidential), "it is so already"


def test_the_call_back_and_the_call_that_is_dialled_for_it_are_confidential() -> None:
    world = World()
    world.ready("a1")
    world.arrive("c1", NUMBER)
    world.hang_up("c1")
    mark(world, "c1")
    callback = ask_back(world, "c1")
    world.do(requests.DialCallback(by=BY, callback=callback, agent=AgentId("a1")))  # type: ignore[arg-type]
    [dialled] = world.of(events.DialledOut)
    assert dialled.confidential
    about = {"occurred": world.now, "node": NODE, "call": CallId("o1"), "contact": ContactId("o1")}
    world.do(facts.CallArrived(number=NUMBER, did="12345", outbound=dialled.leg, **about))  # type: ignore[arg-type]
    assert world.call("o1").confidential
    assert world.center.state.is_confidential("o1")
    assert [record.confidential for record in world.records(CallbackRecord)] == [True]
    assert [record.confidential for record in world.records(OperationRecord)] == [True]


def test_marked_after_it_was_noted_a_call_back_becomes_confidential_and_stays_so() -> None:
    world = World()
    world.arrive("c1", NUMBER)
    callback = ask_back(world, "c1")
    due = world.center.state.callbacks[callback].due_at  # type: ignore[index]
    assert not world.center.state.callbacks[callback].confidential  # type: ignore[index]
    mark(world, "c1")
    ask_back(world, "c2")
    [owed] = world.center.state.callbacks.values()
    assert (owed.confidential, owed.contacts, owed.due_at >= due) == (True, ("c1", "c2"), True)
    assert [record.contacts for record in world.records(CallbackRecord)] == [2]


def test_it_outlives_restarts_by_journal_and_by_snapshot() -> None:
    world = World()
    world.ready("a1")
    for n in range(3):
        world.arrive(f"c{n}", NUMBER)
        mark(world, f"c{n}")
        world.hang_up(f"c{n}")
    state = snapshot.decode(snapshot.encode(world.center.state), world.settings)
    assert state.is_confidential("c0") and not state.is_confidential("c9", None)
    assert same(state, world.center.state) and same(world.replayed(), world.center.state)


def test_only_so_many_are_remembered() -> None:
    world = World(whole=msgspec.structs.replace(settings(), remembered_confidential=2))
    for n in range(3):
        mark(world, f"c{n}")
    assert list(world.center.state.confidential) == ["c1", "c2"]
