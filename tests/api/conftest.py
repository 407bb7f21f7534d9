"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.house import House, open_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a house with two agents."""
    async with open_house() as opened:
        yield opened


@pytest.fixture
async def house_of_three() -> AsyncIterator[House]:
    """Give a house with three agents."""
    async with open_house(agents=3) as opened:
        yield opened
