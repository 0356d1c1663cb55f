"""Sentences → passages within a token budget → chunks. Comes after `chapter`; `embed` follows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

from baize.domain.course import Chapter
from baize.domain.locator import FaqEntry, Locator, TextSpan, TimeSpan, join
from baize.domain.sentences import joined
from baize.domain.text import Chunk, Segment, focused_id, indexed_text, passage_name
from baize.ports import Splitter, TokenCounter
from baize.retrieval.disarm import harmless


@dataclass(frozen=True, slots=True)
class ChunkOptions:
    """Budget of a passage's indexed text in tokens, and sentences that it shares with the one before."""

    max_tokens: int
    overlap_sentences: int


@dataclass(frozen=True, slots=True)
class Place:
    """What all chunks of one source share."""

    platform_id: str
    course_id: str
    lesson_id: str
    lesson_title: str
    source_file: str
    language: str
    headings: tuple[str, ...]


def chunk(
    segments: Sequence[Segment],
    chapters: Sequence[Chapter],
    place: Place,
    options: ChunkOptions,
    counter: TokenCounter,
    splitter: Splitter,
    first_position: int,
    orders: Collection[str] = (),
) -> list[Chunk]:
    """Chunks in reading order, positions from `first_position`.

    Every sentence is in at least one passage; none goes over the budget; none crosses a chapter or a section.
    A passage of speech gives a chunk for each sentence, except those that the next passage begins with: there
    they stand with what follows them.

    Args:
        orders: sentences that speak to a model, as far as they are known by more than patterns
            (`retrieval.orders`).
    """
    chunks: list[Chunk] = []
    distrusted = _distrusted(segments, orders)
    for headings, group in _by_heading(segments, chapters, place.headings):
        budget = max(options.max_tokens - counter.count(" › ".join(headings)), options.max_tokens // 2)
        fitted = [(segment, _fit(segment, budget, counter, splitter)) for segment in group]
        fitting = [piece for _, pieces in fitted for piece in pieces]
        # Most tracks have none, and a sentence is dear to hash.
        among = fitted if distrusted else []
        marked = {piece for segment, pieces in among if segment in distrusted for piece, _ in pieces}
        passages = _passages(
            [piece for piece, _ in fitting],
            [n_tokens for _, n_tokens in fitting],
            budget,
            options.overlap_sentences,
            counter,
        )
        for passage, n_own in passages:
            timed = isinstance(passage[0].locator, TimeSpan)
            focuses = range(n_own) if timed else [None]
            position = first_position + len(chunks)
            chunks.extend(_make(passage, focuses, headings, place, position, marked, counter))
    return chunks


def _distrusted(segments: Sequence[Segment], orders: Collection[str]) -> frozenset[Segment]:
    """Sentences that speak to a model, and those behind them, over all passages and chapters of the source.

    Entries of an FAQ stand alone; what each says is looked at when it is found.
    """
    flowing = [segment for segment in segments if not isinstance(segment.locator, FaqEntry)]
    kept = harmless(flowing, orders)
    return frozenset(flowing).difference(kept) if len(kept) < len(flowing) else frozenset()


def _by_heading(
    segments: Sequence[Segment], chapters: Sequence[Chapter], base: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], list[Segment]]]:
    """Runs of sentences of one chapter, section or page, with the headings that stand above them."""
    starts = [chapter.start for chapter in chapters]

    def section(segment: Segment) -> tuple[int, tuple[str, ...]]:
        match segment.locator:
            case TimeSpan(start, _):
                number = bisect_right(starts, start)
                return number, (chapters[number - 1].title,) if number else ()
            case TextSpan(page=page):
                return page or 0, segment.headings
            case FaqEntry():
                return 0, segment.headings

    for (_, headings), group in groupby(segments, section):
        yield base + headings, list(group)


def _fit(
    segment: Segment, budget: int, counter: TokenCounter, splitter: Splitter
) -> list[tuple[Segment, int]]:
    """The sentence itself, or pieces of one that is over the budget, each with its place and its tokens."""
    n_tokens = counter.count(f"\n{segment.text}")
    if n_tokens <= budget:
        return [(segment, n_tokens)]
    return [
        (replace(segment, text=piece, locator=_part(segment, offset, offset + len(piece))), n_of_piece)
        for whole_offset, whole in splitter.split(segment.text)
        for offset, piece, n_of_piece in _halved(whole_offset, whole, budget, counter)
    ]


