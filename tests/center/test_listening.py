"""Listening by agent, to a queue's next call, with somebody's leave, within a time: what the centre decides."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agents.agent import AgentSettings
from center.records import HearingRecord, ListeningRecord
from center.settings import CenterSettings
from messages import commands, events, facts, requests
from messages.errors import Conflict, Forbidden, Invalid, NotFound
from messages.ids import AgentId, CallId, ContactId, Phone, QueueId, SessionId, UserId
from messages.values import ListeningEnd, ListeningMode, ListeningScope, Role
from queueing.settings import QueueSettings, Team, Tenant
from supervision.governance import ListeningRule, SupervisionSettings
from supervision.listening import Listening, ListeningStage
from tests.center.world import BY, NODE, QUEUE, World, same

CHIEF = UserId("chief")
LEADER = UserId("leader")


def center(*rules: ListeningRule) -> CenterSettings:
    """Two agents, the second of team t2 and of tenant north; and a queue of the tenant's."""
    return CenterSettings(
        queues=(
            QueueSettings(id=QUEUE, wrap_up_s=10),
            QueueSettings(id=QueueId("north"), tenant="north", wrap_up_s=10),
        ),
        agents=(
            AgentSettings(id=AgentId("a1"), phone=Phone("1001"), queues=(QUEUE,), team="t1"),
            AgentSettings(id=AgentId("a2"), phone=Phone("1002"), queues=(QueueId("north"),), tenant="north", team="t2"),
        ),
        tenants=(Tenant(id="north"),),
        teams=(Team(id="t1", leaders=(UserId("head"),)), Team(id="t2")),
        supervision=SupervisionSettings(rules=rules, approval_s=60, wait_s=600) if rules else SupervisionSettings(),
    )


def world_of(*rules: ListeningRule) -> World:
    """Return a world whose agent a1 is ready."""
    world = World(whole=center(*rules))
    world.ready("a1")
    return world


def talk(world: World, call: str) -> None:
    """Let a citizen talk with a1."""
    world.come(call)
    world.answer(f"{call}/1")


def listen(world: World, by: UserId = BY, role: Role = Role.SUPERVISOR, phone: str = "2001", **what: Any) -> SessionId:
    """Ask to listen; return the session."""
    asked = requests.StartListening(by=by, phone=Phone(phone), purpose="coaching", roles=(role,), **what)
    return SessionId(world.do(asked).id)


def hears(world: World, session: SessionId, spied: str) -> None:
    """Asterisk reports that the listener hears a leg."""
    world.do(facts.SpyStarted(occurred=world.now, node=NODE, session=session, spied=spied, spyer="PJSIP/2001-01"))


def stops(world: World, session: SessionId, **more: Any) -> None:
    """Asterisk reports that the listener hears it no longer."""
    world.do(facts.SpyStopped(occurred=world.now, node=NODE, session=session, **more))


def stage(world: World, session: SessionId) -> ListeningStage | None:
    """Return how far a session has come, None for one that is over."""
    found = world.center.state.listening.get(session)
    return found.stage if found else None


def approve(world: World, session: SessionId, by: UserId = CHIEF, **more: Any) -> None:
    """Somebody decides on a session."""
    world.do(requests.DecideListening(by=by, session=session, **({"approved": True} | more)))


def ended(world: World) -> events.ListeningEnded:
    """Return the one end there was."""
    [one] = world.of(events.ListeningEnded)
    assert isinstance(one, events.ListeningEnded)
    return one


def test_a_session_follows_an_agent_and_rings_the_phone_once() -> None:
    world = world_of()
    session = listen(world, agent=AgentId("a1"))
    assert (stage(world, session), world.commanded(commands.StartSpy)) == (ListeningStage.WAITING, [])
    talk(world, "c1")
    [first] = world.commanded(commands.StartSpy)
    assert (first.leg, first.rings, first.follows, first.mode) == ("c1/1", True, True, ListeningMode.LISTEN)
    hears(world, session, "c1/1")
    world.do(requests.SwitchListening(by=BY, session=session, mode=ListeningMode.BARGE))
    world.do(facts.SpySwitched(occurred=world.now, node=NODE, session=session, mode=ListeningMode.BARGE))
    world.hang_up("c1")
    stops(world, session)
    assert stage(world, session) is ListeningStage.WAITING
    world.wait(10)
    talk(world, "c2")
    [_, second] = world.commanded(commands.StartSpy)
    assert (second.leg, second.rings) == ("c2/1", False)
    assert second.mode is ListeningMode.LISTEN, "who barged into one call is not heard in the next"
    hears(world, session, "c2/1")
    world.wait(5)
    world.do(requests.StopListening(by=BY, session=session))
    stops(world, session)
    stops(world, session, gone=True)
    assert ended(world).end is ListeningEnd.STOPPED
    [record] = world.records(ListeningRecord)
    assert (record.scope, record.followed, record.hearings) == (ListeningScope.AGENT, "a1", 2)
    heard = world.records(HearingRecord)
    assert [(one.n, one.call, one.mode, one.modes) for one in heard] == [
        (1, "c1", "listen", "barge"),
        (2, "c2", "listen", ""),
    ]
    assert all(one.ended_at for one in heard)
    assert same(world.center.state, world.replayed())


