"""Fixtures and settings that every folder's tests share."""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["tests.asterisk_fixture", "tests.sip_fixture", "tests.redis_fixture", "tests.postgres_fixture"]

# No deadlines: the machine may be busy. `make proof` runs the same properties for much longer.
settings.register_profile("sample", deadline=None)
settings.register_profile("proof", deadline=None, max_examples=3000)
settings.load_profile("proof" if os.environ.get("HOTLINE_PROOF") else "sample")
