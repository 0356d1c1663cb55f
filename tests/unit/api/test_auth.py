"""Which addresses may be bound, and what counts as this machine."""

from __future__ import annotations

import socket

import pytest

from baize.api.auth import check_binding, is_loopback
from baize.api.serve import listen
from baize.errors import InvalidSettings
from baize.settings import Server, Settings


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_loopback_needs_no_key(host: str) -> None:
    """Nobody else can reach it."""
    assert is_loopback(host)
    check_binding(Settings(server=Server(host=host)))


@pytest.mark.parametrize("host", ["::", "192.168.1.5", "example.com", "", "127.0.0.1.evil.example"])
def test_another_interface_without_a_key_is_refused(host: str) -> None:
    """The library would be open to the network."""
    with pytest.raises(InvalidSettings, match="no key"):
        check_binding(Settings(server=Server(host=host)))


def test_another_interface_with_a_key_is_served() -> None:
    """That is how a platform reaches it."""
    check_binding(Settings(server=Server(host="::", api_key="bz_secret")))


def test_an_empty_key_is_no_key() -> None:
    """`BAIZE_SERVER__API_KEY=` is a mistake, not a way in."""
    with pytest.raises(InvalidSettings, match="empty"):
        check_binding(Settings(server=Server(host="::", api_key="")))


def test_a_taken_port_is_named() -> None:
    """The message says which address, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidSettings, match=f"127.0.0.1:{port}.*--port"):
            listen(Server(port=port))
