"""Snapshots of the centre's state on disk: whole or not there at all."""

import hashlib
import os
import re
from pathlib import Path

import structlog

from messages.events import Position
from storage.segments import sync_directory

log = structlog.get_logger()

_NAME = re.compile(r"(\d{10})-(\d{15})\.snapshot")


class FileSnapshots:
    """The newest `keep` snapshots in a directory; each file is the SHA-256 of its data, a line feed, the data."""

    def __init__(self, directory: Path, keep: int = 3) -> None:
        self.directory = directory
        self._keep = keep

    def __repr__(self) -> str:
        return f"<FileSnapshots {self.directory}: {len(self._found())}>"

    def save_snapshot(self, position: Position, data: bytes) -> None:
        """Keep a snapshot and drop the oldest ones. Raises OSError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{position.epoch:010d}-{position.seq:015d}.snapshot"
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                file.write(hashlib.sha256(data).hexdigest().encode() + b"\n")
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        sync_directory(self.directory)
        for _, old in self._found()[self._keep :]:
            old.unlink(missing_ok=True)

    def load_snapshot(self) -> tuple[Position, bytes] | None:
        """Return the newest whole snapshot, None if there is none; damaged ones are passed over and logged."""
        for position, path in self._found():
            digest, _, data = path.read_bytes().partition(b"\n")
            if hashlib.sha256(data).hexdigest().encode() == digest:
                return position, data
            log.error("damaged snapshot passed over", snapshot=path.name)
        return None

    def _found(self) -> list[tuple[Position, Path]]:
        if not self.directory.is_dir():
            return []
        matches = ((_NAME.fullmatch(path.name), path) for path in self.directory.iterdir())
        found = [(Position(int(match[1]), int(match[2])), path) for match, path in matches if match]
        return sorted(found, reverse=True)
