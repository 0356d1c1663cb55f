"""A suite folder → frozen nouns. The first step of an evaluation; `library` and `kinds` follow.

The formats are those of the interfaces page: `suite.yaml` names the kind and, where they differ from the
usual names, the files; data files are JSON Lines and tab-separated qrels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from baize.domain.text import Cue
from baize.errors import InvalidInput
from eval.rows import Row, read_jsonl, read_tsv

T = TypeVar("T")

_JUDGED = {"corpus": "corpus.jsonl", "queries": "queries.jsonl", "qrels": "qrels.tsv"}

FILES: Mapping[str, Mapping[str, str]] = {
    "beir": _JUDGED,
    "courses": _JUDGED,
    "moments": {"videos": "videos.jsonl", "questions": "questions.jsonl"},
    "answers": {"videos": "videos.jsonl", "questions": "questions.jsonl"},
    "refusal": {"videos": "videos.jsonl", "queries": "queries.jsonl", "questions": "questions.jsonl"},
    "chapters": {"videos": "videos.jsonl"},
    "asr": {"clips": "clips.tsv"},
    "summaries": {"lectures": "lectures.jsonl"},
    "recommend": {"train": "train.jsonl", "history": "history.jsonl", "test": "test.tsv"},
    "pedagogy": {"videos": "videos.jsonl", "exercises": "exercises.jsonl", "pushes": "pushes.jsonl"},
}
"""Files of each kind, by their usual names."""

_SAMPLE_VIDEOS = Path(__file__).parent / "suites" / "moments-samples" / "videos.jsonl"
"""What `pedagogy` stands on where a suite has no videos of its own: the sample courses."""
_TERM_FILES = ("terms", "terms.txt", "terms.jsonl")
_LIBRARY_FILES = ("corpus", "videos")


@dataclass(frozen=True, slots=True)
class GoldChapter:
    """A chapter as a person set it; `start` in seconds."""

    start: float
    title: str


@dataclass(frozen=True, slots=True)
class Video:
    """One recording with its transcript, sorted by start.

    Attributes:
        reference: a person's notes on it (`summaries`).
    """

    id: str
    title: str
    language: str
    cues: tuple[Cue, ...]
    chapters: tuple[GoldChapter, ...] = ()
    reference: str = ""

    @property
    def duration_s(self) -> float:
        """The end of the last speech: the media itself is not part of a suite."""
        return max((cue.end for cue in self.cues), default=0.0)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a `beir` corpus, or one record of a catalogue (`courses`)."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class SuiteQuery:
    """A query without a place."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question that one stretch of one video answers, in seconds."""

    id: str
    text: str
    video_id: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording and what is said in it; `file` is inside the suite's folder."""

    file: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Trodden:
    """What one learner took, in order; `following` is what came next, empty where the suite does not say."""

    learner: str
    items: tuple[str, ...]
    following: str = ""

    @property
    def id(self) -> str:
        return self.learner


