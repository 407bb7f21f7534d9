"""Log in, stay logged in, log out; one's own password, second factor and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from api.ports import People
from api.rest.bodies import LogInBody, SessionAnswer, Short
from api.rest.endpoint import Answer, Asked
from messages.errors import Forbidden, NotFound, Unauthenticated, Unavailable, WrongCredentials
from messages.ids import UserId
from messages.principal import Session, SessionRecord
from messages.values import Role

Password = Annotated[str, msgspec.Meta(max_length=1000)]
SECRET = {"Cache-Control": "no-store"}


class PasswordBody(msgspec.Struct, frozen=True, kw_only=True):
    """One's present password, and the one from now on."""

    old: Password
    new: Password


class ProofBody(msgspec.Struct, frozen=True, kw_only=True):
    """One's password, once more."""

    password: Password


class CodeBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the authenticator app shows now."""

    code: Short


class TotpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The secret for the authenticator app, shown only now; it counts once a code of it is given."""

    secret: str
    uri: str


class EnrolledAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The new session, and codes that are good once each where the phone is lost; shown only now."""

    session: SessionAnswer
    recovery_codes: tuple[str, ...]


class SessionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whose; one's own where it is left out."""

    user: Annotated[str, msgspec.Meta(max_length=200)] = ""


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session, or a program's token, which has a name and scopes; `current`: the one that asks."""

    id: str
    user: str
    name: str
    scopes: tuple[str, ...] | None
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    address: str
    client: str
    current: bool


class SessionsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Those that go on, the last used first."""

    items: list[SessionView]


async def open_session(asked: Asked) -> Answer:
    """Log a person in."""
    body: LogInBody = asked.body
    session = await asked.services.identity.log_in(body.user, body.password, body.code, asked.origin)
    if session is None:
        raise WrongCredentials("user, password or code is wrong, or there were too many tries")
    return Answer(session_answer(session), 201, SECRET)


async def refresh_session(asked: Asked) -> Answer:
    """Give a fresh token for the present one."""
    session = await asked.services.identity.refresh(asked.token)
    if session is None:
        raise Unauthenticated("this session can no longer be refreshed; log in again")
    return Answer(session_answer(session), headers=SECRET)


async def close_session(asked: Asked) -> Answer:
    """End the session; its token is worth nothing afterwards."""
    await asked.services.identity.revoke(asked.token)
    return Answer(None, 204)


async def change_password(asked: Asked) -> Answer:
    """Change one's own password; the other sessions end."""
    body: PasswordBody = asked.body
    session = await people(asked).change_password(_session(asked), body.old, body.new, asked.origin)
    return Answer(session_answer(session), headers=SECRET)


async def begin_totp(asked: Asked) -> Answer:
    """Get a secret for an authenticator app."""
    body: ProofBody = asked.body
    secret, uri = await people(asked).begin_totp(_session(asked), body.password, asked.origin)
    return Answer(TotpAnswer(secret=secret, uri=uri), headers=SECRET)


async def confirm_totp(asked: Asked) -> Answer:
    """Give a code of the secret: from now on a log-in asks for one."""
    body: CodeBody = asked.body
    session, codes = await people(asked).confirm_totp(_session(asked), body.code, asked.origin)
    return Answer(EnrolledAnswer(session=session_answer(session), recovery_codes=codes), headers=SECRET)


async def drop_totp(asked: Asked) -> Answer:
    """Log in without codes again, where one's role allows it."""
    body: ProofBody = asked.body
    await people(asked).drop_totp(_session(asked), body.password, asked.origin)
    return Answer(None, 204)


async def list_sessions(asked: Asked) -> Answer:
    """Return one's sessions and tokens that go on; an administrator may ask for anybody's of their line."""
    query: SessionsQuery = asked.query
    user = UserId(query.user or asked.principal.user)
    if user != asked.principal.user:
        if Role.ADMIN not in asked.roles:
            raise Forbidden("one's own sessions; administrators may see anybody's")
        await check_ours(asked, user)
    found = await people(asked).sessions_of(user)
    return Answer(SessionsAnswer(items=[_view(one, asked) for one in found]))


async def end_session(asked: Asked) -> Answer:
    """End a session or take back a token: one's own, or, for an administrator, anybody's of their line."""
    name = asked.path["id"]
    found = await people(asked).session(name)
    if found is None or (found.user != asked.principal.user and Role.ADMIN not in asked.roles):
        raise NotFound(f"no session {name}")
    if found.user != asked.principal.user:
        await check_ours(asked, found.user)
    await people(asked).end_session(name, asked.principal)
    return Answer(None, 204)


def people(asked: Asked) -> People:
    """Return the people. Raises Unavailable where none are kept."""
    if asked.services.people is None:
        raise Unavailable("no people are kept here")
    return asked.services.people


async def check_ours(asked: Asked, user: UserId) -> tuple[Role, ...]:
    """Return the roles of somebody of the asker's line. Raises NotFound for others."""
    person = await people(asked).person(user)
    if person is None or asked.principal.tenant not in ("", person.tenant):
        raise NotFound(f"no user {user}")
    return person.roles


def _session(asked: Asked) -> Session:
    assert asked.session is not None  # the route is behind the log-in
    return asked.session


def session_answer(session: Session) -> SessionAnswer:
    """Return what a page keeps of its session."""
    principal = session.principal
    return SessionAnswer(
        token=session.token,
        expires_at=session.expires_at,
        user=principal.user,
        name=principal.name,
        roles=tuple(str(role) for role in principal.roles),
        agent=principal.agent,
        tenant=principal.tenant,
        must=session.must,
    )


def _view(record: SessionRecord, asked: Asked) -> SessionView:
    current = asked.session is not None and asked.session.id == record.id
    return SessionView(**msgspec.structs.asdict(record), current=current)
