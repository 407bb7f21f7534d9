"""A house for tests: a real centre, its loop, log and mirror behind the real REST and stream, on free ports."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from websockets.asyncio.client import ClientConnection, connect

from api.audience import Audience
from api.rest import Services, make_app
from api.settings import ApiSettings
from api.stream.server import StreamServer
from center.apply import Center
from center.loop import CenterLoop, LoopSettings
from center.memory_log import MemoryLog
from center.mirror import Mirror
from center.pops import PopGate
from center.settings import CenterSettings
from center.state import State
from messages import facts, requests
from messages.audit import AuditEntry
from messages.commands import Command
from messages.errors import NotFound, Unavailable
from messages.events import Entry, Event, Position
from messages.facts import Fact
from messages.ids import AgentId, CallId, ContactId, LegId, Phone, SessionId, UserId
from messages.principal import Origin, Principal, Session
from messages.values import LegEnd, Role
from metrics.satisfaction import Satisfaction
from tests.center.world import NODE, QUEUE, settings

WEB = Path(__file__).resolve().parents[2] / "web"
LONG = timedelta(hours=1)
HANG_S = 20.0


def now() -> datetime:
    """Return the present instant, UTC."""
    return datetime.now(UTC)


class MemoryIdentity:
    """Sessions in memory; a person's password is their name backwards."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.people: dict[str, Principal] = {}
        self.listeners: list[Callable[[frozenset[str]], None]] = []
        self._made = 0

    def grant(self, principal: Principal, lasts: timedelta = LONG) -> str:
        """Open a session and return its token."""
        self._made += 1
        token = f"token-{self._made}"
        self.sessions[token] = Session(token=token, expires_at=now() + lasts, principal=principal)
        return token

    async def authenticate(self, token: str) -> Session | None:
        """Return a session that has not expired."""
        session = self.sessions.get(token)
        return session if session and session.expires_at > now() else None

    async def log_in(self, user: str, password: str, code: str, origin: Origin) -> Session | None:
        """Log a person in."""
        person = self.people.get(user)
        return self.sessions[self.grant(person)] if person and password == user[::-1] else None

    async def refresh(self, token: str) -> Session | None:
        """Replace a session."""
        session = await self.authenticate(token)
        if session is None:
            return None
        await self.revoke(token)
        return self.sessions[self.grant(session.principal)]

    async def revoke(self, token: str) -> None:
        """End a session."""
        self.sessions.pop(token, None)


class MemoryHistory:
    """Contacts in memory, newest first."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.sessions: list[dict[str, Any]] = []
        self.delay_s = 0.0

    async def listening(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str | None = None,
        tenant: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return the sessions."""
        return [one for one in self.sessions if by is None or one["by"] == by][:limit], ""

    async def listening_session(self, session: SessionId) -> dict[str, Any] | None:
        """Return one session."""
        return next((one for one in self.sessions if one["session"] == session), None)

    def add(self, contact: str, number: str, **fields: Any) -> None:
        """Keep a contact."""
        one: dict[str, Any] = {
            "contact": contact,
            "number": number,
            "agent": None,
            "arrived_at": now(),
            "cases": [],
            "legs": [],
        }
        self.kept.insert(0, one | fields)

    async def satisfaction(
        self, by: str, since: datetime | None, until: datetime | None, tenant: str
    ) -> Mapping[str, Satisfaction]:
        """Return nothing: nobody was asked."""
        return {}

    async def case_events(self, case_no: str) -> Sequence[dict[str, Any]]:
        """Return nothing: no case system has reported."""
        return []

    async def recent_contacts(self, number: str, limit: int = 5) -> Sequence[dict[str, Any]]:
        """Return a number's newest contacts."""
        await asyncio.sleep(self.delay_s)
        return [one for one in self.kept if one["number"] == number][:limit]

    async def contact(self, contact: ContactId) -> dict[str, Any] | None:
        """Return one contact."""
        return next((one for one in self.kept if one["contact"] == contact), None)

    async def contacts(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        queue: str | None = None,
        agent: str | None = None,
        outcome: str | None = None,
        tenant: str | None = None,
        case_no: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return a page; the cursor is where it goes on."""
        found = [
            one
            for one in self.kept
            if (agent is None or one["agent"] == agent)
            and (since is None or one["arrived_at"] >= since)
            and (tenant is None or one.get("tenant", "") == tenant)
            and (case_no is None or case_no in one.get("cases", ()))
        ]
        start = int(cursor or 0)
        end = start + limit
        return found[start:end], str(end) if end < len(found) else ""


class MemoryCursors:
    """Cursors in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Position] = {}

    async def load(self, name: str) -> Position | None:
        """Return where a reader is."""
        return self.kept.get(name)

    async def save(self, name: str, position: Position) -> None:
        """Keep where a reader is; never backwards."""
        self.kept[name] = max(position, self.kept.get(name, Position()))


