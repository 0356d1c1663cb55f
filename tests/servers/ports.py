"""Ports for servers that must be told theirs before they run."""

from __future__ import annotations

import secrets
import socket

# Below the range from which the kernel gives ports of its own accord, to a server that asks for any and to
# each outgoing connection (32768 to 60999 on Linux): a port from there may be taken before it is bound.
_RANGE = range(20_000, 32_000)

_given: set[int] = set()


def free_port() -> int:
    """A loopback port that nobody listens on; never the same twice in one process."""
    while True:
        port = secrets.choice(_RANGE)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
