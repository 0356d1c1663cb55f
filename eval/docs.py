"""Writes the pages of `docs/` that a command makes: `python -m eval.docs`. A test finds stale ones."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from baize.api.app import create_app
from baize.cli import build
from baize.settings import Settings
from eval.bars import render as render_bars
from eval.docs_sidebar import render as render_sidebar

DOCS = Path(__file__).resolve().parents[1] / "docs"
_COMMANDS = (
    "demo",
    "serve",
    "ingest",
    "harvest",
    "worker",
    "status",
    "review",
    "forget",
    "search",
    "ask",
    "chapters",
    "transcript",
    "summary",
    "key-points",
    "glossary",
    "quiz",
    "highlights",
    "export",
    "storyboard",
    "recommend",
    "learners import",
    "keys create",
    "keys list",
    "keys rotate",
    "keys revoke",
    "tenants create",
    "tenants list",
    "tenants update",
    "tenants secret",
    "tenants token",
    "tenants revoke",
    "tenants lti",
    "audit",
    "doctor",
    "config show",
    "openapi",
    "eval run",
    "eval score",
    "eval compare",
    "eval report",
    "eval gate",
    "eval draft",
    "eval noise",
)


def pages() -> dict[Path, str]:
    """Every generated page with its content."""
    return {
        DOCS / "bars.md": render_bars(DOCS / "records"),
        DOCS / "cli.md": render_cli(),
        DOCS / "openapi.json": render_openapi(),
        DOCS / "sidebar-api.md": render_sidebar(),
    }


def render_cli() -> str:
    """`--help` of every command."""
    runner = CliRunner()
    # A fixed width and no colours, so that the page does not depend on the terminal.
    environment = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    parts = ["# Commands\n\nMade by `python -m eval.docs` from the commands themselves.\n"]
    for command in _COMMANDS:
        result = runner.invoke(build(), [*command.split(), "--help"], env=environment, prog_name="baize")
        text = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
        parts.append(f"## baize {command}\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def render_openapi() -> str:
    """The OpenAPI document at default settings."""
    return json.dumps(create_app(Settings()).openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Write them all."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
