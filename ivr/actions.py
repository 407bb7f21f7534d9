"""What the interpreter of a flow asks to be done on the call, and what it is told of the doing."""

import msgspec

from ivr.steps import Language
from messages.ids import QueueId
from messages.values import Need


class Action(msgspec.Struct, frozen=True):
    """One thing to do next."""


class Play(Action, frozen=True):
    """Play a prompt to its end. Answered by Heard, Missing or Gone."""

    prompt: str
    language: Language


class Ask(Action, frozen=True):
    """Play a prompt and wait `seconds` for each of `most` keys. Answered by Keys, Silence, Missing or Gone.

    `keys`: those that mean something; empty: any digits, # ends them. `attempt` counts from 1.
    """

    prompt: str
    language: Language
    seconds: float
    keys: str = ""
    most: int = 1
    barge_in: bool = True
    attempt: int = 1


class TakeMessage(Action, frozen=True):
    """Play a prompt and record the caller. Answered by Heard, Missing (nothing can be recorded) or Gone."""

    prompt: str
    language: Language
    most_s: float


class Queue(Action, frozen=True):
    """The flow is over: wait for an agent of a queue."""

    queue: QueueId


class PassOn(Action, frozen=True):
    """The flow is over: pass the call on."""

    to: str


class CallBack(Action, frozen=True):
    """The caller wants to be called back: note it. Answered by Heard or Gone."""


class Surveyed(Action, frozen=True):
    """A survey's question is about to be asked, or was answered by `key`: note it. Answered by Heard or Gone."""

    question: str
    key: str = ""
    satisfied: bool | None = None


class End(Action, frozen=True):
    """The flow is over: hang up, or the caller has (`gone`)."""

    gone: bool = False


class Result(msgspec.Struct, frozen=True):
    """How an action went."""


class Heard(Result, frozen=True):
    """It was done."""


class Missing(Result, frozen=True):
    """It could not be done: there is no such prompt, or no place to record to."""


class Silence(Result, frozen=True):
    """No key was pressed."""


class Keys(Result, frozen=True):
    """These keys were pressed."""

    keys: str


class Gone(Result, frozen=True):
    """The caller hung up."""


LAST = (Queue, PassOn, End)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller's way through the flow says of the call. `path`: each menu and what was keyed there."""

    noticed: bool = False
    priority: int = 0
    needs: tuple[Need, ...] = ()
    confidential: bool = False
    language: Language = "zh"
    path: tuple[str, ...] = ()
    menu_s: float = 0.0
    callback: bool = False
