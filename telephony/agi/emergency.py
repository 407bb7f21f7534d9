#!/usr/bin/env python3
"""The emergency: neither our server nor any agent is there. Say so, take a message, spool the missed call.

Asterisk itself runs this with its own Python; only the standard library and pyst2's `asterisk.agi` (with six) stand
beside it. In the dialplan, `same => n,Set(AGISIGHUP=no)` (a hang-up must not end Python before it has started), then
`AGI(…/emergency.py,spool=DIR,prompt=SOUND,max=SECONDS,silence=SECONDS)`.

pyst2 0.5.1 quotes no file names, breaks on HANGUP and stray lines, loops for ever on a closed stream and tells stderr
of the caller: each is guarded here. Whatever happens, the missed call is spooled.
"""

import contextlib
import datetime
import importlib
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any, TextIO

SPOOL = "/var/spool/hotline/missed"
STOCK_PROMPT = "vm-nobodyavail"
MAX_LINE = 8192
MAX_VALUE = 256
WAV_HEADER = 44
DEAD_CHANNEL = 511


class Lines:
    """Asterisk's lines for pyst2: only those it can bear, and an error where the stream ends.

    A caller's id may hold line feeds (SIP's %0A): no second value of a name is let through, and the environment ends
    behind its last argument only, which Asterisk writes last.
    """

    def __init__(self, stream: TextIO, arguments: int) -> None:
        self.stream = stream
        self.begun = False
        self._last = f"agi_arg_{arguments}" if arguments else ""
        self._names: set[str] = set()

    def readline(self) -> str:
        """Return the next line, with its end. Raises EOFError, ValueError where answers cannot be told apart."""
        while line := self._whole_line():
            name = line.partition(":")[0]
            if self.begun and name.startswith("agi_"):
                # We would be one answer ahead, and Asterisk's next poll would miss a command it has read already.
                raise ValueError("an environment line after the environment")
            if self.begun and re.match(r"\d{3}[ -]", line, re.ASCII):
                return line
            if not self.begun and not line.strip() and (not self._last or self._last in self._names):
                self.begun = True
                return "\n"
            if not self.begun and name.startswith("agi_") and name not in self._names:
                self._names.add(name)
                return line
        if not self.begun:
            self.begun = True
            return "\n"  # what was said of the channel so far is kept
        raise EOFError("Asterisk closed the stream")

    def _whole_line(self) -> str:
        """Return a line, the rest of one too long left out."""
        line = rest = self.stream.readline(MAX_LINE)
        while rest and not rest.endswith("\n"):
            rest = self.stream.readline(MAX_LINE)
        return line


class Nowhere:
    """Takes what pyst2 would tell stderr of the caller."""

    def write(self, text: str) -> None:
        """Keep nothing."""


class Missed:
    """The call, as much of it as Asterisk has told; instants are UTC."""

    def __init__(self) -> None:
        self.began = datetime.datetime.now(datetime.UTC)
        self.environment: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.recording: str | None = None
        self.reason = "no_message"

    def __repr__(self) -> str:
        return f"<Missed {self.contact}: {self.reason}>"

    @property
    def contact(self) -> str:
        """Return the contact's id, the channel's where the dialplan minted none, or nothing."""
        return self.variables.get("HOTLINE_CONTACT") or self.environment.get("agi_uniqueid", "")

    @property
    def file_name(self) -> str:
        """Return a name for the call's files: a caller may come here twice."""
        contact = re.sub(r"[^A-Za-z0-9-]", "_", self.contact)[:128] or "unknown"
        return f"{contact}-{self.began:%Y%m%dT%H%M%S%f}"

    def as_json(self) -> str:
        """Return what is spooled."""
        number = self.environment.get("agi_callerid", "")
        did = self.variables.get("HOTLINE_DID") or self.environment.get("agi_extension", "")
        return json.dumps(
            {
                "contact": self.contact[:MAX_VALUE],
                "number": "" if number == "unknown" else number[:MAX_VALUE],
                "did": did[:MAX_VALUE],
                "arrived": instant(self.variables.get("HOTLINE_ARRIVED", "")),
                "taken": self.began.isoformat(),
                "ended": datetime.datetime.now(datetime.UTC).isoformat(),
                "recording": self.recording,
                "reason": self.reason,
            }
        )


