"""Records → one self-contained HTML page: tables, interval plots, failures, and what changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from baize.domain.locator import format_timestamp
from eval.compare import Difference, compare_records
from eval.record import cells_of, lower_is_better
from eval.svg import Bar, interval_plot

_HEADLINE = {
    "moments": ("hit@1", "mrr@10", "start@15"),
    "beir": ("hit@1", "ndcg@10", "recall@100"),
    "courses": ("hit@1", "ndcg@10", "recall@100"),
    "answers": ("citation_support", "citation_precision", "citation_recall"),
    "refusal": ("refused_out_of_scope", "refused_in_scope", "auroc"),
    "chapters": ("f1@30", "pk", "title_similarity"),
}
_MAX_FAILURES = 200
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6470;--line:#d6dbe1;--paper:#fff;
--mark:#0b6bcb;--bad:#b3261e;--good:#146c2e}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--dim:#a3acb8;--line:#3a414b;--paper:#15181c;--mark:#6db3ff;
--bad:#ff8a80;--good:#7bd88f}}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);
background:var(--paper);max-width:66rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}
th,td{padding:.2rem .7rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}small,.dim{color:var(--dim)}
.better{color:var(--good)}.worse{color:var(--bad);font-weight:600}
svg{width:100%;max-width:46rem;height:auto;font-size:12px}svg text{fill:var(--ink)}
svg line{stroke:var(--dim);stroke-width:2}
svg circle{fill:var(--dim)}svg .product line{stroke:var(--mark)}svg .product circle{fill:var(--mark)}
svg .product text{font-weight:600}svg .grid{stroke:var(--line);stroke-width:1}svg .tick{fill:var(--dim)}
details{margin:.3rem 0}summary{cursor:pointer}pre{white-space:pre-wrap;overflow-wrap:anywhere}
"""


def render(
    records: Sequence[Mapping[str, Any]],
    baselines: Sequence[Mapping[str, Any]] = (),
    *,
    player_url: str = "",
) -> str:
    """The page.

    Args:
        baselines: earlier records; those of the same suites are compared with.
        player_url: template with `{course_id}`, `{lesson_id}` (both the video's id) and `{start}`; without
            one, moments are shown and not linked.
    """
    before = _by_suite(baselines)
    parts = [_section(r, before.get((r["suite"], r["kind"])), player_url) for r in records]
    return _page(_overview(records, [f"#{_anchor(r)}" for r in records]) + "".join(parts))


def render_site(
    records: Sequence[Mapping[str, Any]],
    baselines: Sequence[Mapping[str, Any]] = (),
    *,
    player_url: str = "",
) -> dict[str, str]:
    """The same as a folder of pages that any file server shows: text by file name.

    `index.html` is the overview, each run has a page of its own; further runs of one suite are numbered.
    """
    before = _by_suite(baselines)
    names: list[str] = []
    for record in records:
        stem = re.sub(r"[^A-Za-z0-9_]+", "-", f"{record['suite']}-{record['kind']}").strip("-")
        n_before = sum(re.fullmatch(rf"{re.escape(stem)}(-\d+)?\.html", name) is not None for name in names)
        names.append(f"{stem}-{n_before + 1}.html" if n_before else f"{stem}.html")
    back = '<p><a href="index.html">All runs</a></p>'
    pages = {
        name: _page(back + _section(r, before.get((r["suite"], r["kind"])), player_url))
        for name, r in zip(names, records, strict=True)
    }
    return {"index.html": _page(_overview(records, names))} | pages


def _by_suite(records: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(record["suite"], record["kind"]): record for record in records}


def _page(body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Bai Ze evaluation</title><style>{_STYLE}</style></head><body><h1>Bai Ze evaluation</h1>"
        "<p class=dim>Intervals are 95 % bootstrap intervals; n counts the items behind a number.</p>"
        f"{body}</body></html>\n"
    )


