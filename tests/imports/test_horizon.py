"""When what a log leaves open was over."""

from __future__ import annotations

from imports.horizon import Horizon

SECOND = 1_000_000


def test_what_asterisk_left_open_was_over_when_it_began_anew() -> None:
    horizon = Horizon(1, 90 * SECOND, [50 * SECOND])
    assert horizon.over_at(20 * SECOND) == 50 * SECOND
    assert horizon.over_at(60 * SECOND) is None


def test_a_restart_in_whole_seconds_does_not_end_what_came_after_it_in_the_same_second() -> None:
    after = 50 * SECOND + 700_000
    assert Horizon(1, 90 * SECOND, [50 * SECOND]).over_at(after) is None
    began_anew = 50 * SECOND + 600_000
    both = Horizon(1, 90 * SECOND, [50 * SECOND, began_anew])
    assert both.over_at(after) is None
    before = 50 * SECOND + 100_000
    assert both.over_at(before) == before, "CEL shows that it was before"
