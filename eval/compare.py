"""Two records, or two systems within one, on the same items: differences, intervals and p values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from baize.errors import InvalidInput
from eval.record import cells_of, lower_is_better
from eval.stats import Interval, compare

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two systems.

    Attributes:
        change: second minus first, with its paired interval and the number of items that both scored.
    """

    suite: str
    metric: str
    first: float
    second: float
    change: Interval
    p: float

    @property
    def gain(self) -> float:
        """The change in the direction that is better."""
        return -self.change.value if lower_is_better(self.metric) else self.change.value

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `same` where chance explains it."""
        if self.p >= ALPHA or not self.gain:
            return "same"
        return "better" if self.gain > 0 else "worse"


def compare_records(
    first: Mapping[str, Any], second: Mapping[str, Any], *, first_leg: str = "", second_leg: str = ""
) -> list[Difference]:
    """Every metric that both have, on the items that both scored.

    Args:
        first_leg: take the first's metrics from this leg or baseline; then only metrics of the product, or
            of `second_leg`, are looked at in the second.

    Raises:
        InvalidInput: the two are of different suites.
    """
    for key, what in (("suite", "suites"), ("kind", "kinds")):
        if first[key] != second[key]:
            raise InvalidInput(
                f"The records are of different {what}: {first[key]} and {second[key]}.",
                remedy="Compare two runs of one suite.",
            )
    differences: list[Difference] = []
    for name in _metrics(first, second, first_leg, second_leg):
        a = cells_of(first, _in_leg(name, first_leg))
        b = cells_of(second, _in_leg(name, second_leg))
        ids = [item for item in a if item in b]
        statistic = second["metrics"][_in_leg(name, second_leg)]["statistic"]
        found = compare([a[item] for item in ids], [b[item] for item in ids], statistic)
        if found:
            differences.append(
                Difference(first["suite"], name, found.first, found.second, found.difference, found.p)
            )
    return differences


def pair_records(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Records of the same suite and kind.

    Raises:
        InvalidInput: nothing pairs up.
    """
    by_suite = {(record["suite"], record["kind"]): record for record in second}
    pairs = [(a, by_suite[a["suite"], a["kind"]]) for a in first if (a["suite"], a["kind"]) in by_suite]
    if not pairs:
        raise InvalidInput("The two files have no suite in common.", remedy="Compare runs of one suite.")
    return pairs


def _metrics(
    first: Mapping[str, Any], second: Mapping[str, Any], first_leg: str, second_leg: str
) -> list[str]:
    if not (first_leg or second_leg):
        return [name for name in first["metrics"] if name in second["metrics"]]
    plain = {name.rpartition("/")[2]: None for name in first["metrics"]}
    found = [
        name
        for name in plain
        if _in_leg(name, first_leg) in first["metrics"] and _in_leg(name, second_leg) in second["metrics"]
    ]
    if not found:
        legs = sorted({name.rpartition("/")[0] for record in (first, second) for name in record["metrics"]})
        raise InvalidInput(
            f"There is nothing to compare between {first_leg or 'the product'} and "
            f"{second_leg or 'the product'} in {first['suite']}.",
            remedy=f"These are there: {', '.join(leg for leg in legs if leg)}.",
        )
    return found


def _in_leg(name: str, leg: str) -> str:
    return f"{leg}/{name}" if leg else name
