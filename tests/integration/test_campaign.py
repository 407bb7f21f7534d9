"""Nobody is lost: our process killed, Asterisk killed, our filesystem full, the database gone, in the middle of calls.

`make test` runs a short case of each, `make proof` the campaigns whole (docs/reliability.md).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from messages.values import ContactOutcome
from simulation.faults import Fault, FaultKind, kills, small_filesystem
from simulation.options import Mix, Options, SimulationResult
from simulation.runner import simulate
from tests.integration.town import proof_only
from tests.postgres_fixture import PostgresServer

pytestmark = [pytest.mark.integration, pytest.mark.alone]

MIX = Mix(citizen_hangs_up=0.3, abandoning=0.05, patience_s=8)
SHORT = Options(calls=10, rate=4, agents=6, talk=1.5, wrap=0.5, mix=MIX)
LONG = Options(calls=200, rate=10, agents=60, talk=3, wrap=1, mix=MIX)


async def run(options: Options, root: Path, *faults: Fault, server: PostgresServer | None = None) -> SimulationResult:
    """Run the calls with the faults, and print what came of it."""
    database = server.new_database() if server else ""
    options = msgspec.structs.replace(options, faults=faults, root=str(root), database=database)
    result = await simulate(options, database=server)
    print(f"\n{[(fault.kind.value, fault.at_s, fault.seconds) for fault in faults]}")
    print(
        f"calls {result.calls}, answered {result.answered}, abandoned {result.abandoned}, lost {result.lost}, "
        f"backfilled {result.backfilled}, differences {len(result.differences)}, explained {len(result.explained)}, "
        f"waits {result.wait_s}, recovered after {[one.recovered_s for one in result.faults]} s"
    )
    return result


def assert_nobody_is_lost(result: SimulationResult, options: Options) -> None:
    """Every citizen was let in, none was dropped, each is in the ledger once with what SIPp, CEL and queue_log say."""
    assert result.differences == []
    assert (result.calls, result.lost) == (options.calls, 0)
    assert all(fault.recovered_s is not None for fault in result.faults), "we are ready again"


@pytest.fixture
def mountable(tmp_path: Path) -> None:
    """Skip where this machine lets nobody mount a filesystem."""
    try:
        with small_filesystem(tmp_path / "probe", 1):
            pass
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a full filesystem needs root and mount")


async def test_a_kill_of_ours_loses_nobody(asterisk_root: Path) -> None:
    result = await run(SHORT, asterisk_root, Fault(kind=FaultKind.KILL, at_s=2.0))
    assert_nobody_is_lost(result, SHORT)


@pytest.mark.usefixtures("mountable")
async def test_a_full_disk_loses_nobody(asterisk_root: Path) -> None:
    result = await run(SHORT, asterisk_root, Fault(kind=FaultKind.DISK, at_s=1.0, seconds=6))
    assert_nobody_is_lost(result, SHORT)
    assert (result.wait_s["max"] or 0) < 6.5, "who waited was let go to the fallback queue"


async def test_a_database_that_is_gone_costs_nobody_anything(
    asterisk_root: Path, postgres_server: PostgresServer
) -> None:
    fault = Fault(kind=FaultKind.DATABASE, at_s=0.5, seconds=5)
    result = await run(SHORT, asterisk_root, fault, server=postgres_server)
    assert_nobody_is_lost(result, SHORT)
    assert result.explained == [], "nothing of it reaches the calls"


async def test_calls_that_asterisk_took_with_it_are_recorded_as_lost(asterisk_root: Path) -> None:
    mix = Mix(citizen_hangs_up=1, patience_s=4)
    options = msgspec.structs.replace(SHORT, calls=6, rate=3, agents=2, talk=3, mix=mix)
    result = await run(options, asterisk_root, Fault(kind=FaultKind.ASTERISK, at_s=1.2))
    assert_nobody_is_lost(result, options)
    assert result.outcomes.get(ContactOutcome.LOST, 0) > 0


@proof_only
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_ten_kills_at_random_moments_of_200_calls_lose_nobody(asterisk_root: Path, seed: int) -> None:
    result = await run(LONG, asterisk_root, *kills(10, LONG.calls / LONG.rate + LONG.talk, seed))
    assert_nobody_is_lost(result, LONG)


@proof_only
@pytest.mark.usefixtures("mountable")
async def test_a_disk_that_is_full_for_10_s_loses_nobody(asterisk_root: Path) -> None:
    assert_nobody_is_lost(await run(LONG, asterisk_root, Fault(kind=FaultKind.DISK, at_s=6, seconds=10)), LONG)


@proof_only
@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
async def test_a_database_that_is_gone_for_60_s_loses_nobody(
    asterisk_root: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    options = msgspec.structs.replace(LONG, rate=3)
    fault = Fault(kind=FaultKind.DATABASE, at_s=6, seconds=60)
    assert_nobody_is_lost(await run(options, asterisk_root, fault, server=server), options)


@proof_only
@pytest.mark.parametrize(("seed", "at_s"), [(6, 11.0), (9, 11.0), (3, 5.5)])
async def test_a_killed_asterisk_among_200_calls_loses_its_own_calls_and_no_record(
    asterisk_root: Path, seed: int, at_s: float
) -> None:
    options = msgspec.structs.replace(LONG, mix=msgspec.structs.replace(MIX, seed=seed))
    result = await run(options, asterisk_root, Fault(kind=FaultKind.ASTERISK, at_s=at_s))
    assert_nobody_is_lost(result, options)
    assert sum(result.outcomes.values()) == options.calls and result.outcomes[ContactOutcome.LOST] > 0
