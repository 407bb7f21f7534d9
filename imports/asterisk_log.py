"""What Asterisk wrote down of each call: its CEL and CDR files, gathered by linkedid. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct, field

CEL = (
    *("eventtype", "eventtime", "name", "num", "ani", "rdnis", "dnid", "exten", "context", "channame", "appname"),
    *("appdata", "amaflags", "accountcode", "uniqueid", "linkedid", "peer", "userfield", "userdeftype", "eventextra"),
)
"""Columns of the CEL file, as telephony.asterisk renders its mapping."""
CDR = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start"),
    *("answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "peeraccount"),
    *("linkedid", "sequence"),
)
"""Columns of cdr_csv with `newcdrcolumns` (cdr_csv.c)."""

_PHONE = re.compile(r"PJSIP/(\d+)(?:-web)?-[0-9a-f]{8}")


class AsteriskCall(Struct, kw_only=True):
    """A citizen's call as Asterisk recorded it; phones by number, in order."""

    linkedid: str
    number: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    rung: list[str] = field(default_factory=list)
    bridged_at: datetime | None = None
    """When the first phone came into a bridge."""
    bridged: list[str] = field(default_factory=list)
    fallback: bool = False
    cdr_rows: int = 0
    cdr_answered: list[str] = field(default_factory=list)


def read(cel: Iterable[str], cdr: Iterable[str]) -> dict[str, AsteriskCall]:
    """Return the calls that came in over a trunk, by linkedid; rows that are cut short are left out."""
    calls: dict[str, AsteriskCall] = {}
    for values in csv.reader(cel):
        if len(values) == len(CEL):
            _event(calls, dict(zip(CEL, values, strict=True)))
    for values in csv.reader(cdr):
        if len(values) == len(CDR):
            _record(calls, dict(zip(CDR, values, strict=True)))
    return calls


def _event(calls: dict[str, AsteriskCall], row: dict[str, str]) -> None:
    kind, linkedid = row["eventtype"], row["linkedid"]
    if kind == "CHAN_START" and row["context"] == "inbound":
        calls[linkedid] = AsteriskCall(linkedid=linkedid, number=row["num"], started_at=_instant(row["eventtime"]))
        return
    call = calls.get(linkedid)
    if call is None:
        return
    phone = _PHONE.fullmatch(row["channame"])
    if kind == "CHAN_START" and phone:
        call.rung.append(phone[1])
    elif kind == "BRIDGE_ENTER" and phone and phone[1] not in call.bridged:
        call.bridged.append(phone[1])
        call.bridged_at = call.bridged_at or _instant(row["eventtime"])
    elif kind == "APP_START" and row["appname"] == "Queue":
        call.fallback = True
    elif kind == "CHAN_END" and row["uniqueid"] == linkedid:
        call.ended_at = _instant(row["eventtime"])


def _record(calls: dict[str, AsteriskCall], row: dict[str, str]) -> None:
    call = calls.get(row["linkedid"])
    if call is None:
        return
    call.cdr_rows += 1
    phone = _PHONE.fullmatch(row["dstchannel"])
    if phone and row["disposition"] == "ANSWERED":
        call.cdr_answered.append(phone[1])


def _instant(epoch_seconds: str) -> datetime:
    return datetime.fromtimestamp(float(epoch_seconds), UTC)