def test_an_agent_on_a_call_is_heard_at_once_and_the_call_that_came_before_the_last_was_over_too() -> None:
    world = world_of()
    talk(world, "c1")
    session = listen(world, agent=AgentId("a1"))
    hears(world, session, "c1/1")
    world.hang_up("c1")
    world.wait(10)
    talk(world, "c2")
    assert len(world.commanded(commands.StartSpy)) == 1, "Asterisk has not reported the first one's end"
    stops(world, session)
    assert world.commanded(commands.StartSpy)[-1].leg == "c2/1"


def test_the_listener_who_hangs_up_ends_the_session_and_is_not_rung_again() -> None:
    world = world_of()
    talk(world, "c1")
    session = listen(world, agent=AgentId("a1"))
    hears(world, session, "c1/1")
    stops(world, session)
    assert len(world.commanded(commands.StartSpy)) == 1, "not for the call they have just left"
    stops(world, session, gone=True)
    assert (ended(world).end, stage(world, session)) == (ListeningEnd.OVER, None)


def test_the_next_call_of_a_queue_is_heard_by_all_who_wait_for_it_and_then_it_is_over() -> None:
    world = world_of()
    sessions = [listen(world, UserId(f"u{n}"), phone=f"200{n}", queue=QUEUE) for n in (1, 2)]
    elsewhere = listen(world, CHIEF, phone="2003", queue=QueueId("north"))
    talk(world, "c1")
    assert [one.session for one in world.commanded(commands.StartSpy)] == sessions
    for session in sessions:
        hears(world, session, "c1/1")
        stops(world, session)
    assert [stage(world, session) for session in (*sessions, elsewhere)] == [None, None, ListeningStage.WAITING]


def test_a_session_for_which_no_call_comes_lapses() -> None:
    world = world_of(ListeningRule(roles=(Role.SUPERVISOR,)))
    session = listen(world, queue=QUEUE)
    world.wait(599)
    assert stage(world, session) is ListeningStage.WAITING
    world.wait(2)
    assert (ended(world).end, world.commanded(commands.StopSpy)) == (ListeningEnd.LAPSED, [])


def test_a_call_that_ends_while_a_queues_listener_is_rung_ends_the_session() -> None:
    world = world_of()
    session = listen(world, queue=QUEUE)
    talk(world, "c1")
    world.hang_up("c1")
    assert world.commanded(commands.StopSpy)[0].session == session
    stops(world, session, gone=True)
    assert world.records(HearingRecord) == []


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({}, Invalid),
        ({"agent": AgentId("a1"), "queue": QUEUE}, Invalid),
        ({"agent": AgentId("gone")}, NotFound),
        ({"queue": QueueId("gone")}, NotFound),
        ({"call": CallId("gone")}, NotFound),
        ({"agent": AgentId("a1"), "mode": ListeningMode.BARGE}, Invalid),
    ],
)
def test_what_is_listened_to_is_one_thing_that_is_there(what: dict[str, Any], error: type[Exception]) -> None:
    world = world_of()
    with pytest.raises(error):
        listen(world, **what)


def test_nobody_asks_twice_for_the_same_nor_with_one_phone() -> None:
    world = world_of()
    talk(world, "c1")
    listen(world, call=CallId("c1"))
    with pytest.raises(Conflict, match="is for the same"):
        listen(world, phone="2002", call=CallId("c1"))
    with pytest.raises(Conflict, match="phone"):
        listen(world, CHIEF, agent=AgentId("a1"))
    listen(world, CHIEF, phone="2002", call=CallId("c1"))


