"""Averages of what was signed and stands, by agent or team."""

from collections.abc import Callable, Iterable

import msgspec

from quality.reviews import COUNTS, Review


class Average(msgspec.Struct, frozen=True, kw_only=True):
    """How many reviews count, their mean, the lowest and the highest score."""

    reviews: int
    mean: float
    lowest: float
    highest: float


def averages(reviews: Iterable[Review], by: Callable[[Review], str]) -> dict[str, Average]:
    """Return the averages by a key; drafts and what was annulled do not count."""
    scores: dict[str, list[float]] = {}
    for review in reviews:
        if review.state in COUNTS and review.score is not None:
            scores.setdefault(by(review), []).append(review.score)
    return {key: _average(its) for key, its in sorted(scores.items())}


def _average(scores: list[float]) -> Average:
    mean = min(max(scores), max(min(scores), sum(scores) / len(scores)))
    return Average(reviews=len(scores), mean=round(mean, 2), lowest=min(scores), highest=max(scores))
