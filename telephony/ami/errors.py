"""Errors of the AMI edge.

AmiError
├── AmiBadValue        a name or value that cannot be sent: CR, LF or NUL would start another header
├── AmiRefused         Asterisk answered with an error; nothing was done
├── AmiTimeout         no answer in time; whether it was done is unknown
├── AmiLost            the link broke before the answer; whether it was done is unknown
└── AmiLoginRefused    the user name or secret is wrong
An action of unknown outcome is never sent again: ask for the state, then decide.
"""

from messages.errors import HotlineError


class AmiError(HotlineError):
    """Root of the AMI edge's errors."""


class AmiBadValue(AmiError):
    """A header that cannot be sent."""


class AmiRefused(AmiError):
    """Asterisk would not do it."""


class AmiTimeout(AmiError):
    """No answer in time; the outcome is unknown."""


class AmiLost(AmiError):
    """The link is away; the outcome is unknown."""


class AmiLoginRefused(AmiError):
    """The user name or secret is wrong."""
