"""Cursors of pages that are ordered by an instant and a name."""

import base64
import binascii
from datetime import datetime

from messages.errors import Invalid


def encode(at: datetime, name: str) -> str:
    """Return the cursor after a row."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {name}".encode()).decode()


def decode(cursor: str) -> tuple[datetime, str]:
    """Return the instant and the name of the row that a cursor follows. Raises Invalid."""
    try:
        at, _, name = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        instant = datetime.fromisoformat(at)
    except (ValueError, binascii.Error) as error:
        raise Invalid("cursor: not one that a page gave") from error
    if instant.tzinfo is None:
        raise Invalid("cursor: not one that a page gave")
    return instant, name
