"""Files that rows are exported to: complete, or not there at all."""

import csv
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from messages.errors import Invalid, Unavailable


class Sink:
    """A file in the making, with named columns. Leaving the block before `complete` takes it away again.

    Raises Invalid for an unknown form, Unavailable where the file cannot be written.
    """

    def __init__(self, output: Path, form: str, columns: list[str]) -> None:
        if form not in _FORMS:
            raise Invalid(f"format: one of {', '.join(_FORMS)}")
        self.output = output
        self._columns = columns
        self._encode = _FORMS[form]
        self._part = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
        self._header = csv_lines([columns]) if form == "csv" else b""

    def __repr__(self) -> str:
        return f"<Sink {self.output}>"

    def __enter__(self) -> Self:
        try:
            self._file = self._part.open("xb")
            self._file.write(self._header)
        except OSError as error:
            raise self._failed(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A full disk is met again on closing; what there was to say of it has been said.
        try:
            self._file.close()
        except OSError:
            if error is None:
                raise
        finally:
            self._part.unlink(missing_ok=True)

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows. Raises Unavailable."""
        data = self._encode(rows, self._columns)
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error

    def complete(self) -> None:
        """Let the file appear under its name. Raises Unavailable."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._part.replace(self.output)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> Unavailable:
        return Unavailable(f"cannot write {self.output}: {error.strerror or error}")


def plain(value: Any) -> Any:
    """Return a value as JSON has it; instants are RFC 3339, UTC, always with microseconds."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat("T", "microseconds") + "Z"
    return value


def cell(value: Any) -> Any:
    """Return a value as a CSV cell has it. Text that a spreadsheet would take for a formula gets a leading quote."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return plain(value)


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows of cells as CSV (RFC 4180, but for the line feed alone)."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _csv(rows: Iterable[Mapping[str, Any]], columns: list[str]) -> bytes:
    return csv_lines([cell(row[column]) for column in columns] for row in rows)


def _jsonl(rows: Iterable[Mapping[str, Any]], columns: list[str]) -> bytes:
    lines = [msgspec.json.encode({column: plain(row[column]) for column in columns}) for row in rows]
    return b"".join(line + b"\n" for line in lines)


_FORMS: dict[str, Callable[[Iterable[Mapping[str, Any]], list[str]], bytes]] = {"csv": _csv, "jsonl": _jsonl}
