"""docs/sidebar.md names every attribute, event, part and custom property of the sidebar, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from baize.sidebar import DIST

_SOURCES = DIST.parent / "src"


def documented(repo_root: Path, heading: str) -> set[str]:
    """What stands as code in the first column of the table below a heading."""
    page = (repo_root / "docs" / "sidebar.md").read_text("utf-8")
    section = page.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def written(pattern: str) -> set[str]:
    """Every match of a pattern's group in the sidebar's sources."""
    texts = [path.read_text("utf-8") for path in _SOURCES.rglob("*") if path.suffix in {".ts", ".css"}]
    return {name for text in texts for name in re.findall(pattern, text)}


@pytest.mark.parametrize(
    ("heading", "pattern"),
    [
        ("Attributes", r"^    (\w+): \{ ?(?:type: \w+ ?)?\},$"),
        ("Events", r'"(baize-[a-z-]+)"(?=, )'),
        ("Parts", r'\bpart(?:="|", ")([a-z-]+)"'),
        ("Custom properties", r"(--baize-[a-z-]+)"),
    ],
)
def test_the_tables_are_those_of_the_code(repo_root: Path, heading: str, pattern: str) -> None:
    """Both ways: nothing is left out, nothing is made up."""
    named = written(f"(?m){pattern}") - {"baize-sidebar"}
    prepared = {"key-points", "summary", "glossary"}
    assert documented(repo_root, heading) - prepared == named - prepared
