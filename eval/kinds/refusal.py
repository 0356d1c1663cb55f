"""`refusal`: does the product keep silent where the course is silent, and speak where it is not?

Whether it refused is read off the whole answer, not off a threshold. The evidence score is measured
against labels (covered or not), and so is each feature that stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from baize.domain.chat import Completed, Refusal
from baize.domain.sentences import detect_language
from baize.errors import InvalidInput, NotFound
from baize.services.answer import Question as Asked
from baize.services.find import Found
from eval.kinds.bench import Bench, Scored, Spot, Timed, latency_of, moment_spot, reason, timed
from eval.record import Cells, ItemView, Measure

_N_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Observed:
    """One question and what came of it.

    Attributes:
        covered: whether the library answers it.
        evidence: the product's evidence score, 0..1.
        features: the best score of each leg.
        nearest: the first moments that were found.
    """

    id: str
    text: str
    covered: bool
    refused: bool = False
    evidence: float = 0.0
    features: Mapping[str, float] = field(default_factory=dict)
    nearest: tuple[Spot, ...] = ()
    timing: Timed | None = None
    error: str = ""


async def observe(bench: Bench) -> list[Observed]:
    """Ask the covered questions, then the others."""
    covered = [Observed(question.id, question.text, True) for question in bench.some(bench.suite.questions)]
    other = [Observed(query.id, query.text, False) for query in bench.some(bench.suite.queries)]

    async def ask(item: Observed) -> Observed:
        return await _ask(bench, item)

    return await bench.each([*covered, *other], ask)


async def _ask(bench: Bench, item: Observed) -> Observed:
    house, scope = bench.library.house, bench.library.scope

    async def answer() -> bool:
        prepared = await house.answering.prepare(Asked(item.text, scope))
        refused = False
        async for event in house.answering.stream(prepared):
            refused = refused or isinstance(event, Refusal)
            if isinstance(event, Completed):
                refused = refused or event.answer.refusal is not None
        return refused

    try:
        refused, timing = await timed(bench, answer)
        found = await house.finder.find(item.text, [], scope)
    except (InvalidInput, NotFound) as error:
        return replace(item, error=reason(error))
    return replace(
        item,
        refused=refused,
        evidence=found.evidence_score,
        features=_features(found),
        nearest=tuple(moment_spot(bench, moment) for moment in found.moments[:_N_SHOWN]),
        timing=timing,
    )


def _features(found: Found) -> dict[str, float]:
    """The best score of each leg among the moments found; a leg that found nothing has its least, 0."""
    best: dict[str, float] = {}
    for moment in found.moments:
        for part in moment.hit.parts:
            best[part.leg] = max(best.get(part.leg, part.score), part.score)
    return best


def score(items: Sequence[Observed]) -> Scored:
    """Both refusal rates, and the AUROC of the evidence score and of each feature alone."""
    # An id may stand in both files: the label tells the two apart.
    measures = [
        Measure("refused_out_of_scope", "mean", tuple(_refused(item, covered=False) for item in items)),
        Measure("refused_in_scope", "mean", tuple(_refused(item, covered=True) for item in items)),
        Measure("auroc", "auroc", tuple(_scored(item, item.evidence) for item in items)),
    ]
    for feature in sorted({name for item in items for name in item.features}):
        cells = tuple(_scored(item, item.features.get(feature, 0.0)) for item in items)
        measures.append(Measure(f"{feature}/auroc", "auroc", cells, "of this leg's best score alone"))
    english = tuple(
        _scored(item, item.evidence) if detect_language(item.text) == "en" else None for item in items
    )
    measures.append(Measure("en/auroc", "auroc", english, "English questions only"))
    for name, covered in (("refused_out_of_scope", False), ("refused_in_scope", True)):
        cells = tuple(
            _refused(item, covered=covered) if detect_language(item.text) == "en" else None for item in items
        )
        measures.append(Measure(f"en/{name}", "mean", cells, "English questions only"))
    return Scored(
        tuple(_view(item) for item in items), tuple(measures), latency_of([item.timing for item in items])
    )


def _refused(item: Observed, *, covered: bool) -> Cells | None:
    return None if item.error or item.covered != covered else (float(item.refused),)


def _scored(item: Observed, value: float) -> Cells | None:
    return None if item.error else (value, float(item.covered))


def _view(item: Observed) -> ItemView:
    return ItemView(
        item.id if item.covered else f"not-covered:{item.id}",
        item.text,
        item.error,
        item.timing.total_ms if item.timing else None,
        {"covered": item.covered},
        [
            {
                "refused": item.refused,
                "evidence": round(item.evidence, 4),
                "features": {name: round(value, 4) for name, value in item.features.items()},
                "hit": item.refused != item.covered,
            },
            *({"video": spot.place, "t": spot.t, "text": spot.text} for spot in item.nearest),
        ],
        failed=not item.error and item.refused == item.covered,
    )
