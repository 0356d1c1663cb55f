"""The kinds by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.kinds import answers, asr, beir, chapters, courses, moments, pedagogy, recommend, refusal, summaries
from eval.kinds.bench import Bench, Desk, Scored


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is run and scored.

    Attributes:
        item: what is observed of one item; frozen, readable from JSON.
        observe: runs a suite over its library.
        at_desk: runs a suite that needs no library, in place of `observe`.
        has_stock: whether the stock pipelines can stand beside it.
        lacks: what this build lacks to run it; its raw results can be scored all the same.
    """

    item: type[Any]
    score: Callable[[Sequence[Any]], Scored]
    observe: Callable[[Bench], Awaitable[Sequence[Any]]] | None = None
    at_desk: Callable[[Desk], Awaitable[Sequence[Any]]] | None = None
    has_stock: bool = False
    lacks: str = ""


KINDS: Mapping[str, Kind] = {
    "answers": Kind(answers.Observed, answers.score, answers.observe),
    "asr": Kind(asr.Observed, asr.score, at_desk=asr.observe),
    "beir": Kind(beir.Observed, beir.score, beir.observe, has_stock=True),
    "chapters": Kind(chapters.Observed, chapters.score, at_desk=chapters.observe),
    "courses": Kind(beir.Observed, beir.score, courses.observe, has_stock=True),
    "moments": Kind(moments.Observed, moments.score, moments.observe, has_stock=True),
    "pedagogy": Kind(pedagogy.Observed, pedagogy.score, pedagogy.observe),
    "recommend": Kind(recommend.Observed, recommend.score, at_desk=recommend.observe),
    "refusal": Kind(refusal.Observed, refusal.score, refusal.observe),
    "summaries": Kind(summaries.Observed, summaries.score, at_desk=summaries.observe),
}
