"""Is the evidence good enough, and which sentence of a passage is meant."""

from __future__ import annotations

import math

import pytest

from baize.domain.search import Hit, Query, Run
from baize.retrieval.assess import AssessOptions, EvidenceSignals, assess, signals
from baize.retrieval.cosine import CosineScale
from baize.retrieval.fuse import fuse
from baize.retrieval.locate import locate
from baize.retrieval.rewrite import rewrite
from baize.retrieval.sentences import TermWeights
from baize.testing.hash_embedder import HashEmbedder
from tests.unit.services.world import PRESSURE, SHEETS, make_chunk

pytestmark = pytest.mark.anyio

OPTIONS = AssessOptions(CosineScale(home=0.8, foreign=0.7), coverage_weight=4.0)
HOME = make_chunk(PRESSURE)
FOREIGN = make_chunk(SHEETS, lesson="s", title="Sum", language="en")


def score(question: str, *hits: Hit) -> float:
    query = rewrite(question, [])
    chunks = {hit.chunk.id: hit.chunk for hit in hits}
    runs = [Run(hit.leg, hit.chunk.language, (hit.chunk.id,), (hit.score,)) for hit in hits]
    fused = [
        Hit(chunks[m.chunk_id], m.rank, m.score, m.leg, m.parts) for m in fuse(runs, query, OPTIONS.scale)
    ]
    return assess(signals(query, fused, OPTIONS), OPTIONS)


def test_more_of_the_question_found_is_more_evidence() -> None:
    """At the same cosine, terms decide; at the same terms, the cosine does. Always 0..1."""
    on, off = (score(q, Hit(HOME, 1, 0.8, "dense")) for q in ("袖带和心脏一样高吗", "火星上的水和冰川"))
    assert 0 < off < 0.5 < on < 1
    weak, strong = (score("袖带和心脏一样高吗", Hit(HOME, 1, cosine, "dense")) for cosine in (0.7, 0.9))
    assert weak < on < strong


def test_across_languages_only_the_cosine_counts() -> None:
    """No terms can be shared, and it has a midpoint of its own."""
    assert score("单元格怎么锁", Hit(FOREIGN, 1, 0.7, "dense")) == pytest.approx(0.5)


def signalled(
    *,
    margin: float = 0.05,
    coverage: float = 0.8,
    alone: float = 2.0,
    rest: float = 0.0,
    together: float = 0.0,
) -> float:
    """The score of signals that are well above the midpoint, but for what is given."""
    found = EvidenceSignals(margin, coverage, foreign=False, alone=alone, rest=rest, together=together)
    return assess(found, OPTIONS)


def test_off_the_subject_no_single_passage_helps() -> None:
    """By hand: 8 · 40 · (−.05) is far below what one passage says."""
    assert signalled(margin=-0.05, coverage=0.5) == pytest.approx(1 / (1 + math.exp(16)))
    assert signalled(margin=-0.05, coverage=0.5, alone=9.0, together=1.0) < 0.01


def test_on_the_subject_one_passage_tells_and_the_rest_takes_off() -> None:
    """By hand: 2 − 40 · .5 · rest + 4 · ⅔ / 2 + together."""
    assert signalled() == pytest.approx(1 / (1 + math.exp(-2 - 4 / 3)))
    assert signalled(alone=1.0) == pytest.approx(1 / (1 + math.exp(-1 - 4 / 3)))
    assert signalled(rest=0.03) == pytest.approx(1 / (1 + math.exp(-1.4 - 4 / 3)))
    assert signalled(together=0.5) == pytest.approx(1 / (1 + math.exp(-2.5 - 4 / 3)))


def test_hits_of_one_lesson_are_more_than_as_many_of_several() -> None:
    """By hand: all of one, 1; one each, 1 / n; of the first ten only."""
    query = rewrite("袖带应该放多高", [])

    def together(*lessons: str) -> float:
        hits = [
            Hit(make_chunk(PRESSURE, lesson=lesson), n, 1.0, "dense") for n, lesson in enumerate(lessons, 1)
        ]
        return signals(query, hits, OPTIONS).together

    assert together() == 0.0
    assert together("a", "a", "a") == pytest.approx(1.0)
    assert together("a", "b", "c", "d") == pytest.approx(1 / 4)
    assert together("a", "a", "a", "b") == pytest.approx(10 / 16)
    assert together(*"aaaaaaaaaabcd") == pytest.approx(1.0)


def test_of_one_passage_each_term_counts_the_same() -> None:
    """Rarity tells whether the subject is met, not which passage of the subject meets it."""
    hits = [Hit(make_chunk([text], lesson=text), 1, 0.8, "dense") for text in ("a b", "a c", "a d")]
    common, rare = (signals(Query("q", "q", "zh", ("a", term)), hits, OPTIONS) for term in ("zz", "d"))
    assert rare.alone - common.alone == pytest.approx(4 * 2 / 3 / 2)


