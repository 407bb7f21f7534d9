"""A city over the real storage, with something of everything in its north, for tests that ask every route."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from agents.schedule import ScheduleSettings
from api.rest.endpoint import Route, needs_body
from app.exports import FileExports
from messages import facts
from messages.ids import CallbackId, SessionId, UserId
from messages.values import Role
from metrics.question import Directory
from storage.database import Database
from storage.duties import Duties
from storage.identity import Identity
from storage.migrations import upgrade
from storage.notices import Notices
from storage.quality import Quality
from storage.queries import Queries
from storage.recordings.holds import Holds
from storage.reports import Reports
from storage.rows import RowWriter
from storage.schedules import Schedules
from tests.api.city import call_of, city, talk
from tests.api.house import House, now, open_house
from tests.api.test_rest import BODIES
from tests.storage.test_identity import QUICK
from tests.storage.trails import trail_in

DAY = "day=2026-11-24"
REPORTS = tuple(f"/reports/{kind}" for kind in ("intervals", "queues", "agents"))
PASSWORD = "Streetlight-7"


class World:
    """A city with a northern and a southern line; in the north n1 and n2 talk, and everything has something in it."""

    def __init__(self, house: House, rows: RowWriter) -> None:
        self.house = house
        self.rows = rows
        self.names: dict[str, str] = {}
        self.others: dict[str, str] = {}
        self.bodies: dict[str, Any] = {}

    def token(self, role: Role, tenant: str = "north") -> str:
        """Return a token of somebody with a role on a line, who, but for leaders, has a seat there."""
        seat = None if role is Role.LEADER else f"{tenant[0]}1"
        return self.house.token(role, user=f"{role}-{tenant}", agent=seat, tenant=tenant)

    async def furnish(self) -> None:
        """Let the north have one of each thing that an address can name."""
        house, north = self.house, {"queue": "north"}
        for number in (1, 2):
            await house.ready(f"n{number}")
            await call_of(house, f"cn{number}", "north", f"1380000000{number}")
            await talk(house, f"cn{number}")
        boss = house.token(Role.SUPERVISOR, user="boss", tenant="north")
        cases = house.token(Role.CASE_SYSTEM, user="cases", tenant="north")

        async def made(method: str, path: str, token: str, body: Any = None) -> Any:
            status, answer = await house.ask(method, path, token, body)
            assert status < 300, (method, path, status, answer)
            return answer

        owed = await made("POST", "callbacks", cases, {"number": "13900000001", **north})
        asked = await made("POST", "revisits", cases, {"number": "13900000002", "case_no": "GD1", **north})
        label = await made(
            "POST", "callers/labels", boss, {"contacts": ["kcn2"], "kind": "malicious", "reason": "threatens"}
        )
        heard = await made(
            "POST", "listening", self.token(Role.SUPERVISOR), {"call": "cn2", "purpose": "coaching", "phone": "9001"}
        )
        export = await made("POST", "exports", boss, {"what": "contacts"})
        await asyncio.gather(*house.services.jobs._running.values())
        session = house.mirror.state.listening[SessionId(heard["session"])]
        await house.settled(
            facts.SpyStarted(occurred=now(), node=session.node, session=session.id, spied="", spyer="9001")
        )
        plan: dict[str, Any] = {"leader": "n2", "begin": "2036-11-25T01:00:00Z", "end": "2036-11-25T03:00:00Z"}
        duty = await made("POST", "duty-sessions", boss, plan)
        step = {"id": "1", "type": "direct_answer", "at": "2026-11-24T08:00:00Z"}
        await made("POST", "cases/GD1/events", cases, step)
        await self.written()
        form = {"name": "courtesy", "questions": [{"id": "a", "text": "greets"}]}
        await made("PUT", "quality/forms/f", boss, form)
        sample = await made("POST", "quality/samples", boss, BODIES["/quality/samples"])
        review = await made("POST", "quality/reviews", boss, {"form": "f", "contact": "kcn1"})
        await made("PUT", f"quality/reviews/{review['review']}", boss, {"answers": {"a": 1}})
        await made("POST", f"quality/reviews/{review['review']}/sign", boss)
        await made("PUT", "contacts/kcn1/hold", self.token(Role.ADMIN), {"reason": "sues"})
        self.names = {
            "form": "f",
            "sample": sample["sample"],
            "review": review["review"],
            "duty": duty["ids"][0],
            "agent": "n1",
            "call": "cn1",
            "contact": "kcn1",
            "queue": "north",
            "callback": owed["id"],
            "revisit": asked["id"],
            "label": label["id"],
            "session": heard["session"],
            "operation": heard["operation"],
            "export": export["id"],
            "case_no": "GD1",
            "n": "1",
            "issuer": "none",
        }
        self.others = {"agent": "n2", "call": "cn2", "contact": "kcn2"}
        assert CallbackId(owed["id"]) in house.mirror.state.callbacks
        self.bodies = BODIES | {
            "/duty-sessions": {"leader": "n1", "begin": "2036-11-24T01:00:00Z", "end": "2036-11-24T03:00:00Z"},
            "/duty-sessions/{duty}": plan,
            "/quality/reviews": {"form": "f", "contact": "kcn2"},
            "/calls": {"number": "13900000003", "agent": "n1"},
            "/callbacks": {"contact": "kcn1", **north},
            "/revisits": {"number": "13900000004", "case_no": "GD2", "contact": "kcn1", **north},
            "/listening": {"call": "cn1", "purpose": "coaching", "phone": "9002"},
            "/listening/{session}": {"mode": "listen"},
            "/callers/labels": {"contacts": ["kcn1"], "kind": "malicious", "reason": "rings all night"},
            "/calls/{call}/transfer": {"agent": "n2"},
            "/calls/{call}/consult": {"agent": "n2"},
            "/calls/{call}/three-way": {"agent": "n2"},
            "/agents/{agent}/state": {"state": "not_ready", "reason": "meal"},
            "/queues/{queue}/open": {"open": False, "reason": "flood"},
        }

    async def settle(self, people: Identity) -> None:
        """Let people of the north and the south log in: one for each role, and Zhao, a northern agent."""
        for tenant in ("north", "south"):
            for role in Role:
                await people.set_user(UserId(f"{role}-{tenant}"), PASSWORD, [role], tenant=tenant)
        await people.set_user(UserId("zhao"), PASSWORD, [Role.AGENT], tenant="north")
        session = await people.log_in("zhao", PASSWORD)
        assert session is not None
        self.names |= {"user": "zhao", "id": session.id}

    async def written(self) -> None:
        """Wait until the rows are as new as the log; a writer that has failed fails here."""
        async with asyncio.timeout(30):
            await self.rows.reached(self.house.mirror.state.position)

    async def ask(self, route: Route, token: str, **other: str) -> tuple[int, Any]:
        """Ask a route about the north's things."""
        path = re.sub(r"{(\w+)}", lambda found: (self.names | other)[found[1]], route.path)
        body = self.bodies.get(route.path)
        assert body is not None or not needs_body(route), f"what is to be sent to {route.path}?"
        query = {
            "schedule": f"?{DAY}",
            "recordings": "?purpose=complaint",
            "adherence": "?from=2026-11-24&to=2026-11-25" if "{agent}" in path or "/agents/" in path else f"?{DAY}",
        }
        if (route.method, path.rpartition("/")[2]) == ("DELETE", "hold"):
            path += "?reason=settled"
        if route.path in REPORTS:
            path += "?from=2026-11-24&to=2026-11-25"
        for word, text in query.items():
            if word in path.split("/"):
                path += text
        return await self.house.ask(route.method, f"/api/v1{path}", token, body)


@asynccontextmanager
async def furnished(directory: Path, url: str = "") -> AsyncIterator[World]:
    """Give the city, over SQLite or the database that is named, with something of everything in the north."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(url or f"sqlite:///{directory / 'hotline.db'}"))
        await upgrade(database)
        trail = trail_in(database, directory)
        kept: dict[str, Any] = {
            "history": Queries(database),
            "exports": FileExports(database),
            "audit": trail,
            "schedules": Schedules(database, now, ScheduleSettings().reasons),
            "notices": Notices(database),
            "duties": Duties(database),
            "holds": Holds(database, now),
            "quality": Quality(database),
            "reports": Reports(database, now, Directory(tenants=frozenset({"north", "south"}))),
        }
        people = Identity(database, now, hasher=QUICK, keys=directory / "identity-keys", audit=trail.append)
        kept["people"] = people
        house = await stack.enter_async_context(open_house(center=city(), kept=kept, agents_hear_own=True))
        rows = RowWriter(house.log, database)
        writing = asyncio.create_task(rows.run())
        try:
            world = World(house, rows)
            await world.furnish()
            await world.settle(people)
            await world.written()
            yield world
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
