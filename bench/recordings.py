"""Recordings verified a second: `hotline verify --recordings` over 10,000 sealed Opus recordings on disk.

`python -m bench.recordings [--count N] [--seconds S] [--directory DIR]` prints JSON lines: sealing, verifying, and that
one byte flipped in one recording is found. All have the same sound, compressed once; each is sealed under a key of its
own. Rates are of wall time, with the CPU's beside them: what lies in the page cache reads faster than a disk.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import json
import random
import shutil
import tempfile
import time
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from messages.ids import ContactId, RecordingId
from recording.files import FileState, RecordingFile
from recording.settings import RecordingSettings
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings import codec
from storage.recordings.codec import Made
from storage.recordings.files import RecordingFiles
from storage.recordings.sealing import MasterKeys
from storage.recordings.store import ObjectStore
from storage.recordings.vault import Vault
from storage.recordings.verify import Report, verify

BEGAN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
RATE = 8000


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def talk(path: Path, seconds: float) -> None:
    """Write a stereo WAV of noise, as loud as speech: it compresses no better than that."""
    chance = random.Random(7)
    samples = array.array("h", (chance.randint(-3000, 3000) for _ in range(int(seconds * RATE) * 2)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def seal_all(vault: Vault, source: Path, count: int) -> list[RecordingFile]:
    """Seal so many recordings, compressed once."""
    ready = source.with_suffix(".ready")
    made = codec.transcode(source, ready, codec.OPUS)

    def copied(source: Path, target: Path, codec: str) -> Made:
        shutil.copyfile(ready, target)
        return made

    transcode, codec.transcode = codec.transcode, copied
    try:
        return [_seal(vault, source, n) for n in range(count)]
    finally:
        codec.transcode = transcode


def _seal(vault: Vault, source: Path, n: int) -> RecordingFile:
    name = f"hl1-{n}.0"
    file = RecordingFile(
        recording=RecordingId(f"{name}-1"), contact=ContactId(name), ended_at=BEGAN + timedelta(seconds=20 * n)
    )
    return msgspec.structs.replace(vault.seal(file, source, now), state=FileState.KEPT)


async def work(directory: Path, count: int, seconds: float) -> None:
    """Seal, verify, flip a byte, verify."""
    settings = RecordingSettings(low_water_mb=0)
    store = ObjectStore((directory / "store").as_uri(), {})
    vault = Vault(settings, store, MasterKeys(directory / "keys"), directory / "work")
    talk(directory / "talk.wav", seconds)
    began, cpu = time.perf_counter(), time.process_time()
    sealed = seal_all(vault, directory / "talk.wav", count)
    say("sealed, compressed once", count, sum(file.object_size for file in sealed), began, cpu)
    async with Database(f"sqlite:///{directory / 'hotline.db'}") as database:
        await upgrade(database)
        files = RecordingFiles(database)
        for at in range(0, count, 1000):
            await files.take(sealed[at : at + 1000])
        began, cpu = time.perf_counter(), time.process_time()
        report = await _verified(files, vault, directory)
        say("verified", report.checked, report.bytes, began, cpu)
        assert report.well
        assert report.checked == count
        chosen = random.Random().choice(sealed)
        place = directory / "store" / chosen.key
        content = bytearray(place.read_bytes())
        content[random.Random().randrange(len(content))] ^= 1
        place.write_bytes(content)
        report = await _verified(files, vault, directory)
        assert [line.split(":")[0] for line in report.broken] == [chosen.recording]
        print(json.dumps({"what": "one byte flipped in one of them", "found": report.broken}))


async def _verified(files: RecordingFiles, vault: Vault, directory: Path) -> Report:
    return await verify(files, vault, directory / "host", now, lambda done, total: None)


def say(what: str, count: int, size: int, began: float, cpu: float) -> None:
    """Print a rate."""
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    figures = {
        "what": what,
        "recordings": count,
        "MB": round(size / 1e6, 1),
        "seconds": round(wall, 2),
        "a_second": round(count / wall),
        "MB_a_second": round(size / 1e6 / wall),
        "a_cpu_second": round(count / used),
    }
    print(json.dumps(figures))


def main() -> None:
    """Run it in a directory that is gone afterwards."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each plays")
    parser.add_argument("--directory", type=Path, help="where; on the disk that is to be measured")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.directory) as directory:
        asyncio.run(work(Path(directory), asked.count, asked.seconds))


if __name__ == "__main__":
    main()