def _overview(records: Sequence[Mapping[str, Any]], links: Sequence[str]) -> str:
    rows = [
        f"<tr><td><a href='{link}'>{escape(r['suite'])}</a></td><td>{escape(r['kind'])}</td>"
        f"<td class=n>{r['n']}</td><td class=n>{r['unscored']}</td><td>{_headline(r)}</td></tr>"
        for r, link in zip(records, links, strict=True)
    ]
    return _table(("suite", "kind", "n", "unscored", "main figures"), rows, numeric=(2, 3))


def _headline(record: Mapping[str, Any]) -> str:
    found = [(name, record["metrics"].get(name)) for name in _HEADLINE.get(record["kind"], ())]
    return ", ".join(f"{escape(name)} {metric['value']:.3f}" for name, metric in found if metric)


def _section(record: Mapping[str, Any], before: Mapping[str, Any] | None, player_url: str) -> str:
    changed = _changes(before, record) if before else ""
    return (
        f"<h2 id='{_anchor(record)}'>{escape(record['suite'])} <small>{escape(record['kind'])}, "
        f"n = {record['n']}, {record['unscored']} unscored</small></h2>"
        f"{_plots(record)}{_metrics(record)}{changed}{_failures(record, player_url)}{_unscored(record)}"
        f"<details><summary>Where these numbers come from</summary><pre>"
        f"{escape(json.dumps(record['provenance'], ensure_ascii=False, indent=1))}</pre></details>"
    )


def _plots(record: Mapping[str, Any]) -> str:
    plots = []
    for name in _HEADLINE.get(record["kind"], ()):
        bars = [
            Bar(leg or "product", found["value"], found["ci_low"], found["ci_high"], strong=not leg)
            for leg in _legs(record)
            if (found := record["metrics"].get(f"{leg}/{name}" if leg else name))
        ]
        if bars:
            arrow = " (lower is better)" if lower_is_better(name) else ""
            plots.append(f"<h3>{escape(name)}{arrow}</h3>{interval_plot(name, bars)}")
    return "".join(plots)


def _metrics(record: Mapping[str, Any]) -> str:
    legs = _legs(record)
    names = dict.fromkeys(name.rpartition("/")[2] for name in record["metrics"])
    rows = []
    for name in names:
        cells = "".join(
            f"<td class=n>{_cell(record['metrics'].get(f'{leg}/{name}' if leg else name))}</td>"
            for leg in legs
        )
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    latency = ", ".join(f"{escape(name)} {value:g}" for name, value in record["latency_ms"].items())
    head = ("metric", *(leg or "product" for leg in legs))
    return (
        f"<h3>All metrics</h3>{_table(head, rows, numeric=range(1, len(head)))}"
        f"<p class=dim>Latency in ms: {latency or 'not measured'}.</p>"
    )


def _cell(metric: Mapping[str, Any] | None) -> str:
    if metric is None:
        return "–"
    return (
        f"{metric['value']:.3f}<br><small>[{metric['ci_low']:.3f}, {metric['ci_high']:.3f}] "
        f"n {metric['n']}</small>"
    )


