"""The same promises as bench/fuzz_agi.py keeps for an hour, for a counted number of inputs."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, example, given, settings, target
from hypothesis import strategies as st

from bench.fuzz_agi import WORDS, check
from telephony.agi.wire import MAX_LINE


@settings(
    max_examples=60_000 if os.environ.get("HOTLINE_PROOF") else 2_500,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(st.sampled_from(WORDS) | st.binary(max_size=40), max_size=20).map(b"".join))
@example(b"x" + "号".encode() * (MAX_LINE // 2) + b"\n")
@example(b"x" + b"y" * MAX_LINE + b"\r\n")
def test_no_input_in_any_chunks_breaks_the_wire_or_changes_its_meaning(data: bytes) -> None:
    target(float(check(data)))
