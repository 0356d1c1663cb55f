"""Does every leg find what it must find? A lexical leg that is silently empty looks like a bad answer.

Known Chinese and English probes are stored under a platform of their own, which no learner can reach, and
each leg must bring the right one back first. Run by `baize doctor` and before `/readyz` says ready.
"""

from __future__ import annotations

from dataclasses import dataclass

from baize.domain.locator import FaqEntry
from baize.domain.search import DenseQuery, IndexedChunk, Scope, SparseQuery
from baize.domain.text import Chunk, Segment, chunk_id
from baize.errors import IndexUnavailable
from baize.ports import ChunkIndex, Embedder
from baize.retrieval.terms import passage_vector, pinyin_terms, query_vector, terms

PLATFORM = "baize~selftest"
_BUILD = "selftest-1"


@dataclass(frozen=True, slots=True)
class Probe:
    """A passage, a question that means it, and, in Chinese, the question with homophones."""

    language: str
    passage: str
    question: str
    misheard: str = ""


PROBES = (
    Probe("zh", "早上起床后一小时之内量血压最准。", "高血压的人早上什么时候量血压？", "早上起床厚凉雪鸭"),
    Probe("zh", "直播卖货之前，先把每一单的成本算清楚。", "直播卖货的成本怎么算？", "直播麦货的城本"),
    Probe("en", "A dollar sign locks the cell reference in a formula.", "How do I lock a cell reference?"),
    Probe("en", "Bread rises because yeast gives off carbon dioxide.", "Why does bread rise with yeast?"),
)


async def self_test(index: ChunkIndex, embedder: Embedder) -> int:
    """Ask each leg for each probe.

    Returns:
        how many questions were asked.

    Raises:
        IndexUnavailable: a leg does not find a probe, or the store does not answer.
    """
    chunks = [_chunk(n, probe) for n, probe in enumerate(PROBES)]
    await _store(chunks, index, embedder)
    n_asked = 0
    for probe, chunk in zip(PROBES, chunks, strict=True):
        queries: list[DenseQuery | SparseQuery] = [
            DenseQuery(await embedder.embed_query(probe.question), probe.language),
            SparseQuery(query_vector(terms(probe.question)), leg="lexical"),
        ]
        if probe.misheard:
            queries.append(SparseQuery(query_vector(pinyin_terms(probe.misheard)), leg="pinyin"))
        found = await index.search(queries, Scope(PLATFORM), k=1)
        for query, matches in zip(queries, found, strict=True):
            n_asked += 1
            if [match.chunk_id for match in matches] != [chunk.id]:
                raise IndexUnavailable(
                    f"The {query.leg} leg does not find the {probe.language} probe “{probe.question}”.",
                    remedy="Answers would miss what the course says: reinstall Bai Ze, or check `embedder` "
                    "and `index` in config.yaml.",
                )
    return n_asked


async def _store(chunks: list[Chunk], index: ChunkIndex, embedder: Embedder) -> None:
    vectors = await embedder.embed_passages([chunk.text for chunk in chunks])
    await index.upsert(
        [
            IndexedChunk(
                chunk,
                _BUILD,
                vector,
                lexical=passage_vector(terms(chunk.text)),
                pinyin=passage_vector(pinyin_terms(chunk.text)),
            )
            for chunk, vector in zip(chunks, vectors, strict=True)
        ]
    )


def _chunk(number: int, probe: Probe) -> Chunk:
    place = FaqEntry(f"probe-{number}")
    return Chunk(
        chunk_id(PLATFORM, "selftest", "selftest", "selftest", place, probe.passage),
        PLATFORM,
        "selftest",
        "selftest",
        "selftest",
        "selftest",
        probe.language,
        (),
        probe.passage,
        (Segment(probe.passage, place),),
        place,
        number,
    )
