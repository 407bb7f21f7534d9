"""An AMI session without a socket: log-in, actions and their answers, lists, pings, deadlines.

Time is an argument, in seconds of any steady clock. An action is sent once; what has no answer when the link
breaks or its time is up has an unknown outcome, and whoever asked is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from telephony.ami.errors import AmiError, AmiLoginRefused, AmiLost, AmiRefused, AmiTimeout
from telephony.ami.wire import AmiWire, Headers, encode_action

LOGIN_S = 5.0
BOOT_S = 10.0
"""How long Asterisk may go on starting after the log-in: modules are still being loaded, and phones looked up."""
PING_EVERY_S = 5.0
PING_WITHIN_S = 3.0
MAX_LISTED = 200_000


class State(Enum):
    """How far the session has come."""

    CONNECTED = auto()
    BOOTING = auto()
    LOGGED_IN = auto()
    ENDED = auto()


@dataclass(slots=True)
class AmiResponse:
    """An action's answer, with the list that followed it."""

    headers: Headers
    events: list[Headers] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """Return a header's value, the first of a repeated one."""
        value = self.headers.get(name, default)
        return value[0] if isinstance(value, list) else value


@dataclass(slots=True)
class _Pending:
    name: str
    deadline: float
    response: AmiResponse | None = None


@dataclass(slots=True, frozen=True)
class Answered:
    """An action has its answer, or an error."""

    action_id: str
    result: AmiResponse | AmiError


@dataclass(slots=True, frozen=True)
class LoggedIn:
    """From here actions may be sent: Asterisk has let us in and has started fully."""


@dataclass(slots=True, frozen=True)
class Ended:
    """The session cannot go on; close the link."""

    reason: AmiError


SessionEvent = Headers | Answered | LoggedIn | Ended


class AmiSession:
    """One connection, from banner to end."""

    def __init__(self, username: str, secret: str, wanted: Mapping[str, tuple[str, ...]] | None, now: float) -> None:
        self.wire = AmiWire(wanted)
        self.state = State.CONNECTED
        self.late_answers = 0
        self._booted = False
        self._booted_by = now + LOGIN_S + BOOT_S
        self._pending: dict[str, _Pending] = {}
        self._count = 0
        self._out = bytearray()
        self._ping_at = now + PING_EVERY_S
        self._ping: str | None = None
        self.deaf = False
        """Whether nothing is read now: then silence says nothing of Asterisk."""
        self._events: list[SessionEvent] = []
        self._login = self._send("Login", {"Username": username, "Secret": secret, "Events": "on"}, now, LOGIN_S)

    def __repr__(self) -> str:
        return f"<AmiSession {self.state.name.lower()}: {len(self._pending)} actions pending>"

    def act(self, name: str, headers: Mapping[str, str | list[str]], now: float, timeout: float) -> str:
        """Send an action and return its id; `timeout` in seconds. Raises AmiLost, AmiBadValue."""
        if self.state is not State.LOGGED_IN:
            raise AmiLost("the link to Asterisk is away")
        return self._send(name, headers, now, timeout)

    def receive_data(self, data: bytes, now: float) -> None:
        """Take bytes in."""
        self.wire.receive_data(data)
        for message in self.wire.messages_received():
            if message.get("Event") == "FullyBooted":
                self._booted = True
                self._start()
            if "Event" in message:  # first: an OriginateResponse has a Response of its own
                if not self._listed(message):
                    self._events.append(message)
            elif "Response" in message:
                self._answer(message, now)

    def events_received(self) -> list[SessionEvent]:
        """Return what has happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> bytes:
        """Return the bytes to send now."""
        data, self._out = bytes(self._out), bytearray()
        return data

    def tick(self, now: float) -> None:
        """Let time pass: pings are sent, deadlines missed."""
        if self.deaf and self._ping is not None:
            self._pending[self._ping].deadline = now + PING_WITHIN_S
        for action_id, pending in list(self._pending.items()):
            if pending.deadline <= now:
                self._settle(action_id, AmiTimeout(f"no answer to {pending.name} in time"))
        if self.state is State.BOOTING and now >= self._booted_by:  # an account of ours that is told no such thing
            self._booted = True
            self._start()
        if self.state is State.LOGGED_IN and now >= self._ping_at and self._ping is None:
            self._ping = self._send("Ping", {}, now, PING_WITHIN_S)

    def end(self, reason: str) -> None:
        """The link broke: every unanswered action's outcome is unknown."""
        self.state = State.ENDED
        for action_id in list(self._pending):
            self._settle(action_id, AmiLost(reason))

    def _send(self, name: str, headers: Mapping[str, str | list[str]], now: float, timeout: float) -> str:
        self._count += 1
        action_id = f"h{self._count}"
        self._out += encode_action({"Action": name, "ActionID": action_id, **headers})
        self._pending[action_id] = _Pending(name, now + timeout)
        self.wire.listing = True  # a list may follow its answer in the same read
        return action_id

    def _answer(self, message: Headers, now: float) -> None:
        action_id = _text(message, "ActionID")
        pending = self._pending.get(action_id)
        if pending is None or pending.response is not None:
            self.late_answers += 1
            return
        response = AmiResponse(message)
        if action_id == self._ping:
            self._ping, self._ping_at = None, now + PING_EVERY_S
        if _text(message, "Response") in ("Error", "Fail", "Failure"):
            self._settle(action_id, AmiRefused(f"{pending.name}: {_text(message, 'Message') or 'refused'}"))
        elif _text(message, "EventList").lower() == "start":
            pending.response = response
        else:
            self._settle(action_id, response)

    def _listed(self, message: Headers) -> bool:
        """Take in an event of a list that an action asked for; a UserEvent that names an id is none."""
        pending = self._pending.get(_text(message, "ActionID")) if self.wire.listing else None
        if pending is None or pending.response is None or message.get("Event") == "UserEvent":
            return False
        if len(pending.response.events) < MAX_LISTED:
            pending.response.events.append(message)
        if _text(message, "EventList").lower() in ("complete", "cancelled"):
            pending.response.events.pop()
            self._settle(_text(message, "ActionID"), pending.response)
        return True

    def _settle(self, action_id: str, result: AmiResponse | AmiError) -> None:
        pending = self._pending.pop(action_id)
        self.wire.listing = bool(self._pending)
        if action_id == self._login and self.state is State.CONNECTED:
            self._logged_in(result)
        elif action_id == self._ping:
            self._ping = None
            if isinstance(result, AmiTimeout):
                self._events.append(Ended(AmiTimeout("Asterisk does not answer pings")))
        elif pending.name != "Ping":
            self._events.append(Answered(action_id, result))

    def _logged_in(self, result: AmiResponse | AmiError) -> None:
        if isinstance(result, AmiResponse):
            self.state = State.BOOTING
            self._start()
        else:
            refused = isinstance(result, AmiRefused)
            self._events.append(Ended(AmiLoginRefused("user name or secret refused") if refused else result))

    def _start(self) -> None:
        """Begin, once Asterisk has let us in and says to have started: before, it lacks the actions of its modules."""
        if self.state is State.BOOTING and self._booted:
            self.state = State.LOGGED_IN
            self._events.append(LoggedIn())


def _text(message: Headers, name: str) -> str:
    value = message.get(name, "")
    return value[0] if isinstance(value, list) else value
