"""The aiohttp application: the routes of the table, the service's health, the documents and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
from aiohttp import hdrs, web

from api.rest import problems
from api.rest.bodies import ConfigAnswer, ProviderView
from api.rest.endpoint import JSON, Endpoint
from api.rest.openapi import openapi
from api.rest.services import Services
from api.rest.table import ROUTES
from api.stream.asyncapi import asyncapi
from api.stream.server import PATH

PREFIX = "/api/v1"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SERVICES = web.AppKey("services", Services)
PAGES = ("quality.html", "js", "built", "style.css", "icon.svg")


def make_app(services: Services) -> web.Application:
    """Return the application; it follows the mirror while it runs."""
    app = web.Application(client_max_size=services.settings.body_bytes, middlewares=[_refusals])
    app[SERVICES] = services
    app.cleanup_ctx.append(_follow)
    app.on_response_prepare.append(_guard)
    for route in ROUTES:
        app.router.add_route(route.method, PREFIX + route.path, Endpoint(route, services).answer)
    issuers = services.oidc.issuers if services.oidc else ()
    config = ConfigAnswer(
        name="12345",
        stream_port=services.settings.stream_port,
        stream_path=PATH,
        providers=tuple(ProviderView(id=issuer.id, name=issuer.name or issuer.id) for issuer in issuers),
    )
    app.router.add_get(f"{PREFIX}/config", _document(config))
    app.router.add_get(f"{PREFIX}/openapi.json", _document(openapi(ROUTES)))
    app.router.add_get(f"{PREFIX}/asyncapi.json", _document(asyncapi()))
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    _add_pages(app, services.web)
    return app


def _add_pages(app: web.Application, directory: Path) -> None:
    """Serve a directory's page: its files and folders by name, so that unknown paths stay problems."""
    if not (directory / "index.html").is_file():
        return
    app.router.add_get("/", _file(directory / "index.html"))
    for entry in (directory / name for name in PAGES):
        if entry.is_dir():
            app.router.add_static(f"/{entry.name}", entry)
        elif entry.is_file():
            app.router.add_get(f"/{entry.name}", _file(entry))


async def _follow(app: web.Application) -> AsyncIterator[None]:
    """Remember what goes by in the log; have a place for exports."""
    services = app[SERVICES]
    services.recall.begin(services.scope)
    services.mirror.listeners.append(services.recall.take)
    async with services.jobs.open():
        yield
    services.mirror.listeners.remove(services.recall.take)


Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _refusals(request: web.Request, handler: Next) -> web.StreamResponse:
    """Say as problem+json what aiohttp itself refuses: unknown paths, methods, too large bodies."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return problems.of_http(error)


async def _guard(request: web.Request, response: web.StreamResponse) -> None:
    """Tell browsers what our pages may load and what may be kept."""
    services = request.app[SERVICES]
    name = request.url.host or ""
    host = f"[{name}]" if ":" in name else name
    stream = f"{host}:{services.settings.stream_port}"
    phones = "".join(f" {server.format(host=host)}" for server in services.sip_servers)
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        f"connect-src 'self' ws://{stream} wss://{stream}{phones}; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    keep = "no-store" if request.path.startswith("/api/") else "no-cache"
    response.headers.setdefault(hdrs.CACHE_CONTROL, keep)


def _document(content: object) -> Callable[[web.Request], Awaitable[web.Response]]:
    body = msgspec.json.encode(content)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=JSON)

    return handler


async def _healthz(request: web.Request) -> web.Response:
    return web.Response(body=b'{"status":"ok"}', content_type=JSON)


async def _readyz(request: web.Request) -> web.Response:
    reasons = request.app[SERVICES].ready()
    body = msgspec.json.encode({"status": "not ready" if reasons else "ready", "reasons": reasons})
    return web.Response(status=503 if reasons else 200, body=body, content_type=JSON)


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(body=request.app[SERVICES].metrics(), headers={hdrs.CONTENT_TYPE: METRICS_TYPE})


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
    async def handler(request: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    return handler
