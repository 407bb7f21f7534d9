"""Log in at a provider: there and back by the browser, then the page asks for its session."""

from __future__ import annotations

from typing import Annotated

import msgspec
import structlog

from api.oidc.entry import Oidc
from api.oidc.provider import NotTrusted
from api.rest.endpoint import Answer, Asked
from api.rest.sessions import SECRET, people, session_answer
from messages.errors import NotFound, Unauthenticated, Unavailable

log = structlog.get_logger()

Part = Annotated[str, msgspec.Meta(max_length=2000)]


class CallbackQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider sends the browser back with."""

    code: Part = ""
    state: Part = ""
    error: Part = ""


async def begin(asked: Asked) -> Answer:
    """Send the browser to a provider."""
    try:
        address, cookie = await _oidc(asked).begin(asked.path["issuer"])
    except NotTrusted as error:
        log.error("a provider cannot be trusted", provider=asked.path["issuer"], why=str(error))
        raise Unavailable("the provider does not answer as it should") from error
    return Answer(None, 303, SECRET | {"Location": address, "Set-Cookie": cookie})


async def come_back(asked: Asked) -> Answer:
    """Take the browser back from a provider, and send it to the page."""
    oidc, query, issuer = _oidc(asked), asked.query, asked.path["issuer"]
    said: CallbackQuery = query
    cookies = asked.headers.get("Cookie", "")
    try:
        if said.error or not said.code:
            raise NotTrusted(f"it refused: {said.error[:64]!r}")
        principal = await oidc.finish(issuer, said.code, said.state, cookies)
        session = await people(asked).enter(principal, asked.origin)
    except (NotTrusted, Unavailable) as error:
        log.warning("a log-in by a provider was refused", provider=issuer, why=str(error))
        await people(asked).refuse_entry(issuer, str(error), asked.origin)
        return _home(oidc, "refused", oidc.gone())
    if session is None:
        return _home(oidc, "refused", oidc.gone())
    return _home(oidc, "done", oidc.entry(session.token))


async def take_session(asked: Asked) -> Answer:
    """Give the page the session of the log-in that its browser has just come back from."""
    oidc = _oidc(asked)
    token = oidc.entered(asked.headers.get("Cookie", ""))
    session = await asked.services.identity.authenticate(token) if token else None
    if session is None:
        raise Unauthenticated("this browser has come back from no log-in just now")
    return Answer(session_answer(session), headers=SECRET | {"Set-Cookie": oidc.gone()})


def _home(oidc: Oidc, how: str, cookie: str) -> Answer:
    return Answer(None, 303, SECRET | {"Location": f"{oidc.home}?log-in={how}", "Set-Cookie": cookie})


def _oidc(asked: Asked) -> Oidc:
    if asked.services.oidc is None:
        raise NotFound("no provider is set up")
    return asked.services.oidc
