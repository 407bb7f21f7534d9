"""Recordings played over REST: by whom, in ranges, and each time written down first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rest.recordings import NoSuchRange, part_of
from messages.audit import AuditEntry
from messages.errors import Unavailable
from messages.values import Role
from recording.files import FileState
from storage.audit.trail import AuditTrail
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings.files import RecordingFiles
from storage.recordings.playback import Playback
from tests.api.house import House, open_house
from tests.storage.recordings.vaults import file_of, open_vault, sealed, write_wav
from tests.storage.trails import trail_in

PATH = "contacts/n1-1.1/recordings/1"
WHY = "?purpose=a%20complaint"


class Kept:
    """A house with a contact whose first recording is kept as WAV, its second on its way, its third missing."""

    def __init__(self, house: House, directory: Path, database: Database) -> None:
        self.house = house
        self.directory = directory
        self.audit = trail_in(database, directory)
        self.files = RecordingFiles(database)
        self.vault = open_vault(directory, codec="wav")
        self.wav = b""

    async def fill(self) -> None:
        """Seal, and write what is known of it."""
        self.wav = write_wav(self.directory / "one.wav", 5.0)
        await self.files.take([sealed(self.vault, self.directory / "one.wav"), file_of("two")])
        await self.files.take([msgspec.structs.replace(file_of("three"), state=FileState.MISSING)])
        recordings = [{"recording": name} for name in ("n1-1.1-1", "two", "three")]
        self.house.history.add(
            "n1-1.1", "13800001234", agent="a1", tenant="", confidential=False, recordings=recordings
        )

    async def get(self, token: str, path: str = PATH + WHY, **headers: str) -> tuple[int, bytes, Any]:
        """Ask for a recording; return status, body and headers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"Authorization": f"Bearer {token}"}
        url = f"{self.house.rest}/api/v1/{path}"
        async with self.house.session.get(url, headers=sent) as answer:
            return answer.status, await answer.read(), answer.headers

    async def audited(self) -> list[dict[str, Any]]:
        """Return what was written down, oldest first."""
        entries, _ = await self.audit.entries()
        return list(entries)[::-1]


