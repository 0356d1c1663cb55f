"""Where a data folder's index server answers: the record that the server writes and every starter reads."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

PROTOCOL = 2
"""Raised when our requests begin to hold what an older server refuses (2: quantized vectors). A server that
outlived an upgrade is replaced by the first who asks for it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running index server. Whoever can read the token can read every platform's chunks."""

    url: str
    token: str


@dataclass(frozen=True, slots=True)
class Record:
    """What `index.json` holds."""

    pid: int
    url: str
    token: str
    protocol: int = PROTOCOL

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.url, self.token)


def record_path(data_dir: Path) -> Path:
    return data_dir / "index.json"


def lock_path(data_dir: Path) -> Path:
    """Held by the server for as long as it lives; whoever gets it knows that there is no server."""
    return data_dir / "index.lock"


def log_path(data_dir: Path) -> Path:
    return data_dir / "index.log"


def read_record(data_dir: Path) -> Record | None:
    """The record, or None where there is none or it cannot be understood (cut off, of another version)."""
    try:
        fields = json.loads(record_path(data_dir).read_text("utf-8"))
        return Record(
            int(fields["pid"]), str(fields["url"]), str(fields["token"]), int(fields.get("protocol", 1))
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_record(data_dir: Path, record: Record) -> None:
    """Appears whole or not at all, and is never readable by others."""
    path = record_path(data_dir)
    scratch = path.with_suffix(f".{record.pid}.tmp")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(record), file)
    scratch.replace(path)


def remove_record(data_dir: Path) -> None:
    record_path(data_dir).unlink(missing_ok=True)
