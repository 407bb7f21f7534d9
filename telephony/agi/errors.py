"""Errors of the FastAGI edge.

AgiError
├── AgiHangup          the caller left, or the channel was moved: nothing more can be asked of it
├── AgiProtocolError   the other side is no Asterisk, or broke the protocol; the session is over
├── AgiRefused         Asterisk would not run a command (510, 511, 520); the session goes on
└── AgiTimeout         no answer in time; the session is over, its answers can no longer be told apart
"""

from messages.errors import HotlineError


class AgiError(HotlineError):
    """Root of the FastAGI edge's errors."""


class AgiHangup(AgiError):
    """The caller left, or the channel was moved out of our hands."""


class AgiProtocolError(AgiError):
    """The other side broke the protocol or its limits."""


class AgiRefused(AgiError):
    """Asterisk would not run the command; the session goes on."""


class AgiTimeout(AgiError):
    """Asterisk did not answer in time."""
