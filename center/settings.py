"""The slice of the settings that the centre decides by."""

from enum import StrEnum

import msgspec

from agents.agent import AgentSettings
from alerts.rule import AlertRule
from calendars.settings import Calendar
from calls.callback import CallbackSettings
from calls.label import NuisanceSettings
from messages.ids import QueueId
from queueing.settings import QueueSettings, Route, Seat, Surge, Team, Tenant
from supervision.governance import SupervisionSettings


class SecondLogin(StrEnum):
    """What a log-in at another phone does to the first, and one at a phone that somebody else has."""

    REFUSE = "refuse"
    TAKE_OVER = "take_over"


class CenterSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Queues and agents. The first queue takes what names none."""

    queues: tuple[QueueSettings, ...] = (QueueSettings(id=QueueId("12345")),)
    agents: tuple[AgentSettings, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    routes: tuple[Route, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    teams: tuple[Team, ...] = ()
    seats: tuple[Seat, ...] = ()
    surges: tuple[Surge, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    second_login: SecondLogin = SecondLogin.REFUSE
    head_start_s: float = 30.0
    """Seconds in line that one point of priority is worth: who has it is served as if they had come so much earlier."""
    personal_s: float = 30.0
    """Seconds for which a call passed to an agent waits for that agent alone."""
    park_s: float = 300.0
    """Seconds after which a parked call that nobody picked up queues again."""
    operation_s: float = 10.0
    """Seconds after which an operation that Asterisk told nothing of has failed."""
    party_ring_s: float = 45.0
    """Seconds that a department, an outside number or a supervisor is rung."""
    outside_digits: int = 7
    """Digits that a number must have to be dialled through the trunk; shorter ones are ours."""
    emergency: tuple[str, ...] = ("110", "119", "120", "122")
    """The emergency services that one touch calls into a call."""
    callbacks: CallbackSettings = CallbackSettings()
    nuisance: NuisanceSettings = NuisanceSettings()
    supervision: SupervisionSettings = SupervisionSettings()
    outbound_notice: bool = True
    """Whether those we call hear the recording notice when they answer; without it their calls are not recorded."""
    pause_at_most_s: float = 180.0
    """Seconds after which a recording that was paused goes on by itself."""
    caller_id: str = "12345"
    """What outbound calls show where the tenant has no number of its own."""
    ring_guard_s: float = 2.0
    """Seconds after an offer's end at which the centre itself ends it, had Asterisk not."""
    offer_deadline_s: float = 2.0
    """Seconds after which an offer that no bridge has carried out is void."""
    logs_s: float = 0.0
    """Seconds that Asterisk's logs are given to tell how a call ended that was gone when we came back.

    0: as the process that reads them has it.
    """
    remembered_calls: int = 4096
    """Ended calls whose late facts are known to be late."""
    remembered_confidential: int = 50_000
    """Confidential contacts whose numbers stay masked in what the log still tells of them."""
