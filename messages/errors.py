"""All errors of the project, on one page.

HotlineError
├── Refused                    a person or program asked for what may not be; told so, nothing changed
│   ├── NotFound               the thing named does not exist
│   ├── IllegalTransition      not from this state
│   ├── Conflict               somebody else was first
│   ├── Forbidden              not for this role
│   ├── Unauthenticated        nobody is logged in, or not yet fully
│   │   ├── WrongCredentials   user, password or code is wrong, or there were too many tries
│   │   └── TotpRequired       the password is right; a one-time code is wanted too
│   └── Invalid                the request itself is malformed
├── SettingsError              hotline.toml is wrong; says where and what to do
├── Unavailable                a part we need is away or too slow; try again
│   └── Overloaded             the inbox or the journal is full
├── Fenced                     a newer centre writes; this one must stop
├── JournalError               the journal cannot be read or written
│   └── TooOld                 what was asked for is no longer kept in the log
└── ProtocolError              the other side of a wire broke its protocol
Rooms at an edge add their own below these (telephony/ami/errors.py, telephony/agi/errors.py).
"""


class HotlineError(Exception):
    """Root of every error raised on purpose."""


class Refused(HotlineError):
    """What was asked for may not be done; `type` is stable and stands in problem+json."""

    type = "refused"
    status = 409


class NotFound(Refused):
    """The thing named does not exist."""

    type = "not-found"
    status = 404


class IllegalTransition(Refused):
    """There is no way from this state by this event."""

    type = "illegal-transition"

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"not possible while {state}: {event}")
        self.state = state
        self.event = event


class Conflict(Refused):
    """Somebody else was first, or it is there already."""

    type = "conflict"


class Forbidden(Refused):
    """This role or person may not do that."""

    type = "forbidden"
    status = 403


class Unauthenticated(Refused):
    """Nobody is logged in with this token."""

    type = "unauthenticated"
    status = 401


class WrongCredentials(Unauthenticated):
    """User, password or code is wrong, or there were too many tries."""

    type = "wrong-credentials"


class TotpRequired(Unauthenticated):
    """The password is right; a one-time code is wanted too."""

    type = "totp_required"


class Invalid(Refused):
    """The request is malformed; the text says which field and why."""

    type = "invalid"
    status = 422


class SettingsError(HotlineError):
    """The settings file is wrong; the text says where and what to do."""


class Unavailable(HotlineError):
    """A part we need is away or too slow."""


class Overloaded(Unavailable):
    """The inbox or the journal is full."""


class Fenced(HotlineError):
    """A newer centre has taken over the log; this writer must stop."""


class JournalError(HotlineError):
    """The journal cannot be read or written."""


class TooOld(JournalError):
    """What was asked for is no longer kept in the log; take a snapshot instead."""


class ProtocolError(HotlineError):
    """The other side of a wire broke its protocol."""
