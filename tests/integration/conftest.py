"""One town for all tests of a file: Asterisk takes a second to start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.agreement import told
from tests.integration.town import Town, open_town


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened_town(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Town]:
    """Give one town for all tests of a file."""
    async with open_town(tmp_path_factory.mktemp("town"), asterisk_root) as town:
        yield town
    print("\n" + told(town.differences))
    assert [found for found in town.differences if not found.agrees] == []


@pytest_asyncio.fixture(loop_scope="module")
async def town(opened_town: Town) -> AsyncIterator[Town]:
    """Give the town with nobody on the phone; afterwards everything must have come to an end."""
    await opened_town.close_shop()
    yield opened_town
    await opened_town.settled()
