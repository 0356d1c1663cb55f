"""Records as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
