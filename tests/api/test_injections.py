"""What is put into every text of every route: nothing fails inside, nothing comes back as anything but data."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

import aiohttp
import msgspec
import pytest
from yarl import URL

from api.rest.endpoint import Route
from api.rest.table import ROUTES
from messages.values import Role
from tests.api.furnished import World, furnished
from tests.api.test_confidence import WHATS

CORPUS = (
    "' OR '1'='1' --",
    "'; DROP TABLE contacts; --",
    '" UNION SELECT password FROM users --',
    "x\r\nX-Injected: yes\r\n\r\n<html>",
    "\r\nSet-Cookie: a=b",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "file:///etc/passwd",
    "{{70001*70003}}",
    "${70001*70003}",
    "<%= 70001*70003 %>",
    "%(x)s %s %n {0} {0.__class__}",
    "$(touch /tmp/injected)`id`|id;id",
    "a\0b",
    "\0",
    "x" * 70_000,
    "\u202e1234\u2066\u200f",
    "ﷺ" * 500,
    "\ud7ff\ue000\U0010ffff",
    '=HYPERLINK("http://x","y")',
    "*)(uid=*))(|(uid=*",
    "Action: Command\r\nCommand: core stop now\r\n\r\n",
    "-1",
    "NaN",
    "9" * 400,
    "2026-11-24T08:00:00+99:99",
    "0000-00-00",
    "true",
    "[]",
    " ",
)
RAW = (
    "%ff",
    "%00",
    "%0d%0aX-Injected:%20yes",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%c0%ae%c0%ae/",
    "%ed%a0%80",
    "%u0041",
)
"""What stands in an address as it is."""
LONGEST_IN_AN_ADDRESS = 4000
GONE = {"/sessions", "/sessions/refresh"}
proof_only = pytest.mark.skipif(not os.environ.get("HOTLINE_PROOF"), reason="make proof")
STRIDE = 1 if os.environ.get("HOTLINE_PROOF") else 5
SIGNS = ("X-Injected", "Set-Cookie")


# On PostgreSQL it takes three times as long.
@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=proof_only)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Give the city, over either database."""
    url = request.getfixturevalue("postgres_server").new_database() if request.param == "postgresql" else ""
    async with furnished(tmp_path, url) as world:
        yield world


def _texts(kind: Any) -> list[tuple[str, bool]]:
    """Return the fields of a body or a query that can be text, by their names on the wire; and whether in a list."""
    if kind is None:
        return []
    return [
        (field.encode_name, "list" in str(field.type))
        for field in msgspec.structs.fields(kind)
        if "str" in str(field.type) or "date" in str(field.type) or "Literal" in str(field.type)
    ]