@dataclass(frozen=True, slots=True)
class Task:
    """An exercise, or a question on a concept (`pedagogy`).

    Attributes:
        forms: other ways to say the solution, for the judge alone; `known`: those that the product is told.
        lesson_id: the id of a video.
    """

    id: str
    question: str
    solution: str
    lesson_id: str
    forms: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    concept: bool = False


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything in a suite folder; what its kind has no file for is empty.

    Attributes:
        digest: sha256 of all its data files.
        library_digest: sha256 of the files that the library is built from.
        qrels: relevance by document id, by query id.
        terms: of the subject, that a speech engine is told and should hear.
        paths: of learners to train on; `histories` of those to be judged, and what each `wanted` next.
    """

    kind: str
    name: str
    folder: Path
    digest: str
    library_digest: str
    videos: tuple[Video, ...] = ()
    documents: tuple[Document, ...] = ()
    questions: tuple[Question, ...] = ()
    queries: tuple[SuiteQuery, ...] = ()
    qrels: Mapping[str, Mapping[str, int]] | None = None
    clips: tuple[Clip, ...] = ()
    terms: tuple[str, ...] = ()
    paths: tuple[Trodden, ...] = ()
    histories: tuple[Trodden, ...] = ()
    wanted: Mapping[str, str] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()
    pushes: tuple[tuple[str, ...], ...] = ()


def read_suite(folder: Path, kind: str = "") -> Suite:
    """Read and check a suite.

    Args:
        kind: evaluate it as this kind; empty for the one in suite.yaml.

    Raises:
        InvalidInput: naming the file and the line.
    """
    head, file = _read_head(folder)
    chosen = kind or str(head.get("kind", ""))
    names = _files_of(chosen, file)
    paths = {name: folder / str(head.get(name, usual)) for name, usual in names.items()}
    if chosen == "pedagogy" and "videos" not in head and not paths["videos"].is_file():
        paths["videos"] = _SAMPLE_VIDEOS
    for path in paths.values():
        if not path.is_file():
            raise InvalidInput(
                "This file of the suite is missing.", path=str(path), remedy=f"A {chosen} suite needs it."
            )
    clips = _clips(paths["clips"]) if "clips" in paths else ()
    terms, terms_file = _terms(head, folder) if clips else ((), None)
    return Suite(
        chosen,
        str(head.get("name") or folder.resolve().name),
        folder,
        _digest(
            [*paths.values(), *(folder / clip.file for clip in clips), *([terms_file] if terms_file else [])]
        ),
        _digest([paths[name] for name in _LIBRARY_FILES if name in paths]),
        videos=_unique(_each(_recordings(paths), _video), _recordings(paths)),
        documents=_unique(_each(paths.get("corpus"), _document), paths.get("corpus")),
        questions=_unique(_each(paths.get("questions"), _question), paths.get("questions")),
        queries=_unique(_each(paths.get("queries"), _query), paths.get("queries")),
        qrels=_qrels(paths["qrels"]) if "qrels" in paths else None,
        clips=clips,
        terms=terms,
        paths=_unique(_each(paths.get("train"), _path), paths.get("train")),
        histories=_unique(_each(paths.get("history"), _path), paths.get("history")),
        wanted=_wanted(paths["test"]) if "test" in paths else {},
        tasks=_unique(_each(paths.get("exercises"), _task), paths.get("exercises")),
        pushes=tuple(_turns(row) for row in read_jsonl(paths["pushes"])) if "pushes" in paths else (),
    )


def _read_head(folder: Path) -> tuple[Mapping[str, Any], Path]:
    file = folder / "suite.yaml"
    if not file.is_file():
        raise InvalidInput("This is no suite.", path=str(file), remedy="A suite is a folder with suite.yaml.")
    try:
        head = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as cause:
        line = cause.problem_mark.line + 1 if cause.problem_mark else None
        raise InvalidInput(f"Not YAML: {cause.problem}.", path=str(file), line=line) from cause
    if not isinstance(head, dict):
        raise InvalidInput("The top level must be keys and values.", path=str(file), line=1)
    return head, file


def _files_of(kind: str, file: Path) -> Mapping[str, str]:
    if kind in FILES:
        return FILES[kind]
    raise InvalidInput(
        f"There is no suite kind {kind!r}.", path=str(file), remedy=f"Use one of {', '.join(FILES)}."
    )


def _each(path: Path | None, make: Callable[[Row], T]) -> list[tuple[int, T]]:
    return [(row.line, make(row)) for row in read_jsonl(path)] if path else []


def _recordings(paths: Mapping[str, Path]) -> Path | None:
    return paths.get("videos") or paths.get("lectures")


def _unique(items: Sequence[tuple[int, T]], path: Path | None) -> tuple[T, ...]:
    """The items; an id that comes twice would give one of them the other's score."""
    seen: dict[str, int] = {}
    for line, item in items:
        name: str = item.id  # type: ignore[attr-defined]  # every noun of a suite has one
        if name in seen:
            raise InvalidInput(
                f"The id {name!r} stands in line {seen[name]} already.",
                path=str(path),
                line=line,
                remedy="Give each an id of its own.",
            )
        seen[name] = line
    return tuple(item for _, item in items)


