"""The six baselines of a `recommend` suite, each tuned on the cut of the trails that tunes the product.

All of them see the trails that the product sees: a row a trail (of ALS and BPR, which have factors of each
row, a learner), a column an item. What came next has a column of its own beside the same id's as an item of a
history, and only those columns are ranked: the two may differ so much in their shares that a baseline without
this would be beaten by anything. Item-kNN may hear what came after the next too, as the classic one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baize.errors import DependencyUnavailable
from baize.recommend.trails import Ints, Trails, bags, followed

Scores = NDArray[np.float32]
"""(learners, nexts)."""


@dataclass(frozen=True, slots=True)
class Matrices:
    """What a baseline may fit on.

    Attributes:
        trails: with what came next.
        histories: of those to be judged; their `nexts` must not be read.
    """

    trails: Trails
    histories: Trails


@dataclass(frozen=True, slots=True)
class Tuned:
    """A baseline with the options that did best on the cut."""

    name: str
    options: Mapping[str, float]
    scores: Scores


def popularity(given: Matrices) -> Scores:
    """How often an item came next."""
    counts = np.asarray(followed(given.trails).sum(axis=0), dtype=np.float32).ravel()
    return np.tile(counts, (len(given.histories), 1))


def item_knn(given: Matrices, *, shrink: float, decay: float = 1.0, after: float = 0.0) -> Scores:
    """Cosine of the columns, shrunk (Sarwar et al., WWW 2001), over the history, the last item weighing 1.

    Args:
        after: 1 for pairs of a learner's items in either order, 0 for those in the order they were taken.
    """
    taken, nexts = bags(given.trails, 1.0, after), followed(given.trails)
    together = (taken.T.tocsr() @ nexts).tocoo()
    lengths = np.sqrt(_sums(taken)[together.row] * _sums(nexts)[together.col])
    together.data = (together.data / (lengths + shrink)).astype(np.float32)
    return _dense(bags(given.histories, decay) @ together.tocsr())


def ease(given: Matrices, *, ridge: float) -> Scores:
    """The closed form of Steck (WWW 2019) on the whole matrix: B = −P / diag(P), P = (XᵀX + λI)⁻¹."""
    joint = _joint(given.trails)
    gram = (joint.T.tocsr() @ joint).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += ridge
    inverse = np.linalg.inv(gram)
    n = given.trails.n_items
    weights = (-inverse[:n, n:] / np.diag(inverse)[n:]).astype(np.float32)
    return np.asarray(bags(given.histories, 1.0) @ weights, dtype=np.float32)


def als(given: Matrices, *, factors: int, regularization: float, alpha: float) -> Scores:
    """Implicit-feedback ALS (Hu, Koren and Volinsky, ICDM 2008), from the package `implicit`."""
    _implicit()
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    # It warns when BLAS has threads of its own.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=factors, regularization=regularization, alpha=alpha, iterations=15, random_state=1
        )
    return _factorised(model, given)


def bpr(given: Matrices, *, factors: int, regularization: float, learning_rate: float) -> Scores:
    """Bayesian personalised ranking (Rendle et al., UAI 2009), from the package `implicit`."""
    _implicit()
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(
        factors=factors,
        regularization=regularization,
        learning_rate=learning_rate,
        iterations=100,
        random_state=1,
    )
    return _factorised(model, given)


BASELINES: tuple[tuple[str, Callable[..., Scores], tuple[Mapping[str, float], ...]], ...] = (
    ("popularity", popularity, ({},)),
    (
        "item-knn",
        item_knn,
        tuple({"shrink": s, "after": a} for a in (0, 1) for s in (0, 5, 10, 20, 50, 100)),
    ),
    (
        "item-knn-decay",
        item_knn,
        tuple(
            {"shrink": s, "decay": d, "after": a}
            for a in (0, 1)
            for s in (5, 10, 20, 50, 100, 200)
            for d in (0.9, 0.8, 0.7, 0.6)
        ),
    ),
    ("ease", ease, tuple({"ridge": r} for r in (50, 200, 500, 1000))),
    (
        "als",
        als,
        tuple(
            {"factors": f, "regularization": r, "alpha": a}
            for f in (64, 128)
            for r in (0.1, 10.0)
            for a in (1.0, 10.0)
        ),
    ),
    (
        "bpr",
        bpr,
        tuple(
            {"factors": f, "regularization": 0.01, "learning_rate": rate}
            for f in (64, 128)
            for rate in (0.02, 0.05)
        ),
    ),
)
"""Name, function, and the options that are tried."""


def tuned(
    trails: Trails, histories: Trails, held: Ints, rest: Ints, *, taken: Callable[[Trails], NDArray[np.bool_]]
) -> Iterator[Tuned]:
    """Each baseline, its options chosen on `held` after a fit on `rest`, then fitted on all trails.

    Args:
        taken: (learners, nexts), whether a learner has the next item in the history.
    """
    cut = Matrices(trails.of(rest), trails.of(held))
    full = Matrices(trails, histories)
    barred = taken(cut.histories)
    for name, fit, choices in BASELINES:
        best = max(choices, key=lambda options: _quality(fit(cut, **options), cut, barred))
        yield Tuned(name, best, fit(full, **best))


def _quality(scores: Scores, cut: Matrices, barred: NDArray[np.bool_]) -> float:
    """hit@10 + nDCG@10 of what came next; equal scores count against it."""
    scores = np.where(barred, -np.inf, scores)
    rows = np.arange(len(scores))
    wanted = scores[rows, cut.histories.nexts][:, None]
    ranks = (scores >= wanted).sum(axis=1) - 1
    return float(np.where(ranks < 10, 1 + 1 / np.log2(ranks + 2), 0).mean())


def _joint(trails: Trails) -> Any:
    from scipy.sparse import hstack

    return hstack([bags(trails, 1.0), followed(trails)]).tocsr()


def _factorised(model: Any, given: Matrices) -> Scores:
    """Fitted on the trails and on the histories: a learner without a row has no factors."""
    from scipy.sparse import csr_matrix, hstack, vstack
    from threadpoolctl import threadpool_limits

    histories = bags(given.histories, 1.0)
    nothing = csr_matrix((histories.shape[0], given.trails.n_nexts), dtype=np.float32)
    trails = given.trails.of(given.trails.lasts())
    rows = csr_matrix(vstack([_joint(trails), hstack([histories, nothing])]))
    # Its own threads and those of BLAS would stand in each other's way.
    with threadpool_limits(1, "blas"):
        model.fit(rows, show_progress=False)
    n_learners, n_items = len(trails), trails.n_items
    learners = np.asarray(model.user_factors)[n_learners:]
    items = np.asarray(model.item_factors)[n_items:]
    return np.asarray(learners @ items.T, dtype=np.float32)


def _sums(matrix: Any) -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()


def _dense(matrix: Any) -> Scores:
    return np.asarray(matrix.toarray(), dtype=np.float32)


def _implicit() -> None:
    try:
        import implicit  # noqa: F401
    except ImportError as cause:
        raise DependencyUnavailable(
            "implicit is not installed, which two of the baselines come from.",
            remedy="Run `pip install 'baize[recommend]'`.",
        ) from cause
