"""The raw results of a run: everything that scoring needs, so that metrics can change without a new run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from baize.errors import InvalidInput
from baize.written import write_text
from eval.kinds.registry import KINDS

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Raw:
    """What a run saw. `items` are of the kind's own noun."""

    suite: str
    kind: str
    provenance: Mapping[str, Any]
    items: Sequence[Any]


def write_raw(path: Path, raw: Raw) -> None:
    """As one JSON file."""
    items = _adapter(raw.kind).dump_python(list(raw.items), mode="json")
    data = {
        "raw_format": FORMAT,
        "suite": raw.suite,
        "kind": raw.kind,
        "provenance": raw.provenance,
        "items": items,
    }
    write_text(path, json.dumps(data, ensure_ascii=False) + "\n")


def read_raw(path: Path) -> Raw:
    """The inverse of `write_raw`.

    Raises:
        InvalidInput: there is no such file, or it holds no raw results of this format.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["raw_format"] != FORMAT:
            raise ValueError("format")
        items = _adapter(data["kind"]).validate_python(data["items"])
        return Raw(data["suite"], data["kind"], data["provenance"], items)
    except OSError as cause:
        raise InvalidInput(f"It cannot be read: {cause.strerror}.", path=str(path)) from None
    except (ValueError, KeyError, TypeError, ValidationError):
        raise InvalidInput(
            "These are no raw results of this version.",
            path=str(path),
            remedy="Make them with `baize eval run SUITE --raw FOLDER`.",
        ) from None


def _adapter(kind: str) -> TypeAdapter[Any]:
    item: Any = KINDS[kind].item
    return TypeAdapter(list[item])
