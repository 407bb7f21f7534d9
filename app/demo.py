"""The demo of `make run`: settings made on the first start, people with known passwords, endless traffic."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from agents.agent import AgentSettings
from api.settings import ApiSettings
from app import settings as settings_file
from app.settings import Settings
from app.wiring import Hotline, now
from center.settings import CenterSettings
from ivr.flow import FlowSettings
from messages.ids import AgentId, Phone, QueueId, UserId
from messages.values import Role
from queueing.settings import QueueSettings
from simulation.accounts import Account
from simulation.demo import Demo
from simulation.sipp import Target
from simulation.toml_text import toml
from storage.database import Database
from storage.identity import Identity, IdentitySettings, PasswordRules
from telephony.asterisk.root import build_root, own_asterisk
from telephony.asterisk.settings import AsteriskSettings, Trunk
from telephony.asterisk.settings import Phone as PhoneSettings

DIRECTORY = Path("var/demo")
QUEUE = QueueId("12345")
SIMULATED = tuple(f"10{n:02}" for n in range(1, 7))
VISITOR, SUPERVISOR = "1008", "9001"
PASSWORD = "hotline-demo"
PEOPLE = (
    ("agent", Role.AGENT, VISITOR),
    ("supervisor", Role.SUPERVISOR, None),
    ("admin", Role.ADMIN, None),
    ("auditor", Role.AUDITOR, None),
)
LIVE_LINE_S = 2.0


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A demo ready to be started."""

    settings: Settings
    desks: tuple[Account, ...]
    watcher: Account


async def prepare(report: Callable[[str], None]) -> Prepared:
    """Return the demo's settings: those of the first start, with fresh service tokens."""
    file = DIRECTORY / "hotline.toml"
    desks = tuple(Account.new(f"desk-{number}", "agent", agent=number) for number in SIMULATED)
    watcher = Account.new("demo", "supervisor")
    if not file.exists():
        root = "" if own_asterisk() else str(await asyncio.to_thread(build_root, None, report))
        _write(file, _first_settings(root))
    kept = settings_file.load(file)
    accounts = msgspec.convert([account.entry() for account in (*desks, watcher)], tuple[settings_file.Account, ...])
    return Prepared(msgspec.structs.replace(kept, accounts=accounts), desks, watcher)


def _write(file: Path, settings: Settings) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(toml(msgspec.to_builtins(settings)))


def _first_settings(root: str) -> Settings:
    directory = DIRECTORY.absolute()
    numbers = (*SIMULATED, VISITOR, SUPERVISOR)
    kinds = dict.fromkeys(SIMULATED, "udp")
    phones = [
        {"number": number, "secret": secrets.token_hex(8), "kind": kinds.get(number, "both")} for number in numbers
    ]
    return Settings(
        data_dir=str(directory / "data"),
        asterisk=AsteriskSettings(
            systemname="demo",
            directory=str(directory / "asterisk"),
            ami_secret=secrets.token_hex(12),
            root=root,
            trunks=(Trunk(name="carrier", host="127.0.0.1"),),
            phones=msgspec.convert(phones, tuple[PhoneSettings, ...]),
        ),
        center=CenterSettings(
            queues=(QueueSettings(id=QUEUE, name="12345", wrap_up_s=6.0),),
            agents=tuple(AgentSettings(id=AgentId(n), phone=Phone(n), name=n) for n in (*SIMULATED, VISITOR)),
        ),
        flow=FlowSettings(survey=True),
        api=ApiSettings(),
    )


async def add_people(database: Database) -> None:
    """Let the demo's people in."""
    identity = Identity(database, now, settings=IdentitySettings(passwords=PasswordRules(length=1, kinds=1)))
    for name, role, agent in PEOPLE:
        await identity.set_user(UserId(name), PASSWORD, (role,), AgentId(agent) if agent else None)


@asynccontextmanager
async def traffic(prepared: Prepared, hotline: Hotline, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Let citizens call and agents answer, and say how it goes, until the block ends."""
    settings = prepared.settings
    base = f"http://{settings.api.host}:{settings.api.port}"
    phones = {phone.number: phone for phone in settings.asterisk.phones}
    sipp = settings.data / "sipp"
    sipp.mkdir(parents=True, exist_ok=True)
    await hotline.bridge.link.wait_up()
    async with Demo(
        rest=base,
        stream=f"ws://{settings.api.host}:{settings.api.stream_port}/v1/stream",
        target=Target(host=settings.asterisk.host, port=settings.asterisk.sip_udp, root=settings.asterisk.root),
        did=settings.asterisk.dids[0],
        agents=[(desk, phones[desk.agent or ""]) for desk in prepared.desks],
        watcher=prepared.watcher,
        directory=sipp,
    ) as demo:
        for line in _welcome(base, settings):
            say(line)
        live = asyncio.create_task(_live_line(demo, hotline))
        try:
            yield
        finally:
            live.cancel()
            await asyncio.gather(live, return_exceptions=True)


def _welcome(base: str, settings: Settings) -> list[str]:
    people = ", ".join(f"{name} / {PASSWORD}" for name, _, _ in PEOPLE)
    asterisk = settings.asterisk
    return [
        "",
        f"  pages       {base}/          REST {base}/api/v1/openapi.json",
        f"  log in as   {people}",
        f"  your seat   log in as `agent`: the browser is phone {VISITOR}; or register a SIP phone as {VISITOR}",
        f"              at {asterisk.host}:{asterisk.sip_udp} (its secret is in {DIRECTORY / 'hotline.toml'})",
        f"  listening   supervisors listen from phone {SUPERVISOR}",
        "  stop        Ctrl-C",
        "",
    ]


async def _live_line(demo: Demo, hotline: Hotline) -> None:
    """Write how it goes: over one line on a terminal, a line every half minute elsewhere."""
    terminal = sys.stdout.isatty()
    while True:
        counts = demo.counters
        talking = sum(call.state == "talking" for call in hotline.mirror.state.calls.values())
        line = (
            f"calls {counts['calls']}  talking {talking}  answered {counts['answered']}  pops {counts['pops']}"
            f"  listens {counts['listens']}  abandoned {counts['abandoned']}  lost {counts['lost']}"
        )
        sys.stdout.write(f"\r  {line}\x1b[K" if terminal else f"  {line}\n")
        sys.stdout.flush()
        await asyncio.sleep(LIVE_LINE_S if terminal else 30.0)
