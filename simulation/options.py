"""What a simulation is to be, and what came of it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from imports.reconcile import Difference
from messages.errors import SettingsError
from simulation.faults import Fault, Felt

Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class Mix(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people behave, as shares from 0 to 1; the same `seed` gives the same citizens."""

    abandoning: Share = 0.0
    """Citizens who hang up `abandon_s` seconds after they were let in."""
    citizen_hangs_up: Share = 0.0
    """Citizens who hang up themselves `patience_s` seconds after they were let in; the others leave it to the agent."""
    unanswered: Share = 0.0
    """Offers that an agent's phone leaves ringing; the agent is ready again `recover_s` seconds later."""
    held: Share = 0.0
    """Talks in which the agent puts the citizen on hold once, for `held_s` seconds."""
    abandon_s: Seconds = 0.6
    patience_s: Seconds = 8.0
    held_s: Seconds = 1.0
    recover_s: Seconds = 2.0
    seed: int = 12345

    @classmethod
    def read(cls, path: Path) -> Mix:
        """Return the mix in a TOML file. Raises SettingsError that names the file and the place."""
        try:
            return msgspec.convert(tomllib.loads(path.read_text()), cls)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise SettingsError(f"{path}: {error}") from error


class Options(Struct, frozen=True, kw_only=True):
    """Options of `hotline simulate`; `rate` in calls a second, the rest in seconds."""

    calls: Annotated[int, Meta(ge=1, le=1_000_000)] = 10
    rate: Annotated[float, Meta(gt=0, le=200)] = 2.0
    agents: Annotated[int, Meta(ge=1, le=2000)] = 4
    talk: Seconds = 3.0
    wrap: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    ring: Seconds = 0.3
    """How long an agent's phone rings before it is answered."""
    rtp: bool = False
    mix: Mix = Mix()
    evidence: str = ""
    """The directory where everything is kept; empty: nothing is."""
    faults: tuple[Fault, ...] = ()
    database: str = ""
    """URL of a PostgreSQL database; empty: SQLite."""
    root: str = ""
    """The development root with Asterisk and SIPp; empty: this machine's own."""

    @classmethod
    def of(cls, **values: object) -> Options:
        """Make options of what a person gave. Raises SettingsError that names the option."""
        try:
            return msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            raise SettingsError(f"simulate: {error}") from error


class SimulationResult(Struct, kw_only=True):
    """What INTERFACES promises of `simulate --json`, and more beside it. CPU in seconds, rates per second."""

    calls: int
    answered: int
    abandoned: int
    lost: int
    pops: int
    pops_before_invite: int
    pop_ms: dict[str, float | None]
    margin_ms: dict[str, float | None]
    differences: list[Difference]
    explained: list[Difference] = []
    """What differs because of a fault and is as it should be then: the fallback queue rang, a pop came late."""
    outcomes: dict[str, int] = {}
    """What our contacts came to."""
    backfilled: int = 0
    """Contacts that came and went while we were not there, rebuilt from Asterisk's own records."""
    wait_s: dict[str, float | None] = {}
    """From when a citizen was let in until somebody answered."""
    faults: list[Felt] = []
    cpu_s: dict[str, float]
    """Not measured (0) in a run with faults, where processes come and go."""
    cpu_ms_per_call: dict[str, float]
    cpu_ratio: float | None
    agents: int
    seconds: float = 0.0
    evidence: str = ""

    @property
    def agrees(self) -> bool:
        """Say whether every record of every call agrees."""
        return not self.differences
