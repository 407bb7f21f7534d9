"""Numbers, places in line, waits and instants as they are said in Chinese and in English."""

from datetime import datetime

from ivr.steps import Language

_ZH = "零一二三四五六七八九"
_ZH_UNITS = ("", "十", "百", "千")
_ZH_MYRIADS = ("", "万", "亿", "万亿")
# fmt: off
_EN = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)
# fmt: on
_EN_THOUSANDS = ("", " thousand", " million", " billion")
_EN_ORDINAL = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
MOST = 10**12


def spoken(n: int, language: Language) -> str:
    """Return a whole number in words. Raises ValueError beyond 10^12."""
    if abs(n) >= MOST:
        raise ValueError(f"{n} is too long to be said")
    if n < 0:
        return ("负" if language == "zh" else "minus ") + spoken(-n, language)
    return _chinese(n) if language == "zh" else _english(n)


def spoken_digits(digits: str, language: Language) -> str:
    """Return digits one by one, as numbers of telephones and cases are said (1 is yāo in Chinese)."""
    words = {str(n): (_ZH[n] if language == "zh" else _EN[n]) for n in range(10)}
    if language == "zh":
        words["1"] = "幺"
    return ("" if language == "zh" else " ").join(words[digit] for digit in digits if digit in words)


def spoken_position(n: int, language: Language) -> str:
    """Return a place in line, 1 for the next to be served."""
    return f"您现在排在第{spoken(n, 'zh')}位。" if language == "zh" else f"You are {ordinal(n)} in line."


def spoken_minutes(n: int, language: Language) -> str:
    """Return how long a wait is likely to be; less than one minute for 0."""
    if language == "zh":
        # 两 and not 二 in front of a measure word, where two stands alone.
        return f"预计等待{'两' if n == 2 else spoken(n, 'zh')}分钟。" if n > 0 else "预计等待不到一分钟。"
    if n <= 0:
        return "The wait is less than one minute."
    return f"The wait is about {spoken(n, 'en')} minute{'' if n == 1 else 's'}."


def spoken_date(at: datetime, language: Language, *, year: bool = False) -> str:
    """Return the day of an instant, which is in the listener's own time."""
    if language == "zh":
        in_year = "".join(_ZH[int(digit)] for digit in str(at.year)) + "年" if year else ""
        return f"{in_year}{spoken(at.month, 'zh')}月{spoken(at.day, 'zh')}日"
    return f"{_MONTHS[at.month - 1]} {ordinal(at.day)}{f', {_english_year(at.year)}' if year else ''}"


def _english_year(year: int) -> str:
    century, rest = divmod(year, 100)
    if century < 10 or (century % 10 == 0 and rest < 10):
        return spoken(year, "en")  # two thousand and five
    if not rest:
        return f"{spoken(century, 'en')} hundred"
    return f"{spoken(century, 'en')} {'oh ' if rest < 10 else ''}{spoken(rest, 'en')}"


def spoken_time(at: datetime, language: Language) -> str:
    """Return the time of day of an instant, which is in the listener's own time."""
    if language == "zh":
        hour = "两" if at.hour == 2 else spoken(at.hour, "zh")
        small = "零" if 0 < at.minute < 10 else ""
        return f"{hour}点" + (f"{small}{spoken(at.minute, 'zh')}分" if at.minute else "整")
    hour = spoken((at.hour - 1) % 12 + 1, "en")
    half = "a.m." if at.hour < 12 else "p.m."
    if not at.minute:
        return f"{hour} {half}"
    return f"{hour} {'oh ' if at.minute < 10 else ''}{spoken(at.minute, 'en')} {half}"


def ordinal(n: int) -> str:
    """Return a number's English ordinal."""
    words = spoken(n, "en")
    head, between, last = max((words.rpartition(sep) for sep in (" ", "-")), key=lambda parts: len(parts[0]))
    if last in _EN_ORDINAL:
        return head + between + _EN_ORDINAL[last]
    return head + between + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def _chinese(n: int) -> str:
    if n == 0:
        return _ZH[0]
    words, skipped = "", False
    for power in range(len(_ZH_MYRIADS) - 1, -1, -1):
        part = n // 10 ** (4 * power) % 10**4
        if part:
            # 一亿零五千: without 零 it is heard as one and a half 亿.
            gap = bool(words) and (part < 1000 or skipped)
            words += ("零" if gap else "") + _under_myriad(part) + _ZH_MYRIADS[power]
        skipped = not part
    # 十二 and not 一十二 at the front.
    return words.removeprefix("一") if words.startswith("一十") else words


def _under_myriad(n: int) -> str:
    words, gap = "", False
    for power in range(3, -1, -1):
        digit = n // 10**power % 10
        if digit:
            words += ("零" if gap and words else "") + _ZH[digit] + _ZH_UNITS[power]
            gap = False
        else:
            gap = True
    return words


def _english(n: int) -> str:
    if n < 1000:
        return _under_thousand(n)
    parts = []
    for power in range(len(_EN_THOUSANDS) - 1, -1, -1):
        part = n // 1000**power % 1000
        if part:
            joined = "and " if power == 0 and part < 100 else ""
            parts.append(joined + _under_thousand(part) + _EN_THOUSANDS[power])
    return " ".join(parts)


def _under_thousand(n: int) -> str:
    if n < 20:
        return _EN[n]
    if n < 100:
        return _EN_TENS[n // 10] + (f"-{_EN[n % 10]}" if n % 10 else "")
    rest = f" and {_under_thousand(n % 100)}" if n % 100 else ""
    return f"{_EN[n // 100]} hundred{rest}"
