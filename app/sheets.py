"""A report as a table on the terminal, JSON, CSV or a workbook; written whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import enum
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import xlsxwriter
from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]
SHARES = ("_rate", "_level", "occupancy", "utilisation", "_satisfaction")
"""Endings of the names of shares."""


class Format(enum.StrEnum):
    """How a report is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


class Sheet(msgspec.Struct, frozen=True):
    """Rows and what their columns mean. `zone`: of the times in all forms but JSON, which has UTC."""

    definitions: Mapping[str, str]
    rows: Sequence[Row]
    zone: tzinfo

    @property
    def columns(self) -> list[str]:
        """Return the columns in order."""
        return list(dict.fromkeys(name for row in self.rows for name in row))


def as_json(sheet: Sheet) -> bytes:
    """Return one JSON object."""
    rows = [{name: _utc(value) for name, value in row.items()} for row in sheet.rows]
    return msgspec.json.format(msgspec.json.encode({"definitions": sheet.definitions, "rows": rows})) + b"\n"


def as_csv(sheet: Sheet) -> bytes:
    """Return CSV, the definitions first in lines that begin with #."""
    text = io.StringIO()
    for name, meaning in sheet.definitions.items():
        text.write(f"# {name}: {meaning}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sheet.columns)
    for row in sheet.rows:
        writer.writerow([_local(row.get(name), sheet.zone) for name in sheet.columns])
    return text.getvalue().encode()


def as_table(sheet: Sheet) -> bytes:
    """Return a table for people: columns of which nothing is known are left out; definitions follow."""
    told = [name for name in sheet.columns if any(row.get(name) is not None for row in sheet.rows)]
    table = Table(*told, box=None)
    for row in sheet.rows:
        table.add_row(*(shown(name, row.get(name), sheet.zone) for name in told))
    out = io.StringIO()
    # A pipe has no width: nothing is to be cut there; nor are names of columns to be, on a terminal.
    console = Console(file=out, width=len(told) * 28 + 20, markup=False, emoji=False, highlight=False)
    console.print(table)
    general = [name for name in sheet.definitions if name not in sheet.columns]
    for name in [*general, *(name for name in told if name in sheet.definitions)]:
        out.write(f"{name}: {sheet.definitions[name]}\n")
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines()).encode()


def as_xlsx(sheet: Sheet) -> bytes:
    """Return a workbook: the figures, typed and under a frozen header, and the definitions."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        # The same figures give the same bytes.
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - a workbook's own time has no zone
        bold, share = book.add_format({"bold": True}), book.add_format({"num_format": "0.00%"})
        figures = book.add_worksheet("figures")
        figures.freeze_panes(1, 0)
        for column, name in enumerate(sheet.columns):
            figures.write_string(0, column, name, bold)
            figures.set_column(column, column, 20 if name in ("from", "to") else max(10, len(name) + 2))
            for line, row in enumerate(sheet.rows, start=1):
                value = row.get(name)
                if isinstance(value, datetime):
                    figures.write_datetime(line, column, value.astimezone(sheet.zone).replace(tzinfo=None))
                elif isinstance(value, int | float):
                    figures.write_number(line, column, value, share if is_share(name) else None)
                elif value is not None:
                    figures.write_string(line, column, str(value))
        meaning = book.add_worksheet("definitions")
        meaning.set_column(0, 0, 30)
        meaning.set_column(1, 1, 120)
        for line, (name, text) in enumerate(sheet.definitions.items()):
            meaning.write_string(line, 0, name, bold)
            meaning.write_string(line, 1, text)
    return content.getvalue()


FORMS: dict[Format, Callable[[Sheet], bytes]] = {
    Format.TABLE: as_table,
    Format.JSON: as_json,
    Format.CSV: as_csv,
    Format.XLSX: as_xlsx,
}


def deliver(content: bytes, output: Path | None) -> None:
    """Write to a file, whole or not at all, or to standard output where none is named. Raises OSError."""
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    with whole(output) as file:
        file.write(content)


@contextlib.contextmanager
def whole(output: Path) -> Iterator[BinaryIO]:
    """Open a file that appears once it is complete."""
    half = output.with_name(f".{output.name}.half")
    try:
        with half.open("wb") as file:
            yield file
        half.replace(output)
    finally:
        half.unlink(missing_ok=True)


def is_share(name: str) -> bool:
    """Tell whether a column holds shares from 0 to 1."""
    return name.endswith(SHARES) or name.startswith("connection_rate")


def shown(name: str, value: Any, zone: tzinfo) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if is_share(name):
        return f"{value:.2%}"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _local(value: Any, zone: tzinfo) -> Any:
    return value.astimezone(zone).isoformat() if isinstance(value, datetime) else value