def _halved(offset: int, piece: str, budget: int, counter: TokenCounter) -> Iterator[tuple[int, str, int]]:
    """A splitter counts characters; a script of several tokens a character needs shorter pieces."""
    n_tokens = counter.count(f"\n{piece}")
    if n_tokens <= budget or len(piece) == 1:
        if piece.strip():
            yield offset, piece, n_tokens
        return
    middle = len(piece) // 2
    yield from _halved(offset, piece[:middle], budget, counter)
    yield from _halved(offset + middle, piece[middle:], budget, counter)


def _part(segment: Segment, start: int, end: int) -> Locator:
    """The place of some of a sentence's characters; seconds by proportion."""
    locator, n_chars = segment.locator, len(segment.text)
    match locator:
        case TimeSpan():
            length = locator.end - locator.start
            return TimeSpan(
                round(locator.start + length * start / n_chars, 3),
                round(locator.start + length * end / n_chars, 3),
            )
        case TextSpan():
            return replace(locator, char_start=locator.char_start + start, char_end=locator.char_start + end)
        case FaqEntry():
            return locator


def _passages(
    segments: Sequence[Segment], n_tokens: Sequence[int], budget: int, n_overlap: int, counter: TokenCounter
) -> Iterator[tuple[list[Segment], int]]:
    """Runs of sentences within the budget, each starting up to `n_overlap` before the last one's end.

    With each run, how many of its sentences the next one does not repeat.

    Args:
        n_tokens: of each sentence alone. Their sum says about where a run will end, so that few ends have to
            be tried; what decides is the count of all together.
    """
    before = [0, *accumulate(n_tokens)]

    def count(start: int, end: int) -> int:
        # Counted as joined, below its headings: what stands between two texts costs tokens too.
        return counter.count("\n" + joined([segment.text for segment in segments[start:end]]))

    def fits(start: int, end: int) -> bool:
        return 2 * (before[end] - before[start]) <= budget or count(start, end) <= budget

    first = 0
    while first < len(segments):
        end = max(first + 1, bisect_right(before, before[first] + budget) - 1)
        while (n := count(first, end)) > budget and end > first + 1:
            end -= 1
        # Not where half of the sentence is more than there is room for.
        while end < len(segments) and n + (n_tokens[end] - 2) // 2 <= budget:
            n = count(first, end + 1)
            if n > budget:
                break
            end += 1
        if end == len(segments):
            yield list(segments[first:end]), end - first
            return
        # The next passage must hold something new besides what it repeats, and this one something of its own.
        after = end
        while after > end - n_overlap and after - 1 > first and fits(after - 1, end + 1):
            after -= 1
        yield list(segments[first:end]), after - first
        first = after


def _make(
    passage: Sequence[Segment],
    focuses: Iterable[int | None],
    headings: tuple[str, ...],
    place: Place,
    first_position: int,
    marked: Collection[Segment],
    counter: TokenCounter,
) -> Iterator[Chunk]:
    """The chunks of a passage; they share its text, its sentences and its place."""
    distrusted = tuple(number for number, sentence in enumerate(passage) if marked and sentence in marked)
    text, sentences = joined(segment.text for segment in passage), tuple(passage)
    locator = join(passage[0].locator, passage[-1].locator)
    source = (place.platform_id, place.course_id, place.lesson_id, place.source_file)
    indexed = indexed_text(headings, text)
    identity = passage_name(*source, locator, indexed)
    if distrusted:
        # The order may stand in the passage before: this one can be the same and be trusted no more.
        identity += f"|{distrusted}"
    n_tokens = counter.count(indexed)
    for position, focus in enumerate(focuses, first_position):
        yield Chunk(
            focused_id(identity, focus),
            place.platform_id,
            place.course_id,
            place.lesson_id,
            place.lesson_title,
            place.source_file,
            place.language,
            headings,
            text,
            sentences,
            locator,
            position,
            focus,
            distrusted,
            n_tokens,
        )
