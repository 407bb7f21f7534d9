"""Objects by name in a place that fsspec knows: a disk, or S3-compatible storage. All of it blocks."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import fsspec

from messages.errors import HotlineError, SettingsError
from storage.recordings.sealing import sync_directory

PART = ".part"


class ObjectStore:
    """Objects below one URL. An object appears whole or not at all, and is on the disk once `write` returns.

    Every method raises OSError where the place is away. Raises SettingsError for a URL that leads nowhere.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(url, **dict(options or {}))
        except ImportError as error:
            raise SettingsError(f"[recordings] store: {error}; for S3 install hotline[s3]") from error
        except ValueError as error:
            raise SettingsError(f"[recordings] store: {error}") from error
        self._root = self._root.rstrip("/")
        self.url = url
        self.on_disk = "file" in (self._files.protocol if isinstance(self._files.protocol, tuple) else ())

    def __repr__(self) -> str:
        return f"<ObjectStore {self.url}>"

    def write(self, key: str, pieces: Iterable[bytes]) -> None:
        """Write an object in place of what may be there."""
        with _as_os_error():
            if self.on_disk:
                self._write_on_disk(Path(self._at(key)), pieces)
            else:
                with self._files.open(self._at(key), "wb") as file:
                    for piece in pieces:
                        file.write(piece)

    def pieces(self, key: str, size: int = 1 << 20) -> Iterator[bytes]:
        """Yield an object from its beginning to its end. Raises FileNotFoundError."""
        with _as_os_error(), self._files.open(self._at(key), "rb") as file:
            while piece := file.read(size):
                yield piece

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Return the bytes [start, stop) of an object, fewer at its end. Raises FileNotFoundError."""
        with _as_os_error():
            found: bytes = self._files.cat_file(self._at(key), start=start, end=stop)
            return found

    def has(self, key: str) -> bool:
        """Tell whether an object is there."""
        with _as_os_error():
            self._files.invalidate_cache()
            return bool(self._files.exists(self._at(key)))

    def remove(self, key: str) -> None:
        """Take an object away, if it is there."""
        with _as_os_error(), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._at(key))

    def shred(self, key: str) -> None:
        """Take a small object away, if it is there, and on a disk write over it first."""
        place = Path(self._at(key))
        if self.on_disk and place.exists():
            with place.open("r+b") as file:
                file.write(os.urandom(place.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
        self.remove(key)

    def names(self) -> Iterator[str]:
        """Yield the names of all objects."""
        with _as_os_error():
            self._files.invalidate_cache()
            if not self._files.exists(self._root):
                return
            for directory, _, files in self._files.walk(self._root):
                below = directory[len(self._root) :].strip("/")
                for name in sorted(files):
                    yield f"{below}/{name}" if below else name

    def free(self) -> int | None:
        """Return how many bytes are free, None where nobody knows."""
        return free_bytes(Path(self._root)) if self.on_disk else None

    def _at(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _write_on_disk(self, path: Path, pieces: Iterable[bytes]) -> None:
        made = [directory for directory in (path, *path.parents) if not directory.exists()][1:]
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{path.name}{PART}")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        for directory in (path.parent, *(one.parent for one in made)):
            sync_directory(directory)


def free_bytes(place: Path) -> int:
    """Return how many bytes are free where a directory is, or will be made."""
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


@contextlib.contextmanager
def _as_os_error() -> Iterator[Any]:
    """Say what a store's own library raises as OSError; each has errors of its own."""
    try:
        yield
    except (OSError, HotlineError):
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
