"""One way from a request to its answer, the same for every route: who, may they, what, do it once, answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog
from aiohttp import web

from api.rest.auditing import Audited, begun, origin_of
from api.rest.problems import MalformedJson, of_error, problem
from api.rest.repeats import Sent
from api.rest.services import Services
from center.auditing import Act, acting
from center.ports import Reply
from messages.audit import AuditEntry, AuditResult
from messages.errors import Forbidden, HotlineError, Invalid, Unauthenticated, Unavailable
from messages.principal import Origin, Principal, Session
from messages.requests import Request
from messages.values import Role

log = structlog.get_logger()

JSON = "application/json"
ANSWER_S = 10.0
"""Seconds after which a request that the centre has not answered is given up."""
BODY_S = 30.0
"""Seconds a body may take to come in."""
ENCODER = msgspec.json.Encoder()
NOBODY = Principal(user="")  # type: ignore[arg-type]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler is given; `body` and `query` are of the route's types, `origin` is the asker's address."""

    services: Services
    principal: Principal
    token: str
    path: Mapping[str, str]
    body: Any
    query: Any
    headers: Mapping[str, str] = {}
    session: Session | None = None
    origin: Origin = Origin()
    act: Act = msgspec.field(default_factory=Act)

    def note(self, **fields: Any) -> None:
        """Say more in the audit's entry of this, by the entry's fields, also where it is refused afterwards."""
        self.act.note(**fields)

    @property
    def roles(self) -> frozenset[Role]:
        """Return what the asker may be."""
        return frozenset(self.principal.roles)

    async def decide(self, request: Request) -> Reply:
        """Let the centre decide, and return once our copy of the state shows it. Raises Refused, Unavailable."""
        try:
            async with asyncio.timeout(ANSWER_S):
                reply = await self.services.inbox.ask(request)
                await self.services.mirror.reached(reply.position)
        except TimeoutError:
            raise Unavailable("the centre does not answer; ask again to see whether it was done") from None
        return reply


class Stream(msgspec.Struct, frozen=True):
    """Content of a known size that comes in pieces."""

    pieces: AsyncIterator[bytes]
    size: int


class Answer(msgspec.Struct, frozen=True):
    """What a handler returns; None is no content, a path the file there, a Stream what comes of it."""

    content: Any
    status: int = 200
    headers: dict[str, str] = {}


