"""What is known of callers, looked up when they arrive so that their screen pops leave at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import msgspec
import structlog

from api.masking import all_masked
from api.ports import History
from messages.events import ContactArrived
from messages.ids import ContactId

log = structlog.get_logger()

RECENT = 5
REMEMBERED = 5_000
PATIENCE_S = 5.0
SHOWN = ("contact", "channel", "number", "queue", "agent", "arrived_at", "ended_at", "outcome", "cases")


class Known(msgspec.Struct, frozen=True):
    """A number's newest contacts as JSON, with numbers whole and masked, and their cases."""

    whole: msgspec.Raw = msgspec.Raw(b"[]")
    masked: msgspec.Raw = msgspec.Raw(b"[]")
    cases: list[str] = []
    repeat: bool = False


NOTHING = Known()


class Callers:
    """Bounded; a look-up that fails or takes too long leaves the pop without history."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._known: OrderedDict[ContactId, Known] = OrderedDict()
        self._lookups: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Callers: {len(self._known)} known, {len(self._lookups)} being looked up>"

    def arrived(self, event: ContactArrived) -> None:
        """Begin to look a caller up."""
        task = asyncio.get_running_loop().create_task(self._look_up(event.contact, event.number, event.tenant))
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)

    def known(self, contact: ContactId) -> Known | None:
        """Return what is known, None if that was not looked up in time or is forgotten."""
        return self._known.get(contact)

    async def settled(self) -> None:
        """Return once nothing is being looked up."""
        await asyncio.gather(*self._lookups)

    async def close(self) -> None:
        """Stop looking up."""
        for task in self._lookups:
            task.cancel()
        await asyncio.gather(*self._lookups, return_exceptions=True)

    async def _look_up(self, contact: ContactId, number: str, tenant: str) -> None:
        """Look a number up; a county's call is shown what is of that county, one of the city's all."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                found = await self._history.recent_contacts(number, RECENT + 1) if number else ()
            ours = [one for one in found if tenant in ("", one.get("tenant", "")) and one.get("contact") != contact]
            self._known[contact] = _known(ours[:RECENT])
        except Exception as error:
            log.warning("a caller's history could not be read", contact=contact, error=str(error) or "too slow")
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _known(recent: list[dict[str, Any]]) -> Known:
    shown = [{name: one[name] for name in SHOWN if name in one} for one in recent]
    return Known(
        whole=msgspec.Raw(msgspec.json.encode(shown)),
        masked=msgspec.Raw(msgspec.json.encode(all_masked(shown))),
        cases=sorted({str(case) for one in recent for case in one.get("cases", ())}),
        repeat=bool(recent),
    )
