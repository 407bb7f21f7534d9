"""Reviews: drafted, signed for good, appealed against by the agent, decided by somebody else."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from messages.errors import Conflict, Forbidden, Invalid
from messages.ids import AgentId, ContactId, QueueId, UserId

MAX_TEXT = 2000


class ReviewState(StrEnum):
    """How far a review is."""

    DRAFT = "draft"
    SIGNED = "signed"
    """Its answers and score stand for good."""
    APPEALED = "appealed"
    UPHELD = "upheld"
    """Appealed, and stands."""
    ANNULLED = "annulled"
    """Appealed, and counts no more; what it said stays."""


NEXT: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.DRAFT: frozenset({ReviewState.SIGNED}),
    ReviewState.SIGNED: frozenset({ReviewState.APPEALED}),
    ReviewState.APPEALED: frozenset({ReviewState.UPHELD, ReviewState.ANNULLED}),
    ReviewState.UPHELD: frozenset(),
    ReviewState.ANNULLED: frozenset(),
}
COUNTS = (ReviewState.SIGNED, ReviewState.APPEALED, ReviewState.UPHELD)
"""States in which a score is in the averages."""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A contact of an agent, reviewed by a version of a form. `answers`: JSON, points by question."""

    review: str
    form: str
    version: int
    contact: ContactId
    agent: AgentId
    team: str = ""
    queue: QueueId = QueueId("")
    tenant: str = ""
    sample: str = ""
    reviewer: UserId
    state: ReviewState = ReviewState.DRAFT
    answers: str = "{}"
    comment: str = ""
    score: float | None = None
    drafted_at: datetime
    signed_at: datetime | None = None
    appeal: str = ""
    appealed_at: datetime | None = None
    decision: str = ""
    decided_by: UserId | None = None
    decided_at: datetime | None = None


def moved(review: Review, to: ReviewState) -> Review:
    """Return a review in its next state. Raises Conflict where it cannot come there."""
    if to not in NEXT[review.state]:
        raise Conflict(f"the review is {review.state}")
    return msgspec.structs.replace(review, state=to)


def check_author(review: Review, by: UserId) -> None:
    """Raise Forbidden unless it is one's own review, Conflict where it is signed."""
    if by != review.reviewer:
        raise Forbidden("a review is written by who began it")
    if review.state is not ReviewState.DRAFT:
        raise Conflict(f"the review is {review.state}: what was signed stays")


def signed(review: Review, score: float, at: datetime) -> Review:
    """Return a review signed with its score, which nothing changes from then on. Raises Conflict."""
    return msgspec.structs.replace(moved(review, ReviewState.SIGNED), score=score, signed_at=at)


def appealed(review: Review, agent: AgentId | None, why: str, at: datetime, within: timedelta) -> Review:
    """Return a review its agent appeals against. Raises Forbidden, Conflict, Invalid."""
    if agent is None or agent != review.agent:
        raise Forbidden("a review is appealed against by whom it is about")
    after = moved(review, ReviewState.APPEALED)
    if review.signed_at is not None and at > review.signed_at + within:
        raise Conflict(f"it was signed more than {within.days} days ago")
    return msgspec.structs.replace(after, appeal=text(why, "reason"), appealed_at=at)


def decided(review: Review, by: UserId, why: str, at: datetime, *, upheld: bool) -> Review:
    """Return a review whose appeal is decided, by another than its author. Raises Forbidden, Conflict, Invalid."""
    if by == review.reviewer:
        raise Forbidden("an appeal is decided by somebody else than the reviewer")
    after = moved(review, ReviewState.UPHELD if upheld else ReviewState.ANNULLED)
    return msgspec.structs.replace(after, decision=text(why, "reason"), decided_by=by, decided_at=at)


def text(given: str, name: str) -> str:
    """Return a text without what is around it. Raises Invalid where there is none, or too much."""
    given = given.strip()
    if not 1 <= len(given) <= MAX_TEXT:
        raise Invalid(f"{name}: 1 to {MAX_TEXT} characters")
    return given
