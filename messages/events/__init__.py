"""Events: what the centre recorded. The journal is a list of these; folding them gives the state back.

Every event is journalled inside an `Entry` with `epoch` (raised at each start of a centre), `seq` (gapless within
the epoch) and `at` (UTC, µs, the instant it was decided). `occurred`, where present, is when it happened in Asterisk.
The tag of each class is its kind on the stream.
"""

from datetime import datetime

import msgspec

from messages.events.agents import AgentPlanned, AgentStateChanged, DesktopChanged, PhoneChanged, WrapUpExtended
from messages.events.alerts import AlertCleared, AlertRaised
from messages.events.alerts import AlertEvent as AlertEvent
from messages.events.callbacks import (
    CallbackAttempted,
    CallbackDone,
    CallbackDue,
    CallbackNoted,
    CallbackOffered,
    CallbackRequested,
    RevisitAnswered,
)
from messages.events.calls import (
    CallAbandoned,
    CallAnnounced,
    CallDeflected,
    CallDetached,
    CallEnded,
    CallLeftQueue,
    CallParked,
    CallQueued,
    CallReached,
    CallRelaxed,
    CallRouted,
    CallUrgent,
    CallVanished,
    FlowEnded,
    SurveyAnswered,
    SurveyAsked,
)
from messages.events.calls import CallEvent as CallEvent
from messages.events.cases import CaseReported, ContactNoted
from messages.events.contacts import (
    ContactArrived,
    ContactBlocked,
    ContactConfidential,
    ContactEnded,
    ContactLinked,
    ContactWrappedUp,
    MessageLeft,
)
from messages.events.duties import DutyCalled, DutyEnded, DutyPlanned, DutyStarted
from messages.events.duties import DutyEvent as DutyEvent
from messages.events.event import Event as Event
from messages.events.labels import CallerLabelled, LabelEnded, LabelProposed
from messages.events.labels import LabelEvent as LabelEvent
from messages.events.legs import (
    CallAnswered,
    CallConsulted,
    CallHeld,
    CallOffered,
    CallResumed,
    CallRinging,
    CallTransferred,
    LegEnded,
)
from messages.events.legs import CallLegEvent as CallLegEvent
from messages.events.listening import (
    ListeningDecided,
    ListeningEnded,
    ListeningModeChanged,
    ListeningNoted,
    ListeningRequested,
    ListeningRinging,
    ListeningStarted,
    ListeningStopping,
    ListeningWaiting,
)
from messages.events.listening import ListeningEvent as ListeningEvent
from messages.events.nodes import CenterStarted, NodeDown, NodeUp, ResyncRepaired
from messages.events.operations import OperationDone, OperationFailed, OperationStarted
from messages.events.outbound import DialledOut, DialOutEnded, PreviewEnded, PreviewShown
from messages.events.pops import ScreenPop, ScreenPopWithdrawn
from messages.events.queues import QueueChanged, SurgeEnded, SurgeStarted
from messages.events.recordings import RecordingEvent as RecordingEvent
from messages.events.recordings import RecordingPaused, RecordingResumed, RecordingStarted, RecordingStopped

AnyEvent = (
    CenterStarted
    | ContactArrived
    | ContactBlocked
    | ContactEnded
    | ContactLinked
    | ContactConfidential
    | ContactWrappedUp
    | ContactNoted
    | CaseReported
    | MessageLeft
    | CallQueued
    | CallReached
    | CallLeftQueue
    | FlowEnded
    | CallRelaxed
    | CallAnnounced
    | SurveyAsked
    | SurveyAnswered
    | CallRouted
    | CallParked
    | CallDeflected
    | CallbackRequested
    | CallbackNoted
    | RevisitAnswered
    | CallbackDue
    | CallbackOffered
    | CallbackAttempted
    | CallbackDone
    | CallDetached
    | CallVanished
    | CallOffered
    | CallRinging
    | CallAnswered
    | CallConsulted
    | CallHeld
    | CallResumed
    | CallTransferred
    | LegEnded
    | CallAbandoned
    | CallEnded
    | ScreenPop
    | ScreenPopWithdrawn
    | AgentStateChanged
    | AgentPlanned
    | PhoneChanged
    | DesktopChanged
    | WrapUpExtended
    | QueueChanged
    | SurgeStarted
    | SurgeEnded
    | CallUrgent
    | LabelProposed
    | CallerLabelled
    | LabelEnded
    | DutyPlanned
    | DutyStarted
    | DutyEnded
    | DutyCalled
    | AlertRaised
    | AlertCleared
    | OperationStarted
    | PreviewShown
    | PreviewEnded
    | DialledOut
    | DialOutEnded
    | ListeningRequested
    | ListeningDecided
    | ListeningRinging
    | ListeningStarted
    | ListeningModeChanged
    | ListeningWaiting
    | ListeningStopping
    | ListeningEnded
    | ListeningNoted
    | RecordingStarted
    | RecordingPaused
    | RecordingResumed
    | RecordingStopped
    | OperationDone
    | OperationFailed
    | NodeUp
    | NodeDown
    | ResyncRepaired
)


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """A place in the log: entries are read *after* it. (0, 0) is the beginning."""

    epoch: int = 0
    seq: int = 0


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal."""

    epoch: int
    seq: int
    at: datetime
    event: AnyEvent

    @property
    def position(self) -> Position:
        """The place of this entry in the log."""
        return Position(self.epoch, self.seq)
