"""Numbers as they are shown."""

from __future__ import annotations

import pytest

from messages.masking import masked


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800001234", "138****1234"),
        ("05342345678", "053****5678"),
        ("+8613800001234", "+86*******1234"),
        ("3612345", "36***45"),
        ("23456789", "23****89"),
        ("110", "***"),
        ("", ""),
    ],
)
def test_a_number_keeps_its_ends_only(number: str, shown: str) -> None:
    assert masked(number) == shown
