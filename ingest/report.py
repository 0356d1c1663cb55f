"""What an ingestion did, lesson by lesson, as data and as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from baize.domain.speech import SpeechReport
from baize.errors import BaizeError, DependencyUnavailable, InvalidInput

Outcome = Literal["done", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that could not be used: where, what happened and what to do.

    Attributes:
        dependency: the thing itself may be well; what is needed to read or store it does not answer.
    """

    path: str
    line: int | None
    message: str
    remedy: str
    dependency: bool = False

    @classmethod
    def of(cls, error: BaizeError) -> Problem:
        path, line = (error.path, error.line) if isinstance(error, InvalidInput) else ("", None)
        return cls(path, line, error.message, error.remedy, isinstance(error, DependencyUnavailable))

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}: " if self.line else f"{self.path}: " if self.path else ""
        return f"{place}{self.message} {self.remedy}".rstrip()


@dataclass(frozen=True, slots=True)
class LessonReport:
    """One lesson.

    Attributes:
        media_s: seconds of media; 0.0 without any.
        stage_s: seconds of work by stage.
        speech: how well it was heard; None where nothing was listened to.
        stage: the last one; where it failed, if it did.
    """

    course_id: str
    lesson_id: str
    outcome: Outcome
    n_chunks: int = 0
    media_s: float = 0.0
    stage_s: dict[str, float] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    speech: SpeechReport | None = None
    stage: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueReport:
    """What docking one source did, in courses."""

    source_id: str
    n_new: int
    n_changed: int
    n_unchanged: int
    n_removed: int
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        return (
            f"Catalogue {self.source_id}: {self.n_new} courses new, {self.n_changed} changed, "
            f"{self.n_unchanged} unchanged, {self.n_removed} removed."
        )


@dataclass(frozen=True, slots=True)
class Writing:
    """What the model's words cost.

    Attributes:
        n_calls: prompts that were sent; 0 when all was remembered, or nothing was to be written.
        n_written: lessons that were worded.
        n_waiting: lessons that the model could not word yet.
        cost: of these tokens, in `currency`; None where `prices` has none for the model.
        n_courses: courses that the worded lessons are of.
    """

    n_calls: int = 0
    n_written: int = 0
    n_waiting: int = 0
    prompt_tokens: int = 0
    cache_hit_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    currency: str = "CNY"
    n_courses: int = 0

    @property
    def cost_per_1000(self) -> float | None:
        """Of a thousand lessons such as these; None without a price, or when none was written."""
        return None if self.cost is None or not self.n_written else 1000 * self.cost / self.n_written

    @property
    def cost_per_1000_courses(self) -> float | None:
        """Of a thousand courses such as these; None without a price, or when none was written."""
        return None if self.cost is None or not self.n_courses else 1000 * self.cost / self.n_courses

    def bill(self) -> str:
        """What it cost, for a person."""
        if self.cost is None:
            return "at no known price (name the model in `prices`)"
        sign = "¥" if self.currency == "CNY" else f"{self.currency} "
        lessons, courses = self.cost_per_1000, self.cost_per_1000_courses
        if lessons is None or courses is None:
            return f"{sign}{self.cost:.4f}"
        return (
            f"{sign}{self.cost:.4f}; {sign}{lessons:.2f} for 1,000 such lessons, "
            f"{sign}{courses:.2f} for 1,000 such courses"
        )


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The whole run. `problems` are those of manifests; lessons carry their own."""

    lessons: tuple[LessonReport, ...]
    removed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    catalogues: tuple[CatalogueReport, ...] = ()
    writing: Writing | None = None

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        docked = (problem for catalogue in self.catalogues for problem in catalogue.problems)
        return (*self.problems, *docked, *(problem for lesson in self.lessons for problem in lesson.problems))

    @property
    def ok(self) -> bool:
        return not self.all_problems

    def counts(self) -> Counter[str]:
        return Counter(lesson.outcome for lesson in self.lessons)

    def stage_seconds(self) -> dict[str, float]:
        """Seconds by stage over all lessons."""
        total: Counter[str] = Counter()
        for lesson in self.lessons:
            total.update(lesson.stage_s)
        return dict(total)

    def to_dict(self) -> dict[str, Any]:
        return {
            "lessons": [asdict(lesson) for lesson in self.lessons],
            "removed": list(self.removed),
            "problems": [asdict(problem) for problem in self.problems],
            "catalogues": [asdict(catalogue) for catalogue in self.catalogues],
            "counts": dict(self.counts()),
            "n_chunks": sum(lesson.n_chunks for lesson in self.lessons),
            "media_s": sum(lesson.media_s for lesson in self.lessons),
            "stage_s": self.stage_seconds(),
            "writing": asdict(self.writing)
            | {
                "cost_per_1000": self.writing.cost_per_1000,
                "cost_per_1000_courses": self.writing.cost_per_1000_courses,
            }
            if self.writing
            else None,
            "ok": self.ok,
        }


def merge(reports: list[IngestReport]) -> IngestReport:
    """One report over several courses."""
    return IngestReport(
        tuple(lesson for report in reports for lesson in report.lessons),
        tuple(lesson for report in reports for lesson in report.removed),
        tuple(problem for report in reports for problem in report.problems),
        tuple(catalogue for report in reports for catalogue in report.catalogues),
        next((report.writing for report in reports if report.writing), None),
    )
