"""Settings refuse what Asterisk could misread, and say what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from telephony.asterisk.settings import AsteriskSettings, Phone, Trunk


def settings(**changes: Any) -> AsteriskSettings:
    values: dict[str, Any] = {"systemname": "node1", "directory": "/srv/hotline", "ami_secret": "long enough"}
    return AsteriskSettings(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"systemname": "node 1"}, "systemname"),
        ({"systemname": ""}, "systemname"),
        ({"directory": "relative/path"}, "not an absolute path"),
        ({"ami_secret": "short"}, "ami_secret"),
        ({"ami": 0}, "ami: 0 is no port"),
        ({"http": 70000}, "http: 70000 is no port"),
        ({"http": 5038}, "ports of their own"),
        ({"rtp_start": 10000, "rtp_end": 10001}, "RTP range"),
        ({"dids": ("12345", "12345")}, "given twice: 12345"),
        ({"dids": ("123a",)}, "DID"),
        ({"host": "a host"}, "host"),
        ({"ring_seconds": 0}, "ring_seconds"),
    ],
)
def test_a_malformed_setting_is_named(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        settings(**changes)


def test_two_phones_cannot_share_a_number() -> None:
    phone = Phone(number="1001", secret="12345678")
    with pytest.raises(ValueError, match="given twice: 1001"):
        settings(phones=(phone, phone))


@pytest.mark.parametrize("number", ["100 1", "1001\n", "1", "10-01", "１００１"])
def test_a_phone_number_is_digits(number: str) -> None:
    with pytest.raises(ValueError, match="phone number"):
        Phone(number=number, secret="12345678")


def test_a_phone_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="secret"):
        Phone(number="1001", secret="")


@pytest.mark.parametrize("host", ["", "a b", "10.0.0.1\nmatch=0.0.0.0/0", "-x"])
def test_a_trunk_comes_from_an_address_a_network_or_a_name(host: str) -> None:
    with pytest.raises(ValueError, match="no host, address or network"):
        Trunk(name="carrier", host=host)


def test_a_trunk_on_loopback_is_known_as_such() -> None:
    assert settings(trunks=(Trunk(name="t", host="127.0.0.1"),)).trunk_may_share_an_address_with_phones()
    carrier = Trunk(name="t", host="sbc.example.net", match=("192.0.2.0/28",))
    assert not settings(trunks=(carrier,)).trunk_may_share_an_address_with_phones()


def test_a_phone_of_both_kinds_has_two_endpoints_that_ring() -> None:
    phone = Phone(number="1001", secret="12345678", kind="both")
    assert [(name, phone.is_webrtc(name)) for name in phone.endpoints] == [("1001", False), ("1001-web", True)]