def test_a_leaders_session_begins_once_somebody_else_approves() -> None:
    world = world_of()
    talk(world, "c1")
    session = listen(world, LEADER, Role.LEADER, call=CallId("c1"))
    assert (stage(world, session), world.commanded(commands.StartSpy)) == (ListeningStage.ASKED, [])
    with pytest.raises(Conflict, match="asked"):
        listen(world, LEADER, Role.LEADER, call=CallId("c1"))
    with pytest.raises(Forbidden):
        approve(world, session, LEADER)
    approve(world, session)
    assert world.commanded(commands.StartSpy)[0].leg == "c1/1"
    with pytest.raises(Conflict):
        approve(world, session)
    hears(world, session, "c1/1")
    with pytest.raises(Forbidden, match="whisper"):
        world.do(requests.SwitchListening(by=LEADER, session=session, mode=ListeningMode.WHISPER))
    [record] = world.records(ListeningRecord)
    assert (record.approval, record.approver, record.approved) == (True, CHIEF, True)


def test_what_was_approved_once_is_not_asked_again_for_each_call() -> None:
    world = world_of()
    session = listen(world, LEADER, Role.LEADER, agent=AgentId("a1"))
    talk(world, "c1")
    assert world.commanded(commands.StartSpy) == []
    approve(world, session)
    hears(world, session, "c1/1")
    world.hang_up("c1")
    stops(world, session)
    world.wait(10)
    talk(world, "c2")
    assert [one.leg for one in world.commanded(commands.StartSpy)] == ["c1/1", "c2/1"]


def test_a_refused_session_is_over_and_says_why() -> None:
    world = world_of()
    session = listen(world, LEADER, Role.LEADER, queue=QUEUE)
    with pytest.raises(Invalid, match="reason"):
        approve(world, session, approved=False)
    approve(world, session, approved=False, reason="training day")
    assert (ended(world).end, ended(world).failed) == (ListeningEnd.REFUSED, "refused: training day")
    [record] = world.records(ListeningRecord)
    assert (record.approver, record.approved, record.end) == (CHIEF, False, ListeningEnd.REFUSED)
    assert world.operation(world.of(events.ListeningRequested)[0].operation) == "refused: training day"


def test_a_request_that_nobody_decides_on_lapses_and_one_for_a_call_ends_with_it() -> None:
    world = world_of()
    talk(world, "c1")
    waiting = listen(world, LEADER, Role.LEADER, queue=QUEUE)
    about = listen(world, CHIEF, Role.LEADER, call=CallId("c1"))
    world.hang_up("c1")
    assert (ended(world).session, ended(world).end) == (about, ListeningEnd.OVER)
    world.wait(601)
    assert [one.end for one in world.of(events.ListeningEnded)] == [ListeningEnd.OVER, ListeningEnd.LAPSED]
    assert stage(world, waiting) is None


def test_a_session_ends_by_itself_when_its_time_is_up_whatever_asterisk_does() -> None:
    world = world_of(ListeningRule(roles=(Role.LEADER,), limit_s=30))
    talk(world, "c1")
    session = listen(world, LEADER, Role.LEADER, call=CallId("c1"))
    world.wait(20)
    assert world.commanded(commands.StopSpy) == [], "the time counts from when something is heard"
    hears(world, session, "c1/1")
    world.wait(29)
    assert world.commanded(commands.StopSpy) == []
    world.wait(1)
    assert len(world.commanded(commands.StopSpy)) == 1
    world.wait(10)
    assert len(world.commanded(commands.StopSpy)) == 2, "Asterisk told nothing: once more"
    stops(world, session, gone=True)
    assert ended(world).end is ListeningEnd.LIMIT
    assert stage(world, session) is None


def test_the_time_goes_on_between_the_calls_of_an_agent() -> None:
    world = world_of(ListeningRule(roles=(Role.LEADER,), limit_s=100))
    session = listen(world, LEADER, Role.LEADER, agent=AgentId("a1"))
    talk(world, "c1")
    hears(world, session, "c1/1")
    world.wait(50)
    world.hang_up("c1")
    stops(world, session)
    world.wait(51)
    assert len(world.commanded(commands.StopSpy)) == 1
    stops(world, session, gone=True)
    assert ended(world).end is ListeningEnd.LIMIT


