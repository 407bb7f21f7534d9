"""Passwords: argon2 off the loop, and what a new one must be."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from messages.errors import Invalid
from storage.identity.settings import PasswordRules

LONGEST = 1024
NONE = "!"
"""Stands in the place of a hash where somebody has no password."""
WORN = ("password", "passw0rd", "p@ssw0rd", "qwerty", "admin", "letmein", "welcome", "hotline", "12345", "abcdef")
FEWEST_LETTERS = 5
LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Passwords:
    """Hashing takes 64 MiB and a core's tenth of a second: a flood of log-ins waits here."""

    def __init__(self, rules: PasswordRules, hasher: PasswordHasher | None = None) -> None:
        self.rules = rules
        self._hasher = hasher or PasswordHasher()
        self._nobodys = self._hasher.hash(secrets.token_hex())
        self._hashing = asyncio.Semaphore(2)

    def __repr__(self) -> str:
        return f"<Passwords of {self.rules.length} letters or more>"

    async def fit(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the stored one; takes the same time where there is none."""
        there = stored is not None and stored != NONE and len(password) <= LONGEST
        against = stored if there and stored is not None else self._nobodys
        async with self._hashing:
            try:
                return await asyncio.to_thread(self._hasher.verify, against, password[:LONGEST]) and there
            except (VerificationError, InvalidHashError):
                return False

    async def hash(self, password: str) -> str:
        """Return what is stored."""
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    def is_dated(self, stored: str) -> bool:
        """Tell whether a hash is of other strength than today's."""
        return self._hasher.check_needs_rehash(stored)

    def check(self, password: str, user: str) -> None:
        """Raise Invalid, which says what is wanted, for a password that is not good enough."""
        rules = self.rules
        if not rules.length <= len(password) <= LONGEST:
            raise Invalid(f"password: give {rules.length} to {LONGEST} letters")
        if any(letter < " " for letter in password):
            raise Invalid("password: leave out control characters")
        if len(password) < rules.phrase and _kinds(password) < rules.kinds:
            raise Invalid(
                f"password: mix {rules.kinds} of a–z, A–Z, 0–9 and others, or give {rules.phrase} letters or more"
            )
        plain = password.casefold()
        if len(set(plain)) < min(FEWEST_LETTERS, rules.length):
            raise Invalid(f"password: use {FEWEST_LETTERS} different letters or more")
        rest = plain
        for worn in (*WORN, user.casefold()):
            rest = rest.replace(worn, "") if len(worn) > 2 else rest
        if len(rest) < len(plain) and len(rest) < rules.length - 2:
            raise Invalid("password: that is the user's name or a word everybody tries, and little more")


def temporary() -> str:
    """Return a password to be changed at once; without letters that look alike."""
    while True:
        made = "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4))
        if _kinds(made) == 4:
            return made


def _kinds(password: str) -> int:
    return sum(
        (
            any(letter.islower() for letter in password),
            any(letter.isupper() for letter in password),
            any(letter.isdigit() for letter in password),
            any(not letter.isascii() or not letter.isalnum() for letter in password),
        )
    )
