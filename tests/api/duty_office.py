"""An office for tests of duty sessions: a house whose rows are in SQLite, a mayor's seat, an aide's, and who asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agents.agent import AgentSettings
from center.settings import CenterSettings
from messages.ids import AgentId, Phone
from messages.values import Role
from storage.database import Database
from storage.duties import Duties
from storage.migrations import upgrade
from storage.queries import Queries
from storage.rows import RowSettings, RowWriter
from tests.api.city import city
from tests.api.house import House, now, open_house
from tests.storage.trails import trail_in


def settings() -> CenterSettings:
    """Return the city with a mayor's seat and an aide's, and a leader of the north."""
    whole = city()
    seats = (("mayor", "1090", ""), ("aide", "1091", ""), ("chief", "2090", "north"))
    more = (
        AgentSettings(id=AgentId(name), phone=Phone(phone), queues=(), tenant=tenant) for name, phone, tenant in seats
    )
    return CenterSettings(**{**_fields(whole), "agents": (*whole.agents, *more)})


def _fields(whole: CenterSettings) -> dict[str, Any]:
    return {name: getattr(whole, name) for name in whole.__struct_fields__}


class Office:
    """A house whose rows are in SQLite, and those who ask."""

    def __init__(self, house: House, rows: RowWriter) -> None:
        self.house, self.rows = house, rows
        self.boss = house.token(Role.SUPERVISOR, user="wang")
        self.mayor = house.token(Role.AGENT, Role.LEADER, user="mayor", agent="mayor")
        self.aide = house.token(Role.AGENT, user="aide", agent="aide")

    async def ask(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        return await self.house.ask(method, path, token, body)

    async def plan(self, begin: datetime | None = None, hours: float = 1, **more: Any) -> tuple[int, Any]:
        begin = begin or now()
        body = {"leader": "mayor", "aide": "aide", "begin": begin, "end": begin + timedelta(hours=hours), **more}
        token = body.pop("token", self.boss)
        return await self.ask("POST", "duty-sessions", token, body)

    async def written(self) -> None:
        await self.house.settled()
        await self.rows.reached(self.house.loop.center.position)


@asynccontextmanager
async def open_office(directory: Path) -> AsyncIterator[Office]:
    """Open an office with everybody at home."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{directory / 'hotline.db'}"))
        await upgrade(database)
        kept = {"history": Queries(database), "audit": trail_in(database, directory), "duties": Duties(database)}
        house = await stack.enter_async_context(open_house(center=settings(), kept=kept))
        rows = RowWriter(house.log, database, settings=RowSettings(linger_s=0))
        writing = asyncio.create_task(rows.run())
        try:
            yield Office(house, rows)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
