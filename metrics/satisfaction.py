"""Service satisfaction: what citizens keyed when the agent had hung up (DOMAIN §5). Pure.

Another figure than revisit satisfaction, which is asked weeks later and about the case.
"""

import msgspec


class Satisfaction(msgspec.Struct, frozen=True, kw_only=True):
    """Citizens `asked` how satisfied they were, those who `answered` by a key that means something, those `satisfied`.

    Silence is never satisfied; it lowers the response rate and nothing else.
    """

    asked: int = 0
    answered: int = 0
    satisfied: int = 0

    @property
    def rate(self) -> float | None:
        """Return satisfied ÷ valid key presses, None where there were none."""
        return self.satisfied / self.answered if self.answered else None

    @property
    def response_rate(self) -> float | None:
        """Return valid key presses ÷ asked, None where nobody was asked."""
        return self.answered / self.asked if self.asked else None
