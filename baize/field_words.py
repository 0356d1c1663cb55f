"""What pydantic finds wrong with a value, in words of our own; of requests and of settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "missing": "this field is missing",
    "extra_forbidden": "there is no such field",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "path_type": "must be a path",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must hold at least {min_length}, not {actual_length}",
    "too_long": "must hold at most {max_length}, not {actual_length}",
    "string_pattern_mismatch": "must match {pattern}",
    "datetime_type": "must be an instant, e.g. 2026-11-29T08:00:00+08:00",
    "datetime_parsing": "must be an instant, e.g. 2026-11-29T08:00:00+08:00",
    "datetime_from_date_parsing": "must be an instant, e.g. 2026-11-29T08:00:00+08:00",
    "date_type": "must be a day, e.g. 2026-11-29",
    "date_parsing": "must be a day, e.g. 2026-11-29",
    "date_from_datetime_parsing": "must be a day, e.g. 2026-11-29",
    "date_from_datetime_inexact": "must be a day, e.g. 2026-11-29",
    "timezone_aware": "must say its offset, e.g. 2026-11-29T08:00:00+08:00",
    "uuid_type": "must be a UUID",
    "uuid_parsing": "must be a UUID",
    "union_tag_invalid": "its {discriminator} must be one of {expected_tags}",
    "union_tag_not_found": "its {discriminator} is missing",
}


def in_words(error: Mapping[str, Any]) -> str:
    """Of an entry of `ValidationError.errors()`; never with its `input`, which is not ours to repeat."""
    kind, told = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(told["error"])
    if kind not in _WORDS:
        return str(error["msg"])
    return _WORDS[kind].format_map({name: _as_sent(value) for name, value in told.items()})


def _as_sent(value: Any) -> Any:
    """As JSON writes it."""
    return "true" if value == "True" else value
