#!/usr/bin/env python3
"""The emergency: neither our server nor any agent is there. Say so, take a message, spool the missed call.

Asterisk itself runs this, AGI(…/emergency.py,spool=DIR,prompt=FILE,max=SECONDS), with its own Python: only the standard
library and pyst2's `asterisk.agi` (with six) stand beside it. pyst2 0.5.1 writes caller data to stderr, breaks on
HANGUP lines and loops for ever on a closed stream: each is guarded here.
"""

import datetime
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

MAX_VALUE = 256
SILENCE_S = 8


class Lines:
    """Asterisk's lines for pyst2: HANGUP is remembered and left out, the end of the stream is an error."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.hung_up = False
        self.started = False

    def readline(self) -> str:
        """Return the next line that pyst2 can bear. Raises EOFError."""
        while True:
            line = self.stream.readline(8192)
            if not line:
                if self.started:
                    raise EOFError("Asterisk closed the stream")
                return "\n"
            if line.strip() == "HANGUP":
                self.hung_up = True
                continue
            self.started = self.started or not line.strip()
            return line


class Nowhere:
    """Takes what pyst2 would tell stderr of the caller."""

    def write(self, text: str) -> None:
        """Keep nothing."""


def options(arguments: list[str]) -> dict[str, str]:
    """Return the script's arguments, name=value each."""
    return dict(argument.split("=", 1) for argument in arguments if "=" in argument)


def record(agi: Any, lines: Lines, prompt: str, base: Path, seconds: int) -> tuple[str | None, str]:
    """Play the announcement and record a message; return the recording's path or None, and how far it came."""
    step = "announcing"
    try:
        agi.answer()
        try:
            agi.stream_file(quoted(prompt))
        except (ValueError, RuntimeError) as error:
            step = f"announcing: {type(error).__name__}"
        step = "recording"
        agi.record_file(str(base), "wav", "#", seconds * 1000, 0, "beep", SILENCE_S)
        step = "recorded"
    except (EOFError, OSError):
        step += ", hung up"
    except Exception as error:  # pyst2's tree is not an Exception subclass tree worth telling apart
        step += ", hung up" if lines.hung_up else f", {type(error).__name__}"
    file = Path(f"{base}.wav")
    return (str(file) if file.exists() and file.stat().st_size > 44 else None), step


def quoted(word: str) -> str:
    """Quote a file name as res_agi.c undoes it; pyst2 does not."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def spool(directory: Path, name: str, missed: dict[str, str | None]) -> None:
    """Write one missed call, whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / f".{name}.new"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(missed, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / f"{name}.json")


def safe(text: str) -> str:
    """Return a contact's id as a file name."""
    return "".join(c if c.isalnum() or c in "-." else "_" for c in text)[:128] or "unknown"


def main() -> None:
    """Run the session, and spool whatever happens."""
    wanted = options(sys.argv[1:])
    directory = Path(wanted.get("spool", "/var/spool/hotline/missed"))
    lines = Lines(sys.stdin)
    environment: dict[str, str] = {}
    variables: dict[str, str] = {}
    began = datetime.datetime.now(datetime.UTC)
    recording: str | None = None
    step = "no session"
    try:
        from asterisk.agi import AGI

        agi = AGI(lines, sys.stdout, Nowhere())
        environment = agi.env
        for name in ("HOTLINE_CONTACT", "HOTLINE_ARRIVED", "HOTLINE_DID"):
            variables[name] = agi.get_variable(name)
        contact = variables["HOTLINE_CONTACT"] or environment.get("agi_uniqueid", "")
        directory.mkdir(parents=True, exist_ok=True)
        seconds = min(max(int(wanted.get("max", "120")), 1), 3600)
        recording, step = record(agi, lines, wanted.get("prompt", "vm-nobodyavail"), directory / safe(contact), seconds)
    except Exception as error:
        step += f", {type(error).__name__}"
    contact = variables.get("HOTLINE_CONTACT") or environment.get("agi_uniqueid", "")
    missed = {
        "contact": contact[:MAX_VALUE],
        "number": environment.get("agi_callerid", "")[:MAX_VALUE],
        "did": (variables.get("HOTLINE_DID") or environment.get("agi_extension", ""))[:MAX_VALUE],
        "arrived": variables.get("HOTLINE_ARRIVED", "")[:MAX_VALUE],
        "taken": began.isoformat(),
        "ended": datetime.datetime.now(datetime.UTC).isoformat(),
        "recording": recording,
        "reason": step,
    }
    spool(directory, safe(contact or began.strftime("%Y%m%d%H%M%S%f")), missed)


if __name__ == "__main__":
    main()
