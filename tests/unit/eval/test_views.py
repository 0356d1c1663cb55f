"""Views of the index and of the embedder that an evaluation looks through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from baize.domain.locator import TimeSpan
from baize.domain.search import DenseQuery, IndexedChunk, Scope, SparseQuery
from baize.domain.text import Chunk
from baize.retrieval.terms import passage_vector, query_vector, terms
from baize.settings import Settings
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.memory_index import MemoryIndex
from eval.dataset import read_suite
from eval.embedding import RememberingEmbedder
from eval.legs import LegView
from eval.library import library_digest
from eval.overrides import with_overrides

pytestmark = pytest.mark.anyio


async def test_one_leg_alone() -> None:
    """The view answers its own leg's queries in their places, the others with nothing, and notes the legs."""
    embedder = HashEmbedder()
    text = "cats purr"
    piece = Chunk(
        "00000000-0000-0000-0000-000000000001", "p", "c", "l", "t", "f", "en", (), text, (), TimeSpan(0, 1), 0
    )
    index = MemoryIndex()
    (dense,) = await embedder.embed_passages([text])
    await index.upsert([IndexedChunk(piece, "b", dense, passage_vector(terms(text)))])
    queries: list[DenseQuery | SparseQuery] = [
        DenseQuery(await embedder.embed_query(text)),
        SparseQuery(query_vector(terms(text))),
    ]
    scope = Scope("p", build_ids=("b",))
    lexical = LegView(index, "lexical")
    found = await lexical.search(queries, scope, 5)
    assert [[hit.leg for hit in hits] for hits in found] == [[], ["lexical"]]
    assert lexical.asked == ["dense", "lexical"]
    assert [len(hits) for hits in await LegView(index).search(queries, scope, 5)] == [1, 1]
    assert await lexical.count(scope) == 1


class CountingEmbedder(HashEmbedder):
    """Counts the queries that reach the model."""

    n_queries = 0

    async def embed_query(self, text: str) -> np.ndarray:
        self.n_queries += 1
        return await super().embed_query(text)


async def test_queries_are_remembered(tmp_path: Path) -> None:
    """A query is embedded once, across runs too, and keeps what it cost."""
    inner = CountingEmbedder()
    first = RememberingEmbedder(inner, tmp_path / "v.sqlite")
    vector = await first.embed_query("why?")
    cost = first.cost_ms
    second = RememberingEmbedder(inner, tmp_path / "v.sqlite")
    again = await second.embed_query("why?")
    assert inner.n_queries == 1
    assert np.array_equal(vector, again)
    assert second.cost_ms == cost > 0
    assert second.spent_ms > 0


def test_library_digest(repo_root: Path) -> None:
    """Settings that shape the library change its digest; those that only shape a search do not."""
    suite = read_suite(repo_root / "eval/suites/moments-samples")
    plain = library_digest(suite, Settings())
    assert library_digest(suite, with_overrides(Settings(), ["retrieval.leg_k=7"])) == plain
    assert library_digest(suite, with_overrides(Settings(), ["chunking.max_tokens=64"])) != plain
    as_answers = read_suite(repo_root / "eval/suites/moments-samples", "answers")
    assert library_digest(as_answers, Settings()) == plain


def test_library_digest_of_a_catalogue(repo_root: Path) -> None:
    """One corpus makes two libraries: documents of one course, or a course for each record."""
    folder = repo_root / "eval/suites/courses-samples"
    as_courses, as_documents = (read_suite(folder, kind) for kind in ("courses", "beir"))
    assert as_courses.library_digest == as_documents.library_digest
    assert library_digest(as_courses, Settings()) != library_digest(as_documents, Settings())


@pytest.mark.parametrize(
    "name", ["moments-samples", "answers-samples", "refusal-samples", "beir-samples", "courses-samples"]
)
def test_own_suites_are_sound(repo_root: Path, name: str) -> None:
    """The repository's suites read, and every answer lies in a video or document that is there."""
    suite = read_suite(repo_root / "eval/suites" / name)
    places = {video.id: video.duration_s for video in suite.videos}
    assert all(question.end <= places[question.video_id] for question in suite.questions)
    documents = {document.id for document in suite.documents}
    assert all(set(judged) <= documents for judged in (suite.qrels or {}).values())
