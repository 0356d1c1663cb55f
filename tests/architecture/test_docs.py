"""Pages that a command makes are what the command makes now."""

from __future__ import annotations

import pytest

from eval.docs import DOCS, pages


@pytest.mark.parametrize("name", ["bars.md", "cli.md", "openapi.json", "sidebar-api.md"])
def test_generated_pages_are_fresh(name: str) -> None:
    """`python -m eval.docs` would change nothing."""
    made = pages()[DOCS / name]
    assert (DOCS / name).read_text("utf-8") == made, "run `make docs` and commit what it writes"
