"""Numbers as they are shown to those who need not know them whole."""


def masked(number: str) -> str:
    """Return a number as `138****1234`: the middle hidden, nothing shown of a short one."""
    if len(number) < 7:
        return "*" * len(number)
    ends = max(2, min(4, (len(number) - 4) // 2))
    head = min(3, ends)
    return number[:head] + "*" * (len(number) - head - ends) + number[-ends:]
