"""Pydantic's errors → which fields are wrong, and what each must be, in words of our own.

Every door says it so: HTTP's problems, OpenAI's errors and the tools of `/mcp`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from baize.api.requests import ID_REGEX, LANGUAGE_REGEX, WORDS_REGEX
from baize.field_words import in_words

Path = tuple[str | int, ...]

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
    # A branch of a union whose fields are right, but not together, says the most ...
    whole = {path for path in by_path if any(_is_of_all_fields(entry) for entry in by_path[path])}
    others = [path for path in by_path if not any(_is_below(path, one) for one in whole)]
    # ... and one that got further says more than one that the value was not even the kind of.
    told = [path for path in others if not any(_is_below(one, path) for one in others)]
    return [WrongField(path, _said(by_path[path])) for path in told]


def _is_of_all_fields(entry: Mapping[str, Any]) -> bool:
    """Whether it is of a check that is made once each field is right; a field itself has none below."""
    return str(entry["type"]) == "value_error"


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
    if kind == "string_pattern_mismatch" and told["pattern"] in _PATTERNS:
        return _PATTERNS[told["pattern"]]
    return in_words(entry)
