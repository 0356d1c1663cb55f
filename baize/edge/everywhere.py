"""Leaves out of a filter what every point of the collection meets: it need not be looked up for each of them.

A search looks a filter's conditions up for every point that it comes by, and a data folder mostly holds one
platform, often one language. What is left finds the same points, and scores them the same.

A filter is the tenant boundary, so nothing is taken for granted: the engine is asked whether there is a point
that does not meet the condition, and asked again after any write. While points are being written each
condition is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import qdrant_edge as qe


class Everywhere:
    """What is known of the points of one collection since the last write."""

    def __init__(self) -> None:
        self._n_writes = -1
        self._met: dict[tuple[str, str], bool] = {}

    def without(self, spec: Any, shard: qe.EdgeShard, n_writes: int) -> Any:
        """The filter without those of its `must` that all points of the shard meet.

        Args:
            spec: in Qdrant's JSON; what is not understood stays as it is.
            n_writes: into the shard up to now; another number than before makes all known worthless.
        """
        if not isinstance(spec, Mapping) or not isinstance(must := spec.get("must"), list):
            return spec
        if n_writes != self._n_writes:
            self._n_writes, self._met = n_writes, {}
        return {**spec, "must": [part for part in must if not self._met_by_all(part, shard)]}

    def _met_by_all(self, part: Any, shard: qe.EdgeShard) -> bool:
        match part:
            case {"key": str() as key, "match": {"value": str() as value, **more}, **rest} if not (
                more or rest
            ):
                known = self._met.get((key, value))
                if known is None:
                    known = self._met[key, value] = not _others(key, value, shard)
                return known
        return False


def _others(key: str, value: str, shard: qe.EdgeShard) -> bool:
    """Whether a point has something else there: 2 ms for 100,000 points if none has."""
    others = qe.Filter(must_not=[qe.FieldCondition(key, match=qe.MatchValue(value))])
    asked = qe.ScrollRequest(limit=1, filter=others, with_payload=False, with_vector=False)
    return bool(shard.scroll(asked)[0])
