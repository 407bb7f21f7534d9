"""Fixtures that every folder's tests share."""

pytest_plugins = ["tests.asterisk_fixture", "tests.sip_fixture"]
