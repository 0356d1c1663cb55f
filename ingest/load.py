"""Vectors → the live library. The last step: after it, learners see the new build and nothing of the old."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.library import BuiltLesson
from baize.domain.search import IndexedChunk
from baize.ports import ChunkIndex, Publisher


async def load(
    points: Sequence[IndexedChunk], built: BuiltLesson, *, index: ChunkIndex, publisher: Publisher
) -> None:
    """Two phases (decisions 3): store the points, switch the live build in one transaction, then sweep.

    A crash before the switch leaves the old build live; one after it leaves points that no reader sees
    and that the next run sweeps.
    """
    lesson = built.lesson
    await index.upsert(points)
    await publisher.publish(built)
    await index.delete(lesson.platform_id, [lesson.id], keep_builds=[lesson.build_id])
