"""What verifying the audit can find, and how that is told."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Fault(StrEnum):
    """What can be wrong with an entry."""

    CHANGED = "changed"
    """It is not what was written."""
    REWRITTEN = "rewritten"
    """It fits its hash, and is not what was signed: another entry, or a chain hashed anew from here on."""
    MISPLACED = "misplaced"
    """It does not follow the entry before it."""
    MISSING = "missing"
    CUT_OFF = "cut off"
    """It was signed, and the chain ends before it."""
    UNSIGNED = "unsigned"
    """It has no head: it was not written by this software, died with it in between, or heads were taken away."""
    OTHER_KEY = "other key"
    """A head for it is signed by none of our keys."""
    HEAD_CHANGED = "head changed"
    """A head for it is not what was signed."""
    SIGNED_TWICE = "signed twice"
    """A head that comes too late in its file: it was put there, or the chain was cut off and went on."""


SAYS = {
    Fault.CHANGED: "not what was written: a field, the hash, the hash before or the signature was changed",
    Fault.REWRITTEN: "fits its hash but not its signed head: another entry, or a chain hashed anew from here on",
    Fault.MISPLACED: "does not name the hash of the entry before it: inserted or moved",
    Fault.MISSING: "not there: deleted",
    Fault.CUT_OFF: "signed, but the chain ends before: its end was cut off",
    Fault.UNSIGNED: "no signed head: put there, or the heads were cut off; at the very end, perhaps a crash just now",
    Fault.OTHER_KEY: "a head is not signed by a key that is trusted",
    Fault.HEAD_CHANGED: "a head is not what was signed by its key",
    Fault.SIGNED_TWICE: "a head out of its order: put there, or the chain was cut off and went on",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Entries from `seq` to `to` that have the same fault."""

    seq: int
    to: int
    fault: Fault
    says: str


class Report(msgspec.Struct, kw_only=True):
    """What was found."""

    entries: int = 0
    first: int = 0
    last: int = 0
    findings: list[Finding] = []

    @property
    def well(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.findings

    def found(self, fault: Fault, seq: int, to: int | None = None) -> None:
        """Note a fault; one that goes on is one finding."""
        end = seq if to is None else to
        for at, one in enumerate(reversed(self.findings), 1):
            if one.fault is fault and one.to + 1 == seq:
                self.findings[-at] = msgspec.structs.replace(one, to=end)
                return
            if one.to + 1 < seq:
                break
        self.findings.append(Finding(seq=seq, to=end, fault=fault, says=SAYS[fault]))
