"""Looks at every configured part as its user would, and says what to do about what is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from baize.bootstrap import House
from baize.errors import BaizeError
from baize.settings import Settings

_PROBES = {
    "zh": ("高血压的人早上量血压", "早上起床后量血压最准"),
    "en": ("lock a cell reference", "A dollar sign locks the cell"),
}


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
        ("terms", _terms),
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
    """The probe passage must be nearer to its question than the other language's probe is."""
    vectors = await house.embedder.embed_passages([passage for _, passage in _PROBES.values()])
    for row, (question, _) in enumerate(_PROBES.values()):
        scores = vectors @ await house.embedder.embed_query(question)
        if int(scores.argmax()) != row:
            raise BaizeError(
                f"{house.embedder.name} takes a probe passage for another one.",
                remedy="The embedding model is broken or unfit; check `embedder` in config.yaml.",
            )
    return f"{house.embedder.name}, {house.embedder.dim} dimensions"


async def _index(house: House) -> str:
    return await house.index.ready()


async def _tokens(house: House) -> str:
    return f"{house.counter.name}, 你好 = {house.counter.count('你好')}"


async def _terms(house: House) -> str:
    """The lexical leg must never be silently empty: each probe shares terms with its passage."""
    from baize.retrieval.terms import terms

    del house
    for language, (question, passage) in _PROBES.items():
        if not set(terms(question)) & set(terms(passage)):
            raise BaizeError(
                f"The {language} probe has no lexical term.", remedy="Reinstall rjieba and opencc."
            )
    return "zh and en probes share terms with their passages"


async def _speech(house: House) -> str:
    return await house.transcriber.ready()


async def _chat(house: House) -> str:
    if house.chat is None:
        return "none configured: answers are extractive. Set BAIZE_CHAT__API_KEY to use DeepSeek"
    return await house.chat.ready()
