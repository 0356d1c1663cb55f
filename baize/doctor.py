"""Looks at every configured part as its user would, and says what to do about what is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from baize.bootstrap import House
from baize.errors import BaizeError
from baize.services.selftest import self_test
from baize.settings import Settings


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
        ("embedder", _embedder),
        ("index", _index),
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
    return str(house.data_dir)


async def _database(house: House) -> str:
    await house.database.migrate()
    courses = await house.catalog.courses(house.settings.platform_id)
    return f"{len(courses)} courses"


async def _embedder(house: House) -> str:
    await house.embedder.embed_query("ready?")
    return f"{house.embedder.name}, {house.embedder.dim} dimensions"


async def _index(house: House) -> str:
    return await house.index.ready()


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
