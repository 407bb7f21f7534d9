"""An office that makes evidence of a contact with two recordings, of which one is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from api.masking import for_evidence
from messages import facts
from messages.audit import AuditEntry
from messages.ids import CallId, ContactId, RecordingId, UserId
from messages.values import Verb
from recording.files import FileState
from storage.database import Database
from storage.evidence.archive import Asked, Evidence, Package
from storage.evidence.signing import SigningKey
from storage.queries import Queries
from storage.recordings.files import RecordingFiles
from tests.center.world import NODE, START, World
from tests.storage.history import write
from tests.storage.recordings.vaults import file_of, open_vault, write_wav
from tests.storage.trails import trail_in

CONTACT = ContactId("c1")
NUMBER = "13800001234"


class Office:
    """A contact with two recordings, of which one was paused, and what makes evidence of it."""

    def __init__(self, directory: Path, database: Database) -> None:
        self.directory = directory
        self.vault = open_vault(directory, codec="wav")
        self.files = RecordingFiles(database)
        self.audit = trail_in(database, directory / "audit")
        self.key = SigningKey(directory / "keys")
        self.wav = b""
        self.evidence = Evidence(
            Queries(database), self.files, self.audit, self.vault, self.key, directory / "work", lambda: START
        )

    async def fill(self, database: Database) -> None:
        """Let the call happen, and keep its recordings."""
        world = World()
        world.ready("a1", "a2")
        world.come("c1", number=NUMBER)
        world.talk("c1/1")
        for name in ("c1-1", "c1-2"):
            about: dict[str, Any] = {"node": NODE, "call": CallId("c1")}
            world.do(facts.RecordingStarted(occurred=world.now, recording=RecordingId(name), **about))
        world.control("c1", Verb.PAUSE_RECORDING)
        world.do(facts.RecordingPaused(occurred=world.now, paused=True, **about))
        world.wait(5)
        world.do(facts.RecordingPaused(occurred=world.now, paused=False, **about))
        world.hang_up("c1")
        for name in ("c1-1", "c1-2"):
            world.do(facts.RecordingStopped(occurred=world.now, recording=RecordingId(name), **about))
        await write(database, world.entries)
        self.wav = write_wav(self.directory / "one.wav", 10.0)
        one = self.vault.seal(file_of("c1-1", "c1"), self.directory / "one.wav", lambda: START)
        two = msgspec.structs.replace(file_of("c1-2", "c1"), state=FileState.MISSING)
        await self.files.take([msgspec.structs.replace(one, state=FileState.KEPT), two])
        await self.audit.append(
            AuditEntry(at=START, by=UserId("zhao"), action="recordings.play", contact=CONTACT, purpose="a complaint")
        )

    async def make(self, *, whole: bool = False) -> Path:
        """Make an archive."""
        path = self.directory / f"evidence-{whole}.zip"
        asked = Asked(contact=CONTACT, by=UserId("zhao"), purpose=f"a court asks about {NUMBER}", whole=whole)
        await self.evidence.write(path, asked, for_evidence(NUMBER, whole=whole))
        return path

    async def make_package(self, contact: ContactId) -> Package:
        """Make an archive as it is made to be fetched."""
        shown = for_evidence(NUMBER, whole=False)
        return await self.evidence.make(contact, by=UserId("zhao"), purpose="x", whole=False, shown=shown)