def test_a_confidential_call_needs_a_higher_right_now_or_later() -> None:
    world = world_of()
    talk(world, "c1")
    sessions = listen(world, call=CallId("c1")), listen(world, CHIEF, Role.ADMIN, "2002", call=CallId("c1"))
    for session in sessions:
        hears(world, session, "c1/1")
    world.do(requests.MarkConfidential(by=BY, contact=ContactId("c1")))
    assert [one.session for one in world.commanded(commands.StopSpy)] == [sessions[0]]
    stops(world, sessions[0], gone=True)
    assert ended(world).end is ListeningEnd.CONFIDENTIAL
    with pytest.raises(Forbidden):
        listen(world, call=CallId("c1"))


def test_who_follows_an_agent_does_not_hear_what_they_may_not() -> None:
    world = world_of()
    session = listen(world, agent=AgentId("a1"))
    world.come("c1")
    world.do(requests.MarkConfidential(by=BY, contact=ContactId("c1")))
    world.answer("c1/1")
    assert (stage(world, session), world.commanded(commands.StartSpy)) == (ListeningStage.WAITING, [])
    world.hang_up("c1")
    world.wait(10)
    talk(world, "c2")
    assert [one.leg for one in world.commanded(commands.StartSpy)] == ["c2/1"]


def test_a_head_of_a_team_listens_to_their_own_agents() -> None:
    world = world_of(ListeningRule(roles=(Role.SUPERVISOR,), own_team=True))
    listen(world, UserId("head"), agent=AgentId("a1"))
    for by, agent in (("head", "a2"), ("other", "a1")):
        with pytest.raises(Forbidden):
            listen(world, UserId(by), phone="2002", agent=AgentId(agent))
    talk(world, "c1")
    waiting = listen(world, UserId("other"), phone="2003", queue=QUEUE)
    world.hang_up("c1")
    world.wait(10)
    talk(world, "c2")
    assert stage(world, waiting) is ListeningStage.WAITING, "the queue's next call is another team's"


def test_who_has_a_tenant_listens_within_it() -> None:
    world = world_of()
    listen(world, agent=AgentId("a2"), tenant="north")
    for what in ({"agent": AgentId("a1")}, {"queue": QUEUE}):
        with pytest.raises(Forbidden):
            listen(world, phone="2002", tenant="north", **what)


@pytest.mark.parametrize("told", [True, False])
def test_the_agent_is_told_if_the_rule_says_so_and_only_of_what_is_heard(told: bool) -> None:
    world = world_of(ListeningRule(roles=(Role.SUPERVISOR,), tell_agent=told))
    listen(world, agent=AgentId("a1"))
    talk(world, "c1")
    [session] = world.center.state.listening
    hears(world, session, "c1/1")
    stops(world, session, gone=True)
    about = [entry.event for entry in world.entries if isinstance(entry.event, events.ListeningEvent)]
    heard = (events.ListeningStarted, events.ListeningWaiting, events.ListeningEnded)
    assert {type(one): one.told for one in about} == {type(one): told and isinstance(one, heard) for one in about}


def test_a_note_is_kept_while_it_runs_and_afterwards() -> None:
    world = world_of()
    talk(world, "c1")
    session = listen(world, call=CallId("c1"))
    note = requests.WriteListeningNote(by=BY, session=session, note=" calm ")
    world.do(note)
    with pytest.raises(Forbidden):
        world.do(requests.WriteListeningNote(by=CHIEF, session=session, note="x"))
    with pytest.raises(Invalid):
        world.do(requests.WriteListeningNote(by=BY, session=session, note="  "))
    [record] = world.records(ListeningRecord)
    assert record.note == "calm"


def test_a_request_may_be_taken_back_before_anything_is_heard() -> None:
    world = world_of()
    session = listen(world, LEADER, Role.LEADER, queue=QUEUE)
    world.do(requests.StopListening(by=LEADER, session=session))
    assert (ended(world).end, stage(world, session)) == (ListeningEnd.STOPPED, None)
    assert world.commanded(commands.StopSpy) == []


def test_after_a_gap_each_session_is_as_asterisk_has_it() -> None:
    world = world_of()
    talk(world, "c1")
    goes_on, follows = listen(world, call=CallId("c1")), listen(world, CHIEF, phone="2002", agent=AgentId("a1"))
    asked = listen(world, LEADER, Role.LEADER, phone="2003", queue=QUEUE)
    gone = listen(world, UserId("u4"), phone="2004", call=CallId("c1"))
    rings = listen(world, UserId("u5"), phone="2005", call=CallId("c1"))
    for session in (goes_on, follows, gone):
        hears(world, session, "c1/1")
    world.do(
        facts.NodeUp(
            occurred=world.now,
            node=NODE,
            calls=(CallId("c1"),),
            legs=("c1/1",),  # type: ignore[arg-type]
            spies=(goes_on,),
            listeners=(follows, rings),
        )
    )
    assert {one: stage(world, one) for one in (goes_on, follows, asked, gone, rings)} == {
        goes_on: ListeningStage.HEARING,
        follows: ListeningStage.WAITING,
        asked: ListeningStage.ASKED,
        gone: None,
        rings: ListeningStage.RINGING,
    }
    assert ended(world).end is ListeningEnd.LOST


