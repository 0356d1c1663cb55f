"""Recommendations at scale: the time of a top ten and of training, over a synthetic platform.

    python -m benchmarks.recommend --courses 90000 --learners 1000000 --interactions 10000000

Learners follow planted ways: most go to a near course of the same subject, some to a popular one, so that the
matrices are about as dense as real ones. The record of each asked learner comes from memory: the two reads of
the database that a request makes besides are not in the time. CPU seconds are of this process.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from baize.domain.course import Course
from baize.domain.learner import Begun
from baize.recommend import learned as learning
from baize.recommend.candidates import Record, course_scores
from baize.recommend.reasons import course_reasons
from baize.recommend.rules import RuleOptions, choose
from baize.recommend.shelf import stand

_N_TAGS = 300
_SUBJECT = 100
"""Courses in a subject."""
_HEAVY = 1 / 150
"""Pareto scale of popularity, of the courses: 500 of 90,000 have half of the learners, 4,000 nine tenths."""


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--courses", type=int, default=90_000)
    parser.add_argument("--learners", type=int, default=1_000_000)
    parser.add_argument("--interactions", type=int, default=10_000_000)
    parser.add_argument("--asked", type=int, default=1000)
    parser.add_argument("--gone", type=float, default=0.0, help="share of the courses that are not offered")
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen), indent=1))  # noqa: T201 - a command's output


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Train, save, load, ask."""
    rng = np.random.default_rng(5)
    courses = [
        Course("p", f"c{n}", f"课程 {n}", "zh", tags=(f"s{n // _SUBJECT}", f"t{n % _N_TAGS}"))
        for n in range(chosen.courses)
    ]
    begun = _begun(rng, chosen.courses, chosen.learners, chosen.interactions)
    before_mb = _peak_mb()
    begin, cpu = time.perf_counter(), time.process_time()
    courses = [course for course in courses if rng.random() >= chosen.gone]
    learned = learning.train(begun, {course.id for course in courses})
    trained = {"s": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu, "peak_mb": _peak_mb()}
    if learned is None:
        raise SystemExit("too few interactions: no learner began a second course")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.npz"
        learning.save(learned, path)
        n_bytes = sum(file.stat().st_size for file in Path(folder).iterdir())
        begin = time.perf_counter()
        shelf = stand(courses, learning.load(path))
        stood_s = time.perf_counter() - begin
    wall, used = _asked(shelf, _histories(begun, chosen.asked))
    return {
        "n": vars(chosen)
        | {"interactions": len(begun), "courses_begun": len({one.course_id for one in begun})},
        "data_mb": before_mb,
        "training": trained,
        "recipe": {
            name: getattr(learned.taste.recipe, name) for name in ("decay", "power", "ridge", "stead", "head")
        },
        "file_mb": n_bytes / 1e6,
        "load_s": stood_s,
        "top10_ms": {f"p{q}": float(np.percentile(wall, q)) for q in (50, 95, 99)},
        "top10_cpu_ms": {f"p{q}": float(np.percentile(used, q)) for q in (50, 95, 99)},
    }


def _begun(rng: np.random.Generator, n_courses: int, n_learners: int, n: int) -> Sequence[Begun]:
    lengths = rng.multinomial(n, np.full(n_learners, 1 / n_learners))
    popular = (rng.pareto(1.1, n) * n_courses * _HEAVY).astype(np.int64) % n_courses
    found: list[Begun] = []
    drawn = 0
    for learner, length in enumerate(lengths.tolist()):
        at = int(popular[drawn]) if length else 0
        seen: set[int] = set()
        for step in range(length):
            jump = int(popular[drawn + step])
            subject = at // _SUBJECT * _SUBJECT
            at = subject + (at + 1 + jump) % _SUBJECT if jump % 4 else jump
            at = min(at, n_courses - 1)
            if at not in seen:
                seen.add(at)
                found.append(Begun(f"l{learner}", f"c{at}", float(step)))
        drawn += length
    return found


def _histories(begun: Sequence[Begun], n: int) -> list[list[str]]:
    histories: dict[str, list[str]] = {}
    for one in begun:
        if one.learner_id not in histories and len(histories) == n:
            break
        histories.setdefault(one.learner_id, []).append(one.course_id)
    return list(histories.values())


def _asked(shelf: Any, histories: Sequence[Sequence[str]]) -> tuple[list[float], list[float]]:
    """Milliseconds of the wall clock and of the CPU, each."""
    wall: list[float] = []
    used: list[float] = []
    for history in histories:
        record = Record(history, {}, ("t7",))
        begin, cpu = time.perf_counter(), time.process_time()
        numbers = choose(shelf, record, course_scores(shelf, record), 10, options=RuleOptions())
        reasons = [course_reasons(shelf, record, number) for number in numbers]
        wall.append(1000 * (time.perf_counter() - begin))
        used.append(1000 * (time.process_time() - cpu))
        assert len(reasons) == min(10, len(shelf.courses))  # noqa: S101 - a benchmark's check
    return wall, used


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
