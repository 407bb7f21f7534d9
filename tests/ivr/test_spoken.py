"""Numbers, places, waits and instants in words."""

from __future__ import annotations

import re
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
        (1001, "一千零一", "one thousand and one"),
        (1010, "一千零一十", "one thousand and ten"),
        (10010, "一万零一十", "ten thousand and ten"),
        (100005000, "一亿零五千", "one hundred million five thousand"),
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


def _by_rule(n: int) -> str:
    """Say every digit with its unit, then leave out what nobody says."""
    digits = str(n)
    words = "".join(
        "零一二三四五六七八九"[int(digit)]
        + ("", "十", "百", "千")[at % 4]
        + ("" if at % 4 else ("", "万", "亿")[at // 4])
        for digit, at in zip(digits, range(len(digits) - 1, -1, -1), strict=True)
    )
    for what, to in (("零[十百千]", "零"), ("零+", "零"), ("零([万亿])", r"\1"), ("亿万", "亿零"), ("零+", "零")):
        words = re.sub(what, to, words)
    return re.sub("^一十", "十", words.rstrip("零") or "零")


@given(
    st.integers(0, MOST - 1) | st.integers(0, 11).map(lambda p: 10**p) | st.integers(1, 9999).map(lambda n: n * 1000)
)
def test_chinese_numbers_follow_the_rule_of_units_and_zeros(n: int) -> None:
    assert spoken(n, "zh") == _by_rule(n)


def _of_english(words: str) -> int:
    """Add English words up."""
    names = {spoken(n, "en"): n for n in (*range(20), *range(20, 100, 10))}
    total = section = 0
    for word in words.replace("-", " ").replace(" and ", " ").split():
        if word in names:
            section += names[word]
        elif word == "hundred":
            section *= 100
        else:
            total, section = total + section * 1000 ** (("thousand", "million", "billion").index(word) + 1), 0
    return total + section


@given(st.integers(0, MOST - 1))
def test_a_listener_understands_every_english_number(n: int) -> None:
    assert _of_english(spoken(n, "en")) == n


@given(st.integers(1, 9999))
def test_an_ordinal_ends_as_it_is_written(n: int) -> None:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    word = ordinal(n)
    assert word.endswith(ending)
    assert spoken_position(n, "en") == f"You are {word} in line."
    assert spoken_position(n, "zh") == f"您现在排在第{spoken(n, 'zh')}位。"


@given(st.text("0123456789", min_size=1, max_size=20))
def test_telephone_numbers_are_said_digit_by_digit(digits: str) -> None:
    said = spoken_digits(digits, "zh")
    assert "".join(str("零幺二三四五六七八九".index(word)) for word in said) == digits
    assert [spoken(int(digit), "en") for digit in digits] == spoken_digits(digits, "en").split()


@given(st.datetimes())
def test_a_time_is_read_back_as_it_was(at: datetime) -> None:
    half = {"a.m.": 0, "p.m.": 12}
    words = spoken_time(at, "en").split()
    hour = next(n for n in range(1, 13) if spoken(n, "en") == words[0]) % 12 + half[words[-1]]
    minute = next((n for n in range(60) if spoken(n, "en") == words[-2]), 0) if len(words) > 2 else 0
    assert (hour, minute) == (at.hour, at.minute)
    said = spoken_time(at, "zh")
    assert said.startswith("两点" if at.hour == 2 else f"{_by_rule(at.hour)}点")
    assert said.endswith("整") == (at.minute == 0)
    assert ("点零" in said) == (0 < at.minute < 10)


@pytest.mark.parametrize(
    ("year", "zh", "en"),
    [
        (2026, "二零二六年十月一日", "October first, twenty twenty-six"),
        (2005, "二零零五年十月一日", "October first, two thousand and five"),
        (1999, "一九九九年十月一日", "October first, nineteen ninety-nine"),
        (1900, "一九零零年十月一日", "October first, nineteen hundred"),
        (1905, "一九零五年十月一日", "October first, nineteen oh five"),
    ],
)
def test_a_date_with_its_year(year: int, zh: str, en: str) -> None:
    at = datetime(year, 10, 1)  # noqa: DTZ001 - in the listener's own time
    assert (spoken_date(at, "zh", year=True), spoken_date(at, "en", year=True)) == (zh, en)


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
