"""The sidebar's manifest names every attribute, event, part and custom property of the code, and no other."""

from __future__ import annotations

import json
import re

import pytest

from baize.sidebar import DIST

_SOURCES = DIST.parent / "src"


def documented(key: str) -> set[str]:
    """The names that the manifest lists; `docs/sidebar-api.md` is made from it."""
    manifest = json.loads((DIST.parent / "custom-elements.json").read_text("utf-8"))
    (declared,) = manifest["modules"][0]["declarations"]
    return {entry["name"] for entry in declared[key]}


def written(pattern: str) -> set[str]:
    """Every match of a pattern's group in the sidebar's sources."""
    texts = [path.read_text("utf-8") for path in _SOURCES.rglob("*") if path.suffix in {".ts", ".css"}]
    return {name for text in texts for name in re.findall(pattern, text)}


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("attributes", r"^    (\w+): \{ ?(?:type: \w+ ?)?\},$"),
        ("events", r'"(baize-[a-z-]+)"(?=, )'),
        ("cssParts", r'\bpart(?:="|", ")([a-z-]+)"'),
        ("cssProperties", r"(--baize-[a-z-]+)"),
    ],
)
def test_the_manifest_is_that_of_the_code(key: str, pattern: str) -> None:
    """Both ways: nothing is left out, nothing is made up."""
    named = written(f"(?m){pattern}") - {"baize-sidebar"}
    prepared = {"key-points", "summary", "glossary"}
    assert documented(key) - prepared == named - prepared
