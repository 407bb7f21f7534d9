"""Reads the flows that the settings name, and says what is wrong with a flow's file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from calendars.hours import is_open
from calendars.settings import ALWAYS
from center.settings import CenterSettings
from ivr.checking import Known, check
from ivr.flow import REVISIT
from ivr.reading import FlowWrong, Source, read
from ivr.steps import Flow
from ivr.texts import TEXTS
from messages.errors import SettingsError

if TYPE_CHECKING:
    from app.settings import Settings


def known(settings: Settings) -> Known:
    """Return what a flow of these settings may name."""
    own = Path(settings.asterisk.prompts_dir)
    recorded = {file.stem for file in own.glob("*.wav")} if settings.asterisk.prompts_dir else set()
    return Known(
        queues={queue.id for queue in settings.center.queues},
        prompts={*TEXTS, *recorded},
        calendars={ALWAYS, *(calendar.id for calendar in settings.center.calendars)},
    )


def open_at(settings: CenterSettings, calendar: str, at: datetime) -> bool:
    """Tell whether a calendar of the settings is open at an instant; one that is not there is."""
    found = next((one for one in settings.calendars if one.id == calendar), None)
    return found is None or is_open(found, at)


def look_at(path: Path, may_name: Known) -> tuple[Source | None, list[str]]:
    """Return a file's flow, None where it is none, and what is wrong: `file:line: what; mend` each."""
    try:
        source = read(path.read_text(encoding="utf-8"))
    except FlowWrong as error:
        return None, [f"{path}:{one.line}: {one.says}" for one in error.findings]
    except OSError as error:
        return None, [f"{path}:1: {error.strerror}; correct the path"]
    except UnicodeDecodeError:
        return None, [f"{path}:1: not UTF-8: save the file as UTF-8"]
    return source, [f"{path}:{one.line}: {one.says}" for one in check(source, may_name)]


def read_flow(path: Path, may_name: Known) -> Flow:
    """Return a file's flow. Raises SettingsError, a line for each thing that is wrong."""
    source, wrong = look_at(path, may_name)
    if source is None or wrong:
        raise SettingsError("\n".join(wrong))
    return source.flow


def flows_of(settings: Settings) -> dict[str, Flow]:
    """Return the flow of each DID that has a file, and that of revisits by keypad. Raises SettingsError."""
    may_name, files = known(settings), dict(settings.flow.files)
    if settings.flow.revisit:
        files[REVISIT] = settings.flow.revisit
    return {did: read_flow(Path(file), may_name) for did, file in files.items()}


def texts_of(flows: dict[str, Flow]) -> dict[str, dict[str, str]]:
    """Return the texts to be spoken: everybody's and the flows' own. Raises SettingsError where two flows differ."""
    texts: dict[str, dict[str, str]] = {name: {**said} for name, said in TEXTS.items()}  # type: ignore[dict-item]
    whose: dict[tuple[str, str], str] = {}
    for did, flow in flows.items():
        for name, said in flow.prompts.items():
            for language, text in said.items():
                other = whose.setdefault((name, language), text)
                if other != text:
                    raise SettingsError(
                        f"the flow of {did or 'every other number'} says another {name} ({language}) than a flow "
                        "before it: name the prompts differently"
                    )
                texts.setdefault(name, {})[language] = text
    return texts
