"""The slice of the settings that the centre decides by."""

import msgspec

from agents.agent import AgentSettings
from messages.ids import QueueId
from queueing.line import QueueSettings


class CenterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Queues and agents. The first queue takes what names none."""

    queues: tuple[QueueSettings, ...] = (QueueSettings(id=QueueId("12345")),)
    agents: tuple[AgentSettings, ...] = ()
    ring_guard_s: float = 2.0
    """Seconds after an offer's end at which the centre itself ends it, had Asterisk not."""
    offer_deadline_s: float = 2.0
    """Seconds after which an offer that no bridge has carried out is void."""
    remembered_calls: int = 4096
    """Ended calls whose late facts are known to be late."""
