"""Where a number comes from: code, settings, prompts, models and index, written into every record."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from baize.prompting import PromptLibrary
from baize.settings import Settings
from eval.dataset import Suite
from eval.library import ScratchHouse

_ABOUT_THE_MACHINE = {"data_dir", "database_url", "platform_id", "server"}


def provenance(
    suite: Suite, house: ScratchHouse, settings: Settings, *, n_chunks: int | None, **about: Any
) -> dict[str, Any]:
    """Everything that is needed to make the number again; no secrets, no paths of the machine.

    Args:
        n_chunks: points in the index; None where none was needed.
    """
    shown = settings.model_dump(mode="json", exclude=_ABOUT_THE_MACHINE)
    return {
        "git": git_revision(),
        "settings": shown,
        "settings_digest": _digest(shown),
        "prompts": {"answer": PromptLibrary().get("answer").label},
        "models": {
            "embedder": house.embedder.name,
            "chat": house.chat.name if house.chat else "extractive",
            "tokens": house.counter.name,
        }
        # Only a run that listened has one.
        | ({"speech": house.transcriber.name} if "transcriber" in house.__dict__ else {}),
        "index": {} if n_chunks is None else {"kind": "embedded", "n_chunks": n_chunks},
        "suite_digest": suite.digest,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
    }


def git_revision() -> str:
    """The commit, with `+changes` when files differ from it; empty outside a checkout."""
    folder = Path(__file__).resolve().parents[1]
    try:
        commit = _git(folder, "rev-parse", "--short=12", "HEAD")
        return f"{commit}+changes" if _git(folder, "status", "--porcelain") else commit
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - fixed arguments
    return done.stdout.strip()


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
