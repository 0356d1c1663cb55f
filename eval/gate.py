"""Is a run worse than its baseline? What CI asks before a change goes in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from baize.errors import InvalidInput
from eval.compare import Difference, compare_records, pair_records
from eval.record import lower_is_better

MAX_DROP = 0.05


def gate(
    run: Sequence[Mapping[str, Any]], baseline: Sequence[Mapping[str, Any]], *, max_drop: float = MAX_DROP
) -> list[str]:
    """What is worse, one line each; empty when the run may pass.

    Looks at the product's own metrics. One is worse when chance does not explain it (p < 0.05), or when it
    lost more than `max_drop`, whatever chance says: a small suite proves little. Waits in milliseconds are
    left out, they belong to the machine.

    Raises:
        InvalidInput: the two have no suite in common.
    """
    ran = {(record["suite"], record["kind"]) for record in run}
    faults = [
        f"{record['suite']} ({record['kind']}): the baseline has it and the run has not."
        for record in baseline
        if (record["suite"], record["kind"]) not in ran
    ]
    for old, new in pair_records(baseline, run):
        faults += _of_pair(old, new, max_drop)
    return faults


def _of_pair(old: Mapping[str, Any], new: Mapping[str, Any], max_drop: float) -> list[str]:
    faults = []
    if _suite_digest(old) != _suite_digest(new):
        raise InvalidInput(
            f"The suite {old['suite']} changed since the baseline.", remedy="Make the baseline again."
        )
    if new["n"] < old["n"] or new["unscored"] > old["unscored"]:
        faults.append(
            f"{old['suite']}: {new['n']} items, {new['unscored']} unscored; "
            f"before {old['n']} and {old['unscored']}."
        )
    for name in old["metrics"]:
        if _is_gated(name) and name not in new["metrics"]:
            faults.append(f"{old['suite']} {name}: the baseline has it and the run has not.")
    told = set()
    for found in compare_records(old, new):
        if _is_gated(found.metric) and _is_worse(found, max_drop):
            told.add(found.metric)
            faults.append(
                f"{found.suite} {found.metric}: {found.second:.3f} after {found.first:.3f} "
                f"({found.change.value:+.3f} [{found.change.low:+.3f}, {found.change.high:+.3f}], "
                f"n = {found.change.n}, p = {found.p:.3f})."
            )
    return faults + _shown(old, new, max_drop, told)


def _shown(
    old: Mapping[str, Any], new: Mapping[str, Any], max_drop: float, told: Collection[str]
) -> list[str]:
    """What the records themselves show as lost beyond the limit, whichever items the two have in common."""
    faults = []
    for name, metric in old["metrics"].items():
        if not _is_gated(name) or name in told or name not in new["metrics"] or "_s_" in name:
            continue
        before, after = metric["value"], new["metrics"][name]["value"]
        if (after - before if lower_is_better(name) else before - after) > max_drop:
            faults.append(f"{old['suite']} {name}: {after:.3f} after {before:.3f} in the records.")
    return faults


def _is_gated(metric: str) -> bool:
    return "/" not in metric and "_ms" not in metric


def _is_worse(found: Difference, max_drop: float) -> bool:
    if found.verdict == "worse":
        return True
    # A second more is nothing like a share of questions less.
    return "_s_" not in found.metric and found.gain < -max_drop


def _suite_digest(record: Mapping[str, Any]) -> str:
    return str(record["provenance"].get("suite_digest", ""))
