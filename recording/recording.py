"""A talking leg's recording, and which legs have one."""

import msgspec

from messages.ids import CallId, ContactId, LegId, NodeId, RecordingId


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that Asterisk reported as begun and that is not complete; `leg` is empty for a whole call's."""

    id: RecordingId
    node: NodeId
    contact: ContactId
    call: CallId
    leg: LegId


def wanted(*, noticed: bool, queue_records: bool) -> bool:
    """Tell whether a leg may and should be recorded: never before the citizen heard the notice."""
    return noticed and queue_records


def recording_of(leg: LegId) -> RecordingId:
    """Return the id of a leg's recording, fit to be a file's name."""
    return RecordingId(str(leg).replace("/", "-"))
