"""Hit rate, reciprocal rank, nDCG and recall of ranked lists, by `ir_measures` (MacAvaney et al., ECIR 2022).

hit@k is its Success@k, mrr@k its RR@k. nDCG has exponential gain, 2^relevance − 1 (Burges et al., ICML
2005), discounted by log2(rank + 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from baize.errors import DependencyUnavailable

Qrels = Mapping[str, Mapping[str, int]]
Runs = Mapping[str, Sequence[str]]

_GAINS = {relevance: 2**relevance - 1 for relevance in range(2, 16)}


def ranking(qrels: Qrels, runs: Runs, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Scores by query id, by metric name.

    Args:
        qrels: relevance by document id, by query id; documents that are not named are not relevant.
        runs: document ids, best first, by query id; a query without a list scores 0.
        names: of `hit@k`, `mrr@k`, `ndcg@k`, `recall@k`.

    Raises:
        DependencyUnavailable: `ir_measures` is not installed.
    """
    ir = _ir_measures()
    measures = {_measure(ir, name): name for name in names}
    scores = {name: dict.fromkeys(qrels, 0.0) for name in names}
    judged = [
        ir.Qrel(query, document, relevance)
        for query, documents in qrels.items()
        for document, relevance in documents.items()
    ]
    # trec_eval sorts by score and breaks ties by id: the rank itself is the only safe score.
    ranked = [
        ir.ScoredDoc(query, document, -float(rank))
        for query, documents in runs.items()
        for rank, document in enumerate(documents)
    ]
    if judged and ranked:
        for found in ir.iter_calc(list(measures), judged, ranked):
            scores[measures[found.measure]][found.query_id] = float(found.value)
    return scores


def _measure(ir: Any, name: str) -> Any:
    kind, _, cutoff = name.partition("@")
    base = {"hit": ir.Success, "mrr": ir.RR, "ndcg": ir.nDCG(gains=_GAINS), "recall": ir.R}[kind]
    return base @ int(cutoff)


def _ir_measures() -> Any:
    try:
        import ir_measures
    except ImportError as cause:
        raise DependencyUnavailable(
            "ir-measures is not installed.", remedy="Run `pip install 'baize[eval]'`."
        ) from cause
    return ir_measures
