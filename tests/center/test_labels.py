"""Nuisance callers: a label takes two people, evidence and a reason, ends by itself, and never turns anybody away."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.label import NuisanceSettings
from center import snapshot
from center.records import ContactRecord, LabelRecord, VisitRecord
from center.settings import CenterSettings
from messages import commands, events, facts, requests
from messages.errors import Conflict, Forbidden, Invalid, NotFound
from messages.ids import CallId, ContactId, LabelId, QueueId, UserId
from messages.values import ContactOutcome, LabelEnd, LabelKind, Refusal, Then
from queueing.settings import Overflow, Overflows, QueueSettings
from tests.center.world import NODE, QUEUE, World, same, settings

NUMBER, OTHER = "13800001234", "13900005678"
LI, WANG = UserId("li"), UserId("wang")
DESK = QueueId("desk")
DAY = 86400.0


def nuisance(desk: QueueSettings | None = None, **fields: Any) -> CenterSettings:
    """Return one agent's line whose labelled callers go to a desk of their own."""
    line = settings(1)
    [agent] = line.agents
    return msgspec.structs.replace(
        line,
        queues=(*line.queues, desk or QueueSettings(id=DESK)),
        agents=(msgspec.structs.replace(agent, queues=(QUEUE, DESK)),),
        nuisance=NuisanceSettings(**({"queue": DESK} | fields)),
    )


def propose(world: World, number: str = NUMBER, by: UserId = LI, **fields: Any) -> LabelId:
    """Somebody proposes a label."""
    asked: dict[str, Any] = {
        "tenant": "",
        "kind": LabelKind.HARASSING,
        "reason": "insults",
        "evidence": (ContactId("c0"),),
    }
    return LabelId(world.do(requests.ProposeLabel(by=by, number=number, **(asked | fields))).id)


def label(world: World, number: str = NUMBER, days: int | None = None) -> LabelId:
    """One proposes a label, another approves it."""
    name = propose(world, number)
    world.do(requests.ApproveLabel(by=WANG, label=name, days=days))
    return name


def again(world: World, call: str, keyed: str = "") -> None:
    """The announcement is over, or a key cut it short: the call is held again."""
    fact = facts.CallQueued(
        occurred=world.now, node=NODE, call=CallId(call), queue=QUEUE, noticed=True, keyed=keyed, needs=()
    )
    world.do(fact)


def told(world: World) -> commands.LeaveQueue:
    """Return what the last caller was told."""
    found: commands.LeaveQueue = world.commanded(commands.LeaveQueue)[-1]
    return found


# Due process


