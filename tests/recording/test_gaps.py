"""Gaps: intervals as text and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recording.gaps import closed, opened, parsed

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**9)), max_size=12))
def test_what_was_opened_and_closed_is_read_back_in_order(steps: list[tuple[bool, int]]) -> None:
    gaps, at = "", START
    expected: list[list[datetime | None]] = []
    for opens, microseconds in steps:
        at += timedelta(microseconds=microseconds)
        gaps = (opened if opens else closed)(gaps, at)
        if opens and (not expected or expected[-1][1] is not None):
            expected.append([at, None])
        elif not opens and expected and expected[-1][1] is None:
            expected[-1][1] = at
    assert [[gap.since, gap.until] for gap in parsed(gaps)] == expected


def test_a_gap_ends_at_its_begin_where_the_end_was_told_too_early() -> None:
    assert closed(opened("", START), START - timedelta(seconds=1)).count("08:00:00") == 2
