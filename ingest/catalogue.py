"""A source's catalogue into the library: courses without media become searchable at once.

`dock` compares what a source says with what was docked before, by content: entries that are the same cost
nothing, changed ones are embedded anew, vanished ones go. Everything happens in batches: one call of the
embedder, one of the index and one transaction each.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from baize.domain.catalogue import CourseCard, KnownCard, SourceState
from baize.domain.course import ID_PATTERN, Course
from baize.domain.search import Scope
from baize.domain.sentences import detect_language
from baize.domain.text import Chunk, Page
from baize.errors import EmptySource, InvalidInput, InvalidManifest
from baize.ports import Cards, ChunkIndex, Clock, Embedder, Progress, Splitter, TokenCounter
from baize.retrieval.terms import TERMS_VERSION
from ingest.chunk import ChunkOptions, Place, chunk
from ingest.embed import embed
from ingest.extract.catalogue_file import CatalogueEntry, Unusable, Withdrawn
from ingest.plan import course_id_of
from ingest.report import CatalogueReport, Problem
from ingest.segment import segment_pages
from ingest.stages import digest

CATALOGUE_VERSION = "1"
"""Raise it when the same entries must give other points."""
BATCH = 512
_MAX_ID = 128
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DockingParts:
    """What docking works with. `index` holds cards only, apart from the lessons' passages."""

    cards: Cards
    index: ChunkIndex
    embedder: Embedder
    counter: TokenCounter
    splitter: Splitter
    clock: Clock
    chunking: ChunkOptions


@dataclass
class _Run:
    """One docking: what was known before, and what was seen; `blind` when a line did not even tell its id."""

    platform_id: str
    source_id: str
    known: Mapping[str, KnownCard]
    complete_before: bool
    renew: bool
    blind: bool = False
    seen: set[str] = field(default_factory=set)
    course_ids: dict[str, str] = field(default_factory=dict)
    problems: list[InvalidInput] = field(default_factory=list)
    n_new: int = 0
    n_changed: int = 0
    n_unchanged: int = 0


async def dock(
    platform_id: str,
    source_id: str,
    entries: Iterable[CatalogueEntry | Withdrawn | Unusable]
    | AsyncIterator[CatalogueEntry | Withdrawn | Unusable],
    parts: DockingParts,
    progress: Progress,
    *,
    delta: bool = False,
    until: str = "",
) -> CatalogueReport:
    """Make the library's cards of this source what its catalogue says.

    Vanished courses stay when a line did not even tell its id: it may have been theirs.

    Args:
        delta: the entries are what changed since the last docking: what is not among them stays.
        until: the datestamp up to which the source is now known, for the next delta.

    Raises:
        InvalidManifest: the source's name cannot be one.
        EmptySource: there is no entry at all; the library stays as it is.
        IndexUnavailable: the vector store does not answer.
    """
    if not ID_PATTERN.fullmatch(source_id):
        raise InvalidManifest(
            f"{source_id} cannot name a source.", remedy="Use letters, digits and . : + ~ - _, up to 128."
        )
    before = await parts.cards.state(platform_id, source_id)
    n_expected = await parts.cards.n_chunks(platform_id)
    known = await parts.cards.known(platform_id, source_id)
    run = _Run(
        platform_id,
        source_id,
        known,
        complete_before=before is None or before.complete,
        # A lost or new index is filled again; the vectors are remembered.
        renew=await parts.index.count(Scope(platform_id)) < n_expected,
        course_ids={card.course_id: external_id for external_id, card in known.items()},
    )
    last = before.until if before else ""
    await parts.cards.note(SourceState(platform_id, source_id, False, last, parts.clock.now()))
    withdrawn: list[str] = []
    async for batch in _batches(entries, BATCH):
        withdrawn += [item.external_id for item in batch if isinstance(item, Withdrawn)]
        await _dock_batch(batch, run, parts)
        progress(len(run.seen) + len(run.problems), max(len(run.known), len(run.seen)))
    if not run.seen and not delta and not run.problems:
        raise EmptySource(
            f"The catalogue of {source_id} is empty.", remedy="Check the source; nothing was removed."
        )
    gone = await _remove_vanished(run, withdrawn, parts, delta=delta)
    await parts.cards.note(SourceState(platform_id, source_id, True, until or last, parts.clock.now()))
    problems = tuple(Problem.of(problem) for problem in run.problems)
    return CatalogueReport(source_id, run.n_new, run.n_changed, run.n_unchanged, gone, problems)


