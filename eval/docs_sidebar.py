"""`docs/sidebar-api.md`: what a host page may set, hear and style, from the Custom Elements Manifest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from baize.sidebar import DIST

MANIFEST = DIST.parent / "custom-elements.json"
_HEAD = """# The sidebar's attributes, events, parts and custom properties

Made by `python -m eval.docs` from `baize/sidebar/custom-elements.json`; a test holds that
file against the code. How they are used: [sidebar.md](sidebar.md).
"""


def render(manifest: Path = MANIFEST) -> str:
    """The page."""
    (declared,) = json.loads(manifest.read_text("utf-8"))["modules"][0]["declarations"]
    members = [
        {
            **member,
            "name": f"{member['name']}({_parameters(member)})"
            if member["kind"] == "method"
            else member["name"],
        }
        for member in declared["members"]
    ]
    return "\n".join(
        (
            _HEAD,
            _table("Attributes", declared["attributes"], ("attribute", "type", "")),
            _table("Properties and methods without an attribute", members, ("name", "type", "")),
            _table("Events", declared["events"], ("event", "type", "")),
            _table("Parts", declared["cssParts"], ("for `baize-sidebar::part(…)`", "")),
            _table("Custom properties", declared["cssProperties"], ("property", "")),
        )
    )


def _parameters(method: Mapping[str, Any]) -> str:
    return ", ".join(f"{one['name']}: {one['type']['text']}" for one in method["parameters"])


def _table(heading: str, entries: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> str:
    """Neighbours of one type and one description share a row."""
    lines = [f"## {heading}\n", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for (kind, description), same in groupby(entries, key=lambda entry: (_type(entry), entry["description"])):
        names = ", ".join(f"`{entry['name']}`" for entry in same)
        cells = (names, kind, description) if "type" in columns else (names, description)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _type(entry: Mapping[str, Any]) -> str:
    text = entry.get("type", {}).get("text", "")
    return f"`{text}`".replace("|", "\\|") if text else ""
