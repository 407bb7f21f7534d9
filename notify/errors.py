"""What may become of a message that was not accepted.

HotlineError
└── NotSent                    the message was not accepted
    ├── TryAgain               not now: the provider is away, too busy or too slow
    └── WillNotSend            not ever: the provider refuses this message
"""

from messages.errors import HotlineError


class NotSent(HotlineError):
    """The message was not accepted; `answer` is short and has neither number nor text in it."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


class TryAgain(NotSent):
    """Not now. `after_s`: how long the provider asks to be left alone; `maybe_sent`: it may have been accepted."""

    def __init__(self, answer: str, after_s: float = 0.0, *, maybe_sent: bool = False) -> None:
        super().__init__(answer)
        self.after_s = after_s
        self.maybe_sent = maybe_sent


class WillNotSend(NotSent):
    """Not ever."""
