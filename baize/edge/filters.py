"""Qdrant's filter language, from JSON to the engine's objects.

Only the conditions that our adapter writes. A filter is the tenant boundary, so a part that is not
understood is an error, never skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import qdrant_edge as qe

from baize.errors import InvalidInput

_CLAUSES = ("must", "should", "must_not")
_BOUNDS = ("lt", "lte", "gt", "gte")


def known_fields(
    spec: Any, known: tuple[str, ...], where: str, *, required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The fields of `spec` that are set, null ones left out.

    Raises:
        InvalidInput: `spec` is no object, sets a field that is neither in `known` nor in `required`, or
            lacks a required one.
    """
    if not isinstance(spec, Mapping):
        raise InvalidInput(f"Format error in JSON body: {where} must be an object")
    fields = {name: value for name, value in spec.items() if value is not None}
    if unknown := sorted(set(fields).difference(known, required)):
        raise InvalidInput(f"Format error in JSON body: {where} does not support {', '.join(unknown)}")
    if missing := sorted(set(required) - fields.keys()):
        raise InvalidInput(f"Format error in JSON body: {where} lacks {', '.join(missing)}")
    return fields


def to_filter(spec: Any) -> qe.Filter:
    """A filter.

    Raises:
        InvalidInput: it holds something that this server does not support.
    """
    fields = known_fields(spec, _CLAUSES, "filter")
    return qe.Filter(
        must=_conditions(fields.get("must")),
        should=_conditions(fields.get("should")),
        must_not=_conditions(fields.get("must_not")),
    )


def _conditions(spec: Any) -> list[Any] | None:
    if spec is None:
        return None
    return [_condition(part) for part in (spec if isinstance(spec, list) else [spec])]


def _condition(spec: Any) -> Any:
    if isinstance(spec, Mapping):
        if spec.get("has_id") is not None:
            return qe.HasIdCondition(set(known_fields(spec, ("has_id",), "condition")["has_id"]))
        if "key" in spec:
            return _field_condition(spec)
        if any(spec.get(name) is not None for name in _CLAUSES):
            return to_filter(spec)
    raise InvalidInput("Format error in JSON body: a condition is one of has_id, key, must, should, must_not")


def _field_condition(spec: Mapping[str, Any]) -> qe.FieldCondition:
    fields = known_fields(spec, ("key", "match", "range"), "condition")
    if "match" in fields and "range" not in fields:
        return qe.FieldCondition(fields["key"], match=_match(fields["match"]))
    if "range" in fields and "match" not in fields:
        return qe.FieldCondition(fields["key"], range=_range(fields["range"]))
    raise InvalidInput(f"Format error in JSON body: {fields['key']} needs either match or range")


def _match(spec: Any) -> qe.MatchValue | qe.MatchAny:
    fields = known_fields(spec, ("value", "any"), "match")
    match fields:
        case {"value": str() | int() as value, **rest} if not rest:
            return qe.MatchValue(value)
        case {"any": list() as values, **rest} if not rest:
            return qe.MatchAny(values)
    raise InvalidInput("Format error in JSON body: match needs either value or any")


def _range(spec: Any) -> qe.RangeFloat:
    fields = known_fields(spec, _BOUNDS, "range")
    if not fields or not all(isinstance(bound, int | float) for bound in fields.values()):
        raise InvalidInput("Format error in JSON body: range needs numbers")
    return qe.RangeFloat(**{name: float(bound) for name, bound in fields.items()})
