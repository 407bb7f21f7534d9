"""Whose names are whose: queues, agents and calls of a log under the names they have with us. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from messages.errors import Invalid
from messages.ids import AgentId, ContactId, Phone, QueueId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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


class Names:
    """Names as they are with us. `node`: put before the calls of an Asterisk that has no system name of its own.

    An agent is a member name or, where that is an interface (PJSIP/1001, Local/1001@agents/n), what is dialled by it.
    """

    def __init__(self, given: QueueMap | None = None, node: str = "") -> None:
        self.node = node
        self._given = given or QueueMap()
        self._agents: dict[str, AgentId] = {}

    def queue(self, name: str) -> QueueId:
        """Return a queue's id."""
        return QueueId(self._given.queues.get(name, name))

    def agent(self, name: str) -> AgentId:
        """Return an agent's id."""
        known = self._agents.get(name)
        if known is None:
            bare = self.phone(name)
            known = AgentId(self._given.agents.get(name) or self._given.agents.get(bare) or bare)
            if len(self._agents) < 100_000:
                self._agents[name] = known
        return known

    def phone(self, name: str) -> Phone:
        """Return what an interface dials; a name that is none stays."""
        match = _INTERFACE.fullmatch(name)
        return Phone(match["name"].removesuffix("-web") if match else name)

    def contact(self, call: str) -> ContactId:
        """Return the contact of a call, which is named by the citizen's unique id."""
        return ContactId(f"{self.node}-{call}" if self.node and "-" not in call else call)


def instant(us: int) -> datetime:
    """Return the instant of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)
