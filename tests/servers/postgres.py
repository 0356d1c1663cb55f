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


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The folder of the socket of a server that lives as long as the test session."""
    programs = _programs()
    if programs is None:
        pytest.skip(f"PostgreSQL's server is not installed: apt-get install {_PACKAGE}")
    folder = Path(tempfile.mkdtemp(prefix="baize-pg-"))
    try:
        account = _account()
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        _run(
            account,
            programs / "initdb",
            "-D",
            data,
            "-U",
            _SUPERUSER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        # Durability is PostgreSQL's own business: without it the tests take a third of the time.
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=50"
        _run(account, programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield folder
        finally:
            _run(account, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_socket: Path) -> Iterator[str]:
    """The address of an empty database of one's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(host=str(postgres_socket), user=_SUPERUSER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://{_SUPERUSER}@/{name}?host={postgres_socket}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _programs() -> Path | None:
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
