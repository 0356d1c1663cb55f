"""Records as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.compare import Difference


def record_table(record: Mapping[str, Any]) -> str:
    """One line per metric: the product first, then legs and baselines."""
    unscored = f", {record['unscored']} unscored" if record["unscored"] else ""
    lines = [f"{record['suite']} ({record['kind']}): n = {record['n']}{unscored}"]
    metrics: Mapping[str, Any] = record["metrics"]
    width = max((len(name) for name in metrics), default=0)
    for name in sorted(metrics, key=lambda name: "/" in name):
        found = metrics[name]
        lines.append(
            f"  {name:<{width}}  {found['value']:8.3f}  [{found['ci_low']:.3f}, {found['ci_high']:.3f}]"
            f"  n = {found['n']}{'  ' + found['note'] if found.get('note') else ''}"
        )
    lines += [f"  {name:<{width}}  undefined on these items" for name in record["undefined"]]
    latency = record["latency_ms"]
    if latency:
        lines.append("  latency ms: " + ", ".join(f"{name} {value:g}" for name, value in latency.items()))
    return "\n".join(lines)


def difference_table(differences: Sequence[Difference]) -> str:
    """One line per metric: both values, the change with its interval, p."""
    width = max((len(found.metric) for found in differences), default=0)
    lines: list[str] = []
    suite = ""
    for found in differences:
        if found.suite != suite:
            suite = found.suite
            lines.append(suite)
        change = found.change
        relative = f" ({change.value / found.first:+.1%})" if found.first else ""
        lines.append(
            f"  {found.metric:<{width}}  {found.first:8.3f} → {found.second:8.3f}  {change.value:+.3f}"
            f"{relative} [{change.low:+.3f}, {change.high:+.3f}]  n = {change.n}  p = {found.p:.4f}"
            f"  {found.verdict}"
        )
    return "\n".join(lines)
