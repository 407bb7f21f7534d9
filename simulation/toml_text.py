"""Settings as TOML: what Python reads and does not write."""

from __future__ import annotations

import json
from collections.abc import Mapping


def toml(settings: Mapping[str, object]) -> str:
    """Return builtins as TOML; one level of tables, everything below inline. None is left out.

    JSON's strings are TOML's basic strings (TOML 1.0, String).
    """
    top = [f"{key} = {_value(value)}\n" for key, value in settings.items() if not isinstance(value, Mapping)]
    for name, table in settings.items():
        if isinstance(table, Mapping):
            top.append(f"\n[{name}]\n")
            top += [f"{_key(key)} = {_value(value)}\n" for key, value in table.items() if value is not None]
    return "".join(top)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        inside = (f"{_key(key)} = {_value(one)}" for key, one in value.items() if one is not None)
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(key: object) -> str:
    return json.dumps(str(key), ensure_ascii=False)