def run(missed: Missed, wanted: dict[str, str], stdin: TextIO, stdout: TextIO) -> None:
    """Announce that nobody can take the call, and record a message. Raises what pyst2 and the streams raise."""
    pyst: Any = importlib.import_module("asterisk.agi")  # only here: the call is spooled even where it is missing
    agi = pyst.AGI(Lines(stdin, len(sys.argv) - 1), stdout, Nowhere())
    missed.environment = agi.env
    missed.variables = {name: agi.get_variable(name) for name in ("HOTLINE_CONTACT", "HOTLINE_DID", "HOTLINE_ARRIVED")}
    with contextlib.suppress(pyst.AGIAppError):
        agi.answer()
    with contextlib.suppress(pyst.AGIAppError):  # a sound that is missing must not cost the caller the message
        announce(agi, pyst.AGIAppError, wanted.get("prompt", STOCK_PROMPT))
    record(agi, missed, wanted)


def announce(agi: Any, failure: type[Exception], prompt: str) -> None:
    """Play the announcement, or Asterisk's own where ours is not to be had."""
    try:
        agi.stream_file(quoted(prompt))
    except failure:
        agi.stream_file(quoted(STOCK_PROMPT))


def record(agi: Any, missed: Missed, wanted: dict[str, str]) -> None:
    """Record a message until `#`, silence or the longest time; what there is of it is kept at a hang-up, too."""
    directory = Path(wanted.get("spool", SPOOL))
    directory.mkdir(parents=True, exist_ok=True)
    base = directory / missed.file_name
    longest, silence = seconds(wanted.get("max"), 120), seconds(wanted.get("silence"), 8)
    name = quoted(str(base))[1:-1]  # pyst2 adds the quotes, and only them
    try:
        agi.record_file(name, "wav", "#", longest * 1000, 0, "beep", silence)
    finally:
        file = base.with_name(base.name + ".wav")
        if file.exists() and file.stat().st_size > WAV_HEADER:
            missed.recording = str(file)
            missed.reason = "message_left"


def spool(directory: Path, missed: Missed) -> None:
    """Write the missed call, whole or not at all. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / f".{missed.file_name}.new"
    with temporary.open("w", encoding="ascii") as file:
        file.write(missed.as_json())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / f"{missed.file_name}.json")
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # the name, too, outlives a power cut
    finally:
        os.close(descriptor)


def why(error: Exception) -> str:
    """Return the reason an error stands for: pyst2 has many words for a caller who left."""
    gone = isinstance(error, (EOFError, ConnectionError)) or error.args[:1] == (DEAD_CHANNEL,)
    said = any("Hangup" in kind.__name__ for kind in type(error).__mro__)
    return "hung_up" if gone or said else f"failed:{type(error).__name__}"


def options(arguments: list[str]) -> dict[str, str]:
    """Return the script's arguments, name=value each."""
    return dict(argument.split("=", 1) for argument in arguments if "=" in argument)


def seconds(text: str | None, otherwise: int) -> int:
    """Return whole seconds of an argument, from 1 to an hour."""
    return min(max(int(text), 1), 3600) if text and text.isdecimal() else otherwise


def quoted(word: str) -> str:
    """Quote a word as res_agi.c's parse_args undoes it; a line's end would start another command."""
    word = re.sub(r"[\r\n\0]", "", word)
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def instant(text: str) -> str | None:
    """Return the instant of `seconds.µs` since 1970 UTC in ISO form, None if the text is none."""
    try:
        return datetime.datetime.fromtimestamp(float(text), datetime.UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def main() -> int:
    """Run the session and spool what came of it; return the exit status."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Asterisk's word for a hang-up would end us unspooled
    wanted, missed = options(sys.argv[1:]), Missed()
    try:
        # Names in any encoding come in, and are written as ASCII.
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
        run(missed, wanted, sys.stdin, sys.stdout)
    except Exception as error:
        if missed.recording is None:
            missed.reason = why(error)
    try:
        spool(Path(wanted.get("spool", SPOOL)), missed)
    except OSError as error:
        print(f"emergency: missed call not spooled: {type(error).__name__}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.close()  # a closed pipe would be complained of at exit
    return 0


if __name__ == "__main__":
    sys.exit(main())
