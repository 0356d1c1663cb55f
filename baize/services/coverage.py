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
        of: lessons there are, published or not; a FAQ is none.
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


async def coverage(
    platform_id: str, course_id: str = "", *, artefacts: Artefacts, publisher: Publisher
) -> list[Coverage]:
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
    return [_covered(kind, held, absent) for kind in KINDS]


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
