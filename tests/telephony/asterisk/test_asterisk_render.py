"""The rendered configuration: what it grants, and that no value can smuggle in more."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from queueing.settings import Announcements
from telephony.ami.subscription import SUBSCRIPTION
from telephony.asterisk.render import UnsafeValue, render, render_files
from telephony.asterisk.settings import AsteriskSettings, Phone, Trunk


def settings(directory: str = "/srv/hotline", **changes: Any) -> AsteriskSettings:
    values: dict[str, Any] = {
        "systemname": "node1",
        "directory": directory,
        "ami_secret": "a secret of ours",
        "trunks": (Trunk(name="carrier", host="192.0.2.1", match=("192.0.2.0/28",)),),
        "phones": (
            Phone(number="1001", secret="phone-secret-1"),
            Phone(number="1002", secret="phone-secret-2", kind="both"),
        ),
    }
    return AsteriskSettings(**{**values, **changes})


def section(text: str, name: str, kind: str = "") -> list[str]:
    """Return the lines of the section of that name (and with that line in it)."""
    for part in re.split(r"(?m)^(?=\[)", text):
        lines = part.splitlines()
        if lines and lines[0].startswith(f"[{name}]") and (not kind or kind in lines):
            return lines[1:]
    raise KeyError(name)


def test_the_manager_filter_lets_exactly_the_subscription_through() -> None:
    manager = render_files(settings())["manager.conf"]
    names = set(re.findall(r"(?m)^eventfilter\(action\(include\),name\((\w+)\)\) =$", manager))
    assert names == {*SUBSCRIPTION, "FullyBooted"} - {"VarSet"}
    assert "name(VarSet),header(Variable),method(exact)) = QUEUESTATUS" in manager


def test_the_manager_may_not_change_the_configuration_nor_use_the_command_line() -> None:
    manager = render_files(settings())["manager.conf"]
    rights = re.findall(r"(?m)^(?:read|write) = (.*)$", manager)
    assert len(rights) == 2
    assert not {"all", "config", "command"} & {right for line in rights for right in line.split(",")}


def test_a_trunk_reaches_only_the_dids() -> None:
    files = render_files(settings(dids=("12345", "3612345")))
    assert "context = inbound" in section(files["pjsip.conf"], "carrier", "context = inbound")
    inbound = [line for line in section(files["extensions.conf"], "inbound") if line.startswith("exten")]
    assert inbound == [
        "exten => 12345,1,Goto(citizen,${EXTEN},1)",
        "exten => 3612345,1,Goto(citizen,${EXTEN},1)",
    ]


def test_a_phone_of_both_kinds_rings_on_both() -> None:
    files = render_files(settings())
    assert "exten => 1002,1,Dial(PJSIP/1002&PJSIP/1002-web,20,g)" in files["extensions.conf"]
    assert "[1002](desk-phone)" in files["pjsip.conf"]
    assert "[1002-web](web-phone)" in files["pjsip.conf"]


def test_a_trunk_on_loopback_leaves_the_phones_their_names() -> None:
    local = settings(trunks=(Trunk(name="carrier", host="127.0.0.1"),))
    assert "endpoint_identifier_order = username,ip" in render_files(local)["pjsip.conf"]
    assert "endpoint_identifier_order = ip,username" in render_files(settings())["pjsip.conf"]


@pytest.mark.parametrize("evil", ["x\n[evil]", "x\r", "x;y", "x]y", "x\x00y", 'x"y', "x\\y", "x ", "\tx"])
@pytest.mark.parametrize("field", ["ami_secret", "directory", "music_dir", "recordings_dir", "spool_dir"])
def test_no_value_can_add_a_line_a_section_or_a_comment(field: str, evil: str) -> None:
    value = f"/srv/12345678{evil}"
    with pytest.raises(UnsafeValue, match=r"must not contain"):
        render_files(settings(**{field: value}))


@pytest.mark.parametrize("evil", ["${SHELL(x)}", "a,b", "a)b", "a b", "a&b", "a|b"])
@pytest.mark.parametrize("field", ["directory", "recordings_dir", "spool_dir"])
def test_no_path_can_become_a_dialplan_expression(field: str, evil: str) -> None:
    with pytest.raises(UnsafeValue, match=r"must not contain"):
        render_files(settings(**{field: f"/srv/{evil}"}))


def test_an_unsafe_value_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnsafeValue):
        render(settings(str(tmp_path / "node"), ami_secret="12345678;"))
    assert list(tmp_path.iterdir()) == []


def test_a_phones_secret_and_contact_are_checked_too() -> None:
    phone = Phone(number="1001", secret="12345678\nallow=all")
    with pytest.raises(UnsafeValue):
        render_files(settings(phones=(phone,)))
    phone = Phone(number="1001", secret="12345678", contact="sip:1001@127.0.0.1;evil")
    with pytest.raises(UnsafeValue):
        render_files(settings(phones=(phone,)))


def test_rendering_twice_gives_the_same_and_keeps_strangers_out(tmp_path: Path, asterisk_root: Path) -> None:
    node = settings(str(tmp_path / "node"), root=str(asterisk_root))
    first = {path: path.read_bytes() for path in sorted((render(node) / "etc").iterdir())}
    second = {path: path.read_bytes() for path in sorted((render(node) / "etc").iterdir())}
    assert first == second
    assert {stat.S_IMODE(path.stat().st_mode) for path in first} == {0o640}
    assert stat.S_IMODE((tmp_path / "node").stat().st_mode) == 0o750
    for needed in ("agi/emergency.py", "agi/asterisk/agi.py", "agi/six.py", "prompts/notice.wav"):
        assert (tmp_path / "node" / needed).is_file(), needed


def test_no_way_of_listening_has_o_beside_w_and_who_only_hears_has_neither() -> None:
    dialplan = render_files(settings())["extensions.conf"]
    ways = dict(re.findall(r"(?m)^exten => (\w+),1,ChanSpy\(\${HOTLINE_SPIED},(\w+)\)$", dialplan))
    assert set(ways) == {"listen", "whisper", "barge"}
    for options in ways.values():
        assert not {"o", "w"} <= set(options), "whispering would be silent"
        assert "d" not in options, "no key of the listener's changes the way"
        assert {"E", "S"} <= set(options), "a listener does not go on to other channels"
    assert not set(ways["listen"]) & set("wWBd"), "who only hears has no way to be heard"


def test_the_fallback_queue_says_what_it_is_told_to_and_nothing_of_its_own() -> None:
    files = render_files(settings(announcements=Announcements(first_s=0.2, every_s=9.6, comfort=("comfort", "busy"))))
    said = dict(line.split(" =", 1) for line in section(files["queues.conf"], "fallback") if " =" in line)
    prompts = "/srv/hotline/prompts"
    assert said["announce-frequency"].strip() == said["periodic-announce-frequency"].strip() == "10"
    assert said["periodic-announce-startdelay"].strip() == "1", "0 would be never"
    assert said["periodic-announce"].strip() == f"{prompts}/comfort,{prompts}/busy"
    assert {said[name].strip() for name in ("queue-thereare", "queue-callswaiting", "queue-thankyou")} == {""}
    assert f"_[n]um:2 => {prompts}/position-2" in section(files["say.conf"], "zh")
    silent = render_files(settings(announcements=Announcements(comfort=(), position=False)))["queues.conf"]
    assert "announce-frequency = 0" in silent and "periodic" not in silent
    assert "announce-" not in render_files(settings())["queues.conf"]
