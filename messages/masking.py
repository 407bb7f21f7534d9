"""Numbers as they are shown to those who need not know them whole."""


def masked(number: str) -> str:
    """Return a number as `138****1234`, less of a shorter one, and nothing of fewer than seven digits."""
    if len(number) < 7:
        return "*" * len(number)
    head, tail = (3, 4) if len(number) >= 10 else (2, 2)
    return number[:head] + "*" * (len(number) - head - tail) + number[-tail:]