def test_a_listener_of_ours_who_is_sent_to_another_call_is_recorded_with_that_one_as_foreign() -> None:
    world = world_of()
    talk(world, "c1")
    session = listen(world, call=CallId("c1"))
    world.do(
        facts.CallArrived(
            occurred=world.now, node=NODE, call=CallId("x"), contact=ContactId("x"), number="13800009999", did="12345"
        )
    )
    hears(world, session, "x")
    [started] = world.of(events.ListeningStarted)
    assert (started.call, started.foreign, started.by) == ("x", True, BY)


def test_what_older_journals_and_snapshots_say_of_listening_is_read() -> None:
    world = world_of()
    talk(world, "c1")
    about = '"session":"l0-1","contact":"c1","call":"c1","agent":"a1","by":"tester","queue":"12345"'
    rest = '"operation":"o0-1","phone":"2001","leg":"c1/1","mode":"listen","purpose":"x"'
    asked = f'{{"kind":"listening.requested",{about},{rest}}}'
    began = f'{{"kind":"listening.started",{about},"occurred":"2026-11-24T08:00:01Z","mode":"listen","foreign":false}}'
    over = f'{{"kind":"listening.ended",{about},"occurred":"2026-11-24T08:00:09Z","failed":""}}'
    decoder = msgspec.json.Decoder(events.AnyEvent)
    stages = []
    for said in (asked, began, over):
        position = world.center.state.position
        entry = events.Entry(position.epoch, position.seq + 1, world.now, decoder.decode(said))
        world.center.restore([entry])
        world.entries.append(entry)
        stages.append(stage(world, SessionId("l0-1")))
    assert stages == [ListeningStage.RINGING, ListeningStage.HEARING, None]
    [hearing] = world.records(HearingRecord)
    assert (hearing.call, hearing.n) == ("c1", 1)
    older = {
        "id": "l0-1",
        "by": "tester",
        "operation": "o0-1",
        "node": "n1",
        "contact": "c1",
        "call": "c1",
        "leg": "c1/1",
        "agent": "a1",
        "queue": "12345",
        "mode": "listen",
        "purpose": "x",
        "started_at": "2026-11-24T08:00:01Z",
    }
    session = msgspec.convert(older, Listening)
    assert (session.stage, session.hearing, session.rung) == (ListeningStage.HEARING, 1, True)


def test_a_foreign_chanspy_that_goes_from_channel_to_channel_is_recorded_with_each() -> None:
    world = world_of()
    talk(world, "c1")
    session = SessionId("u77")
    hears(world, session, "c1/1")
    world.hang_up("c1")
    stops(world, session)
    world.wait(10)
    talk(world, "c2")
    hears(world, session, "c2/1")
    stops(world, session, gone=True)
    heard = world.records(HearingRecord)
    assert [(one.n, one.call, one.foreign, bool(one.ended_at)) for one in heard] == [
        (1, "c1", True, True),
        (2, "c2", True, True),
    ]
    [record] = world.records(ListeningRecord)
    assert (record.foreign, record.hearings, record.end) == (True, 2, ListeningEnd.OVER)


def test_a_listener_who_is_found_on_another_call_than_we_knew_is_recorded_with_both() -> None:
    world = world_of()
    talk(world, "c1")
    session = SessionId("u77")
    hears(world, session, "c1/1")
    world.arrive("c2")
    hears(world, session, "c2")
    hears(world, session, "c2")
    assert [(one.call, bool(one.ended_at)) for one in world.records(HearingRecord)] == [("c1", True), ("c2", False)]


def test_a_session_that_waits_for_an_agent_survives_a_confidence_that_is_no_longer_heard() -> None:
    world = world_of()
    talk(world, "c1")
    session = listen(world, agent=AgentId("a1"))
    hears(world, session, "c1/1")
    stops(world, session)
    world.do(requests.MarkConfidential(by=BY, contact=ContactId("c1")))
    assert stage(world, session) is ListeningStage.WAITING
