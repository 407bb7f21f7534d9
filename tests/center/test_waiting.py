"""What those who wait are told, a call back instead of waiting on, and the survey after the talk."""

from __future__ import annotations

from dataclasses import dataclass

from center import snapshot
from center.records import ContactRecord, SurveyRecord, VisitRecord
from messages import commands, events, facts
from messages.ids import CallId
from messages.values import CallbackKind, ContactOutcome
from queueing.settings import Announcements, QueueSettings
from tests.center.world import NODE, QUEUE, World, settings


def waiting_world(agents: int = 1, **changes: object) -> World:
    """Return a world whose queue tells those who wait something."""
    announcements = Announcements(**{"first_s": 20.0, "every_s": 30.0, "comfort": ("first", "second"), **changes})  # type: ignore[arg-type]
    whole = settings(agents)
    queue = QueueSettings(id=QUEUE, ring_s=15, wrap_up_s=10, announcements=announcements)
    return World(whole=type(whole)(queues=(queue,), agents=whole.agents))


def told(world: World, call: str) -> list[tuple[float, int, str]]:
    """Return when (seconds after joining), with what place and what comfort a call was told something."""
    joined = {entry.event.call: entry.at for entry in world.entries if isinstance(entry.event, events.CallQueued)}
    return [
        ((entry.at - joined[entry.event.call]).total_seconds(), entry.event.position, entry.event.comfort)
        for entry in world.entries
        if isinstance(entry.event, events.CallAnnounced) and entry.event.call == call
    ]


def test_who_waits_is_told_their_place_and_a_word_of_comfort_from_time_to_time() -> None:
    world = waiting_world()
    world.come("c1")
    world.wait(5)
    world.come("c2")
    world.wait(76)
    assert told(world, "c1") == [(20.0, 1, "first"), (50.0, 1, "second"), (80.0, 1, "first")]
    assert told(world, "c2") == [(20.0, 2, "first"), (50.0, 2, "second")]
    commanded = [command for command in world.commands if isinstance(command, commands.Announce)]
    assert [(one.call, one.position, one.comfort) for one in commanded][:2] == [("c1", 1, "first"), ("c2", 2, "first")]


def test_nobody_is_told_anything_who_is_served_gone_or_with_asterisks_own_queue() -> None:
    world = waiting_world()
    world.ready("a1")
    world.come("talks")
    world.talk("talks/1")
    world.come("gone")
    world.hang_up("gone")
    world.arrive("asterisks")
    world.queue("asterisks", by_asterisk=True)
    world.wait(200)
    assert not [entry for entry in world.entries if isinstance(entry.event, events.CallAnnounced)]


def test_while_a_phone_rings_nothing_is_told_and_afterwards_at_once() -> None:
    world = waiting_world()
    world.come("c1")
    world.wait(15)
    world.ready("a1")
    world.wait(14)
    assert told(world, "c1") == []
    world.wait(5)  # not answered
    assert [at for at, *_ in told(world, "c1")] and told(world, "c1")[0][0] < 35


def test_a_place_that_has_become_worse_is_not_told() -> None:
    world = waiting_world()
    world.come("c1")
    world.wait(21)
    fact = facts.CallQueued(
        occurred=world.now, node=NODE, call=CallId("vip"), queue=QUEUE, noticed=True, number="1", priority=10
    )
    world.do(fact)
    world.wait(30)
    assert [place for _, place, _ in told(world, "c1")] == [1, 0]


def test_no_time_is_told_before_the_queues_pace_is_known() -> None:
    world = waiting_world()
    world.come("c1")
    world.wait(25)
    [announced] = [command for command in world.commands if isinstance(command, commands.Announce)]
    assert announced.minutes is None


def test_a_time_is_told_where_the_pace_is_known_and_rounded_up_to_minutes() -> None:
    world = waiting_world()
    world.ready("a1")
    for n in range(9):
        world.come(f"c{n}")
    for n in range(7):
        world.talk(f"c{n}/1")
        world.wait(60)
        world.hang_up(f"c{n}")
        world.wait(10)
    announced = [one for one in world.commands if isinstance(one, commands.Announce) and one.call == "c8"]
    assert announced[-1].minutes is not None and 1 <= announced[-1].minutes <= 4


