"""A real PostgreSQL in a temporary folder, for the stores: a pytest plugin with the fixture `postgres_url`.

It listens on a Unix socket only, so that no port is taken. Tests are skipped where the server's programs
are not installed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

_PACKAGE = "postgresql"
_SUPERUSER = "postgres"


class PostgresServer:
    """A server with a folder of its own; on entry it is made and started, on exit it ends and is removed.

    It can be killed and started again with what was committed.

    Attributes:
        socket: the folder of its socket.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._account = _account()
        self.socket = Path(tempfile.mkdtemp(prefix="baize-pg-"))
        self._data = self.socket / "data"

    def __enter__(self) -> PostgresServer:
        try:
            if self._account is not None:
                os.chown(self.socket, self._account.pw_uid, self._account.pw_gid)
            options = ["-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync"]
            _run(self._account, self._programs / "initdb", "-D", self._data, *options)
            self.start()
        except BaseException:
            shutil.rmtree(self.socket)
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if (self._data / "postmaster.pid").exists():
                self.kill()
        finally:
            shutil.rmtree(self.socket)

    def start(self) -> None:
        # Durability is PostgreSQL's own business: without it the tests take a third of the time.
        options = f"-k {self.socket} -c listen_addresses= -c fsync=off -c max_connections=50"
        self._control("-o", options, "-l", self.socket / "log", "-w", "start")

    def kill(self) -> None:
        """At once, nothing flushed; the next start recovers from its log."""
        self._control("-m", "immediate", "-w", "stop")

    def create(self, name: str) -> str:
        """The address of a new, empty database."""
        with psycopg.connect(host=str(self.socket), user=_SUPERUSER, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}")
        return f"postgresql://{_SUPERUSER}@/{name}?host={self.socket}"

    def _control(self, *arguments: str | Path) -> None:
        _run(self._account, self._programs / "pg_ctl", "-D", self._data, *arguments)


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The folder of the socket of a server that lives as long as the test session."""
    found = programs()
    if found is None:
        pytest.skip(f"PostgreSQL's server is not installed: apt-get install {_PACKAGE}")
    with PostgresServer(found) as server:
        yield server.socket


@pytest.fixture
def postgres_url(postgres_socket: Path) -> Iterator[str]:
    """The address of an empty database of one's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(host=str(postgres_socket), user=_SUPERUSER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://{_SUPERUSER}@/{name}?host={postgres_socket}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def programs() -> Path | None:
    """Where initdb and pg_ctl are. Debian keeps them off the PATH, a folder for each version."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    folders = [*reversed(debian), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


def _account() -> pwd.struct_passwd | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _run(account: pwd.struct_passwd | None, *command: str | Path) -> None:
    # The server inherits its output: a pipe would stay open for as long as the server lives.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=account and [],
        )
        if done.returncode != 0:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed: {output.read().decode()}")
