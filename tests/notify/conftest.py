"""Fixtures of the notices' tests: the storage tests' databases, and a provider on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.notify.provider import Provider, provider_running
from tests.storage.conftest import database, database_url

__all__ = ["database", "database_url", "provider"]


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """Give a provider that accepts everything."""
    async with provider_running() as running:
        yield running
