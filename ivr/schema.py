"""The JSON schema of a flow's file, for editors that complete and check as one types."""

import json
from typing import Any

import msgspec

from ivr.steps import Flow

ADDRESS = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema."""
    return {"$schema": ADDRESS, "title": "A Hotline flow", **msgspec.json.schema(Flow)}


def schema_text() -> str:
    """Return what docs/flow.schema.json holds."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