async def _dock_batch(
    batch: Sequence[CatalogueEntry | Withdrawn | Unusable], run: _Run, parts: DockingParts
) -> None:
    """What is new or changed in a batch: embedded, stored, then shown, then the old swept."""
    run.problems += [item.problem for item in batch if isinstance(item, Unusable)]
    run.seen |= {item.external_id for item in batch if isinstance(item, Unusable) and item.external_id}
    run.blind |= any(isinstance(item, Unusable) and not item.external_id for item in batch)
    entries = [item for item in batch if isinstance(item, CatalogueEntry)]
    run.seen |= {entry.external_id for entry in entries}
    ids = await _course_ids(entries, run, parts.cards)
    options = _options_digest(parts)
    changed: list[tuple[CourseCard, list[Chunk]]] = []
    for entry in entries:
        if entry.external_id not in ids:
            continue
        card = _card(entry, ids[entry.external_id], run, options)
        known = run.known.get(entry.external_id)
        if known and (known.course_id, known.build_id) == (card.course.id, card.build_id) and not run.renew:
            run.n_unchanged += 1
            continue
        chunks = _chunks(card, parts)
        changed.append((replace(card, n_chunks=len(chunks)), chunks))
        run.n_changed += known is not None
        run.n_new += known is None
    if not changed:
        return
    builds = {card.id: card.build_id for card, _ in changed}
    flat = [piece for _, chunks in changed for piece in chunks]
    points = await embed(flat, "", parts.embedder, _quiet, size=BATCH)
    await parts.index.upsert([replace(point, build_id=builds[point.chunk.lesson_id]) for point in points])
    cards = [card for card, _ in changed]
    await parts.cards.put(run.platform_id, cards, parts.clock.now())
    # A run that died may have left points of entries that nobody knows.
    old = [c.id for c in cards if c.external_id in run.known or not run.complete_before]
    await parts.index.delete(run.platform_id, old, keep_builds=[builds[card_id] for card_id in old])


async def _remove_vanished(run: _Run, withdrawn: Sequence[str], parts: DockingParts, *, delta: bool) -> int:
    """Points first: after a crash in between, the next run still knows what is to go."""
    gone = [external_id for external_id in withdrawn if external_id in run.known]
    # A line that could not be read may have been the entry of a course that now looks vanished.
    if not delta and not run.blind:
        gone += sorted(run.known.keys() - run.seen - set(gone))
    for start in range(0, len(gone), BATCH):
        some = gone[start : start + BATCH]
        await parts.index.delete(run.platform_id, [run.known[e].id for e in some], keep_builds=[])
        await parts.cards.remove(run.platform_id, run.source_id, some)
    return len(gone)