def _changes(before: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    rows = [_change_row(found) for found in compare_records(before, record) if "/" not in found.metric]
    head = ("metric", "baseline", "now", "change", "p", "")
    name = next((n for n in _HEADLINE.get(record["kind"], ()) if n in record["metrics"]), "")
    moved = _moved(before, record, name) if name else ""
    return f"<h3>Since the baseline</h3>{_table(head, rows, numeric=range(1, 5))}{moved}"


def _change_row(found: Difference) -> str:
    change = found.change
    return (
        f"<tr><td>{escape(found.metric)}</td><td class=n>{found.first:.3f}</td>"
        f"<td class=n>{found.second:.3f}</td><td class=n>{change.value:+.3f}<br>"
        f"<small>[{change.low:+.3f}, {change.high:+.3f}] n {change.n}</small></td>"
        f"<td class=n>{found.p:.3f}</td><td class={found.verdict}>{found.verdict}</td></tr>"
    )


def _moved(before: Mapping[str, Any], record: Mapping[str, Any], metric: str) -> str:
    """Items whose main figure changed, each way."""
    old, new = cells_of(before, metric), cells_of(record, metric)
    sign = -1 if lower_is_better(metric) else 1
    texts = {item["id"]: item["text"] for item in record["per_item"]}
    change = {item: sign * (new[item][0] - old[item][0]) for item in new if item in old}
    lists = []
    for title, wanted in (("gained", 1), ("lost", -1)):
        moved = [item for item, by in change.items() if by * wanted > 0]
        lines = "".join(
            f"<li><code>{escape(i)}</code> {escape(texts[i])}</li>" for i in moved[:_MAX_FAILURES]
        )
        lists.append(
            f"<details><summary>{escape(metric)}: {len(moved)} {title}</summary><ul>{lines}</ul></details>"
        )
    return "".join(lists)


def _failures(record: Mapping[str, Any], player_url: str) -> str:
    failed = [item for item in record["per_item"] if item.get("failed")]
    rows = [
        f"<tr><td><code>{escape(item['id'])}</code><br>{escape(item['text'])}</td>"
        f"<td>{_gold(item['gold'], player_url)}</td>"
        f"<td>{'<br>'.join(_found(row, player_url) for row in item['found']) or 'nothing'}</td></tr>"
        for item in failed[:_MAX_FAILURES]
    ]
    shown = f", the first {_MAX_FAILURES} shown" if len(failed) > _MAX_FAILURES else ""
    table = _table(("query", "answer", "found"), rows)
    return (
        f"<h3>Failures</h3><details><summary>{len(failed)} of {record['n']}{shown}</summary>{table}</details>"
    )


def _gold(gold: Mapping[str, Any], player_url: str) -> str:
    if "start" in gold:
        return f"{_moment(gold['video'], gold['start'], player_url)}–{format_timestamp(gold['end'])}"
    return escape(", ".join(f"{name}: {value}" for name, value in gold.items()))


def _found(row: Mapping[str, Any], player_url: str) -> str:
    mark = {True: "✓ ", False: "✗ "}.get(row.get("hit", None), "")
    text = escape(str(row.get("text", "")))
    if "t" in row:
        # A cue that was heard in a clip (kind `asr`) is of no lesson.
        at = _moment(row["video"], row["t"], player_url) if "video" in row else format_timestamp(row["t"])
        return f"{mark}{at} {text}"
    rest = ", ".join(f"{k}: {v}" for k, v in row.items() if k not in ("hit", "text"))
    return f"{mark}{escape(rest)} {text}"


def _moment(video: str, start: float, player_url: str) -> str:
    label = f"{escape(video)} {format_timestamp(start)}"
    if not player_url:
        return f"<code>{label}</code>"
    safe = quote(video, safe="")
    url = player_url.format(course_id=safe, lesson_id=safe, start=f"{start:g}")
    return f'<a href="{escape(url)}">{label}</a>'


def _unscored(record: Mapping[str, Any]) -> str:
    items = [item for item in record["per_item"] if item.get("unscored")]
    if not items:
        return ""
    lines = "".join(
        f"<li><code>{escape(item['id'])}</code> {escape(item['unscored'])}</li>" for item in items
    )
    return f"<h3>Unscored</h3><ul>{lines}</ul>"


def _legs(record: Mapping[str, Any]) -> list[str]:
    return sorted(
        {name.rpartition("/")[0] for name in record["metrics"]},
        key=lambda leg: (bool(leg), leg in ("langchain", "bm25"), leg),
    )


def _anchor(record: Mapping[str, Any]) -> str:
    return quote(f"{record['suite']}-{record['kind']}", safe="")


def _table(head: Sequence[str], rows: Sequence[str], numeric: Sequence[int] = ()) -> str:
    cells = "".join(f"<th{' class=n' if n in numeric else ''}>{escape(h)}</th>" for n, h in enumerate(head))
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
