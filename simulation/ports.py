"""Ports of 127.0.0.1 that nobody uses now, and that no other process is about to use."""

from __future__ import annotations

import os
import random
import socket
from collections import deque

_BLOCK = 100
"""Ranges begin at multiples of this, so that a claim on each beginning is one on all of it."""

_ports: deque[int] = deque()
_blocks: deque[int] = deque()
"""File descriptors that this process holds; a port is bound long before so many others were given."""
_MOST_PORTS = 400
_MOST_BLOCKS = 16


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nothing listens on, below the kernel's ephemeral ones: no connection takes it meanwhile."""
    for _ in range(1000):
        port = random.randrange(2_000, 10_000)
        if _is_free(port, kind) and _claim(port, _ports, _MOST_PORTS):
            return port
    raise OSError("no free port")


def free_udp_range(count: int) -> int:
    """Return the first, even, of `count` free UDP ports below the kernel's ephemeral ones. Raises OSError."""
    for _ in range(100):
        first = random.randrange(10_000, 32_000 - count, _BLOCK)
        ports = range(first, first + count)
        if all(map(_is_free, ports)) and all(_claim(block, _blocks, _MOST_BLOCKS) for block in ports[::_BLOCK]):
            return first
    raise OSError(f"no {count} free UDP ports in a row")


def _claim(port: int, held: deque[int], most: int) -> bool:
    """Take a port among all processes of this machine; a name in Linux's abstract namespace goes with its holder."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0hotline-port-{port}")
    except OSError:
        claim.close()
        return False
    held.append(claim.detach())
    if len(held) > most:
        os.close(held.popleft())
    return True


def _is_free(port: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
