"""`answers`: is every sentence borne by what it cites, and is that where the answer is?

`citation_support` is the share of an answer's citations whose quote says their sentence (`judge`).
`citation_precision` is the share of its citations that overlap the gold span, `citation_recall` whether any
does, and `retrieval_ceiling` whether any passage does that the answer could have cited. A refused question
reaches nothing: its recall is 0, its other figures do not exist.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from baize.domain.chat import Citation, Completed, EvidenceFound, Released
from baize.domain.locator import TimeSpan
from baize.errors import InvalidInput, NotFound
from baize.services.answer import Question as Asked
from eval.dataset import Question
from eval.judge import clock_times, supported
from eval.kinds.bench import Bench, Scored, Timed, latency_of, reason, unjudgeable
from eval.kinds.moments import TOLERANCE_S
from eval.library import video_number
from eval.onset import onset
from eval.record import Cells, ItemView, Measure


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a video, in seconds."""

    video_id: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation.

    Attributes:
        onset: when the suite's transcript says that the quote begins; None when it is not spoken there.
        in_media: whether the cited span lies within the recording.
    """

    sentence: str
    quote: str
    place: Place
    onset: float | None
    in_media: bool


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds from the question to the first useful event, the first released text and the end."""

    first_event_ms: float
    first_token_ms: float
    answer_ms: float


@dataclass(frozen=True, slots=True)
class Observed:
    """One question and its answer.

    Attributes:
        uncited: released sentences without a citation; the server's own headings are none.
        evidence: the passages that could have been cited.
    """

    id: str
    text: str
    gold: Place
    answer: str = ""
    refused: bool = False
    withheld: int = 0
    citations: tuple[Cited, ...] = ()
    uncited: tuple[str, ...] = ()
    evidence: tuple[Place, ...] = ()
    waits: Waits | None = None
    timing: Timed | None = None
    error: str = ""


async def observe(bench: Bench) -> list[Observed]:
    """Ask every question of the suite."""

    async def ask(question: Question) -> Observed:
        return await _ask(bench, question)

    return await bench.each(bench.some(bench.suite.questions), ask)


async def _ask(bench: Bench, question: Question) -> Observed:
    gold = Place(question.video_id, question.start, question.end)
    seen = Observed(question.id, question.text, gold)
    house = bench.library.house
    if why := unjudgeable(question, bench.suite.videos):
        return replace(seen, error=why)
    house.embedder.spent_ms = house.embedder.cost_ms = 0.0
    begin = time.perf_counter()
    try:
        prepared = await house.answering.prepare(Asked(question.text, bench.library.scope))
    except (InvalidInput, NotFound) as error:
        return replace(seen, error=reason(error))
    # A remembered query vector counts with what it cost when it was made.
    begin += (house.embedder.spent_ms - house.embedder.cost_ms) / 1000
    embedding_ms = house.embedder.cost_ms
    first_event = first_token = 0.0
    uncited: list[str] = []
    async for event in house.answering.stream(prepared):
        elapsed_ms = 1000 * (time.perf_counter() - begin)
        match event:
            case EvidenceFound():
                first_event = first_event or elapsed_ms
            case Released(text, citations):
                first_token = first_token or elapsed_ms
                # Where all is refused, the words are the first that comes.
                first_event = first_event or elapsed_ms
                if not citations and not _is_heading(text):
                    uncited.append(text.strip())
            case Completed(answer):
                refused = answer.refusal is not None
                seen = replace(
                    seen,
                    answer=answer.text,
                    refused=refused,
                    withheld=answer.withheld,
                    citations=tuple(_cited(bench, citation) for citation in answer.citations),
                    uncited=() if refused else tuple(uncited),
                    waits=Waits(first_event, first_token, elapsed_ms),
                    timing=Timed(elapsed_ms, embedding_ms),
                )
    passages = [item.chunk for item in prepared.turn.evidence]
    evidence = [_place(bench, passage.lesson_id, passage.locator) for passage in passages]
    return replace(seen, evidence=tuple(evidence))


def _is_heading(text: str) -> bool:
    return text.rstrip().endswith((":", "："))


def _cited(bench: Bench, citation: Citation) -> Cited:
    place = _place(bench, citation.lesson_id, citation.locator)
    video = bench.suite.videos[video_number(citation.lesson_id)]
    return Cited(
        citation.sentence,
        citation.quote,
        place,
        onset(citation.quote, place.start, video.cues),
        place.end <= video.duration_s + 1.0,
    )