def test_a_passage_with_both_is_more_than_two_with_one_each() -> None:
    """The same best cosine and the same best terms, in one passage or in two."""
    query = rewrite("袖带应该放多高", [])
    other = make_chunk(["火星上的水和冰川。"], lesson="m", start=0.0)

    def found(own: float, others: float) -> EvidenceSignals:
        run = Run("dense", "zh", (HOME.id, other.id), (own, others))
        chunks = {chunk.id: chunk for chunk in (HOME, other)}
        hits = [
            Hit(chunks[m.chunk_id], m.rank, m.score, m.leg, m.parts)
            for m in fuse([run], query, OPTIONS.scale)
        ]
        return signals(query, hits, OPTIONS)

    together, apart = found(0.85, 0.8), found(0.8, 0.85)
    assert (together.margin, together.coverage, together.rest) == (apart.margin, apart.coverage, apart.rest)
    assert together.alone > apart.alone
    assert assess(together, OPTIONS) > assess(apart, OPTIONS)


def test_nothing_found_is_no_evidence() -> None:
    """No hit at all, or a lexical hit that nothing dense confirms."""
    assert score("袖带和心脏一样高吗") < 0.01
    assert score("袖带", Hit(HOME, 1, 9.0, "lexical")) < 0.01


async def test_the_sentence_with_most_of_the_question_is_the_focus() -> None:
    """The earlier one on a tie."""
    query = rewrite("袖带应该放多高", [])
    vector = await HashEmbedder().embed_query(query.text)
    (moment,) = await locate(
        query, vector, vector, [Hit(HOME, 1, 1.0, "fused")],
        embedder=HashEmbedder(), n_foreign=0,
    )  # fmt: skip
    assert moment.focus == HOME.sentences[1]
    none = Query("x", "x", "zh", ("完全没有",))
    (moment,) = await locate(
        none,
        vector,
        vector,
        [Hit(HOME, 1, 1.0, "fused")],
        embedder=HashEmbedder(),
        n_foreign=0,
    )
    assert moment.focus == HOME.sentences[0]


async def test_foreign_passages_are_located_by_meaning_as_far_as_allowed() -> None:
    """The first `n_foreign` by their sentences' vectors, in the order of the hits."""
    query = Query("公式", "公式", "zh", ("公式",))
    vector = await HashEmbedder().embed_query(SHEETS[1])
    hits = [Hit(FOREIGN, 1, 1.0, "fused"), Hit(HOME, 2, 0.5, "fused")]
    by_meaning = await locate(query, vector, vector, hits, embedder=HashEmbedder(), n_foreign=1)
    assert [m.focus.text for m in by_meaning] == [SHEETS[1], PRESSURE[0]]
    by_words = await locate(query, vector, vector, hits, embedder=HashEmbedder(), n_foreign=0)
    assert by_words[0].focus.text == SHEETS[0]
    assert await locate(query, vector, vector, [], embedder=HashEmbedder(), n_foreign=3) == []


async def test_the_best_hit_that_says_it_in_other_words_is_located_by_meaning() -> None:
    """Its own vector decides, not the one for other languages; a hit behind it points to its beginning."""
    query = Query("别的话", "别的话", "zh", ("别的话",))
    vector = await HashEmbedder().embed_query(PRESSURE[2])
    abroad = await HashEmbedder().embed_query(SHEETS[1])
    hits = [Hit(HOME, 1, 1.0, "fused"), Hit(FOREIGN, 2, 0.5, "fused")]

    async def focuses(*order: int) -> list[str]:
        chosen = [hits[n] for n in order]
        moments = await locate(query, vector, abroad, chosen, embedder=HashEmbedder(), n_foreign=2)
        return [moment.focus.text for moment in moments]

    assert await focuses(0, 1) == [PRESSURE[2], SHEETS[1]]
    assert await focuses(1, 0) == [SHEETS[1], PRESSURE[0]]


def test_rare_terms_weigh_more_and_coverage_is_a_share() -> None:
    """What all passages hold says little; nothing wanted is nothing covered."""
    weights = TermWeights([["a", "b"], ["a", "c"], ["a"]])
    assert weights["a"] < weights["b"] < weights["unseen"]
    assert weights.coverage(["a", "b"], ["a", "b", "z"]) == pytest.approx(1.0)
    assert 0 < weights.coverage(["a", "b"], ["a"]) < 0.5 < weights.coverage(["a", "b"], ["b"]) < 1
    assert weights.coverage([], ["a"]) == 0.0
