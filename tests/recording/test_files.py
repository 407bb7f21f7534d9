"""How recordings are named, how long they are kept, and which ways lead from one state to another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from messages.ids import ContactId, RecordingId
from recording.files import NEXT, OPEN, FileState, keep_until, key_of, may_go
from recording.settings import Retention

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
names = st.text(min_size=1, max_size=20)


def test_a_sealed_recording_is_named_by_day_contact_and_recording() -> None:
    late = NOW.astimezone(timezone(timedelta(hours=8)))  # there it is the 25th
    assert key_of(RecordingId("hl1-17.5-1"), ContactId("hl1-17.5"), late) == "2026/11/24/hl1-17.5/hl1-17.5-1.sealed"


@given(names, names, names, names)
def test_no_two_recordings_have_one_name_and_none_leaves_the_store(a: str, b: str, c: str, d: str) -> None:
    one, other = (key_of(RecordingId(r), ContactId(k), NOW) for r, k in ((a, b), (c, d)))
    assert (one == other) == ((a, b) == (c, d))
    assert one.isascii()
    assert len(one.split("/")) == 5
    assert not any(part.startswith(".") for part in one.split("/"))


def test_without_rules_a_recording_is_kept_for_ever() -> None:
    assert keep_until((), "12345", "", NOW) is None
    assert keep_until([Retention(queue="north", days=1)], "12345", "", NOW) is None


def test_the_most_exact_rule_on_how_long_counts() -> None:
    rules = [
        Retention(days=10),
        Retention(tenant="county", days=20),
        Retention(queue="12345", days=5),
        Retention(queue="12345", days=6),
    ]
    days = {
        (queue, tenant): (keep_until(rules, queue, tenant, NOW) or NOW) - NOW
        for queue in ("12345", "north")
        for tenant in ("", "county")
    }
    assert {key: kept.days for key, kept in days.items()} == {
        ("12345", ""): 6,
        ("12345", "county"): 6,
        ("north", ""): 10,
        ("north", "county"): 20,
    }


def test_a_source_may_go_only_after_the_copy_was_verified() -> None:
    before_kept = [state for state in FileState if may_go(state, FileState.KEPT)]
    assert before_kept == [FileState.VERIFIED, FileState.EXPIRING]
    assert [state for state in FileState if may_go(state, FileState.EXPIRING)] == [FileState.KEPT]
    assert [state for state in FileState if may_go(state, FileState.VERIFIED)] == [FileState.STORED]
    assert all(NEXT[state] for state in OPEN)