class MemoryAudit:
    """An audit in memory, newest first."""

    def __init__(self) -> None:
        self.kept: list[AuditEntry] = []
        self.away = False

    async def append(self, entry: AuditEntry) -> int:
        """Keep an entry."""
        if self.away:
            raise Unavailable("the database is away")
        self.kept.insert(0, entry)
        return len(self.kept)

    async def entries(
        self, *, cursor: str = "", limit: int = 100, tenant: str | None = None, **filters: Any
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return all entries of a tenant."""
        return [msgspec.to_builtins(one) for one in self.kept if tenant in (None, one.tenant)], ""


class NoSwitchboard:
    """Carries nothing out, but knows what was commanded."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def execute(self, command: Command) -> None:
        """Note a command."""
        self.commands.append(command)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class House:
    """Everything behind the two servers, and the facts that make it move."""

    def __init__(self, center_settings: CenterSettings, api: ApiSettings, kept: dict[str, Any]) -> None:
        self.log = MemoryLog()
        self.switchboard = NoSwitchboard()
        self.loop = CenterLoop(Center(center_settings), self.log, self.switchboard, now, LoopSettings(linger_s=0))
        self.mirror = Mirror(self.log, State(center_settings))
        self.pops = PopGate()
        self.identity: MemoryIdentity = kept.get("identity", MemoryIdentity())
        self.history: MemoryHistory = kept.get("history", MemoryHistory())
        self.cursors: MemoryCursors = kept.get("cursors", MemoryCursors())
        self.audit: MemoryAudit = kept.get("audit", MemoryAudit())
        self.audience = Audience(self.history, self.pops, self.mirror.state)
        self.told: list[Fact] = []
        self.stream = StreamServer(
            api, self.mirror, self.log, self.audience, self.identity, self.cursors, now, self._tell
        )
        self.not_ready: list[str] = []
        self.services = Services(
            settings=api,
            mirror=self.mirror,
            inbox=self.loop,
            identity=self.identity,
            history=self.history,
            clock=now,
            ready=lambda: self.not_ready,
            metrics=lambda: b"hotline_up 1\n",
            web=WEB,
            exports=kept.get("exports"),
            schedules=kept.get("schedules"),
            audit=self.audit,
            recordings=kept.get("recordings"),
            evidence=kept.get("evidence"),
            holds=kept.get("holds"),
            quality=kept.get("quality"),
            notices=kept.get("notices"),
            duties=kept.get("duties"),
            reports=kept.get("reports"),
            people=kept.get("people"),
            oidc=kept.get("oidc"),
        )
        self.rest = ""
        self.session: aiohttp.ClientSession

    @asynccontextmanager
    async def open(self) -> AsyncIterator[House]:
        """Run everything."""
        async with AsyncExitStack() as stack:
            for work in (self.mirror.run(), self.loop.run()):
                stack.push_async_callback(_cancel, asyncio.create_task(work))
            await stack.enter_async_context(self.stream)
            settings = msgspec.structs.replace(self.services.settings, stream_port=self.stream.port)
            self.services = dataclasses.replace(self.services, settings=settings)
            runner = web.AppRunner(make_app(self.services), access_log=None, handle_signals=False)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.rest = f"http://127.0.0.1:{runner.addresses[0][1]}"
            await self.settled(facts.NodeUp(occurred=now(), node=NODE))
            self.session = await stack.enter_async_context(aiohttp.ClientSession())
            yield self

    def _tell(self, fact: Fact) -> None:
        """Note what the stream itself tells, and pass it on."""
        self.told.append(fact)
        self.loop.tell(fact)

    def token(
        self, *roles: Role, user: str = "", agent: str | None = None, tenant: str = "", lasts: timedelta = LONG
    ) -> str:
        """Return a token of somebody with these roles."""
        name = user or "-".join(roles) + (f"-{agent}" if agent else "") + (f"-{tenant}" if tenant else "")
        seat = AgentId(agent) if agent else None
        return self.identity.grant(
            Principal(user=UserId(name), name=name, roles=roles, agent=seat, tenant=tenant), lasts
        )

    async def ask(
        self, method: str, path: str, token: str = "", body: Any = None, raw: bytes | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Ask REST; return status and decoded body."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        content = raw if raw is not None else msgspec.json.encode(body) if body is not None else b""
        data = BytesIO(content) if content else None
        url = path if path.startswith("http") else f"{self.rest}{path if path.startswith('/') else '/api/v1/' + path}"
        async with self.session.request(method, url, data=data, headers=sent) as answer:
            text = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return answer.status, msgspec.json.decode(text) if is_json and text else text

    async def settled(self, *messages: Fact) -> None:
        """Tell facts and wait until the mirror shows what came of them."""
        for message in messages:
            self.loop.tell(message)
        with suppress(NotFound):  # the inbox is in order: when this is refused, what came before is decided
            await self.loop.ask(requests.LogOut(by=UserId("tester"), agent=AgentId("nobody")))
        await self.mirror.reached(self.loop.center.position)

    async def ready(self, *agents: str) -> None:
        """Make agents ready over REST."""
        for agent in agents:
            token = self.token(Role.AGENT, agent=agent)
            status, answer = await self.ask("PUT", "agents/me/state", token, {"state": "ready"})
            assert status == 200, answer

    async def arrive(
        self, call: str, number: str = "13800001234", *, greeted: bool = True, path: tuple[str, ...] = ()
    ) -> None:
        """A citizen's call comes in and joins the queue; `greeted` long enough to look the number up."""
        about: dict[str, Any] = {"occurred": now(), "node": NODE, "call": CallId(call)}
        await self.settled(facts.CallArrived(contact=ContactId(f"k{call}"), number=number, did="12345", **about))
        if greeted:
            await self.audience.callers.settled()
        await self.settled(facts.CallQueued(queue=QUEUE, noticed=True, path=path, **about))

    async def leg(self, kind: type[facts.LegFact], leg: str, **fields: Any) -> None:
        """Something happens to a leg."""
        call = self.mirror.state.calls[self.mirror.state.legs[LegId(leg)]]
        phone = call.legs[LegId(leg)].phone
        await self.settled(kind(occurred=now(), node=NODE, call=call.id, leg=LegId(leg), phone=Phone(phone), **fields))

    async def hang_up(self, call: str) -> None:
        """The citizen is gone."""
        await self.settled(facts.CallHungUp(occurred=now(), node=NODE, call=CallId(call)))

    async def whole_call(self, call: str, number: str = "13800001234", token: str = "") -> None:
        """A call from arrival to the agent's being ready again: some twenty events."""
        await self.arrive(call, number)
        leg = next(iter(self.mirror.state.calls[CallId(call)].legs), None)
        if leg is not None:
            agent = self.mirror.state.calls[CallId(call)].legs[leg].agent
            await self.leg(facts.LegRinging, leg)
            await self.leg(facts.LegAnswered, leg)
            await self.leg(facts.LegEnded, leg, why=LegEnd.AGENT_HUNG_UP)
            await self.hang_up(call)
            token = token or self.token(Role.AGENT, agent=agent)
            await self.ask("PUT", "agents/me/state", token, {"state": "ready"})
        else:
            await self.hang_up(call)

    async def entries(self, after: Position, *kinds: type[Event]) -> list[Entry]:
        """Return the log's entries after a position, of some kinds."""
        found = await self.log.read(after, 1_000_000)
        return [entry for entry in found if not kinds or isinstance(entry.event, kinds)]

    @asynccontextmanager
    async def connected_raw(self, token: str) -> AsyncIterator[Client]:
        """Give a client that has said hello and not heard what came of it."""
        url = f"ws://127.0.0.1:{self.stream.port}/v1/stream"
        async with connect(url, compression=None, proxy=None) as connection:
            client = Client(connection)
            await client.send(op="hello", token=token)
            yield client

    @asynccontextmanager
    async def connected(self, token: str, **options: Any) -> AsyncIterator[Client]:
        """Give a client that has said hello."""
        url = f"ws://127.0.0.1:{self.stream.port}/v1/stream"
        async with connect(url, compression=None, proxy=None, max_size=None, **options) as connection:
            client = Client(connection)
            await client.send(op="hello", token=token)
            client.hello = await client.expect("hello")
            await self.settled()  # the desktop is known by now: no event of it comes in between later
            yield client

    @asynccontextmanager
    async def subscribed(self, token: str, **wish: Any) -> AsyncIterator[Client]:
        """Give a client that has subscribed and got its snapshot."""
        async with self.connected(token) as client:
            await client.send(op="subscribe", **wish)
            client.take_snapshot(await client.expect("snapshot"))
            yield client


class Client:
    """One end of a stream that checks that no event is missing between two."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.hello: dict[str, Any] = {}
        self.snapshot: dict[str, Any] = {}
        self.seen = Position()

    async def send(self, **message: Any) -> None:
        """Send an op."""
        await self.connection.send(msgspec.json.encode(message), text=True)

    async def receive(self) -> dict[str, Any]:
        """Return the next message; one that never comes is an error and not a hang."""
        async with asyncio.timeout(HANG_S):
            message: dict[str, Any] = msgspec.json.decode(await self.connection.recv())
        return message

    async def expect(self, op: str) -> dict[str, Any]:
        """Return the next message, which must be of this op."""
        message = await self.receive()
        assert message["op"] == op, message
        return message

    def take_snapshot(self, message: dict[str, Any]) -> None:
        """Begin from a snapshot."""
        self.snapshot = message
        self.seen = Position(message["epoch"], message["seq"])

    def take(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take an event in; it must say that it follows the one before."""
        assert Position(message["prev_epoch"], message["prev"]) == self.seen, (message, self.seen)
        self.seen = Position(message["epoch"], message["seq"])
        return message

    async def event(self) -> dict[str, Any]:
        """Return the next event."""
        return self.take(await self.expect("event"))

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Return events up to the first of a kind."""
        found = [await self.event()]
        while found[-1]["kind"] != kind:
            found.append(await self.event())
        return found

    async def closed(self) -> tuple[int, str]:
        """Read until the server closes; return the code and text."""
        await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""


def kinds(messages: Iterable[dict[str, Any]]) -> list[str]:
    """Return the kinds of events."""
    return [message["kind"] for message in messages]


@asynccontextmanager
async def open_house(
    agents: int = 2, *, center: CenterSettings | None = None, kept: dict[str, Any] | None = None, **api: Any
) -> AsyncIterator[House]:
    """Give a running house; `center`: its queues and agents, `kept`: what it uses in the place of memory."""
    house = House(center or settings(agents), ApiSettings(port=0, stream_port=0, **api), kept or {})
    async with house.open():
        yield house
