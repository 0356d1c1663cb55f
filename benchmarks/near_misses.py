"""How well evidence tells near misses: `python -m benchmarks.near_misses SUITE [--splits 20] [--json OUT]`.

Half of a suite's videos are the library, and the questions about the other half are not covered by it; then
the halves change places, and it is done again with other halves. One suite of near misses is one such split:
which half a subject fell into moves an AUROC by ±.03, so a score is judged by the mean over many. Runs the
product's chunking, search, fusion, collapsing and assessing over an exact index in memory; SUITE is a folder
of kind `moments`. Embedded texts are kept in `$BAIZE_CACHE`, so a second run is quick.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import anyio
import numpy as np

from baize.adapters.embed_cached import CachedEmbedder
from baize.adapters.embed_e5_onnx import E5OnnxEmbedder
from baize.domain.search import Hit, IndexedChunk, Query, Scope, Vector
from baize.ports import Embedder
from baize.retrieval.assess import AssessOptions, assess, signals
from baize.retrieval.collapse import collapse
from baize.retrieval.cosine import CosineScale
from baize.retrieval.fuse import fuse
from baize.retrieval.rewrite import rewrite
from baize.retrieval.search import search
from baize.settings import Retrieval, cache_dir
from baize.testing.memory_index import MemoryIndex
from benchmarks.blend import Way, passages
from eval.dataset import Suite, read_suite
from eval.library import language_of
from eval.progress import stage
from eval.stats import auroc_of
from ingest.chunk import ChunkOptions
from ingest.embed import SPEECH, embed

_SEED = 7
_DENSE = "dense"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about `video_id` with its vector."""

    video_id: str
    query: Query
    vector: Vector


def splits(video_ids: Sequence[str], n: int, seed: int = _SEED) -> Iterator[frozenset[str]]:
    """`n` random halves of the videos, each followed by the other half."""
    chance = random.Random(seed)  # noqa: S311 - which videos are left out is no secret
    for _ in range(n):
        half = frozenset(chance.sample(video_ids, len(video_ids) // 2))
        yield half
        yield frozenset(video_ids) - half


async def scores(asked: Asked, index: MemoryIndex, languages: Sequence[str]) -> dict[str, float]:
    """The evidence score, the best score of each leg alone, and the best fused one, over this index."""
    chosen = Retrieval()
    runs = await search(
        asked.query,
        asked.vector,
        Scope("p"),
        index=index,
        passage_languages=languages,
        k=chosen.leg_k,
    )
    scale = CosineScale(chosen.dense_midpoint, chosen.foreign_midpoint)
    fused = list(fuse(runs, asked.query, scale, chosen.sparse_weight))
    stored = await index.chunks("p", [match.chunk_id for match in fused])
    hits = collapse(
        [Hit(stored[m.chunk_id].chunk, m.rank, m.score, m.leg, m.parts) for m in fused], chosen.n_moments
    )
    options = AssessOptions(scale, chosen.coverage_weight)
    best = {"evidence": assess(signals(asked.query, hits, options), options)}
    best["fused"] = hits[0].score if hits else 0.0
    for run in runs:
        best[run.leg] = max(best.get(run.leg, 0.0), run.scores[0])
    return best


def separated(
    found: Sequence[Mapping[str, float]], covered: Sequence[bool], legs: Sequence[str]
) -> dict[str, float]:
    """AUROC of each score; a leg that found nothing has its least, 0."""
    labels = np.array(covered, float)
    return {leg: auroc_of(np.array([one.get(leg, 0.0) for one in found]), labels) for leg in legs}


async def _made(suite: Suite, embedder: Embedder) -> tuple[list[Asked], dict[str, list[IndexedChunk]]]:
    """The questions with their vectors, and what the product stores of each video."""
    points = {
        video.id: await embed(
            passages(video, Way("as in the product", ChunkOptions(120, 2), SPEECH)),
            "b",
            embedder,
            _quiet,
            blend=SPEECH,
        )
        for video in suite.videos
    }
    asked: list[Asked] = []
    for question in suite.questions:
        query = rewrite(question.text, [])
        asked.append(Asked(question.video_id, query, await embedder.embed_query(query.text)))
    return asked, points


def _quiet(_done: float, _total: float) -> None:
    """The bar counts splits, not chunks."""


async def _run(folder: Path, n_splits: int) -> dict[str, Any]:
    suite = read_suite(folder)
    embedder = CachedEmbedder(E5OnnxEmbedder(cache_dir()), cache_dir() / "eval" / "vectors.sqlite")
    asked, points = await _made(suite, embedder)
    languages = sorted({language_of(video) for video in suite.videos})
    rows: list[dict[str, float]] = []
    with stage(f"{suite.name}: libraries of half the videos") as advance:
        for n, library in enumerate(splits([video.id for video in suite.videos], n_splits), 1):
            # An index of its own: what is left out must not count among the terms either.
            index = MemoryIndex()
            for video_id in sorted(library):
                await index.upsert(points[video_id])
            found = [await scores(one, index, languages) for one in asked]
            legs = sorted({leg for one in found for leg in one})
            rows.append(separated(found, [one.video_id in library for one in asked], legs))
            advance(n, 2 * n_splits)
    return {"suite": suite.name, "n": len(asked), "splits": len(rows), "rows": rows}


def _table(result: dict[str, Any]) -> str:
    rows = result["rows"]
    lines = [
        f"| {result['suite']}, n = {result['n']}, {result['splits']} libraries | auroc | sd | − dense | sd |",
        "|---|---|---|---|---|",
    ]
    for leg in sorted({leg for row in rows for leg in row}):
        own = [row[leg] for row in rows]
        more = [row[leg] - row[_DENSE] for row in rows]
        lines.append(
            f"| {leg} | {fmean(own):.3f} | {stdev(own):.3f} | {fmean(more):+.3f} | {stdev(more):.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table; with `--json`, write each library's figures too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.near_misses", description=__doc__)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = anyio.run(_run, chosen.suite, chosen.splits)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    print(_table(result))  # noqa: T201 - the table is what was asked for


if __name__ == "__main__":
    main()
