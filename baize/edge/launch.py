"""Finds the index server of a data folder, and starts it when there is none.

A starter never ends a process that it did not find to be the index server: the record's pid may belong to
somebody else by now. What counts is who answers with the token, and who holds the folder's lock.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from filelock import FileLock, Timeout

from baize.edge.endpoint import PROTOCOL, Endpoint, Record, lock_path, log_path, read_record
from baize.errors import IndexUnavailable

_POLL_S = 0.01
_N_TAIL_LINES = 15


async def ensure(
    data_dir: Path,
    *,
    idle_s: float = 900.0,
    optimize_after: int = 20_000,
    quiet_s: float = 3.0,
    start_timeout_s: float = 30.0,
) -> Endpoint:
    """The folder's index server, started if need be. One per folder, whoever asks at the same time.

    Args:
        idle_s: a server started now ends when nobody asked it for so long.
        optimize_after: it optimizes a collection with so many points outside the graph.
        quiet_s: and nothing written for so long.

    Raises:
        IndexUnavailable: it cannot be started or does not answer.
    """
    if endpoint := await anyio.to_thread.run_sync(_running, data_dir):
        return endpoint
    options = ["--idle-s", str(idle_s), "--optimize-after", str(optimize_after), "--quiet-s", str(quiet_s)]
    return await anyio.to_thread.run_sync(_start_once, data_dir, options, start_timeout_s)


async def stop(data_dir: Path, *, timeout_s: float = 30.0) -> bool:
    """End the folder's server after its requests, shards flushed; False where none was running.

    Raises:
        IndexUnavailable: it does not end in time.
    """
    return await anyio.to_thread.run_sync(_stop, data_dir, timeout_s)


def _running(data_dir: Path) -> Endpoint | None:
    record = read_record(data_dir)
    return record.endpoint if record and record.protocol == PROTOCOL and _answers(record) else None


def _answers(record: Record) -> bool:
    """Whether the server behind the record accepts its token. A busy server is waited for, for a while."""
    place = urlsplit(record.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10.0)
    try:
        connection.request("GET", "/", headers={"api-key": record.token})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _start_once(data_dir: Path, options: list[str], timeout_s: float) -> Endpoint:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(data_dir / "index.start.lock", timeout=timeout_s):
            if endpoint := _running(data_dir):
                return endpoint
            record = read_record(data_dir)
            if record and record.protocol != PROTOCOL:
                _stop(data_dir, timeout_s)
            return _start(data_dir, options, timeout_s)
    except Timeout as error:
        raise _unavailable(data_dir, "is being started by another process that does not get on") from error
    except OSError as error:
        raise IndexUnavailable(
            f"The index server of {data_dir} cannot be started: {error.strerror}.",
            remedy="It writes into that folder: check that you may, or set BAIZE_DATA_DIR to another.",
        ) from error


def _start(data_dir: Path, options: list[str], timeout_s: float) -> Endpoint:
    with log_path(data_dir).open("ab") as log:
        server = subprocess.Popen(  # noqa: S603 - our own module, arguments made here
            [sys.executable, "-m", "baize.edge", "--data-dir", str(data_dir.resolve()), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )
    # Somebody must collect its exit status, or it stays a zombie for as long as the starter lives.
    threading.Thread(target=server.wait, name="index-server-reaper", daemon=True).start()
    return _await_answer(data_dir, server, timeout_s)


def _await_answer(data_dir: Path, server: subprocess.Popen[bytes], timeout_s: float) -> Endpoint:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        record = read_record(data_dir)
        if record and record.pid == server.pid and _answers(record):
            return record.endpoint
        if server.returncode is not None:
            if endpoint := _running(data_dir):
                return endpoint
            raise _unavailable(data_dir, f"ended at once with status {server.returncode}")
        time.sleep(_POLL_S)
    server.terminate()
    raise _unavailable(data_dir, f"did not answer within {timeout_s:.0f} s")


def _unavailable(data_dir: Path, what: str) -> IndexUnavailable:
    log = log_path(data_dir)
    tail = log.read_text("utf-8", "replace").splitlines()[-_N_TAIL_LINES:] if log.exists() else []
    said = "\n".join(["", "Its log ends with:", *tail, ""]) if tail else ""
    return IndexUnavailable(
        f"The index server of {data_dir} {what}.{said}",
        remedy=f"Look into {log} and run `baize doctor`.",
    )


def _stop(data_dir: Path, timeout_s: float) -> bool:
    record = read_record(data_dir)
    if record is None or not _is_owned(data_dir):
        return False
    os.kill(record.pid, signal.SIGTERM)
    try:
        with FileLock(lock_path(data_dir), timeout=timeout_s):
            return True
    except Timeout as error:
        raise _unavailable(data_dir, f"(pid {record.pid}) does not end") from error


def _is_owned(data_dir: Path) -> bool:
    try:
        with FileLock(lock_path(data_dir), timeout=0):
            return False
    except Timeout:
        return True
