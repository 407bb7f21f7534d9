"""What is known of callers, looked up when they arrive so that their screen pops leave at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from api.masking import all_masked, is_confidential
from api.ports import History
from center.state import State
from messages.events import ContactArrived
from messages.ids import ContactId

log = structlog.get_logger()

RECENT = 5
REMEMBERED = 5_000
PATIENCE_S = 5.0
SHOWN = ("contact", "channel", "number", "queue", "agent", "arrived_at", "ended_at", "outcome", "cases")


class Known(msgspec.Struct, frozen=True):
    """A number's newest contacts, as they are kept and as JSON with numbers masked, and their cases."""

    recent: Sequence[dict[str, Any]] = ()
    masked: msgspec.Raw = msgspec.Raw(b"[]")
    cases: list[str] = []
    repeat: bool = False

    def openly(self, state: State) -> tuple[list[dict[str, Any]], list[str]]:
        """Return contacts and cases for whoever sees the number: confidential ones would tell them whose they are."""
        recent = [one for one in self.recent if not is_confidential(one, state)]
        return _shown(recent), _cases(recent)


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
    return Known(
        recent=recent,
        masked=msgspec.Raw(msgspec.json.encode(all_masked(_shown(recent)))),
        cases=_cases(recent),
        repeat=bool(recent),
    )


def _shown(recent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in SHOWN if name in one} for one in recent]


def _cases(recent: list[dict[str, Any]]) -> list[str]:
    return sorted({str(case) for one in recent for case in one.get("cases", ())})
