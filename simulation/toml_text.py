"""Settings as TOML: what Python reads and does not write."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml(settings: Mapping[str, object]) -> str:
    """Return builtins as TOML: tables and arrays of tables two levels deep, what is below inline. None is left out."""
    return "".join(_table((), settings)).lstrip("\n")


def _table(path: tuple[str, ...], table: Mapping[str, object]) -> Iterator[str]:
    """Yield a table's lines: its plain values first, for they would belong to whatever table came before them."""
    deep = len(path) < 2
    later: list[tuple[str, object]] = []
    for key, value in table.items():
        if value is None:
            continue
        if deep and (isinstance(value, Mapping) or _is_tables(value)):
            later.append((key, value))
        else:
            yield f"{_key(key)} = {_value(value)}\n"
    for key, value in later:
        name = (*path, key)
        dotted = ".".join(map(_key, name))
        if isinstance(value, Mapping):
            yield f"\n[{dotted}]\n"
            yield from _table(name, value)
        elif isinstance(value, list | tuple):
            for one in value:
                yield f"\n[[{dotted}]]\n"
                yield from (f"{_key(inner)} = {_value(what)}\n" for inner, what in one.items() if what is not None)


def _is_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        inside = (f"{_key(key)} = {_value(one)}" for key, one in value.items() if one is not None)
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value if one is not None) + "]"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    return value.isoformat() if isinstance(value, dt.date) else _text(value)


def _text(value: object) -> str:
    """Return a plain value: JSON's are TOML's, but for one character that must be escaped (TOML 1.0, String)."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _key(key: object) -> str:
    name = str(key)
    return name if _BARE.fullmatch(name) else _text(name)
