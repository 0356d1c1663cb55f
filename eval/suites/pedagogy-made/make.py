"""Makes `exercises.jsonl` and `videos.jsonl` of this suite: `python eval/suites/pedagogy-made/make.py`.

The hundred facts of `facts.tsv` were written by hand; a hundred exercises with figures are drawn from ten
templates of `sums.tsv`, five a language, so that their solutions stand in no lesson.
"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_N_DRAWS = 10
_SUMS: dict[str, Callable[[int, int, int], int]] = {
    "(b - a) * c": lambda a, b, c: (b - a) * c,
    "a * c + b": lambda a, b, c: a * c + b,
    "a * b": lambda a, b, _: a * b,
    "b * c": lambda _, b, c: b * c,
    "b * c + a": lambda a, b, c: b * c + a,
    "a + b + c": lambda a, b, c: a + b + c,
    "b + a * c": lambda a, b, c: b + a * c,
    "a * b - c": lambda a, b, c: a * b - c,
}
"""By the formula in `sums.tsv`."""


def main() -> None:
    lessons: dict[str, list[str]] = defaultdict(list)
    languages: dict[str, str] = {}
    tasks: list[dict[str, Any]] = []
    for lesson, language, kind, _, said, question, solution, forms in _rows("facts.tsv"):
        lessons[lesson].append(said)
        languages[lesson] = language
        task = {"_id": f"{lesson}-{len(lessons[lesson])}", "question": question, "lesson_id": lesson}
        if kind == "concept":
            tasks.append({**task, "kind": "concept"})
        else:
            told = [form for form in forms.split("|") if form]
            tasks.append({**task, "solution": solution, "forms": told})
    rng = random.Random(11)  # noqa: S311 - a suite that can be made again
    for lesson, language, said, question, formula in _rows("sums.tsv"):
        lessons[lesson].append(said)
        languages[lesson] = language
        for n in range(_N_DRAWS):
            figures = {"a": rng.randrange(12, 60), "b": rng.randrange(60, 200), "c": rng.randrange(7, 40)}
            value = _SUMS[formula](figures["a"], figures["b"], figures["c"])
            task = {"_id": f"{lesson}-{n}", "question": question.format(**figures), "lesson_id": lesson}
            tasks.append({**task, "solution": str(value), "forms": [f"{value:,}"]})
    _write("exercises.jsonl", tasks)
    _write("videos.jsonl", [_video(name, languages[name], said) for name, said in lessons.items()])


def _rows(name: str) -> list[list[str]]:
    with (HERE / name).open(encoding="utf-8") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _video(name: str, language: str, said: list[str]) -> dict[str, Any]:
    cues = [{"start": 6.0 * n, "end": 6.0 * n + 5.5, "text": text} for n, text in enumerate(said)]
    return {"video_id": name, "title": name, "lang": language, "segments": cues}


def _write(name: str, rows: list[dict[str, Any]]) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