def _video(row: Row) -> Video:
    cues = sorted((_cue(part) for part in row.parts("segments")), key=lambda cue: (cue.start, cue.end))
    chapters = tuple(
        GoldChapter(part.number("start"), part.text("title")) for part in row.parts("chapters", [])
    )
    return Video(
        row.text("video_id"),
        row.text("title", ""),
        row.text("lang", ""),
        tuple(cue for cue in cues if cue.text.strip()),
        tuple(sorted(chapters, key=lambda chapter: chapter.start)),
        row.text("reference", ""),
    )


def _cue(row: Row) -> Cue:
    start = max(0.0, row.number("start"))
    return Cue(start, max(start, row.number("end")), row.text("text"))


def _document(row: Row) -> Document:
    return Document(row.text("_id"), row.text("title", ""), row.text("text"))


def _query(row: Row) -> SuiteQuery:
    return SuiteQuery(row.text("_id"), row.text("text"))


def _task(row: Row) -> Task:
    """A row without a solution, or of the kind `concept`, asks for an explanation."""
    solution = row.text("solution", "")
    return Task(
        row.text("_id"),
        row.text("question"),
        solution,
        row.text("lesson_id", ""),
        row.texts("forms", []),
        row.texts("known", []),
        row.text("kind", "") == "concept" or not solution,
    )


def _turns(row: Row) -> tuple[str, ...]:
    return row.texts("turns")


def _question(row: Row) -> Question:
    start, end = row.number("start"), row.number("end")
    if end < start:
        raise row.wrong(f"The answer ends ({end}) before it starts ({start}).")
    return Question(row.text("_id"), row.text("text"), row.text("video_id"), start, end)


def _path(row: Row) -> Trodden:
    items = row.values.get("items")
    if not isinstance(items, list) or not all(isinstance(i, str | int) for i in items):
        raise row.wrong("'items' must be a list of ids.")
    return Trodden(row.text("user"), tuple(map(str, items)), row.text("next", ""))


def _wanted(path: Path) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for row in read_tsv(path, ("user", "item")):
        if wanted.setdefault(row.text("user"), row.text("item")) != row.text("item"):
            raise row.wrong(f"The learner {row.text('user')!r} stands in the file already.")
    return wanted


def _qrels(path: Path) -> dict[str, dict[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    for row in read_tsv(path, ("query-id", "corpus-id", "score")):
        qrels.setdefault(row.text("query-id"), {})[row.text("corpus-id")] = int(row.number("score"))
    return qrels


def _clips(path: Path) -> tuple[Clip, ...]:
    """The clips of the table, each with a file that is there."""
    clips: list[tuple[int, Clip]] = []
    for row in read_tsv(path, ("file", "language", "text")):
        clip = Clip(row.text("file"), row.text("language").lower(), row.text("text"))
        inside = (path.parent / clip.file).resolve()
        if not inside.is_relative_to(path.parent.resolve()):
            raise row.wrong(f"{clip.file} is outside the suite's folder.")
        if not inside.is_file():
            raise row.wrong(f"There is no file {clip.file} in the suite's folder.")
        clips.append((row.line, clip))
    seen: dict[str, int] = {}
    for line, clip in clips:
        if clip.file in seen:
            raise InvalidInput(
                f"The clip {clip.file} stands in line {seen[clip.file]} already.", path=str(path), line=line
            )
        seen[clip.file] = line
    return tuple(clip for _, clip in clips)


def _terms(head: Mapping[str, Any], folder: Path) -> tuple[tuple[str, ...], Path | None]:
    """`terms` of suite.yaml (a list, or a file), else a file `terms`, `terms.txt` or `terms.jsonl`."""
    named = head.get("terms")
    if isinstance(named, list):
        return tuple(map(str, named)), None
    for path in [folder / named] if isinstance(named, str) else [folder / name for name in _TERM_FILES]:
        if path.is_file() and path.suffix == ".jsonl":
            return tuple(row.text("term") for row in read_jsonl(path)), path
        if path.is_file():
            lines = path.read_text(encoding="utf-8-sig").splitlines()
            return tuple(line.strip() for line in lines if line.strip()), path
    if named is not None:
        raise InvalidInput(
            "This file of the suite is missing.",
            path=str(folder / str(named)),
            remedy="Or leave `terms` out.",
        )
    return (), None


def _digest(paths: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
