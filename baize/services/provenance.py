"""Where courses come from: the catalogues that describe them, and when those were last read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from baize.domain.catalogue import Provenance
from baize.ports import Cards


async def provenance(
    platform_id: str, course_ids: Sequence[str], cards: Cards
) -> Mapping[str, Sequence[Provenance]]:
    """By course, the catalogue first that describes it; a course of a folder alone has none."""
    found = await cards.of_courses(platform_id, course_ids)
    states = {name: await cards.state(platform_id, name) for name in {card.source_id for card in found}}
    sources: defaultdict[str, list[Provenance]] = defaultdict(list)
    for card in found:
        state = states[card.source_id]
        at = state.at if state and state.complete else None
        sources[card.course.id].append(Provenance(card, at))
    return sources