@pytest.fixture
async def kept(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    """Give a house; parametrized indirectly: whether agents hear their own."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        files, vault = RecordingFiles(database), open_vault(tmp_path, codec="wav")
        parts = {"audit": trail_in(database, tmp_path), "recordings": Playback(vault, files)}
        own = bool(getattr(request, "param", False))
        house = await stack.enter_async_context(open_house(kept=parts, agents_hear_own=own))
        kept = Kept(house, tmp_path, database)
        await kept.fill()
        yield kept


async def test_a_recording_is_played_whole_and_in_ranges(kept: Kept) -> None:
    token = kept.house.token(Role.SUPERVISOR)
    status, body, headers = await kept.get(token)
    assert (status, body) == (200, kept.wav)
    assert headers["Content-Type"] == "audio/wav"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Cache-Control"] == "no-store"
    size = len(kept.wav)
    for asked, part in {
        "bytes=0-0": kept.wav[:1],
        "bytes=70000-140000": kept.wav[70000:140001],
        "bytes=-7": kept.wav[-7:],
        f"bytes={size - 3}-": kept.wav[-3:],
        f"bytes=10-{size + 100}": kept.wav[10:],
    }.items():
        status, body, headers = await kept.get(token, Range=asked)
        assert (status, body) == (206, part), asked
        first, _, rest = headers["Content-Range"].removeprefix("bytes ").partition("-")
        assert rest == f"{int(first) + len(part) - 1}/{size}"
    status, body, _ = await kept.get(token, Range=f"bytes={size}-")
    assert (status, msgspec.json.decode(body)["type"]) == (416, "range-not-satisfiable")
    assert (await kept.get(token, Range="bytes=5-9", If_Range='"other"'))[0] == 200


async def test_each_time_one_is_heard_or_refused_is_written_down(kept: Kept) -> None:
    assert (await kept.get(kept.house.token(Role.AUDITOR, user="zhao"), Range="bytes=0-99"))[0] == 206
    assert (await kept.get(kept.house.token(Role.AGENT, user="li", agent="a1")))[0] == 403
    entries = await kept.audited()
    assert [(e["by"], e["action"], e["contact"], e["result"]) for e in entries] == [
        ("zhao", "recordings.play", "n1-1.1", "granted"),
        ("li", "recordings.play", "n1-1.1", "refused"),
    ]
    assert entries[0]["about"] == "recording n1-1.1-1, bytes=0-99"
    assert entries[0]["purpose"] == "a complaint"
    assert "13800001234" not in str(entries)


async def test_without_a_purpose_or_the_audit_nothing_is_heard(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    token = kept.house.token(Role.ADMIN)
    assert (await kept.get(token, PATH))[0] == 422
    assert (await kept.get(token, f"{PATH}?purpose="))[0] == 422

    async def away(self: AuditTrail, entry: AuditEntry) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr(AuditTrail, "append", away)
    status, body, _ = await kept.get(token)
    assert status == 503
    assert kept.wav[:100] not in body


@pytest.mark.parametrize("kept", [True, False], indirect=True, ids=["agents hear their own", "agents hear none"])
async def test_who_may_hear_what(kept: Kept, request: pytest.FixtureRequest) -> None:
    own = "agents hear their own" in request.node.name
    roles = {role: (await kept.get(kept.house.token(role)))[0] for role in Role if role is not Role.AGENT}
    allowed = {Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN}
    assert roles == {role: 200 if role in allowed else 403 for role in roles}
    assert (await kept.get(kept.house.token(Role.AGENT, agent="a1")))[0] == (200 if own else 403)
    assert (await kept.get(kept.house.token(Role.AGENT, agent="a2")))[0] == 403
    kept.house.history.kept[0]["confidential"] = True
    assert (await kept.get(kept.house.token(Role.AGENT, agent="a1")))[0] == 403
    assert (await kept.get(kept.house.token(Role.SUPERVISOR)))[0] == 200
    kept.house.history.kept[0]["tenant"] = "north"
    assert (await kept.get(kept.house.token(Role.SUPERVISOR, tenant="south")))[0] == 404
    assert (await kept.get(kept.house.token(Role.SUPERVISOR, tenant="north")))[0] == 200


async def test_who_may_play_a_recording_may_see_its_waveform_and_gaps(kept: Kept) -> None:
    began = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    gaps = [{"from": "2026-11-24T08:00:01.500000Z", "to": "2026-11-24T08:00:03.000000Z"}]
    kept.house.history.kept[0]["recordings"][0].update(started_at=began, gaps=gaps)
    path = "contacts/n1-1.1/recordings/1/waveform"
    status, body, _ = await kept.get(kept.house.token(Role.SUPERVISOR), path)
    drawn = msgspec.json.decode(body)
    assert (status, drawn["duration_s"], [len(side) for side in drawn["peaks"]]) == (200, 5.0, [1000, 1000])
    assert drawn["gaps"] == [{"from": 1.5, "to": 3.0}]
    assert (await kept.get(kept.house.token(Role.AGENT, agent="a1"), path))[0] == 403
    assert (await kept.get(kept.house.token(Role.ANALYST), path))[0] == 403
    assert (await kept.get(kept.house.token(Role.ADMIN), "contacts/n1-1.1/recordings/2/waveform"))[0] == 503
    assert await kept.audited() == []


async def test_what_is_not_there_is_said_to_be_so(kept: Kept) -> None:
    token = kept.house.token(Role.SUPERVISOR)
    for n, status in {"0": 404, "2": 503, "3": 404, "4": 404, "x": 404, "-1": 404, "٣": 404}.items():
        assert (await kept.get(token, f"contacts/n1-1.1/recordings/{n}{WHY}"))[0] == status, n
    assert (await kept.get(token, f"contacts/nobody/recordings/1{WHY}"))[0] == 404


async def test_a_recording_that_was_tampered_with_is_not_played_past_that(kept: Kept) -> None:
    token = kept.house.token(Role.SUPERVISOR)
    stored = kept.directory / "store" / file_key(kept)
    whole = bytearray(stored.read_bytes())
    whole[70_000] ^= 1  # in the second chunk
    stored.write_bytes(whole)
    assert (await kept.get(token, Range="bytes=0-65535"))[1] == kept.wav[:65536]
    with pytest.raises(aiohttp.ClientError):
        await kept.get(token)
    assert (await kept.get(token, Range="bytes=66000-66010"))[0] == 503


def file_key(kept: Kept) -> str:
    """Return the name of the first recording's object."""
    [found] = (kept.directory / "store").rglob("*.sealed")
    return str(found.relative_to(kept.directory / "store"))


@given(st.text(max_size=20) | st.from_regex(r"bytes=\d{0,6}-\d{0,6}", fullmatch=True), st.integers(0, 10**6))
def test_any_range_header_gives_a_part_of_the_whole(header: str, size: int) -> None:
    try:
        part = part_of(header, size)
    except NoSuchRange:
        return
    if part is not None:
        assert 0 <= part[0] < part[1] <= size
