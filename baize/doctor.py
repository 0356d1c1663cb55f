"""Looks at every configured part as its user would, and says what to do about what is missing."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from baize.bootstrap import House
from baize.domain.search import Scope
from baize.errors import BaizeError, IndexUnavailable, InvalidSettings
from baize.services.calibrate import E5, calibration, unlike
from baize.services.selftest import self_test
from baize.settings import OpenAIEmbeddings, Retrieval, SentenceTransformers, Settings, Support

_NEAR = 0.02
"""Cosines and midpoints that differ by less are well off as they are."""
_N_LOOKED_AT = 200
"""Lessons whose vectors are looked for, at least half of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: whether it works, and what was seen or what to do."""

    part: str
    ok: bool
    says: str


async def examine(settings: Settings) -> list[Finding]:
    """Every part in turn; one that fails does not hide the others."""
    house = House(settings)
    checks: list[tuple[str, Callable[[House], Awaitable[str]]]] = [
        ("data folder", _data_folder),
        ("database", _database),
        ("redis", _redis),
        ("embedder", _embedder),
        ("index", _index),
        ("vectors", _vectors),
        ("tokens", _tokens),
        ("retrieval", _retrieval),
        ("speech", _speech),
        ("chat model", _chat),
    ]
    try:
        return [await _finding(part, check, house) for part, check in checks]
    finally:
        await house.close()


async def _finding(part: str, check: Callable[[House], Awaitable[str]], house: House) -> Finding:
    try:
        return Finding(part, True, await check(house))
    except BaizeError as error:
        return Finding(part, False, str(error))


async def _data_folder(house: House) -> str:
    folder = house.data_dir
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidSettings(
            f"data_dir {folder} cannot be written.",
            remedy="Change its permissions, or set BAIZE_DATA_DIR to a folder that you may write to.",
        )
    return str(folder)


async def _database(house: House) -> str:
    await house.database.migrate()
    courses = await house.catalog.courses(house.settings.platform_id)
    return f"{len(courses)} courses"


async def _redis(house: House) -> str:
    if not house.settings.redis_url:
        return "none configured: slots, streams and limits are of one process"
    # The one call of the cache that tells when nobody answers.
    await house.cache.forget(["doctor"])
    return "answers"


async def _embedder(house: House) -> str:
    """
    Raises:
        InvalidSettings: its cosines do not lie where the thresholds are.
    """
    await house.embedder.embed_query("ready?")
    chosen = house.settings.embedder
    if isinstance(chosen, SentenceTransformers | OpenAIEmbeddings):
        await _check_cosines(house, chosen.distance_scale)
    return f"{house.embedder.name}, {house.embedder.dim} dimensions"


async def _check_cosines(house: House, scale: float) -> None:
    retrieval, support = house.settings.retrieval, house.settings.support
    found = await unlike(house.embedder)
    wanted = calibration(found)
    foreign = Retrieval().foreign_midpoint + wanted.foreign_shift
    faq_foreign = Support().faq_foreign_midpoint + wanted.foreign_shift
    off = (
        # Those above e5's no scale brings down.
        max(E5.home - found.home, 0.0),
        abs(retrieval.foreign_midpoint - foreign),
        abs(support.faq_foreign_midpoint - faq_foreign),
    )
    if max(off) < _NEAR:
        return
    raise InvalidSettings(
        f"Cosines of {house.embedder.name} do not lie where the thresholds are: texts that have nothing in "
        f"common have {found.home:.2f}, {found.foreign:.2f} across languages. Good passages would be taken "
        "for bad ones, or bad ones for good.",
        remedy=f"Set embedder.distance_scale: {min(scale * wanted.distance_scale, 1):.3f}, "
        f"retrieval.foreign_midpoint: {foreign:.3f} and support.faq_foreign_midpoint: {faq_foreign:.3f}, "
        "then run `baize ingest --reindex`.",
    )


async def _index(house: House) -> str:
    return await house.index.ready()


async def _vectors(house: House) -> str:
    """Whether what is live was embedded by the configured embedder; some lessons stand for all.

    Raises:
        IndexUnavailable: some were not.
    """
    platform_id = house.settings.platform_id
    lessons = [one for one in await house.catalog.live(Scope(platform_id)) if one.languages]
    looked_at = lessons[:: max(len(lessons) // _N_LOOKED_AT, 1)]
    there = [
        await house.index.count(Scope(platform_id, lesson_ids=(one.lesson_id,), build_ids=(one.build_id,)))
        for one in looked_at
    ]
    if n_missing := there.count(0):
        others = ", ".join(name for name in await house.index.others() if not name.endswith("-cards"))
        raise IndexUnavailable(
            f"{n_missing} of {len(looked_at)} lessons that were looked at ({len(lessons)} in all) have no "
            f"vectors of {house.embedder.name}; other collections: {others or 'none'}.",
            remedy="Run `baize ingest --reindex`: it embeds them beside the index that is live."
            if others
            else "Run `baize ingest FOLDER` for each course: nothing is heard or embedded again.",
        )
    return f"{len(looked_at)} of {len(lessons)} lessons looked at, each has vectors of {house.embedder.name}"


async def _tokens(house: House) -> str:
    return f"{house.counter.name}, 你好 = {house.counter.count('你好')}"


async def _retrieval(house: House) -> str:
    n_asked = await self_test(house.index, house.embedder)
    return f"{n_asked} probe questions, each found first by its leg"


async def _speech(house: House) -> str:
    return await house.transcriber.ready()


async def _chat(house: House) -> str:
    if house.chat is None:
        return "none configured: answers are extractive. Set BAIZE_CHAT__API_KEY to use DeepSeek"
    return await house.chat.ready()
