"""What a sentence of speech should be looked up by: `python -m benchmarks.blend SUITE [--json OUT]`.

Runs the product's chunking, terms, search, fusion and collapsing over every way of making chunks, with an
exact index in memory, so that only the chunks differ. SUITE is a folder of kind `moments`. Embedded texts are
kept in `$BAIZE_CACHE`, so a second run is quick.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import anyio

from baize.adapters.embed_cached import CachedEmbedder
from baize.adapters.embed_e5_onnx import E5OnnxEmbedder
from baize.adapters.split_langchain import LangchainSplitter
from baize.adapters.tokens_deepseek import DeepSeekTokenCounter
from baize.domain.locator import TimeSpan
from baize.domain.search import Hit, Scope
from baize.domain.text import Chunk
from baize.ports import Embedder
from baize.retrieval.collapse import collapse
from baize.retrieval.cosine import CosineScale
from baize.retrieval.fuse import fuse
from baize.retrieval.locate import locate
from baize.retrieval.rewrite import rewrite
from baize.retrieval.search import search
from baize.settings import Retrieval, cache_dir
from baize.testing.memory_index import MemoryIndex
from eval.dataset import Question, Suite, Video, read_suite
from eval.library import language_of
from eval.progress import stage
from ingest.chunk import ChunkOptions, Place, chunk
from ingest.embed import SPEECH, Blend, embed
from ingest.segment import segment_cues

_EARLY_S = 10.0


@dataclass(frozen=True, slots=True)
class Way:
    """One way of making chunks; without a blend, a passage is stored once, its sentence located by terms."""

    name: str
    options: ChunkOptions
    blend: Blend | None


def ways() -> Iterator[Way]:
    """Passages of several sizes, then sentences seen near and far."""
    for n_tokens in (60, 120, 240):
        yield Way(f"passages of {n_tokens} tokens", ChunkOptions(n_tokens, 1), None)
    chosen = ChunkOptions(120, 2)
    for name, changes in {
        "sentence alone": {"passage": 0.0, "sentence": 1.0, "window": 0.0, "shorten": 1.0},
        "window of 3 sentences": {"passage": 0.0, "sentence": 0.0, "window": 1.0, "shorten": 1.0},
        "sentence + window": {"passage": 0.0, "sentence": 0.5, "window": 0.5},
        "passage + sentence + window, unit length": {"shorten": 1.0},
        "… full length": {"shorten": 0.0},
        "… more of the passage (.6)": {"passage": 0.6, "sentence": 0.2, "window": 0.2},
        "**passage + sentence + window** (chosen)": {},
    }.items():
        yield Way(name, chosen, replace(SPEECH, **changes))
    for n_tokens, n_shared in ((120, 0), (240, 2)):
        yield Way(f"… passages of {n_tokens}, {n_shared} shared", ChunkOptions(n_tokens, n_shared), SPEECH)


async def measure(way: Way, suite: Suite, embedder: Embedder) -> dict[str, float]:
    """hit@1, mrr@10, hit@10 and the median start error (s) of the hits, as the suite kind `moments` does."""
    index = MemoryIndex()
    n_chunks = 0
    for video in suite.videos:
        chunks = passages(video, way)
        n_chunks += len(chunks)
        await index.upsert(await embed(chunks, "b", embedder, _quiet, blend=way.blend or SPEECH))
    languages = sorted({language_of(video) for video in suite.videos})
    ranks: list[int] = []
    errors: list[float] = []
    for question in suite.questions:
        found = await _ask(question, index, embedder, languages)
        hit = next((n for n, place in enumerate(found, 1) if _is_hit(place, question)), 0)
        ranks.append(hit)
        if hit:
            errors.append(abs(found[hit - 1][1] - question.start))
    n = len(ranks)
    return {
        "chunks": n_chunks,
        "hit@1": sum(rank == 1 for rank in ranks) / n,
        "mrr@10": sum(1 / rank for rank in ranks if rank) / n,
        "hit@10": sum(rank > 0 for rank in ranks) / n,
        "start_error_s_p50": median(errors) if errors else float("nan"),
    }


def passages(video: Video, way: Way) -> list[Chunk]:
    """What the product would store of a video, made in this way."""
    place = Place("p", "c", video.id, video.title, "v.vtt", language_of(video), (video.title,))
    made = chunk(segment_cues(video.cues), (), place, way.options, _COUNTER, _SPLITTER, 0)
    if way.blend is not None:
        return made
    return list({c.text: replace(c, focus=None) for c in made}.values())


async def _ask(
    question: Question, index: MemoryIndex, embedder: Embedder, languages: Sequence[str]
) -> list[tuple[str, float]]:
    query = rewrite(question.text, [])
    vector = await embedder.embed_query(query.text)
    chosen = Retrieval()
    runs = await search(query, vector, Scope("p"), index=index, passage_languages=languages, k=chosen.leg_k)
    scale = CosineScale(chosen.dense_midpoint, chosen.foreign_midpoint)
    found = list(fuse(runs, query, scale, chosen.sparse_weight))
    stored = await index.chunks("p", [match.chunk_id for match in found])
    hits = collapse(
        [Hit(stored[m.chunk_id].chunk, m.rank, m.score, m.leg, m.parts) for m in found], chosen.n_moments
    )
    moments = await locate(query, vector, vector, hits, embedder=embedder, n_foreign=chosen.n_foreign)
    return [
        (moment.hit.chunk.lesson_id, moment.focus.locator.start)
        for moment in moments[:10]
        if isinstance(moment.focus.locator, TimeSpan)
    ]


def _is_hit(place: tuple[str, float], question: Question) -> bool:
    lesson, second = place
    return lesson == question.video_id and question.start - _EARLY_S <= second < question.end


def _quiet(_done: float, _total: float) -> None:
    """The bar counts ways, not chunks."""


_COUNTER = DeepSeekTokenCounter()
_SPLITTER = LangchainSplitter(60)


async def _run(folder: Path) -> dict[str, Any]:
    suite = read_suite(folder)
    embedder = CachedEmbedder(E5OnnxEmbedder(cache_dir()), cache_dir() / "eval" / "vectors.sqlite")
    listed = list(ways())
    rows = []
    with stage(f"{suite.name}: ways of making chunks") as advance:
        for n, way in enumerate(listed, 1):
            figures = await measure(way, suite, embedder)
            rows.append({"way": way.name, "options": asdict(way.options), "figures": figures})
            advance(n, len(listed))
    return {"suite": suite.name, "n": len(suite.questions), "rows": rows}


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"| {result['suite']}, n = {result['n']} | chunks | hit@1 | mrr@10 | hit@10 | start error, p50 |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        f = row["figures"]
        lines.append(
            f"| {row['way']} | {f['chunks']:.0f} | {f['hit@1']:.3f} | {f['mrr@10']:.3f} | {f['hit@10']:.3f} "
            f"| {f['start_error_s_p50']:.1f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table; with `--json`, write the figures too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.blend", description=__doc__)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = anyio.run(_run, chosen.suite)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    print(_table(result))  # noqa: T201 - the table is what was asked for


if __name__ == "__main__":
    main()