def test_whoever_proposed_a_label_neither_approves_nor_refuses_it() -> None:
    world = World(whole=nuisance())
    name = propose(world)
    with pytest.raises(Forbidden, match="somebody else"):
        world.do(requests.ApproveLabel(by=LI, label=name))
    with pytest.raises(Forbidden, match="revoke"):
        world.do(requests.RefuseLabel(by=LI, label=name, reason="no"))
    world.come("c1", NUMBER)
    assert world.call("c1").queue == QUEUE, "what is only proposed has no effect"
    world.do(requests.ApproveLabel(by=WANG, label=name))
    with pytest.raises(Conflict, match="approved"):
        world.do(requests.ApproveLabel(by=UserId("zhao"), label=name))
    [record] = world.records(LabelRecord)
    assert (record.proposed_by, record.approved_by, record.evidence) == (LI, WANG, "c0")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"evidence": ()}, "contacts"),
        ({"number": ""}, "without a number"),
        ({"number": "anonymous"}, "without a number"),
    ],
)
def test_a_label_needs_a_number_evidence_and_a_reason(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        propose(World(whole=nuisance()), **fields)


def test_a_number_has_one_label_at_a_time() -> None:
    world = World(whole=nuisance())
    name = propose(world)
    with pytest.raises(Conflict, match="proposed"):
        propose(world, by=WANG)
    world.do(requests.ApproveLabel(by=WANG, label=name))
    with pytest.raises(Conflict, match="in force"):
        propose(world)
    world.do(requests.RevokeLabel(by=LI, label=name, reason="apologised"))
    assert propose(world) != name


def test_a_refused_label_and_a_revoked_one_have_no_effect_and_say_why() -> None:
    world = World(whole=nuisance())
    refused, revoked = propose(world), label(world, OTHER)
    world.do(requests.RefuseLabel(by=WANG, label=refused, reason="once only"))
    world.do(requests.RevokeLabel(by=WANG, label=revoked, reason="apologised"))
    for call, number in (("c1", NUMBER), ("c2", OTHER)):
        world.come(call, number)
        assert world.call(call).queue == QUEUE
    assert [(one.end, one.ended_by, one.why) for one in world.records(LabelRecord)] == [
        (LabelEnd.REFUSED, WANG, "once only"),
        (LabelEnd.REVOKED, WANG, "apologised"),
    ]
    with pytest.raises(NotFound):
        world.do(requests.ApproveLabel(by=WANG, label=refused))
    with pytest.raises(NotFound):
        world.do(requests.RevokeLabel(by=LI, label=revoked, reason="x"))


def test_a_label_ends_by_itself_and_lasts_no_longer_than_the_settings_say() -> None:
    world = World(whole=nuisance(days=7))
    with pytest.raises(Invalid, match="1 to 7"):
        world.do(requests.ApproveLabel(by=WANG, label=propose(world), days=8))
    label(world, OTHER, days=2)
    world.wait(2 * DAY - 1)
    world.arrive("c1", OTHER)
    assert world.call("c1").label
    world.wait(1)
    world.arrive("c2", OTHER)
    assert world.call("c2").label is None
    world.wait(5 * DAY)
    assert not world.center.state.labels, "a proposal that nobody decides on lapses, too"
    assert [one.end for one in world.records(LabelRecord)] == [LabelEnd.EXPIRED] * 2


def test_a_label_of_one_line_has_no_effect_on_another() -> None:
    world = World(whole=nuisance())
    name = propose(world, tenant="qihe")
    world.do(requests.ApproveLabel(by=WANG, label=name))
    world.come("c1", NUMBER)
    assert world.call("c1").label is None


# The effect


def test_a_labelled_caller_is_told_with_the_key_and_then_waits_at_the_desk_behind_others() -> None:
    world = World(whole=nuisance(priority=-10))
    label(world)
    world.come("c1", NUMBER)
    assert (told(world).announce, told(world).then, told(world).key) == ("nuisance", Then.WAIT, "0")
    assert world.call("c1").queue is None
    again(world, "c1")
    call = world.call("c1")
    assert (call.queue, call.priority, call.urgent) == (DESK, -10, False)
    world.ready("a1")
    [pop] = world.of(events.ScreenPop)
    assert (pop.queue, pop.malicious, pop.priority) == (DESK, True, -10)
    assert len(world.of(events.CallDeflected)) == 1, "told once"


def test_without_a_desk_they_wait_in_line_after_those_who_came_minutes_later() -> None:
    world = World(whole=nuisance(queue=None, priority=-10))
    label(world)
    world.come("c1", NUMBER)
    again(world, "c1")
    world.wait(240)
    world.come("c2", OTHER)
    world.ready("a1")
    assert [pop.call for pop in world.of(events.ScreenPop)] == ["c2"]
    assert world.call("c1").queue == QUEUE


def test_who_presses_0_is_as_everybody_is() -> None:
    world = World(whole=nuisance())
    label(world)
    world.come("c1", NUMBER)
    again(world, "c1", "0")
    call = world.call("c1")
    assert (call.queue, call.priority, call.urgent) == (QUEUE, 0, True)
    world.ready("a1")
    [pop] = world.of(events.ScreenPop)
    assert (pop.queue, pop.malicious) == (QUEUE, True)
    assert [record.urgent for record in world.records(ContactRecord)] == [True]


@pytest.mark.parametrize("key", ["1", "*", "00"])
def test_another_key_is_none(key: str) -> None:
    world = World(whole=nuisance())
    label(world)
    world.come("c1", NUMBER)
    again(world, "c1", key)
    assert (world.call("c1").queue, world.call("c1").urgent) == (DESK, False)


def test_the_key_changes_nothing_for_who_is_not_labelled() -> None:
    world = World(whole=nuisance())
    world.arrive("c1", OTHER)
    again(world, "c1", "0")
    assert (world.call("c1").queue, world.call("c1").urgent) == (QUEUE, False)
    assert not world.of(events.CallUrgent)


def test_a_desk_that_is_full_offers_the_key_with_what_it_says() -> None:
    desk = QueueSettings(id=DESK, max_waiting=0, overflow=Overflows(full=Overflow(announce="busy", then=Then.END)))
    world = World(whole=nuisance(desk))
    label(world)
    world.come("c1", NUMBER)
    again(world, "c1")
    assert (told(world).announce, told(world).then, told(world).key) == ("busy", Then.END, "0")
    again(world, "c1", "0")
    assert world.call("c1").queue == QUEUE
    world.hang_up("c1")
    [contact] = world.records(ContactRecord)
    assert contact.outcome is ContactOutcome.ABANDONED
    assert [(v.queue, v.joined, v.outcome) for v in world.records(VisitRecord)] == [
        (DESK, False, ContactOutcome.BLOCKED),
        (QUEUE, True, ContactOutcome.ABANDONED),
    ]


def test_who_waited_too_long_at_the_desk_is_offered_the_key_too() -> None:
    desk = QueueSettings(id=DESK, max_wait_s=60, overflow=Overflows(too_long=Overflow(announce="busy", then=Then.END)))
    world = World(whole=nuisance(desk))
    label(world)
    world.come("c1", NUMBER)
    again(world, "c1")
    world.wait(60)
    assert told(world).key == "0"
    again(world, "c1", "0")
    assert (world.call("c1").queue, world.call("c1").priority) == (QUEUE, 0)


def test_who_hangs_up_while_they_are_told_was_not_turned_away() -> None:
    world = World(whole=nuisance())
    label(world)
    world.come("c1", NUMBER)
    world.hang_up("c1")
    [contact] = world.records(ContactRecord)
    assert (contact.outcome, contact.refused, contact.visits) == (ContactOutcome.ENDED_IN_IVR, None, 0)
    assert contact.label


def test_a_call_that_asterisk_holds_or_an_agent_passes_on_is_not_told_again() -> None:
    world = World(whole=nuisance())
    label(world)
    world.arrive("c1", NUMBER)
    world.queue("c1", by_asterisk=True)
    assert not world.commanded(commands.LeaveQueue), "the safety net takes everybody"


def test_calls_to_a_labelled_number_are_not_held_up() -> None:
    world = World(whole=nuisance())
    label(world)
    world.ready("a1")
    world.do(requests.DialOut(by=LI, agent=world.settings.agents[0].id, number=NUMBER))
    [dialled] = world.of(events.DialledOut)
    about: dict[str, Any] = {"occurred": world.now, "node": NODE, "call": CallId("o1"), "contact": ContactId("o1")}
    world.do(facts.CallArrived(number=NUMBER, did="12345", outbound=dialled.leg, **about))
    assert world.call("o1").label is None


def test_labels_outlive_restarts() -> None:
    world = World(whole=nuisance())
    label(world)
    propose(world, OTHER)
    world.come("c1", NUMBER)
    again(world, "c1", "0")
    state = snapshot.decode(snapshot.encode(world.center.state), world.settings)
    assert same(state, world.center.state) and same(world.replayed(), world.center.state)
    assert state.labelled == world.center.state.labelled


steps = st.lists(
    st.tuples(
        st.sampled_from(["come", "again", "press", "hang_up", "ready", "label", "revoke", "wait"]),
        st.integers(0, 3),
    ),
    max_size=40,
)


@given(steps=steps, full=st.booleans())
def test_no_labelled_call_is_ever_dropped_untold_or_without_the_key(steps: list[tuple[str, int]], full: bool) -> None:
    desk = QueueSettings(id=DESK, max_waiting=1 if full else None, max_wait_s=90)
    world, count = World(whole=nuisance(desk)), 0
    for what, pick in steps:
        calls = list(world.center.state.calls)
        match what:
            case "come":
                count += 1
                world.come(f"c{count}", (NUMBER, OTHER)[pick % 2])
            case "again" | "press" if calls:
                again(world, calls[pick % len(calls)], "0" if what == "press" else "")
            case "hang_up" if calls:
                world.hang_up(calls[pick % len(calls)])
            case "ready" if world.state("a1") == "logged_out":
                world.ready("a1")
            case "label" if ("", NUMBER) not in world.center.state.labelled:
                label(world)
            case "revoke" if world.center.state.labels:
                name = next(iter(world.center.state.labels))
                world.do(requests.RevokeLabel(by=LI, label=name, reason="over"))
            case _:
                world.wait(pick * 20.0)
    labelled = {event.call for event in world.of(events.ContactArrived) if event.label}
    urgent: set[str] = set()
    assert not world.commanded(commands.HangUp)
    for entry in world.entries:
        match entry.event:
            case events.CallUrgent(call=call):
                assert call in labelled
                urgent.add(call)
            case events.ContactBlocked(why=why):
                assert why is not Refusal.NUISANCE
    for command in world.commanded(commands.LeaveQueue):
        if command.call not in labelled:
            assert command.key == ""
        elif command.call not in urgent:
            assert command.announce and command.key == "0"
    for contact in world.records(ContactRecord):
        its = [visit for visit in world.records(VisitRecord) if visit.contact == contact.contact]
        assert len(its) == contact.visits
        assert contact.ended_at is None or all(visit.left_at for visit in its), "the ledger balances"
