"""What share of the lessons has what learners look for, and why the others have it not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from baize.domain.course import FAQ_SUFFIX
from baize.domain.library import Holding, ItemState
from baize.ports import Artefacts, Publisher

KINDS = ("transcript", "chapters", "summary", "quiz")
_WHY = {
    "transcript": "nothing is said in it",
    "chapters": "of one piece, or too short for chapters",
    "summary": "too little text",
    "quiz": "no sentence that makes a fair question",
}
_NO_RECORDING = "no recording"
_IN_WORK = "being ingested"


@dataclass(frozen=True, slots=True)
class Gap:
    """A lesson that lacks something. A lesson that failed and has an older version has no gap."""

    course_id: str
    lesson_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """One kind of thing over all lessons.

    Attributes:
        n: lessons that have it.
        of: lessons there are, published or not; a FAQ is none, nor is what could not be planned.
    """

    kind: str
    n: int
    of: int
    gaps: tuple[Gap, ...]

    @property
    def share(self) -> float:
        return self.n / self.of if self.of else 0.0

    def reasons(self) -> list[tuple[str, int]]:
        """Why, with how many lessons each, the most frequent first; failures by their stage, not by file."""
        return Counter(gap.why.partition(": ")[0] for gap in self.gaps).most_common()


@dataclass(frozen=True, slots=True)
class Unplanned:
    """What no lesson could be made of: a file that cannot be read, or lines of course.yaml.

    Attributes:
        item: a file's path inside the course folder, or the id that its lesson would have.
        error: what is wrong, and the remedy.
    """

    course_id: str
    item: str
    error: str


@dataclass(frozen=True, slots=True)
class Covered:
    """Every kind over all lessons, and what could have been lessons."""

    parts: tuple[Coverage, ...]
    unplanned: tuple[Unplanned, ...]


async def coverage(
    platform_id: str, course_id: str = "", *, artefacts: Artefacts, publisher: Publisher
) -> Covered:
    """Of one course, or of all of the platform."""
    held = [
        h for h in await artefacts.holdings(platform_id, course_id) if not h.lesson_id.endswith(FAQ_SUFFIX)
    ]
    published = {(h.course_id, h.lesson_id) for h in held}
    absent = [
        state
        for state in await publisher.states(platform_id, course_id)
        if (state.course_id, state.item) not in published and not state.item.endswith(FAQ_SUFFIX)
    ]
    lessons = [state for state in absent if not _is_unplanned(state)]
    return Covered(
        tuple(_covered(kind, held, lessons) for kind in KINDS),
        tuple(Unplanned(s.course_id, s.item, s.error) for s in absent if _is_unplanned(s)),
    )


def _is_unplanned(state: ItemState) -> bool:
    return state.state == "failed" and state.stage == "plan"


def _covered(kind: str, held: list[Holding], absent: list[ItemState]) -> Coverage:
    gaps = [Gap(h.course_id, h.lesson_id, _why(kind, h)) for h in held if not _has(kind, h)]
    n = len(held) - len(gaps)
    gaps += [Gap(state.course_id, state.item, _failed(state)) for state in absent]
    return Coverage(kind, n, len(held) + len(absent), tuple(gaps))


def _has(kind: str, held: Holding) -> bool:
    match kind:
        case "transcript":
            return held.spoken
        case "chapters":
            return held.n_chapters > 0
        case "summary":
            return held.n_summary > 0
    return held.n_quiz > 0


def _why(kind: str, held: Holding) -> str:
    if kind in ("transcript", "chapters") and not held.spoken:
        return _WHY["transcript"] if held.media else _NO_RECORDING
    return _WHY[kind]


def _failed(state: ItemState) -> str:
    return _IN_WORK if state.state == "running" else f"failed in {state.stage}: {state.error}"
