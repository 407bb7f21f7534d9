"""A talk on the real Asterisk, recorded, moved to the store as Opus, and heard again: each party on its side."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import soundfile

from app.recordings import vault_of
from app.settings import Settings
from messages import events
from recording.files import FileState
from recording.recording import recording_of
from storage.cursors import Cursors
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings.files import RecordingFiles
from storage.recordings.keeper import Keeper
from storage.recordings.playback import Playback
from storage.recordings.verify import verify
from telephony.recorder import FileRecorder
from tests.integration.hall import now
from tests.integration.tones import Heard, sides
from tests.integration.town import CITIZEN, PITCHES, Town
from tests.storage.trails import trail_in

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ALL = (PITCHES[CITIZEN], PITCHES["1001"], PITCHES["1002"])


async def test_a_talk_is_heard_again_from_the_store(town: Town, tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path / "data"), asterisk=town.settings, center=town.center.state.settings)
    async with Database(f"sqlite:///{tmp_path / 'hotline.db'}") as database:
        await upgrade(database)
        files, vault = RecordingFiles(database), vault_of(settings)
        host = FileRecorder(town.settings.recordings)
        keeper = Keeper(town.log, files, Cursors(database), vault, trail_in(database, tmp_path), host.path, now)
        keeping = asyncio.create_task(keeper.run())
        try:
            _, leg = await town.talk()
            await asyncio.sleep(2.0)
            town.caller.hang_up()
            await town.until(events.RecordingStopped, leg=leg)
            async with asyncio.timeout(20):
                while (file := await files.get(recording_of(leg))) is None or file.state is not FileState.KEPT:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            report = await verify(files, vault, town.settings.recordings, now, lambda done, total: None)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        assert not host.path(file.recording).exists()
        assert report.checked >= 1
        assert not (report.missing or report.broken or report.orphans)
        sound = await Playback(vault, files).open(file.recording)
        played = b"".join([piece async for piece in sound.pieces(0, sound.size)])
    assert sound.content_type.startswith("audio/ogg")
    (tmp_path / "played.ogg").write_bytes(played)
    soundfile.write(tmp_path / "played.wav", *soundfile.read(tmp_path / "played.ogg", dtype="int16"), subtype="PCM_16")
    left, right = (Heard(side, ALL) for side in sides(tmp_path / "played.wav"))
    assert abs(left.seconds - file.duration_s) < 0.1
    assert left.share(PITCHES[CITIZEN]) > 0.8
    assert right.share(PITCHES["1001"]) > 0.8
    assert left.share(PITCHES["1001"]) == right.share(PITCHES[CITIZEN]) == 0
