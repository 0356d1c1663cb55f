"""Revisions are numbered one after the other: who takes a number twice is told before landing."""

from __future__ import annotations

import re
from pathlib import Path

from baize.adapters.db.migrations import HEAD


def test_revisions_are_linear(repo_root: Path) -> None:
    """Each number once, each on the one before it, in a file of its number, up to `HEAD`."""
    folder = repo_root / "baize" / "adapters" / "db" / "migrations" / "versions"
    files = sorted(path for path in folder.glob("r*.py"))
    assert [path.name[1:5] for path in files] == [f"{n:04}" for n in range(1, int(HEAD) + 1)]
    for path in files:
        number = path.name[1:5]
        text = path.read_text(encoding="utf-8")
        assert re.search(rf'^revision = "{number}"$', text, re.MULTILINE), path.name
        before = "None" if number == "0001" else f'"{int(number) - 1:04}"'
        assert re.search(rf"^down_revision = {before}$", text, re.MULTILINE), path.name