async def _course_ids(entries: Sequence[CatalogueEntry], run: _Run, cards: Cards) -> dict[str, str]:
    """Canonical id of each entry (decisions 1, 2); one that says it is an unknown course is a problem.

    An id that is known stays. A new one is the entry's own where that is one and is free, or belongs to a
    course that no other catalogue describes; else it is made of source and entry.
    """
    fresh = [entry for entry in entries if entry.external_id not in run.known or entry.same_as]
    wishes = {entry.external_id: _wish(entry.external_id) for entry in fresh}
    asked = {*wishes.values(), *(entry.same_as for entry in fresh if entry.same_as)}
    owners = await cards.owners(run.platform_id, sorted(asked))
    ids: dict[str, str] = {}
    for entry in entries:
        known = run.known.get(entry.external_id)
        wish = wishes.get(entry.external_id, "")
        if entry.same_as:
            if entry.same_as not in owners:
                path, _, line = entry.place.rpartition(":")
                run.problems.append(
                    InvalidManifest(
                        f"same_as names the course {entry.same_as}, which does not exist.",
                        remedy="Dock its source first, or leave same_as out.",
                        path=path or entry.place,
                        line=int(line) if line.isdigit() else None,
                    )
                )
                continue
            ids[entry.external_id] = entry.same_as
        elif known:
            ids[entry.external_id] = known.course_id
        elif run.course_ids.get(wish, entry.external_id) == entry.external_id and (
            owners.get(wish, "") in ("", run.source_id)
        ):
            ids[entry.external_id] = wish
        else:
            ids[entry.external_id] = _own_id(run.source_id, entry.external_id)
        run.course_ids.setdefault(ids[entry.external_id], entry.external_id)
    return ids


def _wish(external_id: str) -> str:
    return external_id if ID_PATTERN.fullmatch(external_id) else course_id_of(external_id)


def _own_id(source_id: str, external_id: str) -> str:
    """`zj~101`; longer ones end in a digest of the whole."""
    own = f"{source_id}~{_wish(external_id)}"
    if len(own) <= _MAX_ID and ID_PATTERN.fullmatch(external_id):
        return own
    tail = hashlib.sha256(f"{source_id}\0{external_id}".encode()).hexdigest()[:10]
    return f"{own[: _MAX_ID - len(tail) - 1]}-{tail}"


def _card(entry: CatalogueEntry, course_id: str, run: _Run, options: str) -> CourseCard:
    text = " ".join((entry.title, entry.description))
    language = entry.language or detect_language(text)
    course = Course(
        run.platform_id,
        course_id,
        entry.title,
        language,
        entry.description,
        entry.tags,
        entry.level,
        entry.prerequisites,
        published_at=entry.published_at,
    )
    facts = [entry.title, entry.description, language, entry.level, entry.url, entry.same_as]
    facts += [entry.published_at] if entry.published_at else []
    build_id = digest(options, course_id, *facts, *entry.tags, "·", *entry.prerequisites)
    name = hashlib.sha256(f"{run.source_id}\0{entry.external_id}".encode()).hexdigest()[:24]
    return CourseCard(
        run.source_id,
        entry.external_id,
        course,
        entry.url,
        f"card:{name}",
        build_id,
        detect_language(text),
        0,
    )


def _chunks(card: CourseCard, parts: DockingParts) -> list[Chunk]:
    """Title and tags stand above the description, indexed but not quoted; without one, the title is."""
    course = card.course
    tags = (", ".join(course.tags),) if course.tags else ()
    headings = (course.title, *tags) if course.description else tags
    page = Page(card.source_id, course.description or course.title, 0, headings=headings)
    place = Place(course.platform_id, course.id, card.id, "", card.source_id, card.language, ())
    return chunk(
        segment_pages([page]),
        (),
        place,
        parts.chunking,
        parts.counter,
        parts.splitter,
        first_position=0,
    )


def _options_digest(parts: DockingParts) -> str:
    return digest(
        CATALOGUE_VERSION, TERMS_VERSION, parts.embedder.name, parts.counter.name, repr(parts.chunking)
    )


async def _batches(items: Iterable[_T] | AsyncIterator[_T], size: int) -> AsyncIterator[list[_T]]:
    if isinstance(items, AsyncIterator):
        batch: list[_T] = []
        async for item in items:
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
        return
    left: Iterator[_T] = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def _quiet(_done: float, _total: float) -> None:
    """A batch takes too little time to be shown by itself."""
