"""Numbers as they are shown."""

from __future__ import annotations

import pytest

from messages.masking import masked, scrubbed


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


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("call 13987654321 after six", "call 139****4321 after six"),
        ("请拨139 8765 4321，或139-8765-4321", "请拨139******4321，或139******4321"),
        ("tel13987654321", "tel139****4321"),
        ("+86 139-8765-4321", "+86**********4321"),
        ("办公室 029-88886666 转 8001", "办公室 029*****6666 转 8001"),
        ("88886666", "88****66"),
        ("400-123-4567", "400*****4567"),
        (
            "\uff11\uff13\uff19\uff18\uff17\uff16\uff15\uff14\uff13\uff12\uff11",
            "\uff11\uff13\uff19****\uff14\uff13\uff12\uff11",
        ),
        ("身份证110101199001011234", "身份证110***********1234"),
        ("2026-11-25 10:30 来电, 2栋1203室, 12345", "2026-11-25 10:30 来电, 2栋1203室, 12345"),
        ("GD20261125000123", "GD20261125000123"),
        ("2026-11-25 13987654321", "2026-11-25 139****4321"),
        ("", ""),
    ],
)
def test_a_note_keeps_its_words_and_the_ends_of_the_numbers_in_it(said: str, shown: str) -> None:
    assert scrubbed(said) == shown
