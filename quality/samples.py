"""Samples: which contacts are reviewed, by lot, so that the same seed draws the same ones whoever looks."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from messages.ids import ContactId, UserId


class Criteria(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a sample is drawn from: recorded talks answered in [since, until), and, targeted, only such as these."""

    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    queue: str = ""
    agent: str = ""
    team: str = ""
    min_talk_s: float = 0.0
    transferred: bool = False
    """Only those that were passed on."""
    dissatisfied: bool = False
    """Only those whose citizen said so in a survey."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A sample that was drawn. `criteria` and `contacts` as JSON; `among`: how many candidates there were."""

    sample: str
    by: UserId
    drawn_at: datetime
    seed: str
    size: int
    among: int
    criteria: str
    contacts: str
    tenant: str = ""


def drawn(candidates: Iterable[ContactId], size: int, seed: str) -> list[ContactId]:
    """Return `size` of the candidates, all where there are fewer, each as likely as any, in the order of the lot.

    The lot is a hash of seed and contact: neither the candidates' order nor, but for its own place, another one counts.
    """
    return sorted(set(candidates), key=lambda contact: _lot(seed, contact))[: max(0, size)]


def _lot(seed: str, contact: ContactId) -> bytes:
    return hashlib.sha256(f"{len(seed)}:{seed}{contact}".encode()).digest()
