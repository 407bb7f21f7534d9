"""A city with two county lines, for tests of who sees and does what: a city queue, one queue and agents a county."""

from __future__ import annotations

from agents.agent import AgentSettings
from center.settings import CenterSettings
from messages import facts
from messages.ids import AgentId, CallId, ContactId, Phone, QueueId, UserId
from messages.values import Need
from queueing.settings import Overflow, Overflows, QueueSettings, Route, Seat, Surge, Team, Tenant
from tests.api.house import House, now
from tests.center.world import NODE, QUEUE

COUNTIES = ("north", "south")
DIDS = {"": "12345", "north": "0100", "south": "0200"}


def city() -> CenterSettings:
    """Return its settings: agents a1 and a2 of the city, n1 and n2 of the north, s1 of the south."""
    return CenterSettings(
        queues=(
            QueueSettings(id=QUEUE, name="市级", wrap_up_s=10, max_waiting=5),
            QueueSettings(
                id=QueueId("north"),
                tenant="north",
                needs=(Need("dialect", 3, 30.0),),
                overflow=Overflows(nobody=Overflow(to=QUEUE)),
            ),
            QueueSettings(id=QueueId("south"), tenant="south"),
        ),
        agents=(
            _agent("a1", 1001, "", QUEUE, team="day"),
            _agent("a2", 1002, "", QUEUE),
            _agent("n1", 2001, "north", QueueId("north"), team="day"),
            _agent("n2", 2002, "north", QueueId("north")),
            _agent("s1", 3001, "south", QueueId("south")),
        ),
        routes=tuple(Route(did=did, queue=QueueId(name or QUEUE), tenant=name) for name, did in DIDS.items()),
        tenants=tuple(Tenant(id=name, caller_id=DIDS[name]) for name in COUNTIES),
        teams=(Team(id="day", leaders=(UserId("leader-of-day"),)),),
        seats=(Seat(id="desk-7", phone=Phone("1777")),),
        surges=(Surge(id="burst", calls=4), Surge(id="north-burst", did="0100", calls=4)),
    )


def _agent(name: str, phone: int, tenant: str, *queues: QueueId, team: str = "") -> AgentSettings:
    return AgentSettings(
        id=AgentId(name),
        phone=Phone(str(phone)),
        queues=queues,
        tenant=tenant,
        team=team,
        skills={"dialect": 5} if tenant == "north" else {},
    )


async def call_of(house: House, call: str, tenant: str = "", number: str = "13800001234") -> None:
    """A citizen dials a county's number, or the city's."""
    about = {"occurred": now(), "node": NODE, "call": CallId(call)}
    did = DIDS[tenant]
    await house.settled(
        facts.CallArrived(contact=ContactId(f"k{call}"), number=number, did=did, **about),  # type: ignore[arg-type]
        facts.CallQueued(queue=QUEUE, noticed=True, **about),  # type: ignore[arg-type]
    )


async def talk(house: House, call: str) -> None:
    """Whoever is offered the call answers."""
    await house.leg(facts.LegRinging, f"{call}/1")
    await house.leg(facts.LegAnswered, f"{call}/1")
