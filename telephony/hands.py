"""What every part of the switchboard works with: AMI actions, facts to tell, and the phones that may be rung."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import structlog

from center.ports import Clock
from messages import facts
from messages.facts import Fact
from messages.ids import LegId, OperationId, Phone
from telephony.ami.errors import AmiError
from telephony.channels import Channels

log = structlog.get_logger()

Values = Mapping[str, str | list[str]]

_ENDPOINT = re.compile(r"[A-Za-z0-9_-]+")
_OUTSIDE = re.compile(r"\+?[0-9*#]{2,24}")


class Actions(Protocol):
    """What carries AMI actions: the link."""

    async def action(self, name: str, headers: Values, timeout: float = 5.0) -> Any:
        """Send an action once and return its response. Raises AmiError."""


class Hands:
    """One node's AMI, and the way its facts go."""

    def __init__(
        self,
        channels: Channels,
        actions: Actions,
        tell: Callable[[Fact], None],
        clock: Clock,
        endpoints: Callable[[Phone], tuple[str, ...]] = lambda phone: (phone,),
        trunk: str = "",
    ) -> None:
        self.channels = channels
        self.tell = tell
        self.clock = clock
        self._endpoints = endpoints
        self._actions = actions
        self._trunk = trunk

    def __repr__(self) -> str:
        return f"<Hands on {self.channels.node}>"

    def say(self, kind: type[Fact], **fields: object) -> None:
        """Tell a fact of this instant."""
        self.tell(kind(occurred=self.clock(), node=self.channels.node, **fields))

    def report(self, operation: OperationId, failed: str = "") -> None:
        """Tell what became of an operation that no other fact tells of."""
        self.say(facts.OperationReported, operation=operation, failed=failed)

    async def ask(self, name: str, headers: Values) -> Any:
        """Send an action and return its answer. Raises AmiError."""
        return await self._actions.action(name, headers)

    async def act(self, name: str, headers: Values = MappingProxyType({}), /, **more: str) -> str:
        """Send an action; return why it did not work, empty if it did."""
        try:
            await self._actions.action(name, {**headers, **more})
        except AmiError as error:
            log.warning("asterisk did not do it", action=name, why=str(error))
            return str(error) or type(error).__name__
        return ""

    async def hang_up(self, *channels: str, cause: str = "16") -> str:
        """Hang channels up; return why one of them could not be."""
        whys = [await self.act("Hangup", Channel=channel, Cause=cause) for channel in channels]
        return next(filter(None, whys), "")

    def endpoints(self, phone: Phone) -> list[str]:
        """Return a phone's PJSIP endpoints; a name that would be more than one in a dial string is none."""
        return [endpoint for endpoint in self._endpoints(phone) if _ENDPOINT.fullmatch(endpoint)]

    async def reachable(self, phone: Phone) -> str | None:
        """Return the phone's first endpoint that could ring now."""
        for endpoint in self.endpoints(phone):
            try:
                answer = await self.ask("Getvar", {"Variable": f"DEVICE_STATE(PJSIP/{endpoint})"})
            except AmiError:
                continue
            if answer.get("Value", "") not in ("UNAVAILABLE", "INVALID", "UNKNOWN", ""):
                return endpoint
        return None

    async def state(self, channel: str) -> str:
        """Return a channel's state, such as Up or Ringing; empty for one that is gone."""
        try:
            answer = await self.ask("Getvar", {"Channel": channel, "Variable": "CHANNEL(state)"})
        except AmiError:
            return ""
        return str(answer.get("Value", ""))

    def phones(self, phone: Phone) -> tuple[str, ...]:
        """Return the dial strings of an agent's phone."""
        return tuple(f"PJSIP/{endpoint}" for endpoint in self.endpoints(phone))

    def outside(self, number: str) -> str:
        """Return the dial string of an outside number, empty where it is none or there is no trunk."""
        return f"PJSIP/{number}@{self._trunk}" if self._trunk and _OUTSIDE.fullmatch(number) else ""

    def shown(self, caller_id: str) -> str:
        """Return the number to show, empty where it is none that may be."""
        return caller_id if _OUTSIDE.fullmatch(caller_id) else ""

    async def party(self, phone: Phone, number: str) -> tuple[str, str]:
        """Return the dial string of one phone or outside number to originate, or why there is none."""
        if phone:
            endpoint = await self.reachable(phone)
            return (f"PJSIP/{endpoint}", "") if endpoint else ("", f"phone {phone} is not registered")
        dialled = self.outside(number)
        return dialled, "" if dialled else f"{number!r} cannot be dialled"


def channel_id(leg: LegId) -> str:
    """Return the unique id that the channel we originate for a leg is to have."""
    return str(leg).replace("/", "-")
