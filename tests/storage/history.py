"""A hotline's day as the centre would have recorded it: random, but the same for the same seed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any, cast

import msgspec

from center.ledger import Ledger
from center.memory_log import MemoryLog
from center.records import ConfidentialRecord, ContactRecord, ListeningNoteRecord, ListeningRecord, Record
from messages import commands, events, facts, requests
from messages.duty import DutyPlan, DutyScope
from messages.errors import Refused
from messages.events import Entry
from messages.ids import AgentId, CallId, ContactId, Phone, UserId
from messages.values import CaseStep, LabelKind, Role, Target, TargetKind, Verb
from queueing.settings import Surge
from storage.columns import to_row
from storage.database import Database
from storage.rows import RowSettings, RowWriter
from storage.tables import KEPT
from tests.center.world import BY, NODE, QUEUE, World

AGENTS = ["a1", "a2", "a3"]
BURST = Surge(id="burst", calls=3, within_s=20, calm_s=15)
CALLS_IN = (Verb.THREE_WAY, Verb.EMERGENCY, Verb.EMERGENCY, Verb.CONSULT) * 2
TARGETS = (
    None,
    Target(TargetKind.NUMBER, "02000005678"),
    Target(TargetKind.AGENT, "a2"),
    Target(TargetKind.QUEUE, QUEUE),
)


def day(seed: int, steps: int = 120) -> list[Entry]:
    """Return the entries of a day of `steps` random things; every kind of record occurs in most days."""
    random = Random(seed)
    world = World(agents=len(AGENTS), ring_s=15, wrap_up_s=6, surges=(BURST,))
    world.ready(*AGENTS)
    for step in range(steps):
        with contextlib.suppress(Refused):
            _something(world, random, step)
    return world.entries


def _something(world: World, random: Random, step: int) -> None:
    calls = list(world.center.state.calls.values())
    legs = [leg for call in calls for leg in call.alive_legs()]
    match random.choice(
        [
            *("arrive", "arrive", "leg", "leg", "leg", "leg", "call", "agent", "spy", "record", "note", "wait"),
            *("control", "control", "report", "dial", "spy", "spy", "missed", "survey", "revisit"),
            *(("confide", "label", "duty") if _arrived(world) else ()),
        ]
    ):
        case "arrive":
            world.arrive(f"c{step}", random.choice(["13800001234", "13900005678", "", "anonymous"]))
            world.queue(f"c{step}", by_asterisk=random.random() < 0.1)
            world.queue(f"c{step}")  # told of a burst, it waits all the same
        case "leg" if legs:
            leg = random.choice(legs)
            kinds = [facts.LegResumed, facts.LegHeld] if leg.talks else [facts.LegRinging, facts.LegAnswered]
            match random.randrange(6):
                case 0:
                    world.end_leg(leg.id)
                case 1 if leg.talks:
                    world.leg(facts.LegTransferred, leg.id, to="13800001111")
                case _:
                    world.leg(random.choice(kinds), leg.id)
        case "call" if calls:
            world.hang_up(random.choice(calls).id, by_citizen=random.random() < 0.5)
        case "agent":
            kind = random.choice([requests.GoReady, requests.GoReady, requests.LogIn, requests.LogOut])
            world.do(kind(by=BY, agent=AgentId(random.choice(AGENTS))))
        case "survey" if calls:
            about: dict[str, Any] = {"occurred": world.now, "node": NODE, "call": random.choice(calls).id}
            about["question"] = "survey"
            world.do(facts.SurveyAsked(**about))
            if random.random() < 0.7:
                world.do(facts.SurveyAnswered(**about, key="1", satisfied=random.choice([True, False, None])))
        case "revisit":
            case_no = f"G{random.randrange(3)}"
            world.do(requests.AskRevisit(by=BY, number="13800001234", case_no=case_no))
            revisit = random.choice(list(world.center.state.callbacks))
            answer = requests.AnswerRevisit(by=BY, revisit=revisit, case_no=case_no, satisfied=random.random() < 0.5)
            world.do(answer)
            about = {"case_no": case_no, "id": f"{step}", "step": random.choice(list(CaseStep)), "unit": "住建局\0"}
            world.do(requests.ReportCase(by=BY, occurred=world.now, satisfied=random.choice([True, None]), **about))
        case "control" if calls:
            call = random.choice([call for call in calls if call.talking_legs()] or calls)
            verb, target = random.choice([*Verb, *CALLS_IN]), random.choice(TARGETS)
            world.do(requests.ControlCall(by=BY, call=call.id, verb=verb, target=target, digits="110"))
        case "report":
            _report(world, random)
        case "dial":
            _dial(world, random, step)
        case "spy":
            _spy(world, random, [call.id for call in calls if call.talking_legs()])
        case "record":
            for command in world.commanded(commands.StartRecording)[-2:]:
                kind = random.choice([facts.RecordingStarted, facts.RecordingStopped])
                world.do(kind(occurred=world.now, node=NODE, recording=command.recording, call=command.call))
        case "missed":
            world.do(
                requests.TakeMissedCall(
                    by=BY,
                    contact=ContactId(f"m{step}"),
                    node=NODE,
                    number="13800001234",
                    did="12345",
                    arrived=world.now,
                    ended=world.now,
                    reason="no_message",
                )
            )
        case "label":
            _label(world, random)
        case "duty":
            _duty(world, random)
        case "confide":
            world.do(requests.MarkConfidential(by=BY, contact=random.choice(_arrived(world))))
        case "note" if calls:
            contact = ContactId(random.choice(calls).id)
            world.do(requests.LinkCase(by=BY, contact=contact, case_no=f"G{random.randrange(3)}", summary="灯不亮\0"))
            world.do(requests.WriteWrapUp(by=BY, contact=contact, code=random.choice("ABC")))
        case _:
            world.wait(random.choice([0.5, 3.25, 7.0, 20.0]))


def _label(world: World, random: Random) -> None:
    """Somebody proposes a label, and somebody decides."""
    labels = list(world.center.state.labels)
    if not labels or random.random() < 0.4:
        contact = random.choice(world.of(events.ContactArrived))
        about = {"number": contact.number, "tenant": contact.tenant, "evidence": (contact.contact,)}
        world.do(requests.ProposeLabel(by=BY, kind=random.choice(list(LabelKind)), reason="骂人\0", **about))
        return
    name, boss = random.choice(labels), UserId("boss")
    kind = random.choice([requests.ApproveLabel, requests.ApproveLabel, requests.RefuseLabel, requests.RevokeLabel])
    why = {} if kind is requests.ApproveLabel else {"reason": "enough"}
    world.do(kind(by=boss, label=name, **why))


def _duty(world: World, random: Random) -> None:
    """A leader's duty is planned, planned otherwise, or ended."""
    duties = list(world.center.state.duties)
    begin = world.now + timedelta(seconds=random.choice([-1.0, 15.0]))
    leader, aide = random.sample([AgentId(agent) for agent in AGENTS], 2)
    scope = DutyScope(areas=("138", "139"), topics=()) if random.random() < 0.5 else DutyScope()
    plan = DutyPlan(
        leader=leader, aide=aide, begin=begin, end=begin + timedelta(seconds=60), scope=scope, notice="市长\0"
    )
    if not duties or random.random() < 0.5:
        world.do(requests.PlanDuty(by=BY, plan=plan))
    elif random.random() < 0.5:
        world.do(requests.EndDuty(by=BY, duty=random.choice(duties), reason="called away"))
    else:
        duty = world.center.state.duties[random.choice(duties)]
        changed = msgspec.structs.replace(duty.plan, end=duty.plan.end + timedelta(seconds=30))
        world.do(requests.ChangeDuty(by=BY, duty=duty.id, plan=changed, reason="longer"))


