"""A flow: the steps a caller goes through before a human. The default asks nothing: greeting, notice, human."""

import msgspec

from messages.ids import QueueId


class Say(msgspec.Struct, frozen=True, tag="say"):
    """Play a prompt."""

    prompt: str


class Notice(msgspec.Struct, frozen=True, tag="notice"):
    """Play the recording notice; only a caller who heard it is recorded."""

    prompt: str


class Enter(msgspec.Struct, frozen=True, tag="queue"):
    """Wait for an agent of a queue."""

    queue: QueueId


Step = Say | Notice | Enter
Flow = tuple[Step, ...]


class FlowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Prompts by name, and which queue each DID leads to; the rest goes to `queue`."""

    greeting: str = "greeting"
    notice: str = "notice"
    queue: QueueId = QueueId("12345")
    dids: dict[str, QueueId] = {}


def flow_for(did: str, settings: FlowSettings) -> Flow:
    """Return the steps for a caller who dialled `did`."""
    steps: list[Step] = []
    if settings.greeting:
        steps.append(Say(settings.greeting))
    if settings.notice:
        steps.append(Notice(settings.notice))
    return (*steps, Enter(settings.dids.get(did, settings.queue)))
