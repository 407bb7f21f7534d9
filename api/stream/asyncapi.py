"""The AsyncAPI 3.0 document of the stream, made from its ops and the kinds of events."""

from __future__ import annotations

from typing import Any

import msgspec

from api.queue_views import QueueView
from api.stream.ops import (
    MEANING,
    VERSION,
    Ack,
    Error,
    Expiring,
    Hello,
    Ping,
    Pong,
    ResumeFrom,
    Subscribe,
    Token,
    Welcome,
)
from api.views import AgentView, CallView, ListeningView, SurgeView
from messages import events
from messages.codec import KINDS

ADDRESS = "/v1/stream"
REF = "#/components/schemas/{name}"


class ScreenPopShown(events.ScreenPop, frozen=True, kw_only=True, tag="screen_pop"):
    """What the agent's screen shows before the phone rings, with what is known of the number."""

    id: str
    area: str | None
    recent_contacts: list[dict[str, Any]]
    cases: list[str]
    flags: dict[str, bool]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag="snapshot", tag_field="op"):
    """What the subscriber may see of the state at a position; events after it follow."""

    epoch: int
    seq: int
    agents: list[AgentView]
    calls: list[CallView]
    queues: list[QueueView]
    listening: list[ListeningView]
    surges: list[SurgeView]


SENT = (Hello, Subscribe, ResumeFrom, Ack, Ping, Token)
RECEIVED = (Welcome, Snapshot, Pong, Expiring, Error)


def asyncapi() -> dict[str, Any]:
    """Return the document: the client sends SENT, and receives RECEIVED and events."""
    kinds = {name: ScreenPopShown if kind is events.ScreenPop else kind for kind, name in KINDS.items()}
    types = [*SENT, *RECEIVED, *kinds.values()]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    schema_of = dict(zip(types, schemas, strict=True))
    messages = {kind.__name__: _message(kind, schema_of[kind]) for kind in (*SENT, *RECEIVED)}
    messages |= {name: _event(name, kind, schema_of[kind]) for name, kind in kinds.items()}
    inward = [kind.__name__ for kind in SENT]
    outward = [kind.__name__ for kind in RECEIVED] + list(kinds)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Hotline's event stream", "version": VERSION},
        "x-close-codes": {str(int(code)): text for code, text in MEANING.items()},
        "channels": {"stream": {"address": ADDRESS, "messages": {name: _ref("messages", name) for name in messages}}},
        "operations": {
            "receive": {
                "action": "receive",
                "channel": {"$ref": "#/channels/stream"},
                "messages": [{"$ref": f"#/channels/stream/messages/{name}"} for name in inward],
            },
            "send": {
                "action": "send",
                "channel": {"$ref": "#/channels/stream"},
                "messages": [{"$ref": f"#/channels/stream/messages/{name}"} for name in outward],
            },
        },
        "components": {"messages": messages, "schemas": components},
    }


def _ref(room: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{room}/{name}"}


def _message(kind: type[Any], schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": kind.__name__, "summary": (kind.__doc__ or "").split("\n")[0], "payload": schema}


def _event(name: str, kind: type[Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return an event's message: the frame around it has its place in the log and the place of the one before."""
    number = {"type": "integer"}
    return {
        "name": name,
        "summary": (kind.__doc__ or "").split("\n")[0],
        "payload": {
            "type": "object",
            "properties": {
                "op": {"const": "event"},
                "epoch": number,
                "seq": number,
                "prev_epoch": number,
                "prev": number,
                "at": {"type": "string", "format": "date-time"},
                "kind": {"const": name},
                "event": schema,
                "replayed": {"type": "boolean"},
            },
            "required": ["op", "epoch", "seq", "prev_epoch", "prev", "at", "kind", "event"],
        },
    }
