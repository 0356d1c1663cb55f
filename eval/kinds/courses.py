"""`courses`: does the product find the course that is meant? As `beir`, each record a course."""

from __future__ import annotations

from eval.kinds import beir
from eval.kinds.bench import Bench


async def observe(bench: Bench) -> list[beir.Observed]:
    """Ask the product's search for courses; each ranks by its best passage."""
    return await beir.observe(bench, "courses")
