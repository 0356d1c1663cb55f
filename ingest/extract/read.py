"""The sources of one lesson → cues and pages: which reader reads which file. The first step of a lesson.

Subtitles win over speech recognition; both give cues, and everything after is one path.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from baize.domain.course import LANGUAGES, Course
from baize.domain.sentences import detect_language
from baize.domain.speech import SpeechReport
from baize.domain.text import Cue, Page, Slide
from baize.errors import EmptySource, InvalidInput
from baize.ports import Progress, StepRunner, Transcriber
from ingest.extract.documents import read_pages
from ingest.extract.media import MediaFacts, probe
from ingest.extract.slides import SlideReader, read_slides
from ingest.extract.subtitles import read_subtitles
from ingest.plan import LessonPlan, Source
from ingest.stages import digest, file_digest


@dataclass(frozen=True, slots=True)
class ReadSource:
    """What one file says: cues, pages or slides, never two of them.

    Attributes:
        name: the file, relative to the course folder.
        origin: the file again for subtitles and documents; the speech engine for speech that was heard.
        report: how well it was heard; None for what was read.
    """

    name: str
    language: str
    origin: str
    cues: tuple[Cue, ...] = ()
    pages: tuple[Page, ...] = ()
    slides: tuple[Slide, ...] = ()
    report: SpeechReport | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the stage store keeps of a transcription."""

    cues: tuple[Cue, ...]
    report: SpeechReport | None


@dataclass(frozen=True, slots=True)
class ReadLesson:
    """Everything that was read of a lesson, and the files that could not be."""

    sources: tuple[ReadSource, ...]
    media: MediaFacts | None
    problems: tuple[InvalidInput, ...]


async def read_lesson(
    plan: LessonPlan,
    course: Course,
    transcriber: Transcriber,
    steps: StepRunner,
    progress: Progress,
    slides: SlideReader | None = None,
) -> ReadLesson:
    """Read each source; one that fails is told in `problems`, the others go on.

    Args:
        slides: reads what stands on the slides of videos; None leaves it unread.
        progress: seconds of speech heard, of the media's length.
    """
    problems: list[InvalidInput] = []
    sources: list[ReadSource] = []
    media: MediaFacts | None = None
    for subtitles in plan.subtitles:
        try:
            sources.extend(await to_thread.run_sync(_read_track, subtitles))
        except InvalidInput as problem:
            problems.append(problem)
    if plan.media:
        try:
            media = await to_thread.run_sync(probe, plan.media.path)
            if not sources:
                sources.append(await _hear(plan.media, media, plan, course, transcriber, steps, progress))
        except InvalidInput as problem:
            problems.append(problem)
    if plan.media and media and media.has_video and slides:
        try:
            sources.extend(await _look(plan.media, media, slides, steps, progress))
        except InvalidInput as problem:
            problems.append(problem)
    for document in plan.documents:
        try:
            sources.append(await to_thread.run_sync(_read_document, document, course.language or "en"))
        except InvalidInput as problem:
            problems.append(problem)
    return ReadLesson(tuple(sources), media, tuple(problems))


def _read_track(source: Source) -> list[ReadSource]:
    tracks = read_subtitles(source.path, source.language)
    return [ReadSource(source.name, track.language, source.name, cues=track.cues) for track in tracks]


async def _look(
    source: Source, facts: MediaFacts, reader: SlideReader, steps: StepRunner, progress: Progress
) -> list[ReadSource]:
    """The slides of a video, if it has any with text."""
    slides = await read_slides(source.path, facts.duration_s, reader, steps, progress)
    if not slides:
        return []
    language = detect_language(" ".join(slide.text for slide in slides))
    return [ReadSource(source.name, language, reader.name, slides=slides)]


def _read_document(source: Source, default_language: str) -> ReadSource:
    pages = read_pages(source.path, source.name)
    language = source.language or detect_language(
        " ".join(page.text for page in pages), default=default_language
    )
    return ReadSource(source.name, language, source.name, pages=tuple(pages))


async def _hear(
    source: Source,
    facts: MediaFacts,
    plan: LessonPlan,
    course: Course,
    transcriber: Transcriber,
    steps: StepRunner,
    progress: Progress,
) -> ReadSource:
    language = plan.language or course.language

    async def hear() -> _Heard:
        cues: list[Cue] = []
        reports: list[SpeechReport] = []
        async for cue in transcriber.transcribe(
            source.path,
            language=language,
            hot_words=course.glossary,
            title=plan.title,
            report=reports.append,
        ):
            cues.append(cue)
            progress(cue.end, facts.duration_s)
        return _Heard(tuple(cues), reports[0] if reports else None)

    # Without the title: a lesson that is renamed is not listened to again.
    key = digest(file_digest(source.path), transcriber.name, language, *course.glossary)
    found = await steps("hear", key, _Heard, hear)
    if not found.cues:
        raise EmptySource(
            "No speech was heard in it.",
            remedy="Check that it has an audio track with speech, or put subtitles beside it.",
            path=str(source.path),
        )
    heard = found.report.language if found.report else language
    if heard not in LANGUAGES:
        heard = language or detect_language(" ".join(cue.text for cue in found.cues))
    return ReadSource(source.name, heard, transcriber.name, cues=found.cues, report=found.report)


def sources_digest(plan: LessonPlan) -> str:
    """Digest of the bytes of every file of a lesson that exists."""
    files: list[Source] = [*([plan.media] if plan.media else []), *plan.subtitles, *plan.documents]
    return digest(*(part for file in files for part in (file.name, _digest_or_absent(file.path))))


def _digest_or_absent(path: Path) -> str:
    return file_digest(path) if path.is_file() else "absent"