def _arrived(world: World) -> list[ContactId]:
    """Return the contacts there have been, live ones and past ones."""
    return [event.contact for event in world.of(events.ContactArrived)]


def _report(world: World, random: Random) -> None:
    for name in list(world.center.state.operations)[-2:]:
        failed = random.choice(["", "no answer"])
        world.do(facts.OperationReported(occurred=world.now, node=NODE, operation=name, failed=failed))


def _dial(world: World, random: Random, step: int) -> None:
    """An agent calls a number, and perhaps the citizen's phone rings."""
    agent = AgentId(random.choice(AGENTS))
    world.do(requests.DialOut(by=BY, agent=agent, number="13700009999", purpose="回访"))
    for leg in list(world.center.state.outbound)[-1:]:
        call = CallId(f"o{step}")
        about: dict[str, Any] = {
            "occurred": world.now,
            "node": NODE,
            "call": call,
            "did": "12345",
            "number": "13700009999",
        }
        world.do(facts.CallArrived(contact=ContactId(call), outbound=leg, **about))


def _spy(world: World, random: Random, calls: list[CallId]) -> None:
    if calls and random.random() < 0.5:
        ways: list[dict[str, Any]] = [{"call": random.choice(calls)}, {"agent": AgentId("a1")}, {"queue": QUEUE}]
        target, phone = random.choice(ways), Phone(f"20{random.randrange(100)}")
        roles = (random.choice([Role.SUPERVISOR, Role.LEADER]),)
        with contextlib.suppress(Refused):
            world.do(requests.StartListening(by=BY, purpose="coaching", phone=phone, roles=roles, **target))
    for session in list(world.center.state.listening):
        about: dict[str, Any] = {"occurred": world.now, "node": NODE, "session": session}
        match random.randrange(5):
            case 0 | 1:
                world.do(facts.SpyStarted(spied="", spyer="u", **about))
            case 2:
                world.do(facts.SpyStopped(gone=random.random() < 0.5, **about))
            case 3:
                with contextlib.suppress(Refused):
                    approved = random.random() < 0.7
                    world.do(
                        requests.DecideListening(by=UserId("chief"), session=session, approved=approved, reason="no")
                    )
            case 4:
                with contextlib.suppress(Refused):
                    world.do(requests.WriteListeningNote(by=BY, session=session, note="seen"))


