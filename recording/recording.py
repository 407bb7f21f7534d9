"""A talking leg's recording, and which legs have one."""

from datetime import datetime

import msgspec

from messages.ids import CallId, ContactId, LegId, NodeId, RecordingId
from messages.values import RecordPolicy


class Recording(msgspec.Struct, kw_only=True):
    """A recording that Asterisk reported as begun and that is not complete; `leg` is empty for a whole call's."""

    id: RecordingId
    node: NodeId
    contact: ContactId
    call: CallId
    leg: LegId
    paused_until: datetime | None = None
    """Asterisk records silence, at most until then."""


def wanted(policy: RecordPolicy, *, noticed: bool, under_way: bool) -> bool:
    """Tell whether a leg that begins to talk may and should be recorded: never before the citizen heard the notice.

    `under_way`: the talk it joins is being recorded.
    """
    return noticed and (policy is RecordPolicy.ALWAYS or (policy is RecordPolicy.ON_DEMAND and under_way))


def recording_of(leg: LegId, before: int = 0) -> RecordingId:
    """Return the id of a leg's recording, fit to be a file's name; `before`: how many it had."""
    name = str(leg).replace("/", "-")
    return RecordingId(f"{name}.{before + 1}" if before else name)


def is_of(recording: RecordingId, leg: LegId) -> bool:
    """Tell whether a recording is a leg's, the first or a later one."""
    name = recording_of(leg)
    return recording == name or recording.startswith(f"{name}.")