def _place(bench: Bench, lesson: str, locator: object) -> Place:
    start, end = (locator.start, locator.end) if isinstance(locator, TimeSpan) else (0.0, 0.0)
    return Place(bench.suite.videos[video_number(lesson)].id, start, end)


def score(items: Sequence[Observed]) -> Scored:
    """Citations against sentences and gold spans, refusals, and waits."""
    supports = [_support(item) for item in items]
    measures = [
        _mean("citation_support", [_share(found) for found in supports]),
        _mean(
            "citation_precision", [_share([_reaches(c.place, i.gold) for c in i.citations]) for i in items]
        ),
        _mean("citation_recall", [_any([c.place for c in i.citations], i) for i in items]),
        _mean("retrieval_ceiling", [_any(i.evidence, i) for i in items]),
        _mean("invented_times", [_n_invented(item) for item in items]),
        _mean("unsupported_rate", [_unsupported(item) for item in items]),
        _mean("refused_rate", [None if item.error else float(item.refused) for item in items]),
    ]
    errors = [_start_error(item) for item in items]
    onsets = [_quote_error(item) for item in items]
    for p in ("p50", "p95"):
        measures.append(Measure(f"start_error_s_{p}", p, _cells(errors), "of the first citation that hits"))
        measures.append(Measure(f"quote_start_error_s_{p}", p, _cells(onsets), "worst citation of an answer"))
        for name in ("first_event_ms", "first_token_ms", "answer_ms"):
            waits = [getattr(item.waits, name) if item.waits else None for item in items]
            measures.append(Measure(f"{name}_{p}", p, _cells(waits)))
    return Scored(
        tuple(_view(item) for item in items), tuple(measures), latency_of([item.timing for item in items])
    )


def _support(item: Observed) -> list[bool]:
    """By citation: does its quote say its sentence, and is the quote really spoken there?"""
    judged = [(supported(c.sentence, c.quote), c.onset is not None) for c in item.citations]
    return [bool(said and spoken) for said, spoken in judged if said is not None]


def _unsupported(item: Observed) -> float | None:
    """Share of released sentences that no citation of theirs supports; foreign ones are left out."""
    borne: dict[str, list[bool]] = {}
    for cited in item.citations:
        said = supported(cited.sentence, cited.quote)
        if said is not None:
            borne.setdefault(cited.sentence, []).append(said and cited.onset is not None)
    total = len(borne) + len(item.uncited)
    if item.error or not total:
        return None
    return (sum(not any(found) for found in borne.values()) + len(item.uncited)) / total


def _n_invented(item: Observed) -> float | None:
    """Times that the answer names and no quote does, and citations outside the recording."""
    if item.error:
        return None
    quoted = {found for cited in item.citations for found in clock_times(cited.quote)}
    n_named = sum(found not in quoted for found in clock_times(item.answer))
    return float(n_named + sum(not cited.in_media for cited in item.citations))


def _start_error(item: Observed) -> float | None:
    for cited in item.citations:
        place, gold = cited.place, item.gold
        if place.video_id == gold.video_id and gold.start - TOLERANCE_S <= place.start < gold.end:
            return abs(place.start - gold.start)
    return None


def _quote_error(item: Observed) -> float | None:
    return max((abs(c.place.start - c.onset) for c in item.citations if c.onset is not None), default=None)


def _reaches(place: Place, gold: Place) -> bool:
    return place.video_id == gold.video_id and place.start < gold.end and gold.start < place.end


def _any(places: Sequence[Place], item: Observed) -> float | None:
    return None if item.error else float(any(_reaches(place, item.gold) for place in places))


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _mean(name: str, values: Sequence[float | None]) -> Measure:
    return Measure(name, "mean", _cells(values))


def _cells(values: Sequence[float | None]) -> tuple[Cells | None, ...]:
    return tuple(None if value is None else (value,) for value in values)


def _view(item: Observed) -> ItemView:
    gold = item.gold
    rows = [
        {
            "video": cited.place.video_id,
            "t": cited.place.start,
            "text": cited.sentence,
            "hit": _reaches(cited.place, gold),
        }
        for cited in item.citations
    ]
    return ItemView(
        item.id,
        item.text,
        item.error,
        item.timing.total_ms if item.timing else None,
        {"video": gold.video_id, "start": gold.start, "end": gold.end},
        rows or [{"refused": item.refused, "text": item.answer, "hit": False}],
        failed=not item.error and not any(row["hit"] for row in rows),
    )