class Prober:
    """Asks, and looks at every answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked = 0
        self.token = world.house.token(*Role, user="everything", agent="n1")

    async def probe(self, method: str, address: str, payload: str, body: Any = None, **headers: str) -> None:
        """Ask once."""
        house = self.world.house
        sent = {"Authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        data = None if body is None else msgspec.json.encode(body)
        url = URL(f"{house.rest}/api/v1{address}", encoded=True)
        try:
            async with house.session.request(method, url, data=data, headers=sent, allow_redirects=False) as answer:
                content, about = await answer.read(), (method, address[:200], payload[:60], answer.status)
        except (aiohttp.ClientError, ValueError) as error:
            raise AssertionError((method, address[:200], payload[:60])) from error
        self.asked += 1
        assert answer.status != 500, (about, content)
        assert answer.status < 500 or answer.status == 503, (about, content)
        assert not any(sign in answer.headers for sign in SIGNS), (about, answer.headers)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", about
        kind = answer.headers.get("Content-Type", "")
        if content:
            is_data = kind.startswith(("application/json", "application/problem+json", "application/jsonl", "text/csv"))
            assert is_data, (about, kind)
        assert b"4900280003" not in content, (about, content)
        assert b"Traceback" not in content and b"sqlalchemy" not in content.lower(), (about, content)
        if payload != "/etc/passwd":
            assert b"root:x:0" not in content, about


def _some(*key: str, addressed: bool = False) -> tuple[str, ...]:
    """Return what is put into one place: a part of the corpus, another in each place; all of it in `make proof`."""
    quoted = tuple(quote(text[:LONGEST_IN_AN_ADDRESS], safe="") for text in CORPUS)
    corpus = (*quoted, *RAW) if addressed else CORPUS
    begin = crc32("".join(key).encode()) % STRIDE
    return corpus[begin::STRIDE]


def _addresses(world: World, route: Route) -> Iterator[tuple[str, str]]:
    """Yield addresses of a route with each name in turn replaced by each payload."""
    names = re.findall(r"{(\w+)}", route.path)
    for name in names:
        for payload in _some(route.method, route.path, name, addressed=True):
            path = route.path.replace(f"{{{name}}}", payload)
            yield re.sub(r"{(\w+)}", lambda found: world.names[found[1]], path), payload


async def test_nothing_put_into_any_text_of_any_route_does_harm(world: World) -> None:
    prober = Prober(world)
    for route in ROUTES:
        if route.path in GONE and route.method == "DELETE":
            continue
        plain = re.sub(r"{(\w+)}", lambda found: world.names[found[1]], route.path)
        body = world.bodies.get(route.path)
        for address, payload in _addresses(world, route):
            await prober.probe(route.method, address, payload, body)
        for name, in_list in _texts(route.body):
            for text in _some(route.method, route.path, name):
                await prober.probe(route.method, plain, text, (body or {}) | {name: [text] if in_list else text})
        for name, _ in _texts(route.query):
            for payload in _some(route.method, route.path, name, addressed=True):
                await prober.probe(route.method, f"{plain}?{name}={payload}", payload, body)
    assert prober.asked > 5000 / STRIDE
    await world.house.settled()
    await world.written()
    for route in ROUTES:  # what was kept of all that is shown again
        if route.method == "GET" and "{" not in route.path and route.query is None:
            await prober.probe("GET", route.path, "")
    await _exports(world, prober)
    async with world.house.connected(prober.token) as client:
        await client.send(op="subscribe", resume_from={"epoch": 0, "seq": 0})
        assert (await client.receive())["op"] in ("event", "snapshot")
    assert not Path("/tmp/injected").exists()
    status, page = await world.house.ask("GET", "contacts", world.house.token(Role.SUPERVISOR))
    kept = {item["contact"] for item in page["items"]}
    assert status == 200 and {"kcn1", "kcn2"} <= kept, "the tables are all there"


async def _exports(world: World, prober: Prober) -> None:
    """Export all that was kept, and find no cell that a spreadsheet would take for a formula."""
    house, jobs = world.house, []
    for what in WHATS:
        for form in ("csv", "jsonl"):
            status, job = await house.ask("POST", "exports", prober.token, {"what": what, "format": form})
            assert status == 202, job
            jobs.append((job["id"], form))
    await asyncio.gather(*house.services.jobs._running.values())
    for name, form in jobs:
        job = (await house.ask("GET", f"exports/{name}", prober.token))[1]
        assert job["state"] == "done", job
        await prober.probe("GET", f"/exports/{name}/download", "")
        if form == "csv":
            text = (await house.ask("GET", f"exports/{name}/download", prober.token))[1].decode("utf-8-sig")
            for row in csv.reader(io.StringIO(text)):
                assert not [cell for cell in row if re.match(r"[=+@\t\r]|-\D", cell)], row


async def test_nothing_in_a_header_does_harm(world: World) -> None:
    prober = Prober(world)
    for text in CORPUS:
        if len(text) > 4000 or re.search(r"[\r\n\0]", text):  # no client that keeps to the standard sends these
            continue
        said = quote(text, safe=" !#$%&'()*+,/:;=?@[]~<>{}|\"\\`^")
        await prober.probe("PUT", "/queues/north/open", text, {"open": True}, Idempotency_Key=said)
        await prober.probe("GET", "/sessions", text, User_Agent=said, X_Forwarded_For=said)
        await prober.probe("GET", "/contacts/kcn1/recordings/1?purpose=x", text, Range=said, If_Range=said)
        house = world.house
        async with house.session.get(
            f"{house.rest}/api/v1/agents", headers={"Authorization": f"Bearer {said}"}
        ) as answer:
            assert answer.status == 401, said


async def test_the_page_serves_its_own_files_and_no_others(world: World) -> None:
    house = world.house
    for path in (
        *RAW,
        "../api/settings.py",
        "js/../../api/settings.py",
        "js/%2e%2e/%2e%2e/pyproject.toml",
        "js//etc/passwd",
    ):
        async with house.session.get(URL(f"{house.rest}/{path}", encoded=True)) as answer:
            assert answer.status in (400, 403, 404), (path, answer.status)
            assert b"import" not in await answer.read(), path


def test_every_text_that_can_be_sent_is_found() -> None:
    kinds = [kind for route in ROUTES for kind in (route.body, route.query) if kind is not None]
    assert len({name for kind in kinds for name, _ in _texts(kind)}) > 25
