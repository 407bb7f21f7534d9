"""Which talking legs are recorded, and what a recording is called."""

from messages.ids import LegId, RecordingId


def wanted(*, noticed: bool, queue_records: bool) -> bool:
    """Tell whether a leg may and should be recorded: never before the citizen heard the notice."""
    return noticed and queue_records


def recording_of(leg: LegId) -> RecordingId:
    """Return the id of a leg's recording, fit to be a file's name."""
    return RecordingId(str(leg).replace("/", "-"))
