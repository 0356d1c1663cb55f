"""`summaries`: the prepared summary of a lecture against a person's notes, beside three baselines.

The lecture goes through ingestion's own segmenting, chapters, chunking and extractive summary, whether or not
a model is configured: that one costs money and is not of this suite. Metrics state their
formulas in `eval.metrics.summary`; baselines have the summary's length in characters (`eval.summarizers`).

- `compression`: characters of the summary by characters of the transcript.
- `link_validity`: share of lines of which every piece, cut marks aside, stands verbatim in what is said
  within the line's locator.
- `short_lines`: share of lines of 60 characters at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from baize.domain.course import Course, Lesson
from baize.domain.locator import TimeSpan
from baize.domain.sentences import joined
from baize.domain.text import Cue
from eval.dataset import Video
from eval.kinds.bench import Desk, Scored, Timed, latency_of, timed_whole
from eval.library import language_of
from eval.metrics.summary import coverage, decile_coverage, rouge_1, rouge_l
from eval.record import Cells, ItemView, Measure
from eval.summarizers import baselines
from ingest.chapter import computed_chapters
from ingest.chunk import ChunkOptions, Place, chunk
from ingest.prepare.summary import summary_lines
from ingest.prepare.text import text_of
from ingest.segment import segment_cues

_SHORT = 60
_CUT = "…"
_AGAINST_NOTES: Mapping[str, Callable[[str, str], float | None]] = {
    "rouge-1": rouge_1,
    "rouge-l": rouge_l,
    "coverage": coverage,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a summary and the seconds that it points to."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Observed:
    """One lecture with its summary.

    Attributes:
        stock: each baseline's summaries, by name, once for each of its draws.
    """

    id: str
    title: str
    reference: str
    cues: tuple[Cue, ...]
    lines: tuple[Line, ...] = ()
    stock: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    error: str = ""
    timing: Timed | None = None

    @property
    def text(self) -> str:
        return joined(line.text for line in self.lines)


async def observe(desk: Desk) -> list[Observed]:
    """Prepare every lecture as ingestion does; its notes are not looked at."""

    async def prepare(video: Video) -> Observed:
        seen = Observed(video.id, video.title, video.reference, video.cues)
        segments = segment_cues(video.cues)
        lines, timing = await timed_whole(_summary(desk, video))
        if not lines or not video.reference.strip():
            return replace(seen, error="No summary." if not lines else "No reference.")
        n_chars = len(joined(line.text for line in lines))
        stock = baselines([segment.text for segment in segments], n_chars) if desk.baselines else {}
        return replace(seen, lines=lines, stock=stock, timing=timing)

    return await desk.each(desk.suite.videos, prepare)


async def _summary(desk: Desk, video: Video) -> tuple[Line, ...]:
    house, language = desk.house, language_of(video)
    segments = segment_cues(video.cues)
    vectors = await house.embedder.embed_passages([segment.text for segment in segments])
    chapters = computed_chapters(segments, video.cues, vectors, video.duration_s)
    course = Course("eval", "suite", desk.suite.name)
    title = video.title or video.id
    lesson = Lesson("eval", "suite", "lecture", title, 1, language, video.duration_s, "", "eval", chapters)
    place = Place("eval", "suite", "lecture", title, video.id, language, (title,))
    sizes = house.settings.chunking
    options = ChunkOptions(sizes.max_tokens, sizes.overlap_sentences)
    chunks = chunk(segments, (), place, options, house.counter, house.splitter, first_position=0)
    text = await text_of(course, lesson, chunks, house.embedder, video.cues)
    return tuple(
        Line(line.text, locator.start, locator.end)
        for line in (summary_lines(text) if text else ())
        for locator in line.locators[:1]
        if isinstance(locator, TimeSpan)
    )


def score(items: Sequence[Observed]) -> Scored:
    """Over all lectures that have notes and a summary."""
    usable = [item if not item.error else None for item in items]
    systems = list(dict.fromkeys(name for item in items for name in item.stock))
    measures = [_mean(name, usable, _against_notes(judge)) for name, judge in _AGAINST_NOTES.items()]
    measures += [
        _mean("compression", usable, lambda item: len(item.text) / sum(len(cue.text) for cue in item.cues)),
        _mean("link_validity", usable, _link_validity),
        _mean("decile_coverage", usable, _deciles),
        _mean("short_lines", usable, lambda item: _share([len(line.text) <= _SHORT for line in item.lines])),
    ]
    for system in systems:
        for name, judge in _AGAINST_NOTES.items():
            measures.append(_mean(f"{system}/{name}", usable, _against_notes(judge, system)))
    latency = latency_of([item.timing for item in items])
    return Scored(tuple(_view(item) for item in items), tuple(measures), latency)


def _mean(name: str, items: Sequence[Observed | None], judge: Callable[[Observed], float | None]) -> Measure:
    cells: list[Cells | None] = []
    for item in items:
        value = judge(item) if item else None
        cells.append(None if value is None else (value,))
    return Measure(name, "mean", tuple(cells))


def _against_notes(
    judge: Callable[[str, str], float | None], system: str = ""
) -> Callable[[Observed], float | None]:
    """The judgement of the product's summary, or the mean over those of a baseline."""

    def judged(item: Observed) -> float | None:
        texts = item.stock.get(system, ()) if system else (item.text,)
        known = [value for text in texts if (value := judge(item.reference, text)) is not None]
        return sum(known) / len(known) if known else None

    return judged


def _deciles(item: Observed) -> float:
    places = [(line.start, line.end) for line in item.lines]
    return decile_coverage(places, [(cue.start, cue.end) for cue in item.cues])


def _link_validity(item: Observed) -> float:
    return _share([_is_said(line, item.cues) for line in item.lines])


def _is_said(line: Line, cues: Sequence[Cue]) -> bool:
    heard = joined(cue.text for cue in cues if cue.end >= line.start and cue.start <= line.end)
    pieces = [_bare(piece) for piece in line.text.split(_CUT)]
    return any(pieces) and all(piece in _bare(heard) for piece in pieces)


def _bare(text: str) -> str:
    """Letters and digits alone, in lower case: a line may begin within a sentence, and end at a clause."""
    return "".join(ch for ch in text.lower() if ch.isalnum())


def _share(facts: Sequence[bool]) -> float:
    return sum(facts) / len(facts)


def _view(item: Observed) -> ItemView:
    return ItemView(
        item.id,
        item.title,
        item.error,
        item.timing.total_ms if item.timing else None,
        {"video": item.id, "reference": item.reference},
        [{"video": item.id, "t": line.start, "text": line.text} for line in item.lines],
        failed=not item.error and _link_validity(item) < 1,
    )
