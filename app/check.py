"""The doctor: looks at everything the settings name and says what is wrong and what to do."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.auditing import signer_of
from app.flows import known, look_at
from app.notices import sender_of
from app.recordings import told
from app.settings import Settings
from app.settings_check import warnings
from messages.errors import HotlineError
from storage.database import Database
from telephony.asterisk.probe import AmiProbe, ProbeFailed, sip_options

FREE_BYTES = 1 << 30
PATIENCE_S = 3.0
SIX_MONTHS = 183


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at."""

    what: str
    ok: bool
    says: str
    warns: bool = False


class Warn(Exception):
    """What keeps nobody from starting but should be seen to."""


async def findings(settings: Settings) -> list[Finding]:
    """Look at everything, one thing after the other."""
    looks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "flows": _flows,
        "calendars": _calendars,
        "disk": _disk,
        "database": _database,
        "recordings": _recordings,
        "audit": _audit,
        "redis": _redis,
        "asterisk manager": _manager,
        "asterisk sip": _sip,
        "notices": _notices,
    }
    found = [
        Finding("settings", ok=True, says=f"{len(settings.center.agents)} agents, {len(settings.center.queues)} queues")
    ]
    for what, look in looks.items():
        try:
            found.append(Finding(what, ok=True, says=await look(settings)))
        except Warn as warning:
            found.append(Finding(what, ok=True, says=str(warning), warns=True))
        except (OSError, SQLAlchemyError, RedisError, ProbeFailed, TimeoutError, ValueError, HotlineError) as error:
            found.append(
                Finding(what, ok=False, says=f"{str(error).splitlines()[0] if str(error) else type(error).__name__}")
            )
    return found


async def _calendars(settings: Settings) -> str:
    if lines := warnings(settings, datetime.now(UTC).date()):
        raise Warn(f"{lines[0]}{f' (and {len(lines) - 1} more: hotline calendar check)' if lines[1:] else ''}")
    return f"{len(settings.center.calendars)} calendars" if settings.center.calendars else "7×24"


async def _flows(settings: Settings) -> str:
    may_name = known(settings)
    files = [*settings.flow.files.values(), *filter(None, (settings.flow.revisit,))]
    wrong = [line for file in files for line in look_at(Path(file), may_name)[1]]
    if wrong:
        raise ValueError(f"{wrong[0]}{f' (and {len(wrong) - 1} more: hotline flow check)' if wrong[1:] else ''}")
    return f"{len(files)} files" if files else "the default: greeting, notice, queue"


async def _disk(settings: Settings) -> str:
    place = settings.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < FREE_BYTES:
        raise ValueError(f"{free >> 20} MiB free in {place}; make room for journal and recordings")
    return f"{free >> 30} GiB free for {settings.data}"


def _is_yet_to_be_made(url: str) -> bool:
    path = url.removeprefix("sqlite+aiosqlite:///")
    return path != url and not Path(path).exists()


async def _database(settings: Settings) -> str:
    if _is_yet_to_be_made(settings.database_url):
        return "not there yet; it is made at the first start"
    async with Database(settings.database_url) as database, database.reading() as connection:
        await connection.execute(text("select 1"))
    return "answers"


async def _recordings(settings: Settings) -> str:
    return await asyncio.to_thread(told, settings)


async def _audit(settings: Settings) -> str:
    keys, days = await asyncio.to_thread(signer_of(settings).public), settings.audit.days
    if 0 < days < SIX_MONTHS:
        raise Warn(f"[audit] days is {days}: entries are to be kept for six months at least")
    kept = f"kept {days} days" if days else "kept for ever"
    return f"{kept}, heads signed by {keys[-1][:16]}…" if keys else f"{kept}; a key is made at the first start"


async def _redis(settings: Settings) -> str:
    if not settings.storage.redis:
        return "not used"
    async with Redis.from_url(settings.storage.redis, socket_timeout=PATIENCE_S) as redis:
        await redis.ping()
    return "answers"


async def _manager(settings: Settings) -> str:
    probe = await AmiProbe.log_in(settings.asterisk, PATIENCE_S)
    probe.close()
    return "logs us in"


async def _sip(settings: Settings) -> str:
    return await sip_options(settings.asterisk.host, settings.asterisk.sip_udp, PATIENCE_S)


async def _notices(settings: Settings) -> str:
    """Look at the provider's settings and the files they name; nothing is sent (hotline notify test does)."""
    if not settings.notify.sender:
        return "not sent"
    sender = sender_of(settings.notify, settings.data)
    await sender.close()
    return f"{', '.join(sorted(settings.notify.kinds)) or 'none is on'}, by {settings.notify.sender}"