Handler = Callable[[Asked], Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One route. `roles` None: nobody need be logged in; `repeats` False: an Idempotency-Key is ignored.

    `audit` None: what it does is in no audit.
    """

    method: str
    path: str
    action: str
    handler: Handler
    summary: str
    roles: frozenset[Role] | None
    answer: Any = None
    status: int = 200
    body: Any = None
    query: Any = None
    repeats: bool = True
    audit: Audited | None = None


def needs_body(route: Route) -> bool:
    """Tell whether a route's body has something that must be said."""
    return route.body is not None and any(field.required for field in msgspec.structs.fields(route.body))


class Endpoint:
    """A route with what it works with; aiohttp calls `answer`."""

    def __init__(self, route: Route, services: Services) -> None:
        self.route = route
        self._services = services
        self._decoder = msgspec.json.Decoder(route.body) if route.body is not None else None
        self._may_be_empty = not needs_body(route)

    def __repr__(self) -> str:
        return f"<Endpoint {self.route.method} {self.route.path}>"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request; never raises what aiohttp does not expect."""
        counts = self._services.counts
        counts.requests += 1
        try:
            sent = await self._send(request)
            if isinstance(sent.body, Stream):
                return await _stream(request, sent, sent.body)
        except HotlineError as error:
            counts.refused += 1
            return of_error(error)
        except (web.HTTPException, ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            counts.failed += 1
            log.exception("a request failed", route=self.route.action, error=str(error))
            return problem(500, "internal")
        if isinstance(sent.body, Path):
            return web.FileResponse(sent.body, headers=sent.headers)
        body = sent.body if sent.status != 204 else None
        return web.Response(status=sent.status, body=body, content_type=JSON, headers=sent.headers)

    async def _send(self, request: web.Request) -> Sent:
        session = await self._who(request)
        principal = session.principal if session else NOBODY
        origin = origin_of(request, self._services.settings.proxies)
        await self._check_role(principal, request.match_info, origin)
        raw = await self._raw(request)
        asked = Asked(
            services=self._services,
            principal=principal,
            token=session.token if session else "",
            path=request.match_info,
            body=self._body(raw),
            query=self._query(request.query),
            headers=request.headers,
            session=session,
            origin=origin,
        )
        key = request.headers.get("Idempotency-Key") if self.route.repeats and request.method != "GET" else None
        if key is None:
            return await self._work(asked)
        said = hash((request.method, request.path, raw))
        return await self._services.repeats.once(principal.user, key, said, lambda: self._work(asked))

    async def _raw(self, request: web.Request) -> bytes:
        if request.method == "GET":
            return b""
        try:
            async with asyncio.timeout(BODY_S):
                return await request.read()
        except TimeoutError:
            raise MalformedJson("the body did not come in time") from None

    async def _who(self, request: web.Request) -> Session | None:
        if self.route.roles is None:
            return None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("send the token as `Authorization: Bearer …`")
        session = await self._services.identity.authenticate(token.strip())
        if session is None:
            raise Unauthenticated("the token is unknown or has expired; log in again")
        return session

    async def _check_role(self, principal: Principal, path: Mapping[str, str], origin: Origin) -> None:
        """Raise Forbidden for who may not; where what they asked for is audited, that they did is, too."""
        action, scopes = self.route.action, principal.scopes
        if self.route.roles is None:
            return
        if self.route.roles.isdisjoint(principal.roles):
            refused = Forbidden(f"{action} is for {', '.join(sorted(self.route.roles))}")
        elif scopes is not None and action not in scopes:
            refused = Forbidden(f"{action} is not among what this token is for: {', '.join(sorted(scopes))}")
        else:
            return
        if self.route.audit is not None:
            entry = begun(self.route.audit, self.route.action, path, principal, self._services.clock(), origin.address)
            await self._append(msgspec.structs.replace(entry, result=AuditResult.REFUSED, why=str(refused)))
        raise refused

    async def _append(self, entry: AuditEntry) -> int:
        """Keep an audit's entry. Raises Unavailable, also where there is no audit: then nothing is done."""
        if self._services.audit is None:
            raise Unavailable("there is no audit here")
        return await self._services.audit.append(entry)

    def _body(self, raw: bytes) -> Any:
        if self._decoder is None:
            return None
        try:
            return self._decoder.decode(raw or b"{}" if self._may_be_empty else raw)
        except msgspec.ValidationError as error:
            raise Invalid(str(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedJson(f"the body is not JSON: {error}") from error

    def _query(self, given: Mapping[str, str]) -> Any:
        if self.route.query is None:
            return None
        try:
            return msgspec.convert(dict(given), self.route.query, strict=False)
        except msgspec.ValidationError as error:
            raise Invalid(str(error)) from error

    async def _work(self, asked: Asked) -> Sent:
        answer = await self._act(asked)
        content = answer.content
        if isinstance(content, Path | Stream):
            return Sent(answer.status, content, dict(answer.headers))
        return Sent(answer.status, b"" if content is None else ENCODER.encode(content), dict(answer.headers))

    async def _act(self, asked: Asked) -> Answer:
        """Let the handler work, within the audit where the route says so."""
        audited = self.route.audit
        if audited is None or (audited.unless is not None and audited.unless(asked)):
            return await self.route.handler(asked)
        said = (asked.body, asked.query)
        entry = begun(
            audited, self.route.action, asked.path, asked.principal, asked.services.clock(), asked.origin.address, *said
        )
        async with acting(self._append, entry, asked.act, shows=audited.shows):
            return await self.route.handler(asked)


async def _stream(request: web.Request, sent: Sent, stream: Stream) -> web.StreamResponse:
    """Send pieces as they come. What fails with the first is a problem; after it, only a cut connection says so."""
    first = await anext(stream.pieces, b"")
    response = web.StreamResponse(status=sent.status, headers=sent.headers)
    response.content_length = stream.size
    await response.prepare(request)
    try:
        await response.write(first)
        async for piece in stream.pieces:
            await response.write(piece)
    except HotlineError as error:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("what was being sent ended early") from error
    await response.write_eof()
    return response