def rows_of(entries: list[Entry]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows there must be after the entries: the last state of each record, by table, sorted by key."""
    ledger = Ledger()
    last: dict[str, dict[tuple[Any, ...], Record]] = {kept.table.name: {} for kept in KEPT.values()}
    for entry in entries:
        for record in ledger.fold(entry):
            if isinstance(record, ListeningNoteRecord):
                noted = cast(ListeningRecord, last["listening"][(record.session,)])
                noted.note, noted.note_at = record.note, record.note_at
                continue
            if isinstance(record, ConfidentialRecord):
                amended = cast(ContactRecord, last["contacts"][(record.contact,)])
                amended.confidential, amended.confidential_at = True, record.confidential_at
                continue
            table = KEPT[type(record)].table
            last[table.name][tuple(getattr(record, column.name) for column in table.primary_key)] = record
    return {name: [to_row(of_table[key]) for key in sorted(of_table)] for name, of_table in last.items()}


@contextlib.asynccontextmanager
async def running(writer: RowWriter) -> AsyncIterator[RowWriter]:
    """Run a writer for the length of a block; what ends it early ends the block."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(writer.run())
        yield writer
        task.cancel()


async def write(database: Database, entries: list[Entry], batch: int = 1000) -> RowWriter:
    """Let a new writer write all entries."""
    log = MemoryLog()
    log.put(entries)
    async with running(RowWriter(log, database, settings=RowSettings(batch=batch))) as writer:
        await writer.reached(entries[-1].position)
    return writer