def test_who_takes_a_call_back_instead_of_waiting_leaves_the_queue_and_is_owed_one() -> None:
    world = waiting_world(callback=True)
    world.come("c1")
    world.wait(25)
    world.do(facts.CallbackWanted(occurred=world.now, node=NODE, call=CallId("c1")))
    world.ready("a1")
    assert not world.commanded(commands.OfferCall), "a call that is taken back is offered to nobody"
    world.hang_up("c1", by_citizen=False)
    [contact], [visit] = world.records(ContactRecord), world.records(VisitRecord)
    assert (contact.outcome, visit.outcome) == (ContactOutcome.CALLBACK, ContactOutcome.CALLBACK)
    [callback] = world.center.state.callbacks.values()
    assert (callback.kind, callback.contacts) == (CallbackKind.REQUESTED, ("c1",))


def test_a_call_back_taken_while_a_phone_begins_to_ring_withdraws_the_ring() -> None:
    world = waiting_world(callback=True)
    world.come("c1")
    world.ready("a1")
    world.do(facts.CallbackWanted(occurred=world.now, node=NODE, call=CallId("c1")))
    assert [one.leg for one in world.commanded(commands.WithdrawOffer)] == ["c1/1"]
    assert world.call("c1").outcome() is ContactOutcome.CALLBACK


@dataclass
class Keyed:
    """What a survey's records say."""

    key: str
    satisfied: bool | None
    agent: str | None


def surveyed(world: World) -> Keyed:
    """Return what is kept of the one question asked."""
    record = world.records(SurveyRecord)[-1]
    assert (record.contact, record.question, record.queue) == ("c1", "survey", QUEUE)
    return Keyed(record.key, record.satisfied, record.agent)


def served(world: World) -> None:
    """Let a citizen be served and the agent hang up."""
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    world.wait(60)
    world.end_leg("c1/1")


def test_the_survey_is_about_the_last_agent_and_the_first_key_counts() -> None:
    world = waiting_world()
    served(world)
    about = {"node": NODE, "call": CallId("c1"), "question": "survey"}
    for _ in range(2):  # facts may come twice
        world.do(facts.SurveyAsked(occurred=world.now, **about))  # type: ignore[arg-type]
    world.do(facts.SurveyAnswered(occurred=world.now, key="1", satisfied=True, **about))  # type: ignore[arg-type]
    world.do(facts.SurveyAnswered(occurred=world.now, key="3", satisfied=False, **about))  # type: ignore[arg-type]
    assert surveyed(world) == Keyed("1", True, "a1")
    kinds = [type(entry.event) for entry in world.entries]
    assert (kinds.count(events.SurveyAsked), kinds.count(events.SurveyAnswered)) == (1, 1)


def test_silence_is_asked_and_unanswered_and_never_satisfied() -> None:
    world = waiting_world()
    served(world)
    world.do(facts.SurveyAsked(occurred=world.now, node=NODE, call=CallId("c1"), question="survey"))
    world.hang_up("c1")
    assert surveyed(world) == Keyed("", None, "a1")


def test_an_answer_that_nobody_asked_for_counts_nothing() -> None:
    world = waiting_world()
    served(world)
    fact = facts.SurveyAnswered(occurred=world.now, node=NODE, call=CallId("c1"), question="survey", key="1")
    world.do(fact)
    world.hang_up("c1")
    world.do(fact)
    assert not world.records(SurveyRecord)


def test_a_snapshot_of_before_satisfaction_was_kept_is_read() -> None:
    world = waiting_world()
    served(world)
    world.do(facts.SurveyAsked(occurred=world.now, node=NODE, call=CallId("c1"), question="survey"))
    kept = snapshot.encode(world.center.state)
    today, before = b',"",null]', b',""]'
    assert today in kept
    again = snapshot.decode(kept.replace(today, before), world.settings)
    assert again.calls[CallId("c1")].surveyed == world.call("c1").surveyed
