"""Which phones Asterisk can reach, by what it says of their contacts. Pure: no clock, no socket.

A contact counts unless it is Unreachable or gone: one that is never asked (qualify_frequency=0) is NonQualified, and
counts. A phone with several endpoints is reachable by any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from messages.ids import Phone
from telephony.channels.model import Headers, text

_GONE = ("Removed", "Unreachable")
_UNAVAILABLE = ("Unavailable", "Invalid")


class Phones:
    """The phones of one node and the contacts of their endpoints."""

    def __init__(self, endpoints: Mapping[Phone, Iterable[str]]) -> None:
        self._phone_of = {endpoint: phone for phone, names in endpoints.items() for endpoint in names}
        self._contacts: dict[str, set[str]] = {endpoint: set() for endpoint in self._phone_of}
        self._told: dict[Phone, bool] = {}
        self.unheard: list[str] = []
        """Endpoints that were listed with a contact from which Asterisk has not heard: gone, or not asked yet."""

    def __repr__(self) -> str:
        return f"<Phones: {sum(self._told.values())} of {len(set(self._phone_of.values()))} reachable>"

    def see(self, headers: Headers) -> list[tuple[Phone, bool]]:
        """Take a ContactStatus event in; return the phones that are now reachable, or no longer."""
        self._note(text(headers, "EndpointName"), text(headers, "URI"), text(headers, "ContactStatus"))
        return self._changes()

    def take_over(self, endpoints: Iterable[Headers]) -> list[tuple[Phone, bool]]:
        """Take over what PJSIPShowEndpoints lists (PJSIPShowContacts leaves fixed contacts out); tell of each phone."""
        for known in self._contacts.values():
            known.clear()
        self.unheard = []
        for headers in endpoints:
            endpoint, state = text(headers, "ObjectName"), text(headers, "DeviceState")
            if endpoint in self._phone_of and state in _UNAVAILABLE and text(headers, "Contacts"):
                self.unheard.append(endpoint)
            for contact in filter(None, text(headers, "Contacts").split(",")):
                _, _, uri = contact.partition("/")
                self._note(endpoint, uri, "Unreachable" if state in _UNAVAILABLE else state)
        self._told.clear()
        return self._changes()

    def _note(self, endpoint: str, uri: str, status: str) -> None:
        contacts = self._contacts.get(endpoint)
        if contacts is not None:
            contacts.discard(uri) if status in _GONE else contacts.add(uri)

    def _changes(self) -> list[tuple[Phone, bool]]:
        now: dict[Phone, bool] = {}
        for endpoint, phone in self._phone_of.items():
            now[phone] = now.get(phone, False) or bool(self._contacts[endpoint])
        changed = [(phone, reachable) for phone, reachable in now.items() if self._told.get(phone) != reachable]
        self._told = now
        return changed
