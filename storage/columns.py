"""How values stand in columns: exact instants in UTC, and structs as tables."""

import types
import typing
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Dialect, Double, String, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine


class Instant(TypeDecorator[datetime]):
    """An aware instant with microseconds: `timestamptz` on PostgreSQL, elsewhere sortable ISO 8601 text in UTC."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if dialect.name == "postgresql" else String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what is stored. Raises ValueError for an instant without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return (
            value if dialect.name == "postgresql" else f"{value.replace(tzinfo=None).isoformat('T', 'microseconds')}Z"
        )

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC."""
        if value is None:
            return None
        return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def columns_of(struct: type[msgspec.Struct], key: tuple[str, ...]) -> list[Column[Any]]:
    """Return one column per field of a struct: names, types and nullability are the struct's."""
    hints = typing.get_type_hints(struct)
    return [_column(field.name, hints[field.name], field.name in key) for field in msgspec.structs.fields(struct)]


def _column(name: str, hint: Any, primary: bool) -> Column[Any]:
    nullable = False
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = (each for each in typing.get_args(hint) if each is not type(None))
        nullable = True
    plain = getattr(hint, "__supertype__", hint)
    return Column(name, _column_type(plain), primary_key=primary, nullable=nullable)


def _column_type(plain: type) -> TypeEngine[Any]:
    if issubclass(plain, StrEnum | str):
        return Text()
    kinds: dict[type, TypeEngine[Any]] = {
        datetime: Instant(),
        bool: Boolean(),
        float: Double(),
        int: BigInteger(),
    }
    return kinds[plain]


def harmless(text: str) -> str:
    """Return text as it is stored: NUL, which PostgreSQL cannot hold, becomes U+FFFD."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


def to_row(record: msgspec.Struct) -> dict[str, Any]:
    """Return a record's row."""
    row = msgspec.structs.asdict(record)
    return {name: harmless(value) if isinstance(value, str) else value for name, value in row.items()}
