"""Remove a course from catalogue and index; `erase.py` is the whole of it."""

from __future__ import annotations

from baize.ports import Cards, Catalog, ChunkIndex, Publisher
from baize.services.read import no_course


async def forget_course(
    platform_id: str,
    course_id: str,
    *,
    publisher: Publisher,
    catalog: Catalog,
    index: ChunkIndex,
    cards: Cards | None = None,
    card_index: ChunkIndex | None = None,
) -> tuple[int, int]:
    """Points first, the catalogue last: after a crash in between, running it again finishes the job.

    Returns:
        how many lessons and how many points went.

    Raises:
        NotFound: there is no such course on this platform.
    """
    if await catalog.course(platform_id, course_id) is None:
        raise no_course(course_id)
    lesson_ids = [lesson.id for lesson in await catalog.lessons(platform_id, course_id)]
    # An ingestion that died before publishing left points of items that only the states know.
    items = [state.item for state in await publisher.states(platform_id, course_id)]
    n_points = await index.erase(platform_id, sorted({*lesson_ids, *items}))
    if cards is not None and card_index is not None:
        described = [card.id for card in await cards.of_courses(platform_id, [course_id])]
        n_points += await card_index.erase(platform_id, described)
    await publisher.forget(platform_id, course_id)
    return len(lesson_ids), n_points
