"""Errors as problem+json (RFC 9457); `type` is stable and programs may rely on it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web

from messages.errors import HotlineError, Overloaded, Refused, Unauthenticated, Unavailable

CONTENT_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong and what to do."""

    type: str
    title: str
    status: int
    detail: str = ""


class MalformedJson(Refused):
    """The body is not JSON."""

    type = "malformed-json"
    status = 400


_HTTP = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
_TITLES = {
    400: "The request cannot be read",
    401: "Log in first",
    403: "Not for this role",
    404: "There is no such thing",
    405: "Not with this method",
    409: "Not possible now",
    413: "The request is too large",
    416: "Not that long",
    422: "The request is malformed",
    500: "Something failed on our side",
    503: "Try again in a moment",
}


def problem(status: int, kind: str, detail: str = "", headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a problem's answer."""
    body = Problem(type=kind, title=_TITLES.get(status, kind), status=status, detail=detail)
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=CONTENT_TYPE, headers=headers)


def of_error(error: HotlineError) -> web.Response:
    """Return the answer for an error that was raised on purpose; what is not the asker's fault says no details."""
    match error:
        case Unauthenticated():
            return problem(error.status, error.type, str(error), {"WWW-Authenticate": "Bearer"})
        case Refused():
            return problem(error.status, error.type, str(error))
        case Overloaded():
            return problem(503, "overloaded", str(error), {"Retry-After": "1"})
        case Unavailable():
            return problem(503, "unavailable", str(error), {"Retry-After": "2"})
        case _:
            return problem(500, "internal")


def of_http(error: web.HTTPException) -> web.Response:
    """Return the answer for what aiohttp itself refuses."""
    headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    return problem(error.status, _HTTP.get(error.status, "refused"), headers=headers)
