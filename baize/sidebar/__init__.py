"""The course sidebar: a web component in TypeScript (`src/`), built by `make sidebar` into `dist/`.

`dist/` is never in version control and always in the wheel.
"""

from __future__ import annotations

from pathlib import Path

DIST = Path(__file__).resolve().parent / "dist"
"""Where the built files lie, in a checkout and in an installed wheel alike."""

ENTRY = "baize-sidebar.js"
"""The script that hosts load."""

EMBED = "baize-embed.js"
"""The script of the page for an iframe. Every file but these two has the digest of its content in its
name."""
