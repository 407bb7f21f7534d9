"""Which phones Asterisk reaches: its list at link-up, its events after that, as 22.10.1 gives them."""

from __future__ import annotations

from messages.ids import Phone
from telephony.phones import Phones

WEB = "sip:1002@127.0.0.1:44650;transport=WS;x-ast-orig-host=browser.invalid:0"


def endpoint(name: str, uri: str, state: str) -> dict[str, str]:
    contacts = f"{name}/{uri}," if uri else ""
    return {"Event": "EndpointList", "ObjectName": name, "Contacts": contacts, "DeviceState": state}


LISTED = [
    endpoint("1001", "sip:1001@127.0.0.1:59971", "In use"),
    endpoint("1002", "", "Unavailable"),
    endpoint("1002-web", WEB, "Not in use"),
    endpoint("1003", "sip:1003@127.0.0.1:9", "Unavailable"),
    endpoint("carrier", "sip:127.0.0.1:9", "Not in use"),
]
ENDPOINTS = {"1001": ("1001",), "1002": ("1002", "1002-web"), "1003": ("1003",), "1004": ("1004",)}


def phones() -> Phones:
    found = Phones({Phone(number): names for number, names in ENDPOINTS.items()})
    assert dict(found.take_over(LISTED)) == {"1001": True, "1002": True, "1003": False, "1004": False}
    return found


def status(endpoint: str, uri: str, state: str) -> dict[str, str]:
    return {"Event": "ContactStatus", "EndpointName": endpoint, "URI": uri, "ContactStatus": state}


def test_each_phone_is_told_of_at_each_link_up() -> None:
    assert len(phones().take_over([])) == 4


def test_only_changes_are_told() -> None:
    found = phones()
    assert found.see(status("1003", "sip:1003@127.0.0.1:9", "Reachable")) == [("1003", True)]
    assert found.see(status("1003", "sip:1003@127.0.0.1:9", "Reachable")) == []
    assert found.see(status("1003", "sip:1003@127.0.0.1:9", "Unreachable")) == [("1003", False)]
    assert found.see(status("carrier", "sip:127.0.0.1:9", "Unreachable")) == []


def test_one_endpoint_of_several_is_enough_and_one_never_asked_counts() -> None:
    found = phones()
    assert found.see(status("1002", "sip:1002@127.0.0.1:5", "NonQualified")) == []
    assert found.see(status("1002-web", WEB, "Removed")) == []
    assert found.see(status("1002", "sip:1002@127.0.0.1:5", "Removed")) == [("1002", False)]


def test_a_phone_that_registers_anew_is_not_gone_meanwhile() -> None:
    """The new contact comes before the old one goes (remove_existing)."""
    found, anew = phones(), WEB.replace("browser", "browser2")
    assert found.see(status("1002-web", anew, "NonQualified")) == []
    assert found.see(status("1002-web", WEB, "Removed")) == []


def test_a_phone_that_has_a_contact_and_is_not_heard_is_to_be_asked() -> None:
    found = phones()
    assert found.unheard == ["1003"], "1002 has no contact to ask; the carrier is no phone"
    found.take_over([])
    assert found.unheard == []
