"""Pydantic's errors → which fields are wrong, and what each must be, in words of our own.

Every door says it so: HTTP's problems, OpenAI's errors and the tools of `/mcp`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from baize.api.requests import ID_REGEX, LANGUAGE_REGEX, WORDS_REGEX

Path = tuple[str | int, ...]

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
_PATTERNS = {
    ID_REGEX: "must be an id: 1 to 128 letters, digits and . : + ~ _ -",
    WORDS_REGEX: "must not hold the character NUL",
    LANGUAGE_REGEX: "must be a language tag, e.g. zh or en-GB",
}
_WRONG_KIND = ("_type", "_parsing")


@dataclass(frozen=True, slots=True)
class WrongField:
    """
    Attributes:
        path: of keys and indices, from the outermost; empty for the whole of what was sent.
    """

    path: Path
    message: str

    @property
    def dotted(self) -> str:
        """`scope.course_ids.0`"""
        return ".".join(str(part) for part in self.path) or "body"


def wrong_fields(found: Iterable[tuple[Path, Mapping[str, Any]]], sent: Any) -> list[WrongField]:
    """Each field once, in the order of `found`.

    Args:
        found: where, and pydantic's error. A place may name the branches of a union that were tried.
        sent: what was validated; None where places name no branches.
    """
    by_path: dict[Path, list[Mapping[str, Any]]] = {}
    for place, entry in found:
        by_path.setdefault(_path(place, entry, sent), []).append(entry)
    # A branch of a union that got further says more than one that the value was not even the kind of.
    deepest = [path for path in by_path if not any(_is_below(other, path) for other in by_path)]
    return [WrongField(path, _said(by_path[path])) for path in deepest]


def _path(place: Path, entry: Mapping[str, Any], sent: Any) -> Path:
    """The place without the branches of unions: they are no keys of what was sent."""
    if sent is None:
        return place
    path: list[str | int] = []
    for n, part in enumerate(place):
        is_missing = entry["type"] == "missing" and n == len(place) - 1
        is_index = isinstance(sent, list) and isinstance(part, int)
        if is_index or (isinstance(sent, Mapping) and part in sent):
            sent = sent[part]
        elif not is_missing:
            continue
        path.append(part)
    return tuple(path)


def _is_below(path: Path, above: Path) -> bool:
    return len(path) > len(above) and path[: len(above)] == above


def _said(entries: Sequence[Mapping[str, Any]]) -> str:
    """One message of all branches; where a value is of the right kind and wrong, no other kind is advised."""
    wrong = [entry for entry in entries if not entry["type"].endswith(_WRONG_KIND)]
    told = entries if all(entry["type"] == "literal_error" for entry in wrong) else wrong
    first, *others = dict.fromkeys(_message(entry) for entry in told)
    return " or ".join([first, *(other.removeprefix("must be ") for other in others)])


def _message(entry: Mapping[str, Any]) -> str:
    """Never with pydantic's `input`: that is what a learner wrote."""
    kind, told = entry["type"], entry.get("ctx", {})
    if kind == "value_error":
        return str(told["error"])
    if kind == "string_pattern_mismatch" and told["pattern"] in _PATTERNS:
        return _PATTERNS[told["pattern"]]
    if kind not in _WORDS:
        return str(entry["msg"])
    return _WORDS[kind].format_map({name: _as_sent(value) for name, value in told.items()})


def _as_sent(value: Any) -> Any:
    """As JSON writes it."""
    return "true" if value == "True" else value
