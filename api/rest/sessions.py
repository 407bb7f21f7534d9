"""Log in, stay logged in, log out."""

from __future__ import annotations

from api.rest.bodies import LogInBody, SessionAnswer
from api.rest.endpoint import Answer, Asked
from api.rest.problems import Unauthenticated, WrongCredentials
from messages.ids import UserId
from messages.principal import Session


async def open_session(asked: Asked) -> Answer:
    """Log a person in."""
    body: LogInBody = asked.body
    asked.note(by=UserId(body.user))
    session = await asked.services.identity.log_in(body.user, body.password)
    if session is None:
        raise WrongCredentials("user or password is wrong, or there were too many tries")
    asked.note(tenant=session.principal.tenant)
    return Answer(_answer(session), 201)


async def refresh_session(asked: Asked) -> Answer:
    """Give a fresh token for the present one."""
    session = await asked.services.identity.refresh(asked.token)
    if session is None:
        raise Unauthenticated("this session can no longer be refreshed; log in again")
    return Answer(_answer(session))


async def close_session(asked: Asked) -> Answer:
    """End the session; its token is worth nothing afterwards."""
    await asked.services.identity.revoke(asked.token)
    return Answer(None, 204)


def _answer(session: Session) -> SessionAnswer:
    principal = session.principal
    return SessionAnswer(
        token=session.token,
        expires_at=session.expires_at,
        user=principal.user,
        name=principal.name,
        roles=tuple(str(role) for role in principal.roles),
        agent=principal.agent,
        tenant=principal.tenant,
    )
