"""What is kept of leaders' duties, and the report of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from center.records import DutyCallRecord, DutyRecord
from messages import facts, requests
from messages.duty import AnsweredBy, DutyEnd, DutyScope
from messages.ids import AgentId, CallId, ContactId, DutyId, Phone, SessionId, UserId
from messages.values import CaseStep, LegEnd, Role, Target, TargetKind, Verb
from metrics.duty import DutyFigures, figures
from storage.columns import to_row
from storage.database import Database
from storage.duties import Duties
from storage.identity import Identity
from storage.reports.office import leaders_answered
from tests.center.test_duties import AIDE, LEADER, on_duty
from tests.center.world import BY, NODE, START, World
from tests.storage.history import write


def a_duty() -> World:
    """Return a duty in which the leader answers two calls, hands one of them over, lets one ring, and one is lost."""
    world = on_duty(agents=1, scope=DutyScope(areas=("0534",)), title="市长", unit="市政府")
    for call in ("c1", "c2", "c3", "c4"):
        world.come(call, number=f"0534000000{call[1]}")
        world.wait(1)
        if call == "c1":
            world.talk("c1/1")
            world.control("c1", Verb.THREE_WAY, agent=LEADER, target=Target(TargetKind.AGENT, AIDE))
            world.answer("c1/2")
            world.hang_up("c1")
            world.wait(11)
            world.do(requests.GoReady(by=BY, agent=AIDE))
        elif call == "c2":
            world.talk("c2/1")
            world.control("c2", Verb.TRANSFER, agent=LEADER, target=Target(TargetKind.AGENT, AIDE))
            world.leg(facts.LegTransferred, "c2/1", to="1091")
            world.held_again("c2", asked="1091")
            world.talk("c2/2")
            world.wait(11)
        elif call == "c3":
            world.end_leg("c3/1", LegEnd.NO_ANSWER)
            world.talk("c3/2")
        else:
            world.hang_up("c4")
    world.come("other", number="0535")
    world.do(
        requests.LinkCase(by=BY, contact=ContactId("c1"), case_no="G1", valid=True, category="roads", area="north")
    )
    world.do(requests.LinkCase(by=BY, contact=ContactId("c3"), case_no="G1"))
    world.do(requests.LinkCase(by=BY, contact=ContactId("other"), case_no="G2"))
    step: dict[str, Any] = {"case_no": "G1", "id": "1", "step": CaseStep.COMPLETED, "occurred": world.now}
    world.do(requests.ReportCase(by=BY, **step))
    [duty] = world.center.state.duties
    world.do(requests.EndDuty(by=BY, duty=duty, reason="called away"))
    for call in ("c2", "c3"):
        world.hang_up(call)
    return world


def test_the_ledger_tells_who_served_whom() -> None:
    world = a_duty()
    calls = {record.call: record for record in world.records(DutyCallRecord)}
    assert [(call.answered_by, call.agent) for call in calls.values()] == [
        (AnsweredBy.LEADER, "mayor"),
        (AnsweredBy.LEADER, "mayor"),
        (AnsweredBy.AGENT, "a1"),
        (None, None),
    ]
    one, two, three, four = calls.values()
    assert (one.aide_joined, one.handed_over, two.aide_joined, two.handed_over) == (True, False, False, True)
    assert (three.offered, three.missed, four.offered) == (1, 1, 0)
    assert [call.outcome for call in calls.values()] == ["answered", "answered", "answered", "abandoned"]
    [session] = world.records(DutyRecord)
    assert (session.end, session.ended_by, session.reason) == (DutyEnd.BY_HAND, BY, "called away")


async def test_the_report_is_that_of_the_sessions_contacts_and_their_cases(database: Database) -> None:
    world = a_duty()
    world.do(requests.AskRevisit(by=BY, number="05340000001", case_no="G1"))
    [revisit] = [one.id for one in world.center.state.callbacks.values() if one.case_no]
    world.do(requests.AnswerRevisit(by=BY, revisit=revisit, case_no="G1", satisfied=True))
    await write(database, world.entries)
    [session] = world.records(DutyRecord)
    duties = Duties(database)
    report = await duties.report(session.duty)
    assert report is not None
    assert {name: report[name] for name in to_row(session)} == to_row(session)
    assert [call["contact"] for call in report["calls"]] == ["c1", "c2", "c3", "c4"]
    assert report["calls"][0]["cases"] == [
        {
            "case_no": "G1",
            "linked_at": report["calls"][0]["cases"][0]["linked_at"],
            "valid": True,
            "category": "roads",
            "area": "north",
            "closed": True,
            "satisfied": True,
        }
    ]
    assert figures(report["calls"]) == DutyFigures(
        signals=4,
        offered=3,
        missed=1,
        answered=3,
        by_leader=2,
        by_agents=1,
        handed_over=1,
        aide_joined=1,
        outcomes={"abandoned": 1, "answered": 3},
        cases=1,
        closed=1,
    )
    assert await duties.report(DutyId("none")) is None
    async with database.reading() as connection:
        assert await leaders_answered(connection, START, world.now + timedelta(days=1)) == 2
        assert await leaders_answered(connection, START, START) == 0


async def test_leaders_who_listen_in_are_told_beside_it(database: Database) -> None:
    world = on_duty(agents=2, scope=DutyScope(areas=("0534",)))
    world.come("c1")
    world.talk("c1/1")
    identity = Identity(database, lambda: START)
    await identity.set_user(UserId("sun"), "a long sentence", (Role.LEADER,))
    await identity.set_user(UserId("wang"), "a long sentence", (Role.SUPERVISOR,))
    for user, role in (("sun", Role.LEADER), ("wang", Role.SUPERVISOR)):
        about: dict[str, Any] = {"call": CallId("c1"), "phone": Phone("2001"), "purpose": "duty"}
        session = world.do(requests.StartListening(by=UserId(user), roles=(role,), **about)).id
        if role is Role.LEADER:
            decided = requests.DecideListening(by=UserId("wang"), session=SessionId(session), approved=True)
            world.do(decided)
        world.do(facts.SpyStarted(occurred=world.now, node=NODE, session=SessionId(session), spied="", spyer="u"))
        world.do(facts.SpyStopped(occurred=world.now, node=NODE, session=SessionId(session)))
    [duty] = world.center.state.duties
    world.wait(4000)
    world.come("c2")
    await write(database, world.entries)
    report = await Duties(database).report(duty)
    assert report is not None
    assert [(one["by"], one["agent"], one["purpose"]) for one in report["listened"]] == [("sun", "a1", "duty")]
    assert report["calls"] == [], "listening is not answering"


async def test_sessions_are_found_by_their_window_and_tenant(database: Database) -> None:
    world = on_duty()
    for n in range(1, 4):
        begin = START + timedelta(days=n)
        plan = world.center.state.duties[min(world.center.state.duties)].plan
        plan = type(plan)(
            leader=AgentId("mayor"), begin=begin, end=begin + timedelta(hours=1), tenant="qihe" * (n == 3)
        )
        world.do(requests.PlanDuty(by=BY, plan=plan))
    await write(database, world.entries)
    duties = Duties(database)
    day = timedelta(days=1)
    assert [one["begins_at"] for one in await duties.sessions()] == [START + n * day for n in (3, 2, 1, 0)]
    found = await duties.sessions(START + day, START + 3 * day)
    assert [one["begins_at"] for one in found] == [START + 2 * day, START + day]
    assert [one["begins_at"] for one in await duties.sessions(tenant="qihe")] == [START + 3 * day]
    one = await duties.session(found[0]["duty"])
    assert one == found[0]
    assert await duties.session(DutyId("\0")) is None
