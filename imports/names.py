"""Whose names are whose: queues, agents and calls of a log under the names they have with us. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

import msgspec

from messages.errors import Invalid
from messages.ids import AgentId, ContactId, Phone, QueueId

T = TypeVar("T")
_MOST = 100_000
_INTERFACE = re.compile(r"[A-Za-z0-9]+/(?P<name>[^@/]+?)(?:-[0-9a-f]{8})?(?:;[12])?(?:@.*)?(?:/n)?")


class QueueMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of `--queue-map`: names in the log → ids with us. What it does not name keeps its name."""

    queues: dict[str, str] = {}
    agents: dict[str, str] = {}


def read_map(content: str, file: str, known: frozenset[str]) -> QueueMap:
    """Return a map from its TOML. `known`: the queues there are; empty where nobody knows. Raises Invalid."""
    try:
        found = msgspec.toml.decode(content.encode(), type=QueueMap)
    except msgspec.DecodeError as error:
        raise Invalid(f'{file}: {error}; write [queues] with lines such as "600" = "12345"') from None
    for name, queue in found.queues.items():
        if known and queue not in known:
            raise Invalid(f"{file}: {name!r} = {queue!r}: no such queue in the settings ({', '.join(sorted(known))})")
    return found


class _Remembered(dict[str, T]):
    """A function of names that is asked for the same ones again and again."""

    def __init__(self, of: Callable[[str], T]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, name: str) -> T:
        value = self._of(name)
        if len(self) < _MOST:
            self[name] = value
        return value


class Names:
    """Names as they are with us. `node`: put before the calls of an Asterisk that has no system name of its own.

    An agent is a member name or, where that is an interface (PJSIP/1001, Local/1001@agents/n), what is dialled by it.
    """

    def __init__(self, given: QueueMap | None = None, node: str = "") -> None:
        self.node = node
        self._given = given or QueueMap()
        self.queue: Callable[[str], QueueId] = _Remembered(self._queue).__getitem__
        self.agent: Callable[[str], AgentId] = _Remembered(self._agent).__getitem__
        self.phone: Callable[[str], Phone] = _Remembered(_dialled).__getitem__

    def _queue(self, name: str) -> QueueId:
        return QueueId(self._given.queues.get(name, name))

    def _agent(self, name: str) -> AgentId:
        bare = self.phone(name)
        return AgentId(self._given.agents.get(name) or self._given.agents.get(bare) or bare)

    def contact(self, call: str) -> ContactId:
        """Return the contact of a call, which is named by the citizen's unique id."""
        return ContactId(f"{self.node}-{call}" if self.node and "-" not in call else call)


def _dialled(name: str) -> Phone:
    match = _INTERFACE.fullmatch(name)
    return Phone(match["name"].removesuffix("-web") if match else name)


@lru_cache(4096)
def instant(us: int) -> datetime:
    """Return the instant of microseconds since 1970."""
    seconds, rest = divmod(us, 1_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return whole.replace(microsecond=rest) if rest else whole
