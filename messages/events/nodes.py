"""Nodes and centres."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import NodeId


class CenterStarted(Event, frozen=True, kw_only=True, tag="center.started"):
    """A centre took over the log: the first event of its epoch."""


class NodeUp(Event, frozen=True, kw_only=True, tag="node.up"):
    """An Asterisk is heard again."""

    node: NodeId
    occurred: datetime


class NodeDown(Event, frozen=True, kw_only=True, tag="node.down"):
    """An Asterisk is not heard; its calls go on as they are."""

    node: NodeId
    occurred: datetime
    reason: str


class ResyncRepaired(Event, frozen=True, kw_only=True, tag="resync.repaired"):
    """After a reconnect, `repairs` facts were made up for what had been missed."""

    node: NodeId
    repairs: int
