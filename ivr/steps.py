"""The steps a flow is made of: what its file may say, and the types that its JSON schema is made from.

A step without `goto` goes on to the next one; `goto` and every other way out name the `label` of a step of the same
list.
"""

from typing import Annotated, Literal, get_args

import msgspec

from messages.ids import QueueId
from messages.values import Need

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9*#]$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A prompt's name is also its file's."""
Seconds = Annotated[float, msgspec.Meta(gt=0, le=60)]
Attempts = Annotated[int, msgspec.Meta(ge=1, le=9)]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """One step; `do` says which kind."""

    label: str = ""


class GoesOn(Step, frozen=True, kw_only=True):
    """A step that another follows."""

    goto: str = ""


class Say(GoesOn, frozen=True, kw_only=True, tag="say"):
    """Play a prompt."""

    prompt: Name


class Notice(GoesOn, frozen=True, kw_only=True, tag="notice"):
    """Play the recording notice; only a caller who heard it is recorded."""

    prompt: Name = "notice"


class Menu(Step, frozen=True, kw_only=True, tag="menu"):
    """Ask for one key and go to its step; to `otherwise` after so many attempts without a key that means anything.

    `seconds`: how long to wait for a key after the prompt; `barge_in`: a key cuts the prompt short.
    """

    prompt: Name
    keys: dict[Key, str]
    otherwise: str
    seconds: Seconds = 5.0
    attempts: Attempts = 3
    barge_in: bool = True
    invalid: Name = "invalid-key"
    silent: Name = "no-key"


class Collect(GoesOn, frozen=True, kw_only=True, tag="collect"):
    """Ask for `least` to `most` digits, ended by # or a pause of `seconds`, and keep them as `into`."""

    prompt: Name
    into: str
    otherwise: str
    least: Annotated[int, msgspec.Meta(ge=1, le=32)] = 1
    most: Annotated[int, msgspec.Meta(ge=1, le=32)] = 18
    seconds: Seconds = 5.0
    attempts: Attempts = 3
    invalid: Name = "invalid-key"
    silent: Name = "no-key"


class SetLanguage(GoesOn, frozen=True, kw_only=True, tag="language"):
    """Speak another language from here on."""

    language: Language


class Set(GoesOn, frozen=True, kw_only=True, tag="set"):
    """Say how the call is to be queued; what is left out stays as it is. `needs` are added to those before."""

    priority: int | None = None
    needs: tuple[Need, ...] = ()
    confidential: bool | None = None


class Hours(Step, frozen=True, kw_only=True, tag="hours"):
    """Go to one step where a calendar says open and to another where it says closed; empty: the next step."""

    calendar: str
    open: str = ""
    closed: str = ""


class Enter(Step, frozen=True, kw_only=True, tag="queue"):
    """Wait for an agent of a queue."""

    queue: QueueId


class Callback(GoesOn, frozen=True, kw_only=True, tag="callback"):
    """Offer a call back for a key; who takes it is told so and let go, who does not goes on."""

    prompt: Name = "callback-offer"
    key: Key = "1"
    taken: Name = "callback-taken"
    seconds: Seconds = 5.0


class Message(Step, frozen=True, kw_only=True, tag="message"):
    """Take a spoken message, then say goodbye; where none can be taken the caller is queued."""

    prompt: Name = "emergency"
    most_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 120.0
    goodbye: Name = "goodbye"


class Transfer(Step, frozen=True, kw_only=True, tag="transfer"):
    """Pass the call to an outside number, an agent's phone or a queue, as an agent's own transfer would."""

    to: Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9A-Za-z_-]{1,40}$")]


class Condition(Step, frozen=True, kw_only=True, tag="condition"):
    """Go to the step of the first text that a value begins with, else to `otherwise` (empty: the next step).

    `value`: number, did, language, or what a `collect` kept.
    """

    value: str
    begins: dict[str, str]
    otherwise: str = ""


class SubFlow(GoesOn, frozen=True, kw_only=True, tag="flow"):
    """Take the steps of a named flow of the same file; where they end, go on here."""

    flow: str


class Survey(GoesOn, frozen=True, kw_only=True, tag="survey"):
    """Ask for one of some keys once and keep it as `into`; go on whatever the answer.

    `satisfied`: the keys that say so; null where the question is another one, such as the reason.
    """

    prompt: Name = "survey"
    keys: tuple[Key, ...] = ("1", "2", "3")
    satisfied: tuple[Key, ...] | None = ("1", "2")
    into: str = "survey"
    seconds: Seconds = 5.0


class HangUp(Step, frozen=True, kw_only=True, tag="hang_up"):
    """Say goodbye and end the call."""

    prompt: Name = "goodbye"


AnyStep = (
    Say
    | Notice
    | Menu
    | Collect
    | SetLanguage
    | Set
    | Hours
    | Enter
    | Callback
    | Message
    | Transfer
    | Condition
    | SubFlow
    | Survey
    | HangUp
)
Steps = tuple[AnyStep, ...]
KINDS = tuple(str(kind.__struct_config__.tag) for kind in get_args(AnyStep))


class Flow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A caller's way before a human, and after one. `queue`: for whoever the steps lead nowhere.

    `after`: the steps for a citizen whose agent has hung up; `prompts`: texts to be spoken.
    """

    steps: Steps
    after: Steps = ()
    language: Language = "zh"
    queue: QueueId = QueueId("")
    flows: dict[str, Steps] = {}
    prompts: dict[Name, dict[Language, str]] = {}


def ways_out(step: AnyStep) -> dict[str, str]:
    """Return every label a step may go to, by what takes it there; empty labels mean the next step."""
    match step:
        case Menu():
            return {**step.keys, "otherwise": step.otherwise}
        case Collect():
            return {"digits": step.goto, "otherwise": step.otherwise}
        case Hours():
            return {"open": step.open, "closed": step.closed}
        case Condition():
            return {**step.begins, "otherwise": step.otherwise}
        case Callback():
            return {"declined": step.goto}
        case GoesOn():
            return {"": step.goto}
        case _:
            return {}


def without_input(step: AnyStep) -> list[str]:
    """Return the labels that a step may go to although the caller does nothing."""
    ways = ways_out(step)
    return [ways["otherwise"]] if isinstance(step, Menu | Collect) else list(ways.values())
