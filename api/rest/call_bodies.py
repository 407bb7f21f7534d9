"""What stands in requests about live calls, and the answer that all of them get."""

from __future__ import annotations

from typing import Annotated

import msgspec

from api.rest.bodies import Id, Short, Text
from messages.errors import Invalid
from messages.values import Target, TargetKind


class ReasonBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why; may be left out, but for ending a call that is not one's own."""

    reason: Text = ""


class TargetPart(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody: an agent's id, a queue's id, or an outside number."""

    kind: TargetKind
    to: Id


class TargetBody(msgspec.Struct, frozen=True, kw_only=True):
    """To whom: a `target`, or, for short, one of `agent`, `queue` and `number`."""

    target: TargetPart | None = None
    agent: Id | None = None
    queue: Id | None = None
    number: Id | None = None
    reason: Text = ""

    def chosen(self) -> Target:
        """Return the one target. Raises Invalid where there is none, or several."""
        named = [
            Target(kind, to)
            for kind, to in (
                (TargetKind.AGENT, self.agent),
                (TargetKind.QUEUE, self.queue),
                (TargetKind.NUMBER, self.number),
            )
            if to is not None
        ]
        if self.target is not None:
            named.append(Target(self.target.kind, self.target.to))
        if len(named) != 1:
            raise Invalid('target: name one, such as {"target":{"kind":"queue","to":"12345"}} or {"queue":"12345"}')
        return named[0]


class DigitsBody(msgspec.Struct, frozen=True, kw_only=True):
    """The keys to press: 0-9, *, #, A-D."""

    digits: Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern="^[0-9*#A-D]+$")]


class EmergencyBody(msgspec.Struct, frozen=True, kw_only=True):
    """The service to call into the call, such as 110."""

    service: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class TakeOverBody(msgspec.Struct, frozen=True, kw_only=True):
    """One's own phone, which is rung; whoever talks now leaves once it is answered. And why."""

    phone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class DialBody(msgspec.Struct, frozen=True, kw_only=True):
    """A number to call for an agent (oneself where none is named), what for, and the contact or case that it is about;
    the contact's number is called where none is given.

    `unit`: the handling unit whose call to the citizen it is; `GET /contacts?case_no=` then shows that it was made.

    `preview_s`: seconds for which the agent is shown the number and may dial or decline; 0 dials at once.
    """

    number: Annotated[str, msgspec.Meta(max_length=64)] = ""
    agent: Short = ""
    purpose: Text = ""
    contact: Annotated[str, msgspec.Meta(max_length=200)] = ""
    case_no: Short = ""
    unit: Text = ""
    preview_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0.0


class OperationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The operation that was set going; `operation.done` or `operation.failed` follows on the stream."""

    operation: str
    call: str | None = None
    agent: str | None = None
