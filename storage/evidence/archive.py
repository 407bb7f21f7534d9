"""Evidence of a contact as one ZIP: recordings, what is kept of it, its audit, hashes of all of it, and a signature."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import zipfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from center.ports import Clock
from messages.errors import NotFound, Unavailable
from messages.ids import ContactId, UserId
from recording.files import PLAYABLE, RecordingFile
from storage.audit.trail import AuditTrail
from storage.evidence import verify
from storage.evidence.instructions import README
from storage.evidence.signing import SigningKey
from storage.queries import Queries
from storage.recordings.codec import SUFFIXES
from storage.recordings.files import RecordingFiles
from storage.recordings.sealing import Broken
from storage.recordings.vault import Hashing, Vault

FORMAT = "hotline-evidence/1"
PIECE = 1 << 18
Shown = Callable[[Any], Any]
"""Returns what is kept, however deep, as the one it is made for may see it."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who has evidence made, what for, and whether numbers stand in it whole."""

    contact: ContactId
    by: UserId
    purpose: str
    whole: bool = False


class Package:
    """An archive that is complete; its file goes once it has been read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size

    def __repr__(self) -> str:
        return f"<Package {self.size} bytes>"

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield its bytes, then remove it."""
        try:
            with self.path.open("rb") as file:
                while piece := await asyncio.to_thread(file.read, PIECE):
                    yield piece
        finally:
            self.path.unlink(missing_ok=True)


class Evidence:
    """Makes archives. `work`: where they lie until they are fetched."""

    def __init__(
        self,
        queries: Queries,
        files: RecordingFiles,
        audit: AuditTrail,
        vault: Vault,
        key: SigningKey,
        work: Path,
        clock: Clock,
    ) -> None:
        self._queries = queries
        self._files = files
        self._audit = audit
        self._vault = vault
        self._key = key
        self._work = work
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Evidence from {self._vault!r}>"

    async def make(
        self, contact: ContactId, *, by: UserId, purpose: str, whole: bool, shown: Callable[[Any], Any]
    ) -> Package:
        """Return an archive of a contact. Raises NotFound, Unavailable where a recording cannot be read whole."""
        self._work.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._work / f"{secrets.token_hex(8)}.zip"
        try:
            await self.write(path, Asked(contact=contact, by=by, purpose=purpose, whole=whole), shown)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Package(path)

    async def write(self, path: Path, asked: Asked, shown: Shown) -> None:
        """Write an archive. Raises as `make`."""
        found = await self._queries.contact(asked.contact)
        if found is None:
            raise NotFound(f"no contact {asked.contact}")
        files = await self._files.of(asked.contact)
        asked = msgspec.structs.replace(asked, **shown({"purpose": asked.purpose}))
        audit = [entry if asked.whole else _unchained(entry) async for entry in self._audited(asked.contact)]
        try:
            await asyncio.to_thread(self._write, path, asked, shown(found), shown(audit), files)
        except (Broken, FileNotFoundError) as error:
            raise Unavailable(f"a recording cannot be read whole: {error}") from error

    async def _audited(self, contact: ContactId) -> AsyncIterator[dict[str, Any]]:
        """Yield the audit's entries about a contact, newest first."""
        cursor = ""
        while True:
            page, cursor = await self._audit.entries(contact=contact, cursor=cursor, limit=500)
            for entry in page:
                yield entry
            if not cursor:
                return

    def _write(
        self,
        path: Path,
        asked: Asked,
        kept: dict[str, Any],
        audit: Sequence[Mapping[str, Any]],
        files: Mapping[str, RecordingFile],
    ) -> None:
        with path.open("xb") as out, zipfile.ZipFile(out, "w") as archive:
            writing = Writing(archive, self._clock())
            tapes = []
            for n, recording in enumerate(kept.get("recordings", ()), 1):
                tapes.append(self._tape(writing, n, recording, files.get(recording["recording"])))
            about = kept | {"recordings": tapes, "timeline": timeline(kept)}
            writing.add("contact.json", [msgspec.json.format(msgspec.json.encode(about), indent=2)])
            writing.add("audit.jsonl", (msgspec.json.encode(entry) + b"\n" for entry in reversed(audit)))
            writing.add("README.txt", [README.encode()])
            writing.add("verify.py", [Path(verify.__file__).read_bytes()])
            self._sign(writing, asked, tapes)

    def _tape(self, writing: Writing, n: int, recording: dict[str, Any], file: RecordingFile | None) -> dict[str, Any]:
        """Write a recording as it is kept, and return what is known of it. Raises Broken, FileNotFoundError."""
        if file is None:
            return recording | {"n": n, "state": "unknown"}
        known = recording | {
            name: value
            for name, value in msgspec.to_builtins(file).items()
            if name not in ("store", "key", "key_version", "error")
        }
        if file.state not in PLAYABLE:
            return known | {"n": n}
        member = f"recordings/{n:02}{SUFFIXES[file.codec]}"
        hashing = Hashing(file.hash)
        writing.add(member, hashing.over(self._vault.read(file, self._vault.key(file), 0, file.content_size)))
        if hashing.hex() != file.content_hash:
            raise Broken(f"{file.recording}: its {file.hash} differs")
        return known | {"n": n, "member": member}

    def _sign(self, writing: Writing, asked: Asked, tapes: Iterable[dict[str, Any]]) -> None:
        named = ("n", "recording", "state", "member", "hash", "content_hash", "source_hash", "gaps")
        manifest = {
            "format": FORMAT,
            "contact": asked.contact,
            "made_at": writing.at,
            "by": asked.by,
            "purpose": asked.purpose,
            "numbers": "whole" if asked.whole else "masked",
            "software": f"hotline {version('hotline')}",
            "public_key": self._key.public(),
            "recordings": [{name: tape[name] for name in named if name in tape} for tape in tapes],
            "members": writing.members,
        }
        raw = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        writing.add(verify.MANIFEST, [raw])
        writing.add(verify.SIGNATURE, [self._key.sign(raw).encode() + b"\n"])


