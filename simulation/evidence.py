"""What a simulation leaves behind, so that others can recount it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from simulation.options import SimulationResult
from telephony.asterisk.settings import AsteriskSettings

README = """\
What `hotline simulate` left here. Every instant is of the same clock, UTC.

sipp/citizens.messages.log   every SIP frame the citizens sent and received, each with its instant
sipp/phones.messages.log     the same of the agents' phones (registrations and OPTIONS too)
sipp/*.statistics.csv        SIPp's own counts, a line a second (sipp -h stat)
sipp/*.xml, sipp/*.csv       the scenarios and injection files as they were run
sipp/*.errors.log            what SIPp found worth a remark; a time-out here is how a talk ends
pops.jsonl                   every screen pop: `at` the centre decided, `received_at` the agent's client had it
contacts.jsonl               our contacts as GET /api/v1/contacts gave them
asterisk/                    cel.csv (columns: imports/asterisk_log.py), Master.csv (CDR), queue_log, messages
hotline.log                  what the hotline's process wrote
journal/                     its journal
result.json                  the counts and the differences

To recount by hand: a citizen's number in citizens.messages.log is the number of one CHAN_START in context inbound of
cel.csv, whose linkedid is the contact in contacts.jsonl and pops.jsonl, and the From of the INVITE in
phones.messages.log. The k-th pop of a contact for an agent belongs to the k-th such INVITE at the agent's phone.
"""


class EvidenceDirectory:
    """The directory that keeps it all."""

    def __init__(self, path: Path) -> None:
        path = path.absolute()
        self.path = path
        self.sipp = path / "sipp"
        self.hotline_log = path / "hotline.log"
        for earlier in (
            self.sipp,
            path / "asterisk",
            path / "journal",
        ):  # an earlier run's frames would be read as this one's
            shutil.rmtree(earlier, ignore_errors=True)
        self.sipp.mkdir(parents=True)
        (path / "README.txt").write_text(README)

    def __repr__(self) -> str:
        return f"<EvidenceDirectory {self.path}>"

    def keep_lines(self, name: str, rows: Iterable[object]) -> None:
        """Write rows as JSON, one a line."""
        with (self.path / name).open("wb") as file:
            file.writelines(msgspec.json.encode(row) + b"\n" for row in rows)

    def keep_asterisk(self, settings: AsteriskSettings) -> None:
        """Copy what Asterisk wrote."""
        directory = self.path / "asterisk"
        directory.mkdir(exist_ok=True)
        log = settings.instance / "log"
        for path in (settings.cel_file, settings.cdr_file, settings.queue_log_file, log / "messages"):
            if path.exists():
                shutil.copyfile(path, directory / path.name)

    def keep_journal(self, journal: Path) -> None:
        """Copy our journal."""
        if journal.is_dir():
            shutil.copytree(journal, self.path / "journal", dirs_exist_ok=True)

    def keep_result(self, result: SimulationResult) -> None:
        """Write the counts and the differences."""
        (self.path / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(result)))
