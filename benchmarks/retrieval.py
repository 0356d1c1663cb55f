"""`python -m benchmarks.retrieval`: what finding costs as the library grows, all but embedding the question.

corpus → library (the product's index, server and catalogue in a scratch folder) → measure → table

Sizes are measured one after the other, each in a folder of its own that is removed afterwards unless
`--keep` names a place for it; a kept library is measured again without being built. With `--grow` all sizes
are one library that grows from each to the next; broken off, it goes on where it was:

    python -m benchmarks.retrieval --chunks 10000 100000 300000 1000000 --keep SCRATCH --grow
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from uvicorn.loops.auto import auto_loop_factory

from baize.collector import relax
from benchmarks.retrieval_corpus import Corpus
from benchmarks.retrieval_library import BuildFigures, Watch, build, opened, weighed
from benchmarks.retrieval_measure import Latency, latency, recall

_SCOPES = {"platform": False, "course": True}
_N_RECALL = 100


@dataclass(frozen=True, slots=True)
class Figures:
    """One size of library. `load` is the machine's load average over the last minute, at the end."""

    build: BuildFigures
    latency: dict[str, Latency]
    recall: dict[str, dict[str, float]]
    load: float


async def measured(n_chunks: int, folder: Path, n_questions: int, watch: Watch) -> Figures:
    """Build a library of this size in `folder`, unless it is there, and ask it."""
    corpus = Corpus(n_chunks)
    async with opened(folder) as house:
        built = await build(house, corpus, watch)
        latencies = {
            name: await latency(house, corpus, n_questions, within_course=within, seed=seed, watch=watch)
            for seed, (name, within) in enumerate(_SCOPES.items(), 10)
        }
        built = weighed(built, folder)
        vectors = corpus.vectors()
        questions = corpus.questions(_N_RECALL, seed=3)
        recalls = {
            name: await recall(house, vectors, questions, within_course=within)
            for name, within in _SCOPES.items()
        }
    return Figures(built, latencies, recalls, os.getloadavg()[0])


def table(figures: Sequence[Figures]) -> str:
    """Markdown: a row per size and scope, then a row per size."""
    lines = [
        "| chunks | scope | p50 ms | p95 ms | catalogue | index | rest | recall@10 | @50 | @100 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in figures:
        for name, ms in one.latency.items():
            times = f"{ms.p50:.1f} | {ms.p95:.1f} | {ms.catalogue:.1f} | {ms.index:.1f} | {ms.rest:.1f}"
            shares = " | ".join(f"{share:.3f}" for share in one.recall[name].values())
            lines.append(f"| {one.build.n_chunks:,} | {name} | {times} | {shares} |")
    lines += [
        "",
        "| chunks | written per s | graph s | CPU ms | bytes per chunk | RSS MB | of it anonymous | load |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in figures:
        cost = one.build
        lines.append(
            f"| {cost.n_chunks:,} | {cost.upserts_per_s:.0f} | {cost.graph_s:.0f} "
            f"| {1000 * cost.index_cpu_s / cost.n_chunks:.2f} | {cost.bytes_per_chunk:.0f} "
            f"| {cost.rss_mb:.0f} | {cost.anonymous_mb:.0f} | {one.load:.1f} |"
        )
    return "\n".join(lines)


def record(figures: Sequence[Figures]) -> dict[str, Any]:
    return {"cpus": os.cpu_count(), "sizes": [asdict(one) for one in figures]}


def _watch(what: str, done: int, total: int) -> None:
    # A log file gets a line a tenth, a terminal one line that changes.
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{what}: {done:,} of {total:,}   " + ("\n" if done >= total else ""))
    elif done >= total or done % max(total // 10, 1) == 0:
        sys.stderr.write(f"{what}: {done:,} of {total:,}\n")
    sys.stderr.flush()


def _n_built(known: Path) -> int:
    return int(known.stem.removeprefix("built-"))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000], help="sizes of library")
    parser.add_argument("--questions", type=int, default=300, help="per size and scope")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("--keep", type=Path, help="folder for the libraries; they stay there")
    parser.add_argument("--grow", action="store_true", help="one library for all sizes")
    options = parser.parse_args(arguments)
    # As in the server, whose loop it is, too.
    relax()
    figures: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="baize-retrieval-") as scratch:
        for n_chunks in options.chunks:
            sys.stderr.write(f"{n_chunks:,} chunks\n")
            folder = (options.keep or Path(scratch)) / ("grown" if options.grow else str(n_chunks))
            if any(_n_built(known) > n_chunks for known in folder.glob("built-*.json")):
                sys.stderr.write("The library is larger by now.\n")
                continue
            with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
                figures.append(runner.run(measured(n_chunks, folder, options.questions, _watch)))
            if options.json:
                options.json.write_text(json.dumps(record(figures), indent=2), "utf-8")
    sys.stdout.write(table(figures) + "\n")


if __name__ == "__main__":
    main()
