"""`hotline notify test`, as it is typed, and what is said of wrong settings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.check import findings
from app.settings import decode
from messages.errors import SettingsError
from tests.app.test_flow_commands import Hotline, hotline

__all__ = ["hotline"]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "notices.md").read_text()
BASE = """
[asterisk]
systemname = "hl1"
directory = "/tmp/asterisk"
ami_secret = "a long secret"
[[center.queues]]
id = "12345"
"""


def test_a_test_message_comes_out_of_the_file(hotline: Hotline) -> None:
    Path("hotline.toml").write_text(f'{BASE}[notify]\nsender = "file"\nfile = "out.jsonl"\n')
    code, out, _ = hotline("notify", "test", "--number", "13800001234", "--text", "您好")
    assert (code, out) == (0, "138****1234: accepted, answer written\n")
    assert json.loads(Path("out.jsonl").read_text())["text"] == "您好"
    assert hotline("notify", "test", "--number", "12")[0] == 1
    Path("hotline.toml").write_text(BASE)
    code, _, err = hotline("notify", "test", "--number", "13800001234")
    assert (code, "names no sender" in err) == (1, True)


async def test_the_documented_example_is_right_and_check_names_a_token_that_is_not_there() -> None:
    [example] = re.findall(r"```toml\n(.+?)```", PAGE, re.DOTALL)
    settings = decode((BASE + example).encode())
    [found] = [one for one in await findings(settings) if one.what == "notices"]
    assert (found.ok, found.says) == (False, "[notify.http] cannot read /etc/hotline/sms.token")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ('sender = "fax"', "say http, file or stdout"),
        ('sender = "http"', "give the provider's address"),
        ('language = "fr"', "say zh or en"),
        ("survey = true", "survey_link"),
        ("per_second = 0.0", "per_second must be more than 0"),
        ('since = "21:00"\nuntil = "08:00"', "since is not before until"),
        ('texts = {hello = "x"}', "there is no notice hello"),
        ('alerts = [{on = "flood", numbers = ["13700000001"]}]', "on is 'flood'"),
        ('alerts = [{on = "node.down", numbers = []}]', "give numbers"),
    ],
)
def test_wrong_settings_are_named(wrong: str, says: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(says)):
        decode(f"{BASE}[notify]\n{wrong}\n".encode())
