"""The API asked at random by its own description (schemathesis), as each role: it keeps to what it says of itself.

In `make test` a short run; with HOTLINE_PROOF=1 a long one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from messages.values import Role
from tests.api.furnished import World, furnished

LONG = os.environ.get("HOTLINE_PROOF") == "1"
LONGEST_ADDRESS = 8000
EXAMPLES = 200 if LONG else 3
CHECKS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
KEEPS_THE_SESSION = {("delete", "/api/v1/sessions"), ("post", "/api/v1/sessions/refresh")}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give the city over SQLite."""
    async with furnished(tmp_path) as world:
        yield world


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.timeout(0 if LONG else 300)
async def test_whatever_the_description_allows_is_answered_as_it_says(world: World, role: Role) -> None:
    token = world.token(role)
    asked = await asyncio.to_thread(_ask_all, world.house.rest, token)
    assert asked > 70 * EXAMPLES * 0.4
    assert world.house.services.counts.failed == 0
    await world.house.settled()
    await world.written()


def _ask_all(base: str, token: str) -> int:
    """Ask every operation many times; return how often."""
    schema = schemathesis.openapi.from_url(f"{base}/api/v1/openapi.json")
    asked = 0
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        for found in schema.get_all_operations():
            operation: Any = found.ok()  # type: ignore[union-attr]
            if (operation.method.lower(), operation.path) in KEEPS_THE_SESSION:
                continue

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=not LONG,
                phases=[Phase.explicit, Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)))
            def once(case: Any) -> None:
                nonlocal asked
                address = requests.Request(url=base + case.formatted_path, params=case.query).prepare().url or ""
                assume(len(address) < LONGEST_ADDRESS)  # the HTTP server itself refuses more, before it is ours
                asked += 1
                response = case.call(base_url=base, session=session, headers={"Authorization": f"Bearer {token}"})
                assert response.status_code != 500, response.text
                case.validate_response(response, checks=CHECKS)

            once()
    return asked
