"""Numbers, places, waits and instants in words."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.spoken import (
    MOST,
    ordinal,
    spoken,
    spoken_date,
    spoken_digits,
    spoken_minutes,
    spoken_position,
    spoken_time,
)
from ivr.steps import LANGUAGES, Language


@pytest.mark.parametrize(
    ("n", "zh", "en"),
    [
        (0, "零", "zero"),
        (2, "二", "two"),
        (10, "十", "ten"),
        (12, "十二", "twelve"),
        (21, "二十一", "twenty-one"),
        (101, "一百零一", "one hundred and one"),
        (110, "一百一十", "one hundred and ten"),
        (1005, "一千零五", "one thousand and five"),
        (1050, "一千零五十", "one thousand and fifty"),
        (10500, "一万零五百", "ten thousand five hundred"),
        (105000, "十万五千", "one hundred and five thousand"),
        (20345, "二万零三百四十五", "twenty thousand three hundred and forty-five"),
        (100001, "十万零一", "one hundred thousand and one"),
        (100010000, "一亿零一万", "one hundred million ten thousand"),
        (-3, "负三", "minus three"),
    ],
)
def test_numbers(n: int, zh: str, en: str) -> None:
    assert (spoken(n, "zh"), spoken(n, "en")) == (zh, en)


def _of_chinese(words: str) -> int:
    """Read a number back, the way a listener adds it up."""
    total = section = digit = 0
    for character in words.replace("万亿", "兆"):
        if character in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(character)
        elif character in "十百千":
            section, digit = section + (digit or 1) * 10 ** ("十百千".index(character) + 1), 0
        else:
            total, section, digit = (
                total + (section + digit) * {"万": 10**4, "亿": 10**8, "兆": 10**12}[character],
                0,
                0,
            )
    return total + section + digit


@given(st.integers(0, MOST - 1))
def test_a_listener_understands_every_chinese_number(n: int) -> None:
    words = spoken(n, "zh")
    assert _of_chinese(words) == n
    assert "零零" not in words
    assert n == 0 or not words.endswith("零")


@given(st.integers(0, MOST - 1), st.integers(0, MOST - 1), st.sampled_from(LANGUAGES))
def test_no_two_numbers_sound_the_same(a: int, b: int, language: Language) -> None:
    assert (spoken(a, language) == spoken(b, language)) == (a == b)


def test_a_number_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        spoken(MOST, "zh")


def test_places_and_waits() -> None:
    assert spoken_position(2, "zh") == "您现在排在第二位。"
    assert spoken_position(2, "en") == "You are second in line."
    assert spoken_minutes(2, "zh") == "预计等待两分钟。"
    assert spoken_minutes(12, "zh") == "预计等待十二分钟。"
    assert spoken_minutes(0, "zh") == "预计等待不到一分钟。"
    assert spoken_minutes(1, "en") == "The wait is about one minute."
    assert spoken_minutes(0, "en") == "The wait is less than one minute."


@pytest.mark.parametrize(
    ("n", "word"),
    [(1, "first"), (12, "twelfth"), (20, "twentieth"), (21, "twenty-first"), (101, "one hundred and first")],
)
def test_ordinals(n: int, word: str) -> None:
    assert ordinal(n) == word


def test_digits_one_by_one() -> None:
    assert spoken_digits("110", "zh") == "幺幺零"
    assert spoken_digits("110", "en") == "one one zero"


def test_dates_and_times() -> None:
    at = datetime(2026, 10, 2, 14, 5)  # noqa: DTZ001 - in the listener's own time
    assert (spoken_date(at, "zh"), spoken_time(at, "zh")) == ("十月二日", "十四点零五分")
    assert (spoken_date(at, "en"), spoken_time(at, "en")) == ("October second", "two oh five p.m.")
    assert (spoken_time(at.replace(hour=2, minute=0), "zh"), spoken_time(at.replace(hour=0, minute=30), "en")) == (
        "两点整",
        "twelve thirty a.m.",
    )
