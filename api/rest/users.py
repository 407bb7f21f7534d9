"""People as administrators see them: who is locked out, whose password or phone was lost, whose sessions must end.

Who is added, with which roles, is decided on the machine (`hotline user`).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from api.rest.endpoint import Answer, Asked
from api.rest.sessions import SECRET, check_ours, people
from messages.errors import Forbidden
from messages.ids import UserId
from messages.values import Role


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may log in; `totp`: with a second factor; `locked_until`: null where nothing is in the way."""

    id: str
    name: str
    roles: tuple[Role, ...]
    agent: str | None
    tenant: str
    disabled: bool
    must_change: bool
    totp: bool
    locked_until: datetime | None


class UsersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody, by name."""

    items: list[UserView]


class TemporaryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A password that must be changed at the first log-in; shown only now."""

    password: str


async def list_users(asked: Asked) -> Answer:
    """Return who may log in; of one's tenant, where one has one."""
    found = await people(asked).people(asked.principal.tenant)
    items = []
    for person in found:
        fields = msgspec.structs.asdict(person)
        items.append(UserView(id=fields.pop("user"), **fields))
    return Answer(UsersAnswer(items=items))


async def unlock_user(asked: Asked) -> Answer:
    """Let somebody try again who was locked out."""
    await check_ours(asked, _user(asked))
    await people(asked).unlock(_user(asked), asked.principal)
    return Answer(None, 204)


async def reset_password(asked: Asked) -> Answer:
    """Give somebody a password that they must change at once; their sessions end. Not an auditor."""
    await _check_may_reset(asked)
    made = await people(asked).reset_password(_user(asked), asked.principal)
    return Answer(TemporaryAnswer(password=made), headers=SECRET)


async def reset_totp(asked: Asked) -> Answer:
    """Remove the second factor of somebody whose phone is lost; their sessions end. Not of an auditor."""
    await _check_may_reset(asked)
    await people(asked).reset_totp(_user(asked), asked.principal)
    return Answer(None, 204)


async def end_sessions(asked: Asked) -> Answer:
    """End all sessions and tokens of somebody; their open streams are closed."""
    await check_ours(asked, _user(asked))
    await people(asked).end_sessions(_user(asked), asked.principal)
    return Answer(None, 204)


async def _check_may_reset(asked: Asked) -> None:
    """Raise Forbidden for an auditor: whoever could become one could read away the traces of it."""
    roles = await check_ours(asked, _user(asked))
    if Role.AUDITOR in roles and _user(asked) != asked.principal.user:
        raise Forbidden("an auditor's password and second factor are reset on the machine: hotline user reset")


def _user(asked: Asked) -> UserId:
    return UserId(asked.path["user"])