class Writing:
    """Adds members to an archive and hashes them. Every member has the instant of the making."""

    def __init__(self, archive: zipfile.ZipFile, at: datetime) -> None:
        self.at = at
        self.members: list[dict[str, Any]] = []
        self._archive = archive

    def __repr__(self) -> str:
        return f"<Writing {len(self.members)} members>"

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """Add a member, piece by piece."""
        info = zipfile.ZipInfo(name, self.at.astimezone(UTC).timetuple()[:6])
        info.compress_type = zipfile.ZIP_STORED if name.startswith("recordings/") else zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self._archive.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                size += len(piece)
        self.members.append({"name": name, "size": size, "sha256": digest.hexdigest()})


def _unchained(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of the audit without its hashes: by them, who has a masked number could try all it may be."""
    return {name: value for name, value in entry.items() if name not in ("prev", "hash", "signature")}


def timeline(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the instants that stand in what is kept of a contact, in order: when, what, of which part."""
    return sorted(_instants("", kept), key=lambda one: (one["at"], one["what"]))


def _instants(where: str, kept: Any) -> Iterator[dict[str, Any]]:
    if isinstance(kept, list | tuple):
        for n, one in enumerate(kept, 1):
            yield from _instants(f"{where}[{n}]", one)
    elif isinstance(kept, Mapping):
        for name, value in kept.items():
            place = f"{where}.{name}" if where else str(name)
            if isinstance(value, datetime):
                yield {"at": value, "what": place}
            elif isinstance(value, str) and name in ("from", "to"):
                with contextlib.suppress(ValueError):
                    yield {"at": datetime.fromisoformat(value), "what": place}
            else:
                yield from _instants(place, value)
