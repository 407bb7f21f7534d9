"""Entries as JSON, one line each: the journal's, the log's and the stream's form."""

import msgspec

from messages.errors import JournalError
from messages.events import AnyEvent, Entry, Event

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """Return the entry as one JSON line without its line feed."""
    return _encoder.encode(entry)


def decode(line: bytes) -> Entry:
    """Return the entry a line holds; unknown fields are ignored. Raises JournalError."""
    try:
        return _decoder.decode(line)
    except msgspec.MsgspecError as error:
        raise JournalError(f"not a journal entry: {error}") from error


def kind(event: Event) -> str:
    """Return the event's name on the stream, such as `call.queued`."""
    return KINDS[type(event)]


KINDS: dict[type[Event], str] = {cls: str(cls.__struct_config__.tag) for cls in AnyEvent.__args__}
