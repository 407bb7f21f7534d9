"""What goes over the stream's wire: the ops a client sends and the server answers, and the close codes."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

import msgspec

from messages.events import Position

STREAM = "stream"
"""The scope that a token needs to open it."""
VERSION = "1"


class CloseCode(IntEnum):
    """Why the server closes a stream; the text of the close says more."""

    GOING_AWAY = 1001
    BAD_MESSAGE = 4400
    NO_TOKEN = 4401
    FORBIDDEN = 4403


MEANING = {
    CloseCode.GOING_AWAY: "the server stops: connect again",
    CloseCode.BAD_MESSAGE: "the first message was not a hello that can be read",
    CloseCode.NO_TOKEN: "no hello in time, a token that is unknown, or one that expired or was revoked: log in again",
    CloseCode.FORBIDDEN: "a token of somebody else, or other rights than the stream was opened with: connect again",
}


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="op"):
    """Who the client is; the first message."""

    token: str


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, tag="subscribe", tag_field="op"):
    """Which events: kinds (all that may be seen where none is named), of these agents, queues and calls.

    `resume_from`: what came after this position is sent first, marked `replayed`; `cursor`: the same from where a
    reader of this name last acknowledged. Without either, or when that is too old, a snapshot comes first.
    """

    kinds: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    resume_from: Position | None = None
    cursor: str = ""


class ResumeFrom(msgspec.Struct, frozen=True, tag="resume_from", tag_field="op"):
    """Continue the present subscription after a position."""

    epoch: int
    seq: int


class Ack(msgspec.Struct, frozen=True, tag="ack", tag_field="op"):
    """Everything up to here has been dealt with; kept under the subscription's cursor."""

    epoch: int
    seq: int


class Ping(msgspec.Struct, frozen=True, tag="ping", tag_field="op"):
    """Is the server there? Answered with `pong` and the same id."""

    id: str = ""


class Token(msgspec.Struct, frozen=True, tag="token", tag_field="op"):
    """A fresh token of the same user, before the old one expires."""

    token: str


ClientOp = Hello | Subscribe | ResumeFrom | Ack | Ping | Token


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="hello", tag_field="op"):
    """The server's answer to hello."""

    version: str = VERSION
    user: str
    roles: tuple[str, ...]
    agent: str | None
    expires_at: datetime


class Expiring(msgspec.Struct, frozen=True, tag="expiring", tag_field="op"):
    """The token will soon expire: send a fresh one with `token`, or the stream is closed."""

    expires_at: datetime


class Pong(msgspec.Struct, frozen=True, tag="pong", tag_field="op"):
    """The server's answer to ping."""

    id: str


class Error(msgspec.Struct, frozen=True, tag="error", tag_field="op"):
    """What was wrong with the client's last message; the stream goes on unless it is then closed."""

    type: str
    detail: str


_decoder: msgspec.json.Decoder[ClientOp] = msgspec.json.Decoder(ClientOp)


def decode(data: str | bytes) -> ClientOp:
    """Return a client's message. Raises msgspec.MsgspecError."""
    try:
        return _decoder.decode(data)
    except RecursionError as error:
        raise msgspec.DecodeError("too deep") from error


ENCODER = msgspec.json.Encoder()
